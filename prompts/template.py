"""Prompts as files: five parts in TOML, loaded strictly, versioned by what stands in them.

The parts are those of the chain-of-thought prompt of CoT-VTM: role, task, steps, worked example, input. What
never changes comes first, so that a server that keeps the beginning of a prompt has to read it only once.
"""

from __future__ import annotations

import functools
import hashlib
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from prompts.material import harmless
from prompts.messages import Message

#: File of the rules that every system message ends with; it is no step.
_HOUSE = "house"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Example(_Strict):
    """A worked example: what was given, in short, and the whole answer."""

    input: str = Field(min_length=1)
    output: str = Field(min_length=1)


class Template(_Strict):
    """One prompt as its file holds it."""

    version: int = Field(ge=1)
    kind: Literal["json", "score", "follow-up"]
    role: str = ""
    task: str = ""
    steps: list[str] = Field(default_factory=list)
    example: Example | None = None
    input: str = Field(min_length=1)
    max_tokens: int = Field(ge=128)
    temperature: float = Field(ge=0, le=2)

    @field_validator("input")
    @classmethod
    def _substitutable(cls, text: str) -> str:
        if not string.Template(text).is_valid():
            raise ValueError("a $ that is no variable; write $$")
        return text

    @model_validator(mode="after")
    def _whole(self) -> Template:
        parts = (self.role, self.task, self.steps)
        if self.kind == "follow-up" and (any(parts) or self.example):
            raise ValueError("a follow-up has an input and no other part")
        if self.kind != "follow-up" and not all(parts):
            raise ValueError("role, task and steps must not be empty")
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """Names that the input asks for, in the order they stand in it."""
        return tuple(string.Template(self.input).get_identifiers())


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt ready to be asked."""

    version: str  # "plan-1@0a1b2c3d"
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float


def render(step: str, values: Mapping[str, str], images: Sequence[Image.Image] = ()) -> Rendered:
    """Return the messages of a prompt.

    Parameters
    ----------
    step
        Name of the prompt: one of `versions`.
    values
        A text for each variable of the template; tags in it are unmade, see `prompts.material`.
    images
        Pictures for the user's message.

    Returns
    -------
    Rendered
        A system message of role and house rules, and a user's message of task, steps, example and input; a
        follow-up has the user's message alone.

    Raises
    ------
    KeyError
        If there is no such prompt, or a variable has no value.
    ValueError
        If a value is for no variable.
    """
    found = template(step)
    asked = string.Template(found.input).substitute(_checked(step, found, values))
    user = Message("user", _joined(_before_input(found), asked), tuple(images))
    system = () if found.kind == "follow-up" else (Message("system", _joined(found.role, _rules())),)
    return Rendered(versions()[step], (*system, user), found.max_tokens, found.temperature)


@functools.cache
def template(step: str) -> Template:
    """Return the prompt of a step.

    Raises
    ------
    KeyError
        If there is no such prompt.
    """
    if step not in versions():
        raise KeyError(f"no prompt is called {step!r}; there are {', '.join(versions())}")
    return read_template(_text(step))


def read_template(text: str) -> Template:
    """Return the prompt that a TOML text holds.

    Raises
    ------
    ValueError
        If it is no TOML, or a part is missing, unknown, or of another type; pydantic's error is one.
    """
    return Template.model_validate(tomllib.loads(text))


@functools.cache
def _all_versions() -> dict[str, str]:
    names = sorted(
        one.name.removesuffix(".toml") for one in _folder().iterdir() if one.name.endswith(".toml")
    )
    return {step: version_of(step, _text(step), _text(_HOUSE)) for step in names if step != _HOUSE}


def versions() -> dict[str, str]:
    """Return the version of every prompt: ``{"plan": "plan-1@0a1b2c3d", ...}``, sorted by name."""
    return dict(_all_versions())


def version_of(step: str, text: str, house: str) -> str:
    """Return the version of a prompt: its name, its number, and eight hex digits of SHA-256 over its words.

    The house rules are words of it too, except in a follow-up, which does not say them.
    """
    found = read_template(text)
    words = text if found.kind == "follow-up" else text + house
    return f"{step}-{found.version}@{hashlib.sha256(words.encode()).hexdigest()[:8]}"


@functools.cache
def _rules() -> str:
    """Return the rules of the house."""
    return "\n".join(f"- {rule}" for rule in tomllib.loads(_text(_HOUSE))["rules"])


def _folder() -> Traversable:
    return resources.files("prompts") / "templates"


def _text(name: str) -> str:
    return (_folder() / f"{name}.toml").read_text(encoding="utf-8").replace("\r\n", "\n")


def _checked(step: str, found: Template, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the values made harmless; they must be those the template asks for."""
    missing = [name for name in found.variables if name not in values]
    if missing:
        raise KeyError(f"prompt {step!r} has no value for {', '.join(missing)}")
    unused = sorted(set(values) - set(found.variables))
    if unused:
        asked = ", ".join(found.variables)
        raise ValueError(f"prompt {step!r} does not ask for {', '.join(unused)}; it asks for {asked}")
    return {name: harmless(values[name]).strip("\n") for name in found.variables}


def _before_input(found: Template) -> str:
    """Return task, steps and worked example: what is the same each time."""
    steps = "\n".join(f"{at}. {step}" for at, step in enumerate(found.steps, 1))
    example = found.example
    shown = f"Example input: {example.input}\nExample answer:\n{example.output.strip()}" if example else ""
    return _joined(found.task, steps, shown)


def _joined(*parts: str) -> str:
    """Return the parts that are not empty, an empty line between them."""
    return "\n\n".join(part.strip() for part in parts if part.strip())

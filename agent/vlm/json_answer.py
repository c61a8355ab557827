"""Reading a JSON answer: the one object in a text, held to its model and to the schema it was asked for.

A backend may or may not enforce a schema, so nothing is taken on trust. What is tolerated is prose, a code
fence or thoughts around the object, and a name in other letters ("waltz" for "Waltz"); everything else is a
problem, said in a line that a model can act on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agent.values import shown
from agent.vlm.protocol import MOST_TEXT

Answer = TypeVar("Answer", bound=BaseModel)

#: Most problems that are told at once.
MOST_PROBLEMS = 8
#: Most braces at which an object is looked for.
_MOST_STARTS = 64
#: Most values of an enumeration that are listed.
_MOST_NAMED = 16
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
_PLAIN = {
    "missing": "is missing; give it",
    "extra_forbidden": "was not asked for; leave it out",
    "string_type": "is not a text; put it in quotes",
    "int_type": "is not a whole number; write it without quotes",
    "float_type": "is not a number; write it without quotes",
    "list_type": "is not a list; put it in [ ]",
    "string_too_short": "is empty; say something",
}


class UnfitError(Exception):
    """An answer that cannot be used; ``problems`` says why, a line each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems[:MOST_PROBLEMS]


def read_answer(text: str, model: type[Answer], schema: Mapping[str, Any]) -> Answer:
    """Return the answer that a text holds.

    Parameters
    ----------
    text
        What was answered, of any size; `MOST_TEXT` characters are read.
    model
        The answer's model.
    schema
        Its JSON schema as it was asked for: enumerations and bounds narrower than the model's.

    Raises
    ------
    UnfitError
        If there is no such object in it, or it does not fit.
    """
    data = _spelled(find_object(text, model), schema)
    try:
        answer = model.model_validate(data)
    except ValidationError as error:
        raise UnfitError(*_told(error)) from None
    problems = list(_misfits(data, schema, ""))
    if problems:
        raise UnfitError(*problems)
    return answer


def find_object(text: str, model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON object in a text that has most of a model's fields; of several, the last.

    Raises
    ------
    UnfitError
        If there is none.
    """
    plain = _THOUGHTS.sub(" ", text[:MOST_TEXT])
    if "{" not in plain:
        raise UnfitError("the answer is empty" if not plain.strip() else "the answer holds no JSON object")
    found: list[dict[str, Any]] = []
    first_trouble = ""
    place = plain.find("{")
    for _ in range(_MOST_STARTS):
        if place < 0:
            break
        try:
            value, end = _DECODER.raw_decode(plain, place)
            found.append(value)
        except (ValueError, RecursionError) as error:
            first_trouble, end = first_trouble or _trouble(error), place + 1
        place = plain.find("{", end)
    fields = set(model.model_fields)
    best = max(found, key=lambda one: (len(fields & one.keys()), found.index(one)), default={})
    if not fields & best.keys():
        raise UnfitError(
            first_trouble or f"the object has none of the fields {', '.join(model.model_fields)}"
        )
    return best


def _trouble(error: Exception) -> str:
    """Say why a text is no JSON."""
    if isinstance(error, json.JSONDecodeError):
        cut = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")
        return f"the JSON {'breaks off' if cut else 'is wrong'} at character {error.pos}: {error.msg}"
    return (
        "the JSON is nested too deep" if isinstance(error, RecursionError) else f"the JSON is wrong: {error}"
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose names are all different."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {shown(name)} stands twice in an object")
        found[name] = value
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _told(error: ValidationError) -> Iterator[str]:
    """Yield what a model's validation found, in plain words."""
    for one in error.errors(include_url=False, include_context=False):
        path = ".".join(str(step) for step in one["loc"])
        message = _PLAIN.get(one["type"]) or one["msg"].replace("Input should", "should")
        seen = "" if one["type"] in ("missing", "string_too_short") else f"{shown(one['input'])} "
        yield f"{path}: {seen}{message}"


def _spelled(data: Any, schema: Mapping[str, Any]) -> Any:
    """Return data with names as the schema's enumerations write them, where only case and space differ."""
    if isinstance(data, dict):
        inner = schema.get("properties", {})
        return {name: _spelled(value, inner.get(name, {})) for name, value in data.items()}
    if isinstance(data, list):
        return [_spelled(value, schema.get("items", {})) for value in data]
    if isinstance(data, str):
        names = [one for one in _allowed(schema) or () if isinstance(one, str)]
        same = [data] if data in names else [one for one in names if _letters(one) == _letters(data)]
        return same[0] if len(same) == 1 else data
    return data


def _allowed(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the only values that a schema allows, None if it lists none."""
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _letters(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text[:80]).strip().casefold()


def _misfits(data: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield where data leaves the enumerations and bounds of a schema."""
    here = f"{path}: " if path else ""
    allowed = _allowed(schema)
    if allowed is not None and data not in allowed:
        yield f"{here}{shown(data)} is not allowed; give {_listed(allowed)}"
    elif isinstance(data, dict):
        for name, value in data.items():
            inside = schema.get("properties", {}).get(name, {})
            yield from _misfits(value, inside, f"{path}.{name}" if path else name)
    elif isinstance(data, list):
        yield from _counted(len(data), schema, here)
        for index, value in enumerate(data):
            yield from _misfits(value, schema.get("items", {}), f"{path}.{index}")
    elif isinstance(data, int | float):
        low, high = schema.get("minimum", data), schema.get("maximum", data)
        if not low <= data <= high:
            wanted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            yield f"{here}{shown(data)} is out of range; give {wanted}"


def _counted(count: int, schema: Mapping[str, Any], here: str) -> Iterator[str]:
    if count < schema.get("minItems", 0):
        yield f"{here}has {count} entries; give at least {schema['minItems']}"
    if count > schema.get("maxItems", count):
        yield f"{here}has {count} entries; give at most {schema['maxItems']}"


def _listed(allowed: list[Any]) -> str:
    names = [str(one) for one in allowed[:_MOST_NAMED]]
    more = f" or another of {len(allowed)}" if len(allowed) > _MOST_NAMED else ""
    return (names[0] if len(allowed) == 1 else "one of " + ", ".join(names)) + more

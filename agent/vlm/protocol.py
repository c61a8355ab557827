"""What a backend is: one small protocol between the mind and whatever runs the model.

A request holds messages, pictures among them, and may hold a JSON schema or a grammar; a reply holds the
text, and token ids, usage and time where they are known. The mind checks every answer again, so a backend
that cannot enforce a schema or a grammar says so in `Reply.enforced` and is used all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from prompts import Grammar, Message

#: Most characters of a reply that are kept; what comes after them is not read.
MOST_TEXT = 64_000

Finish = Literal["stop", "length", "loop", "size"]
OnText = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model."""

    messages: tuple[Message, ...]
    schema: dict[str, Any] | None = None  # JSON schema that the answer shall fit; not beside a grammar
    grammar: Grammar | None = None
    seed: int = 0
    max_tokens: int = 1024
    temperature: float = 0.7  # 0 takes the likeliest token each time
    top_p: float = 0.95
    seconds: float | None = None  # longest time for the answer; what is there then is cut off, or an error


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a call took."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        """Tokens of prompt and answer together."""
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered."""

    text: str
    finish: Finish  # "length": the token limit, "loop": it repeated itself, "size": over `MOST_TEXT`
    seconds: float
    usage: Usage | None = None
    token_ids: tuple[int, ...] | None = None  # of the answer, where the backend knows them
    enforced: Literal["schema", "grammar"] | None = None  # what the decoder was held to
    by: str = ""  # field of a server's request that held it: "response_format", "grammar" ...


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a backend can do, as found out and not as hoped for."""

    images: bool
    schema: bool
    grammar: bool
    seed: bool
    logprobs: bool = False
    streaming: bool = False
    context: int | None = None  # tokens of prompt and answer together, None where it is not told


class Backend(Protocol):
    """Runs a model."""

    @property
    def id(self) -> str:
        """Name of backend and model, without any secret: ``"openai:http://localhost:8000/v1#qwen"``."""

    def abilities(self) -> Abilities:
        """Return what the backend can do; found out once, then kept.

        Raises
        ------
        BackendError
            If the model or the server is not there.
        """

    def complete(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Answer one request; ``on_text`` is called with pieces of the text as they come.

        Raises
        ------
        BackendError
            If there is no answer, after as many tries as make sense and in bounded time.
        """

    def complete_many(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer several requests, each as `complete` would, faster where the backend can."""

    def count(self, text: str) -> int:
        """Return the number of tokens of a text, estimated where it cannot be known."""

    def close(self) -> None:
        """Let go of what the backend holds."""


#: What tokenizers seldom join: a word of up to six letters, a number of up to three digits, any other sign.
_PIECE = re.compile(r"[^\W\d_]{1,6}|\d{1,3}|[^\w\s]|_|\n")


def estimated_tokens(text: str) -> int:
    """Return an estimate of the tokens of a text, rather high than low; ABC has more of them than prose."""
    return sum(1 for _ in _PIECE.finditer(text))

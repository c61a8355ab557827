"""The transcript: every call to a model, as it was made and answered, without secrets.

What goes into a manifest holds no times, so that the same piece has the same manifest; times stay with the
calls in memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from prompts import Message

#: Characters of one prompt or answer that a manifest keeps.
KEPT = 16_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what was asked, what came back."""

    step: str  # "perceive", "plan", "sketch", "write", "refine"; mending is a further attempt at its step
    attempt: int  # counted from 1 within the step
    prompt: str  # version of the prompt, "plan-1@0a1b2c3d"
    messages: tuple[Message, ...]
    constraint: str  # "schema", "grammar NAME", or "none": what was asked of the decoder
    seed: int
    temperature: float
    max_tokens: int
    text: str = ""
    finish: str = ""  # as in `Reply`, or "error"
    enforced: str | None = None
    by: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    token_ids: tuple[int, ...] | None = None
    seconds: float = 0.0
    error: str = ""

    def record(self) -> dict[str, Any]:
        """Return the call as JSON holds it, without the time it took; pictures as size and hash."""
        return {
            "step": self.step,
            "attempt": self.attempt,
            "prompt": self.prompt,
            "messages": [_message(message) for message in self.messages],
            "constraint": self.constraint,
            "enforced": self.enforced,
            "by": self.by,
            "seed": self.seed,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "reply": _cut(self.text),
            "finish": self.finish,
            "tokens": {"prompt": self.prompt_tokens, "completion": self.completion_tokens},
            "error": self.error,
        }


def _message(message: Message) -> dict[str, Any]:
    pictures = [
        {"size": list(image.size), "sha256": hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()}
        for image in message.images
    ]
    found: dict[str, Any] = {"role": message.role, "text": _cut(message.text)}
    return {**found, "images": pictures} if pictures else found


def _cut(text: str) -> str:
    if len(text) <= KEPT:
        return text
    return f"{text[:KEPT]} [... {len(text) - KEPT} more characters]"

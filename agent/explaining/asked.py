"""What a model was asked and answered for a piece, as it can be put to a model once more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prompts import Message

if TYPE_CHECKING:
    from PIL import Image

    from agent.piece import Piece

#: How a manifest marks a text that it cuts (`agent.vlm.transcript`).
_CUT = re.compile(r" \[\.\.\. \d+ more characters\]\Z")
_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered.

    Attributes
    ----------
    ids
        Tokens of the answer, where they are known.
    cut
        Whether only the beginning of a text is known.
    """

    step: str
    messages: tuple[Message, ...]
    text: str
    ids: tuple[int, ...] | None = None
    cut: bool = False


def asked(piece: Piece) -> list[Asked]:
    """Return the answered calls of a piece in order; of a saved one as its manifest tells them."""
    if piece.calls:
        return [
            Asked(one.step, one.messages, one.text, one.token_ids) for one in piece.calls if not one.error
        ]
    return [_recorded(one, piece.picture) for one in piece.recorded_calls if not one.get("error")]


def seeing(messages: Sequence[Message], picture: Image.Image | None) -> tuple[tuple[Message, ...], str]:
    """Return messages with the picture at the first question if they show none, and a note of that."""
    if picture is None or any(message.images for message in messages):
        return tuple(messages), ""
    at = next((number for number, one in enumerate(messages) if one.role == "user"), None)
    if at is None:
        return (*messages, Message("user", "", (picture,))), "; the picture was put after the question"
    shown = replace(messages[at], images=(picture,))
    note = "; the question had no picture, it was put before it"
    return (*messages[:at], shown, *messages[at + 1 :]), note


def _recorded(call: dict[str, Any], picture: Image.Image | None) -> Asked:
    """Return a call from its record; the piece's picture stands where one was shown."""
    told = [one for one in call.get("messages", ()) if isinstance(one, dict) and one.get("role") in _ROLES]
    messages = tuple(
        Message(one["role"], str(one.get("text", "")), (picture,) if picture and one.get("images") else ())
        for one in told
    )
    text = str(call.get("reply", ""))
    cut = any(_CUT.search(one) for one in (text, *(message.text for message in messages)))
    return Asked(str(call.get("step", "")), messages, text, None, cut)

"""What a server can do, found out by asking for something that only a server which can do it would answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from PIL import Image

from agent.vlm.protocol import Request
from agent.vlm.remote.body import grammar_field, grammar_names, schema_field
from agent.vlm.remote.compact import compact_grammar
from agent.vlm.remote.events import Answer
from agent.vlm.remote.trouble import ServerError
from prompts import Grammar, Message

#: Asks a request with further fields.
Ask = Callable[[Request, dict[str, Any]], Answer]

_SCHEMA = {
    "title": "probe",
    "type": "object",
    "properties": {"zebra": {"type": "integer", "enum": [417]}},
    "required": ["zebra"],
    "additionalProperties": False,
}
_SENTENCE = "qx7zz"
_GRAMMAR = Grammar("probe", f'start: "{_SENTENCE}"', f'root ::= "{_SENTENCE}"')
#: Models that think first need room to come to their answer; others stop after a few tokens.
_ROOM = 256
#: Pixels of a side: some models refuse a picture that is smaller than a patch.
_SIDE = 64


def greeting(ask: Ask) -> Answer:
    """Return the answer to a plain request; a server that cannot give one is of no use.

    Raises
    ------
    ServerError
        If there is none.
    """
    return ask(_request(tokens=8), {})


def holds_schema(ask: Ask) -> bool:
    """Return whether an answer is held to a JSON schema though the prompt asks for something else."""
    answer = _attempt(ask, _request(), schema_field(_SCHEMA))
    try:
        return answer is not None and json.loads(answer.text) == {"zebra": 417}
    except ValueError:
        return False


def holds_compact(ask: Ask, name: str) -> bool:
    """Return whether a schema that is written out as a grammar gives JSON, and no white space in it."""
    answer = _attempt(ask, _request(), grammar_field(compact_grammar(_SCHEMA), name))
    return answer is not None and answer.text == '{"zebra":417}'


def grammar_name(ask: Ask, kind: str) -> str | None:
    """Return the field by which an answer is held to a grammar, None where there is none."""
    for name in grammar_names(kind):
        answer = _attempt(ask, _request(), grammar_field(_GRAMMAR, name))
        if answer is not None and answer.text.strip() == _SENTENCE:
            return name
    return None


def takes_images(ask: Ask) -> bool:
    """Return whether a picture is taken; what the model sees in it is another question."""
    return (
        _attempt(ask, _request("What is this?", Image.new("RGB", (_SIDE, _SIDE), "red"), 8), {}) is not None
    )


def tells_logprobs(ask: Ask) -> bool:
    """Return whether log probabilities of tokens come with an answer."""
    answer = _attempt(ask, _request(tokens=4), {"logprobs": True})
    return answer is not None and answer.logprobs


def _request(
    text: str = "Reply with the single word hello.", image: Image.Image | None = None, tokens: int = _ROOM
) -> Request:
    message = Message("user", text, (image,) if image else ())
    return Request((message,), max_tokens=tokens, temperature=0.0, top_p=1.0)


def _attempt(ask: Ask, request: Request, fields: dict[str, Any]) -> Answer | None:
    """Return an answer, None where the server refuses what is asked; that it is away is another matter."""
    try:
        return ask(request, fields)
    except ServerError as error:
        if error.refuses or error.status in (404, 405, 413):
            return None
        raise

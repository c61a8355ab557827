"""What is sent to a server: a request as the chat completions of the OpenAI protocol have it."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from agent.vlm.protocol import Request
from agent.vlm.remote.trouble import ServerError, denies
from prompts import Grammar, Message

#: Most pixels of a picture that is sent without loss, as PNG; larger ones go as JPEG.
_LOSSLESS = 256 * 256
_QUALITY = 90
#: Fields that some servers or models do not take; without them an answer is as good, if less governed.
_OPTIONAL = ("stream_options", "seed", "top_p", "temperature")
_NEWER = "max_completion_tokens"

#: How servers take a grammar: field -> the value it has. llama.cpp; vLLM since 0.12; vLLM before that.
_GRAMMARS = {
    "grammar": lambda text: text,
    "structured_outputs": lambda text: {"grammar": text},
    "guided_grammar": lambda text: text,
}


@dataclass
class Dialect:
    """What of the protocol a server does not take, as it has told."""

    dropped: set[str] = field(default_factory=set)
    newer: bool = False  # the limit of tokens has its newer name

    def learn(self, error: ServerError, sent: dict[str, Any]) -> bool:
        """Take from a refusal which field is meant; return whether `fit` will now give something else."""
        if not (error.refuses and denies(error.said)):
            return False
        if _NEWER in error.said and _NEWER not in sent:
            self.newer = True
            return True
        named = [name for name in _OPTIONAL if name in sent and re.search(rf"\b{name}\b", error.said)]
        self.dropped.update(named)
        return bool(named)

    def fit(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body as the server takes it."""
        kept = {name: value for name, value in body.items() if name not in self.dropped}
        if self.newer:
            kept[_NEWER] = kept.pop("max_tokens")
        return kept


def body_of(request: Request, model: str, bound: dict[str, Any], max_side: int) -> dict[str, Any]:
    """Return the body of a request; ``bound`` holds the fields that bind the answer."""
    return {
        "model": model,
        "messages": [message_of(message, max_side) for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        **bound,
    }


def message_of(message: Message, max_side: int) -> dict[str, Any]:
    """Return a message; its content is a plain text where it has no pictures, which every server takes."""
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": data_uri(image, max_side)}} for image in message.images
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def data_uri(image: Image.Image, max_side: int) -> str:
    """Return a picture as a data URI, its longer side at most ``max_side`` pixels, on white."""
    plain = image.convert("RGBA")
    opaque = Image.new("RGB", plain.size, "white")
    opaque.paste(plain, mask=plain.getchannel("A"))
    opaque.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    small = opaque.width * opaque.height <= _LOSSLESS
    kind = "png" if small else "jpeg"
    out = io.BytesIO()
    opaque.save(out, kind, **({} if small else {"quality": _QUALITY}))
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode('ascii')}"


def schema_field(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the field that binds an answer to a JSON schema."""
    name = re.sub(r"\W+", "_", str(schema.get("title", "answer")))[:60]
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": name, "schema": schema, "strict": True},
        }
    }


def json_field() -> dict[str, Any]:
    """Return the field that asks for JSON of any shape."""
    return {"response_format": {"type": "json_object"}}


def grammar_field(grammar: Grammar, name: str) -> dict[str, Any]:
    """Return the field of a name that binds an answer to a grammar."""
    return {name: _GRAMMARS[name](grammar.gbnf)}


def grammar_names(kind: str) -> tuple[str, ...]:
    """Return the fields by which a kind of server may take a grammar."""
    own = {"llama.cpp": ("grammar",), "vllm": ("structured_outputs", "guided_grammar"), "ollama": ()}
    return own.get(kind, ("grammar", "structured_outputs"))

"""The server backend against a real server: llama.cpp with SmolLM2 on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from servers import LLAMA_CONTEXT

from agent.vlm.protocol import Abilities, Request
from agent.vlm.remote import OpenAIBackend
from chiaroscore import BackendError
from prompts import Grammar, Message

SCHEMA: dict[str, Any] = {
    "title": "plan",
    "type": "object",
    "properties": {
        "genre": {"enum": ["waltz", "rock"]},
        "tempo": {"type": "integer", "minimum": 60, "maximum": 160},
    },
    "required": ["genre", "tempo"],
    "additionalProperties": False,
}
BARS = Grammar("bars", "", 'root ::= bar bar "|]"\nbar ::= note note note note "| "\nnote ::= [A-G] "2 "')


@pytest.fixture(scope="module")
def backend(llama_server: str) -> Iterator[OpenAIBackend]:
    made = OpenAIBackend(llama_server, silence=60.0)
    yield made
    made.close()


def _request(text: str, **more: Any) -> Request:
    return Request((Message("system", "You help."), Message("user", text)), **more)


def test_abilities_as_they_are(backend: OpenAIBackend, llama_server: str) -> None:
    assert backend.abilities() == Abilities(
        images=False,
        schema=True,
        grammar=True,
        seed=True,
        logprobs=True,
        streaming=True,
        context=LLAMA_CONTEXT,
    )
    assert backend.id == f"openai:{llama_server}/v1#SmolLM2-135M-Instruct.Q4_1.gguf"


def test_text_streams_and_is_counted(backend: OpenAIBackend) -> None:
    pieces: list[str] = []
    reply = backend.complete(_request("Tell a story.", max_tokens=24, seed=1), pieces.append)
    assert "".join(pieces) == reply.text and len(pieces) > 12
    assert reply.finish == "length" and reply.usage is not None and reply.usage.completion == 24
    assert backend.count(reply.text) == pytest.approx(24, abs=2)


def test_a_seed_gives_the_same_text_again(backend: OpenAIBackend) -> None:
    texts = [
        backend.complete(_request("Tell a story.", max_tokens=24, seed=seed, temperature=0.8)).text
        for seed in (5, 5, 6)
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("seed", range(5))
def test_answers_are_held_to_a_schema(backend: OpenAIBackend, seed: int) -> None:
    reply = backend.complete(
        _request("Say hello.", schema=SCHEMA, seed=seed, max_tokens=200, temperature=1.0)
    )
    found = json.loads(reply.text)
    assert (reply.enforced, reply.by, reply.finish) == ("schema", "grammar", "stop")
    assert reply.text == json.dumps(found, separators=(",", ":"))
    assert set(found) == {"genre", "tempo"} and found["genre"] in ("waltz", "rock")
    assert isinstance(found["tempo"], int)


def test_a_schema_that_is_not_written_out_holds_all_the_same(backend: OpenAIBackend) -> None:
    left_open = {**SCHEMA, "properties": {**SCHEMA["properties"], "tempo": {"type": "number"}}}
    reply = backend.complete(_request("Say hello.", schema=left_open, seed=1, max_tokens=200))
    assert (reply.enforced, reply.by, reply.finish) == ("schema", "response_format", "stop")
    assert set(json.loads(reply.text)) == {"genre", "tempo"}


@pytest.mark.parametrize("seed", range(3))
def test_answers_are_held_to_a_grammar(backend: OpenAIBackend, seed: int) -> None:
    reply = backend.complete(_request("Say hello.", grammar=BARS, seed=seed, max_tokens=100, temperature=1.0))
    assert reply.enforced == "grammar" and reply.finish == "stop"
    bars = reply.text.removesuffix("|]").split("| ")
    assert [len(bar.split()) for bar in bars] == [4, 4, 0]


def test_a_grammar_that_is_none_leaves_the_answer_unbound(backend: OpenAIBackend) -> None:
    reply = backend.complete(_request("Say hello.", grammar=Grammar("bad", "", 'root ::= "a'), max_tokens=8))
    assert reply.enforced is None and reply.text


def test_a_prompt_beyond_the_context_is_told(backend: OpenAIBackend) -> None:
    with pytest.raises(BackendError, match="does not fit the model's context") as caught:
        backend.complete(_request("la " * 2 * LLAMA_CONTEXT))
    assert not caught.value.retryable


def test_pictures_need_a_model_that_sees(backend: OpenAIBackend) -> None:
    message = Message("user", "What is this?", (Image.new("RGB", (8, 8), "red"),))
    with pytest.raises(BackendError, match="cannot see pictures"):
        backend.complete(Request((message,)))


def test_many_at_a_time_keep_their_order(backend: OpenAIBackend) -> None:
    letters = "ABCDEF"
    requests = [
        _request("Say hello.", grammar=Grammar(one, "", f'root ::= "{one}"'), max_tokens=8) for one in letters
    ]
    assert [reply.text for reply in backend.complete_many(requests)] == list(letters)


def test_a_model_that_is_not_there(llama_server: str) -> None:
    with pytest.raises(BackendError, match=r"has no model 'gpt-9'; it has SmolLM2-135M-Instruct\.Q4_1\.gguf"):
        OpenAIBackend(llama_server, "gpt-9").abilities()

"""The local backend with tiny models of three families, saved to disk and loaded as any model is."""

from __future__ import annotations

import threading
from typing import Any, Literal

import pytest
import torch
from PIL import Image
from pydantic import BaseModel, Field

from agent.vlm.local import TransformersBackend
from agent.vlm.protocol import Reply, Request
from chiaroscore import BackendError
from prompts import Grammar, Message
from tests.agent.vlm.tiny import FAMILIES, build, tiny_vlm


class Voice(BaseModel):
    name: Literal["flute", "cello", "harp"]
    program: int = Field(ge=0, le=127)


class Answer(BaseModel):
    """As the plan's answer is made: enums, bounded numbers, lists of objects, short words."""

    genre: Literal["waltz", "march"]
    tempo: float = Field(ge=40, le=180)
    voices: list[Voice] = Field(min_length=1, max_length=3)
    words: list[str] = Field(min_length=1, max_length=2)
    title: str = Field(max_length=12)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "genre": {"enum": ["waltz", "march"]},
        "tempo": {"type": "number", "minimum": 40, "maximum": 180},
        "voices": {
            "type": "array", "minItems": 1, "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "name": {"enum": ["flute", "cello", "harp"]},
                    "program": {"type": "integer", "minimum": 0, "maximum": 127},
                },
                "required": ["name", "program"], "additionalProperties": False,
            },
        },
        "words": {
            "type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string", "maxLength": 8},
        },
        "title": {"type": "string", "maxLength": 12},
    },
    "required": ["genre", "tempo", "voices", "words", "title"], "additionalProperties": False,
}  # fmt: skip
BARS = Grammar("bars", 'start: bar{2,4} "]"\nbar: note{4} "|"\nnote: /[A-G]/ "2"?\n', "")
PICTURE = Image.radial_gradient("L").resize((120, 90)).convert("RGB")


def ask(text: str = "Describe.", *pictures: Image.Image, **more: Any) -> Request:
    options = {"max_tokens": 60, "seed": 1, **more}
    return Request((Message("system", "You hear."), Message("user", text, pictures)), **options)


@pytest.fixture(scope="module", params=FAMILIES)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TransformersBackend:
    return TransformersBackend(tiny_vlm(request.param, tmp_path_factory.mktemp("models")), batch=10)


@pytest.fixture(scope="module")
def llava() -> TransformersBackend:
    return TransformersBackend.of(*build("llava"), id="tiny")


def same(one: Reply, other: Reply) -> bool:
    return (one.text, one.token_ids, one.finish, one.usage) == (
        other.text,
        other.token_ids,
        other.finish,
        other.usage,
    )


def test_the_folder_names_it_and_abilities_are_told(backend: TransformersBackend) -> None:
    assert backend.id.startswith("transformers:tiny-")
    assert "/" not in backend.id
    found = backend.abilities()
    assert (found.images, found.schema, found.grammar, found.seed, found.streaming) == (True,) * 5
    assert found.context == 16_384


def test_every_answer_fits_its_schema(backend: TransformersBackend) -> None:
    requests = [
        ask(
            "Plan.",
            *([PICTURE] if seed % 2 else []),
            schema=SCHEMA,
            seed=seed,
            temperature=1.0,
            max_tokens=400,
        )
        for seed in range(20)
    ]
    replies = backend.complete_many(requests)
    assert {reply.enforced for reply in replies} == {"schema"}
    assert {reply.finish for reply in replies} == {"stop"}
    for reply in replies:
        Answer.model_validate_json(reply.text)
    assert len({reply.text for reply in replies}) == 20


def test_every_answer_is_of_the_grammar(backend: TransformersBackend) -> None:
    for seed in range(6):
        reply = backend.complete(ask(grammar=BARS, seed=seed, temperature=1.5))
        assert (reply.enforced, reply.finish) == ("grammar", "stop")
        bars = reply.text.removesuffix("]").split("|")
        assert 2 <= len(bars) - 1 <= 4
        assert all(len(bar.replace("2", "")) == 4 and set(bar) <= set("ABCDEFG2") for bar in bars[:-1])


def test_a_seed_repeats_and_another_differs(backend: TransformersBackend) -> None:
    first = backend.complete(ask("Sing.", PICTURE, seed=5))
    assert same(backend.complete(ask("Sing.", PICTURE, seed=5)), first)
    assert backend.complete(ask("Sing.", PICTURE, seed=6)).text != first.text


def test_a_batch_answers_as_its_requests_alone(backend: TransformersBackend) -> None:
    """Other lengths, pictures, constraints, temperatures and limits side by side."""
    requests = [
        ask("Describe. " * (number + 1), *[PICTURE.resize((60 + 40 * number, 80))] * pictures, seed=number,
            schema=SCHEMA if number % 3 == 1 else None, grammar=BARS if number % 3 == 2 else None,
            temperature=0.5 * (number % 3), max_tokens=12 + 5 * number)
        for number, pictures in enumerate((1, 0, 1, 1, 0, 2, 0, 1))
    ]  # fmt: skip
    together = backend.complete_many(requests)
    alone = [backend.complete(request) for request in requests]
    assert all(same(one, other) for one, other in zip(together, alone, strict=True))
    assert {reply.enforced for reply in together} == {None, "schema", "grammar"}


def test_the_picture_is_seen(backend: TransformersBackend) -> None:
    """Another picture of the same size, another answer, though nothing is drawn at random."""
    texts = {
        backend.complete(ask("Look.", picture, temperature=0, max_tokens=40)).text
        for picture in (PICTURE, Image.new("RGB", PICTURE.size, "red"), PICTURE.rotate(90))
    }
    assert len(texts) > 1


def test_the_streamed_text_is_the_text(backend: TransformersBackend) -> None:
    told = 0
    for seed in range(4):
        pieces: list[str] = []
        reply = backend.complete(ask("Tell.", seed=seed, temperature=1.2), pieces.append)
        assert "".join(pieces) == reply.text
        told += len(pieces)
    assert told > 40


def test_tokens_are_counted(backend: TransformersBackend) -> None:
    reply = backend.complete(ask("Tell.", PICTURE, seed=2))
    assert reply.usage is not None
    assert reply.token_ids is not None
    assert reply.usage.completion == len(reply.token_ids)
    asked = backend.inputs(ask("Tell.", PICTURE).messages)
    assert asked["input_ids"].shape == (1, reply.usage.prompt)
    assert "pixel_values" in asked
    assert backend.count("") == 0
    assert backend.count("Misty morning") < len("Misty morning")


def test_the_global_random_state_is_left_alone(llava: TransformersBackend) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first = llava.complete(ask(temperature=1.0))
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(8)
    assert same(llava.complete(ask(temperature=1.0)), first)


def test_an_answer_ends_where_its_tokens_end(llava: TransformersBackend) -> None:
    reply = llava.complete(ask(seed=3, max_tokens=7))
    assert reply.finish == "length"
    assert reply.usage is not None
    assert reply.usage.completion == 7


def test_a_loop_is_left() -> None:
    """A model whose output does not depend on what it read says the same token for ever."""
    model, processor = build("llava")
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
        model.get_output_embeddings().weight[processor.tokenizer.convert_tokens_to_ids("a")] = 1e-3
    model.get_output_embeddings().register_forward_hook(lambda _, __, out: out.abs())
    reply = TransformersBackend.of(model, processor, id="stuck").complete(ask(temperature=0, max_tokens=2000))
    assert reply.finish == "loop"
    assert set(reply.text) == {"a"}
    assert len(reply.text) < 200


def test_an_answer_does_not_grow_for_ever(
    llava: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.vlm.local.spelling.MOST_TEXT", 30)
    pieces: list[str] = []
    reply = llava.complete(ask(seed=3), pieces.append)
    assert reply.finish == "size"
    assert len(reply.text) == 30
    assert "".join(pieces) == reply.text


def test_a_prompt_beyond_the_context_is_told() -> None:
    small = TransformersBackend.of(*build("llava", context=64), id="small")
    with pytest.raises(BackendError, match=r"context 64; choose"):
        small.complete(ask("word " * 200))
    reply = small.complete(ask("x", max_tokens=500))
    assert reply.usage is not None
    assert reply.usage.total <= 64


def test_large_pictures_are_made_smaller() -> None:
    """Qwen gives a picture tokens by its size."""
    model, processor = build("qwen")
    sizes = [
        TransformersBackend.of(model, processor, id="q", max_side=side)
        .inputs([Message("user", "x", (Image.new("RGB", (800, 400)),))])["input_ids"]
        .shape[1]
        for side in (112, 224, 2000)
    ]
    assert sizes[0] < sizes[1] < sizes[2]


def test_tiles_are_an_option() -> None:
    model, processor = build("smolvlm")
    talk = [Message("user", "x", (PICTURE,))]
    whole, tiled = (
        TransformersBackend.of(model, processor, id="s", image_splitting=split)
        .inputs(talk)["input_ids"]
        .shape[1]
        for split in (False, True)
    )
    assert tiled > 4 * whole


def test_threads_take_turns(llava: TransformersBackend) -> None:
    requests = [ask("One.", seed=1), ask("Two.", PICTURE, seed=2)]
    alone = [llava.complete(request) for request in requests]
    found: dict[int, Reply] = {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: llava.complete(requests[i])})) for i in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(found[number], alone[number]) for number in (0, 1))


def test_what_the_listener_raises_comes_through(llava: TransformersBackend) -> None:
    def listen(piece: str) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        llava.complete(ask(), listen)
    assert llava.complete(ask()).text


def test_a_closed_model_comes_back(tmp_path: Any) -> None:
    backend = TransformersBackend(tiny_vlm("llava", tmp_path))
    first = backend.complete(ask())
    backend.close()
    assert same(backend.complete(ask()), first)


def test_bfloat16_works(tmp_path: Any) -> None:
    backend = TransformersBackend(tiny_vlm("qwen", tmp_path), dtype="bfloat16")
    Answer.model_validate_json(backend.complete(ask("x", PICTURE, schema=SCHEMA, max_tokens=400)).text)

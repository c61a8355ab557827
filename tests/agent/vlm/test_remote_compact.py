"""Schemas written out as GBNF: llguidance reads the grammars, byte by byte, so nothing hides in a token."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import llguidance
import numpy as np
import pytest
import servers
from llguidance import LLMatcher, LLTokenizer
from pydantic import BaseModel

from agent.controls import Controls
from agent.vlm import constraints
from agent.vlm.json_answer import read_answer
from agent.vlm.protocol import Request
from agent.vlm.remote import OpenAIBackend
from agent.vlm.remote.compact import UnwritableError, choice, compact_grammar
from prompts import Grammar, Message, PlanAnswer, SceneAnswer, SketchAnswer, schema

BYTES = LLTokenizer("byte")
ASKED = {"bars": 12, "meter": "6/8", "tempo": 96, "instruments": "flute, cello"}
MODELS = {
    "plan": (PlanAnswer, {}),
    "plan asked for": (PlanAnswer, constraints.narrowing(Controls.parse(**ASKED))),
    "scene": (SceneAnswer, {}),
    "sketch": (SketchAnswer, {"sections": {"maxItems": 2}, "sections.*.letter": {"enum": ["A", "A'"]}}),
}
each_model = pytest.mark.parametrize(("model", "narrowed"), MODELS.values(), ids=MODELS)


def _matcher(grammar: Grammar) -> LLMatcher:
    made = LLMatcher(BYTES, llguidance.grammar_from("gbnf", grammar.gbnf))
    assert not made.get_error()
    return made


def _taken(text: str, grammar: Grammar) -> bool:
    one, tokens = _matcher(grammar), BYTES.tokenize_str(text)
    return one.validate_tokens(tokens) == len(tokens) and one.consume_tokens(tokens) and one.is_accepting()


def _any(rng: random.Random, node: Mapping[str, Any]) -> Any:
    """Return data that fits a schema."""
    if "enum" in node or "const" in node:
        return rng.choice(node.get("enum") or [node["const"]])
    if node["type"] == "object":
        return {name: _any(rng, one) for name, one in node["properties"].items()}
    if node["type"] == "array":
        return [_any(rng, node["items"]) for _ in range(rng.randint(node["minItems"], node["maxItems"]))]
    if node["type"] == "string":
        text = rng.choice(["x", "still", "a < b", 'say "grün"', "1 \\ 2", "é" * node["maxLength"]])
        return (text * node["minLength"])[: node["maxLength"]]
    return rng.randint(node["minimum"], node["maximum"])


def _written(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


@each_model
def test_whatever_fits_the_schema_can_be_said(model: type[BaseModel], narrowed: dict[str, Any]) -> None:
    held = schema(model, narrowed, compact=True)
    grammar, rng = compact_grammar(held), random.Random(model.__name__)
    for _ in range(5):
        data = _any(rng, held)
        assert _taken(_written(data), grammar)
        assert not _taken(json.dumps(data, ensure_ascii=False), grammar)
        assert not _taken(_written({**data, "more": 1}), grammar)


@each_model
def test_whatever_can_be_said_fits_the_schema(model: type[BaseModel], narrowed: dict[str, Any]) -> None:
    """A blind writer of bytes, held to the grammar: quotes come often, so that its texts end."""
    grammar, checked = compact_grammar(schema(model, narrowed, compact=True)), schema(model, narrowed)
    rng = np.random.default_rng(len(model.__name__))
    for _ in range(3):
        one, said = _matcher(grammar), bytearray()
        while not one.is_stopped():
            mask = np.unpackbits(np.frombuffer(one.compute_bitmask(), np.uint8), bitorder="little")[:256]
            able = np.flatnonzero(mask)
            if not len(able):
                break
            quote = ord('"') in able and rng.random() < 0.3
            said.append(ord('"') if quote else int(rng.choice(able)))
            one.consume_token(said[-1])
        text = said.decode()
        answer = read_answer(text, model, checked)
        assert json.loads(text) == json.loads(_written(json.loads(text)))
        assert answer


@pytest.mark.parametrize("blanks", ["", " ", " still", "\t", "\u00a0", "\u3000x", "a\nb"])
def test_no_text_is_blank_or_more_than_a_line(blanks: str) -> None:
    grammar = compact_grammar({"type": "string", "minLength": 1, "maxLength": 8})
    assert _taken('"still"', grammar) and not _taken(_written(blanks), grammar)


@pytest.mark.parametrize(
    ("node", "good", "bad"),
    [
        ({"type": "string", "minLength": 2, "maxLength": 3}, ['"ab"', '"abc"'], ['"a"', '"abcd"']),
        ({"type": "string", "maxLength": 1}, ['""', '"a"'], ['"ab"']),
        (
            {"type": "array", "items": {"type": "boolean"}, "maxItems": 2},
            ["[]", "[true,false]"], ["[1]", "[true,true,true]"],
        ),
        ({"type": "array", "items": {"const": "a"}, "minItems": 1}, ['["a"]', '["a","a","a"]'], ["[]"]),
        ({"type": "integer", "minimum": -2, "maximum": 11}, ["-2", "0", "11"], ["-3", "12", "01", "1.0"]),
        ({"type": "number", "enum": [0.5, -1, 1.0]}, ["0.5", "-1", "1.0"], ["0.50", "1"]),
    ],
    ids=str,
)  # fmt: skip
def test_bounds(node: dict[str, Any], good: list[str], bad: list[str]) -> None:
    grammar = compact_grammar(node)
    assert [_taken(one, grammar) for one in good] == [True] * len(good)
    assert [_taken(one, grammar) for one in bad] == [False] * len(bad)


def test_words_share_their_beginnings() -> None:
    assert choice(["C minor", "C major", "C"]) == '"C" (" m" ("ajor" | "inor"))?'
    assert all(_taken(word, Grammar("w", "", f"root ::= {choice(WORDS)}")) for word in WORDS)


WORDS = ["a", "ab", "abc", "b", "ba", 'q"', "\\"]


@pytest.mark.parametrize(
    "node",
    [
        {"type": "string", "pattern": "^a"},
        {"type": "number"},
        {"type": "integer", "minimum": 0},
        {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        {"type": "object", "properties": {"a": {"const": 1}}},
        {"type": "array"},
        {"anyOf": [{"const": 1}]},
    ],
    ids=str,
)
def test_what_is_not_understood_is_left_to_the_server(node: dict[str, Any]) -> None:
    with pytest.raises(UnwritableError):
        compact_grammar(node)


def _knows_zebras(handler: servers.Handler, body: dict[str, Any]) -> None:
    """Take grammars as llama.cpp does, the one of the probe and no other schema's."""
    grammar = body.get("grammar", "")
    if "zebra" in grammar:
        return handler.stream(servers.piece('{"zebra":417}', finish="stop"), servers.USAGE)
    if "muse" in grammar:
        return handler.json({"error": {"code": 400, "message": "failed to parse grammar"}}, 400)
    return servers.answers(handler, body)


LLAMA = [{"id": "muse", "owned_by": "llamacpp"}]
MUSE = {
    "type": "object", "properties": {"muse": {"const": 1}},
    "required": ["muse"], "additionalProperties": False,
}  # fmt: skip


def test_a_grammar_that_the_server_refuses_gives_way_to_the_schema_for_good() -> None:
    with servers.playing(acts=[_knows_zebras], models=LLAMA) as played:
        backend = OpenAIBackend(played.url, total=8.0, tries=2)
        assert backend.abilities().schema
        played.seen.clear()
        replies = [backend.complete(Request((Message("user", "?"),), schema=MUSE)) for _ in range(2)]
        asked = [next(name for name in ("grammar", "response_format") if name in one) for one in played.asked]
    assert asked == ["grammar", "response_format", "response_format"]
    assert {(reply.enforced, reply.by) for reply in replies} == {("schema", "response_format")}


@pytest.mark.parametrize("models", [LLAMA, [{"id": "muse"}]])
def test_only_a_llama_that_passes_the_probe_is_asked_by_a_grammar(models: list[Any]) -> None:
    """The first says of itself that it is one, but answers as no schema written out would let it."""
    with servers.playing(models=models) as played:
        backend = OpenAIBackend(played.url, total=8.0, tries=2)
        backend.abilities()
        played.seen.clear()
        assert backend.complete(Request((Message("user", "?"),), schema=MUSE)).by == "response_format"
        assert ["grammar" in one for one in played.asked] == [False]

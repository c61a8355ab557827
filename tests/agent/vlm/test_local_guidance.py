"""Schema and grammar held by llguidance: the real score grammar, the end of a language, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.vlm.local import TransformersBackend
from agent.vlm.local.guidance import Guide
from agent.vlm.protocol import Request
from chiaroscore import BackendError
from prompts import Grammar, Message, ScoreSpec, VoiceSpec, score_grammar
from tests.agent.vlm.tiny import PADDING_ROWS, build, tokenizer

TOKENS = tokenizer(["<image>"])
ROWS = len(TOKENS) + PADDING_ROWS
END = TOKENS.eos_token_id


@pytest.fixture(scope="module")
def guide() -> Guide:
    return Guide(TOKENS, ROWS, [END])


@pytest.fixture(scope="module")
def backend() -> TransformersBackend:
    return TransformersBackend.of(*build("qwen"), id="tiny")


def asked(**more: Any) -> Request:
    return Request((Message("user", "Write."),), **more)


def test_a_language_ends_with_the_end_token(guide: Guide) -> None:
    hold = guide.hold(asked(grammar=Grammar("one", 'start: "a" "b"', "")))
    assert hold is not None
    for letter in "ab":
        token = TOKENS.convert_tokens_to_ids(letter)
        assert hold.allowed()[token]
        assert not hold.allowed()[END]
        hold.take(token)
    for _ in range(3):
        assert np.flatnonzero(hold.allowed()).tolist() == [END]
        hold.take(END)


def test_padding_and_special_tokens_are_never_allowed(guide: Guide) -> None:
    hold = guide.hold(asked(grammar=Grammar("any", "start: /(.|\\n)*/", "")))
    assert hold is not None
    allowed = hold.allowed()
    assert allowed.shape == (ROWS,)
    assert not allowed[len(TOKENS) :].any()
    assert not allowed[TOKENS.convert_tokens_to_ids("<image>")]
    assert allowed[END]
    assert allowed.sum() > 200


def test_holds_of_one_grammar_go_their_own_ways(guide: Guide) -> None:
    request = asked(grammar=Grammar("two", 'start: "a" "c" | "b" "d"', ""))
    first, second = guide.hold(request), guide.hold(request)
    assert first is not None
    assert second is not None
    a, b, c, d = (TOKENS.convert_tokens_to_ids(letter) for letter in "abcd")
    first.take(a)
    second.take(b)
    assert (first.allowed()[c], first.allowed()[d]) == (True, False)
    assert (second.allowed()[c], second.allowed()[d]) == (False, True)


def test_json_is_compact_and_in_the_order_of_the_schema(backend: TransformersBackend) -> None:
    properties = {name: {"type": "integer", "minimum": 0, "maximum": 9} for name in ("z", "a", "m")}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    text = backend.complete(asked(schema={**schema, "additionalProperties": False}, temperature=1.5)).text
    assert [part[:4] for part in text.strip("{}").split(",")] == ['"z":', '"a":', '"m":']
    assert " " not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"grammar": Grammar("broken", "start: foo", "")}, "does not take the grammar 'broken'"),
        ({"schema": {"type": "nonsense"}}, "does not take"),
        ({"schema": {"type": "integer", "minimum": 9, "maximum": 1}}, "does not take"),
        ({"schema": {}, "grammar": Grammar("both", 'start: "a"', "")}, "not both"),
    ],
)
def test_what_llguidance_refuses_is_told_in_a_line(
    backend: TransformersBackend, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(BackendError, match=message) as caught:
        backend.complete(asked(**more))
    assert "\n" not in str(caught.value)
    assert not caught.value.retryable


def test_a_score_has_its_voices_and_bars(backend: TransformersBackend) -> None:
    """The grammar of real prompts, with random weights and much heat."""
    voices = (VoiceSpec("M", 60, 84, "line", symbols=True), VoiceSpec("B", 36, 55, "line"))
    grammar = score_grammar(ScoreSpec(6, (4, 4, 4), voices))
    reply = backend.complete(asked(grammar=grammar, temperature=1.5, seed=3, max_tokens=3000))
    assert (reply.finish, reply.enforced) == ("stop", "grammar")
    lines = reply.text.splitlines()
    assert [line[:5] for line in lines] == ["[V:M]", "[V:B]"] * 2
    assert [line.count("|") for line in lines] == [4, 4, 2, 2]
    assert all(line.endswith("|]") for line in lines[2:])


def test_without_llguidance_nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.vlm.local.engine.installed", lambda: False)
    backend = TransformersBackend.of(*build("llava"), id="free")
    found = backend.abilities()
    assert (found.schema, found.grammar) == (False, False)
    reply = backend.complete(asked(schema={"type": "integer"}, max_tokens=5))
    assert reply.enforced is None

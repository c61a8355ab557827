"""Requests as words for a prompt and as bounds of a schema, and choices that must agree."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from agent import conflicts
from agent.controls import Controls
from agent.keys import parse_key
from agent.vlm import constraints
from agent.vlm.agreeing import agreed
from agent.vlm.menu import choices
from agent.vlm.protocol import estimated_tokens
from chiaroscore import ControlError
from notation import instrument
from prompts import PlanAnswer, schema

ASKED: list[dict[str, Any]] = [
    {},
    {"tempo": 72, "key": "Bb dorian", "meter": "6/8", "bars": 16},
    {"tempo": 72.6, "duration": 45},
    {"tempo": "Andante", "form": "rondo"},
    {"genre": "hornpipe"},
    {"meter": "3/4", "bars": 8},
    {"mood": "sad"},
    {"mood": "sad", "valence": -0.4},
    {"valence": 1, "arousal": -1},
    {"instruments": "cello, harp, drums"},
    {"instruments": "strings, piano, flute, oboe, horn"},
    {"density": 4, "register": "C5"},
    {"density": "dense", "register": "low"},
    {"density": 20, "register": 36},
    {"bars": 4, "form": "A"},
    {"duration": 600, "tempo": 40},
    {"seed": 3},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_every_request_is_said(asked: dict[str, Any]) -> None:
    said = constraints.text(Controls.parse(**asked))
    names = [name for name in asked if name != "seed"]
    assert [line.split(":")[0] for line in said.splitlines()] == (
        sorted(names, key=list(constraints_order()).index) or ["none"]
    )
    for name in ("key", "meter", "bars"):
        if name in asked:
            assert f"{name}: exactly {asked[name]}" in said.splitlines()


def constraints_order() -> tuple[str, ...]:
    return tuple(Controls.__dataclass_fields__)


def _any(rng: random.Random, node: Mapping[str, Any]) -> Any:
    """Return data that fits a schema."""
    if "enum" in node or "const" in node:
        return rng.choice(node.get("enum") or [node["const"]])
    if node["type"] == "object":
        return {name: _any(rng, one) for name, one in node["properties"].items()}
    if node["type"] == "array":
        count = rng.randint(node.get("minItems", 0), node["maxItems"])
        return [_any(rng, node["items"]) for _ in range(count)]
    if node["type"] == "string":
        return rng.choice(["still", "a < b", "grün"])[: node["maxLength"]]
    draw = rng.randint if node["type"] == "integer" else rng.uniform
    return draw(node["minimum"], node["maximum"])


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_held_model_cannot_break_a_request(asked: dict[str, Any]) -> None:
    controls = Controls.parse(**asked)
    held = schema(PlanAnswer, constraints.narrowing(controls))
    rng = random.Random(str(asked))
    for _ in range(20):
        answer = PlanAnswer.model_validate(_any(rng, held))
        parse_key(answer.key.value)
        if controls.key:
            assert answer.key.value == controls.key.name
        if controls.genre:
            assert answer.genre.value == controls.genre.name
        if controls.form:
            assert answer.form.value == controls.form.name
        if controls.bars:
            assert answer.bars.value == controls.bars
        if isinstance(controls.tempo, float):
            assert abs(answer.tempo.value - controls.tempo) <= 0.5
        if controls.instruments:
            names = {one.name for one in controls.instruments}
            assert {one.instrument for one in answer.instruments.value} <= names
        if controls.density:
            assert answer.rhythm.value.density == constraints.density_word(controls.density)
        for name in ("valence", "arousal"):
            if getattr(controls, name) is not None:
                assert abs(getattr(answer.emotion.value, name) - getattr(controls, name)) <= 0.1 + 1e-9
        assert all(instrument(one.instrument).roles for one in answer.instruments.value)
        if not asked:
            assert answer.genre.seen != "request"
        # each value alone is a request that can stand beside the user's
        for name in ("genre", "meter", "form"):
            if name not in asked:
                both = Controls.parse(**{**controls.asked(), name: getattr(answer, name).value})
                conflicts.check(both)


def test_the_words_of_numbers() -> None:
    found = [constraints.density_word(Controls.parse(density=n).density) for n in (1, 3.5, 7.9, 8, 20)]  # type: ignore[arg-type]
    assert found == ["sparse", "medium", "medium", "dense", "dense"]
    found = [constraints.register_word(Controls.parse(register=n).register) for n in (36, 58, 59, 71, 96)]  # type: ignore[arg-type]
    assert found == ["low", "low", "middle", "high", "high"]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_menu_is_short_and_offers_what_is_allowed(asked: dict[str, Any]) -> None:
    controls = Controls.parse(**asked)
    said = choices(controls)
    assert len(said) / 4 < 500 and estimated_tokens(said) < 640
    lines = dict(line.split(": ", 1) for line in said.splitlines())
    bounds = constraints.narrowing(controls)
    assert lines["meter"].split(", ") == bounds["meter.value"]["enum"]
    assert lines["form"].split(", ") == bounds["form.value"]["enum"]
    if not controls.instruments:
        named = lines["instruments"].removesuffix("; or any other of General MIDI by its name")
        listed = [name for family in named.split("; ") for name in family.split(": ")[1].split(", ")]
        assert len(listed) > 30 and set(listed) <= set(bounds["instruments.value.*.instrument"]["enum"])


def _attempt(*forbidden: set[str]) -> Any:
    """Return an attempt that refuses choices which hold a forbidden group; its plan is the names kept."""

    def attempt(kept: Mapping[str, Any]) -> Any:
        for group in forbidden:
            if group <= set(kept):
                raise ControlError(f"{sorted(group)} exclude each other")
        return set(kept)

    return attempt


ALL = ("genre", "meter", "instruments", "tempo", "key", "form", "seats", "bars", "register", "density")


@pytest.mark.parametrize(
    ("forbidden", "gone"),
    [
        ([], set()),
        ([{"form", "bars"}], {"bars"}),
        ([{"tempo", "density"}, {"genre", "density"}], {"density"}),
        ([{"tempo", "genre"}, {"tempo", "key"}], {"tempo"}),  # one important choice for two lesser ones
        ([{"genre", "meter"}, {"form", "bars"}], {"meter", "bars"}),
        ([{"density"}, {"register"}, {"genre"}], {"density", "register", "genre"}),
        ([{name} for name in ALL], set(ALL)),
    ],
)
def test_the_fewest_and_least_important_give_way(forbidden: list[set[str]], gone: set[str]) -> None:
    plan, reasons = agreed(dict.fromkeys(ALL, 1), _attempt(*forbidden))
    assert plan == set(ALL) - gone
    assert set(reasons) == gone
    assert all("exclude each other" in reason for reason in reasons.values())
    if len(gone) > 2:  # found by longer beginnings, then by what can come back
        plan, reasons = agreed(dict.fromkeys(ALL, 1), _attempt(*forbidden), together=0)
        assert set(reasons) == gone


def test_requests_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(ControlError, match="exclude"):
        agreed({"key": 1, "bars": 1}, _attempt(set()))


def test_tries_are_bounded() -> None:
    count = 0

    def attempt(kept: Mapping[str, Any]) -> Any:
        nonlocal count
        count += 1
        if kept:
            raise ControlError("no")
        return None

    agreed(dict.fromkeys(ALL, 1), attempt)
    assert count < 80

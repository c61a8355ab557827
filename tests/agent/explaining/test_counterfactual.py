"""What would be otherwise: the planner really asked, the nearest turn the nearest, silence where due."""

from __future__ import annotations

import json
import pathlib
import re
from dataclasses import replace

import pytest

from agent.controls import Controls
from agent.explaining import counterfactual
from agent.explaining.changes import WORDS, moved, named, room, value_of, without
from agent.explaining.counterfactual import counterfactuals, shown, why_none
from agent.identity import piece_seed
from agent.keys import parse_key
from agent.offline.plan import OfflinePlanner
from agent.picture import picture_hash
from notation import MODES
from prompts import Scene

_FILE = pathlib.Path(__file__).parents[1] / "planner_scenes.json"
SCENES = {name: Scene(**one) for name, one in json.loads(_FILE.read_text())["scenes"].items()}
_MEASURE = {
    word: (name, way) for name, words in WORDS.items() for word, way in zip(words, (1, -1), strict=True)
}


@pytest.fixture(scope="module")
def free(piece):
    """Pieces for hand-made scenes, as if nothing had been asked; only what the planner reads is theirs."""
    controls = Controls.parse()
    seed = piece_seed(piece.picture, piece.seed)
    return {
        name: replace(
            piece, scene=scene, controls=controls, plan=OfflinePlanner().plan(scene, controls, seed)
        )
        for name, scene in list(SCENES.items())[:8]
    }


def _changed(scene, change):
    """The scene that a sentence speaks of, read back from its words."""
    if change.startswith("without "):
        names = [one.name for one in scene.objects]
        return without(scene, names.index(change.removeprefix("without ")))
    amount, words = re.fullmatch(r"([\d.]+) (.+)", change).groups()
    measure, way = _MEASURE[words]
    return moved(scene, measure, way * float(amount))


def test_what_is_said_is_what_the_planner_says(free):
    said = 0
    for piece in free.values():
        seed = piece_seed(piece.picture, piece.seed)
        found = counterfactuals(piece)
        assert 1 <= len(found) <= counterfactual.MOST and len({one.change for one in found}) == len(found)
        for one in found:
            after = OfflinePlanner().plan(_changed(piece.scene, one.change), piece.controls, seed)
            assert shown(piece.plan, one.element) == one.before != one.after == shown(after, one.element)
            said += 1
    assert said > 24


def test_the_nearest_turn_is_the_nearest(free):
    """A hundredth less would not have turned it."""
    near = 0
    for piece in free.values():
        seed = piece_seed(piece.picture, piece.seed)
        for one in counterfactuals(piece)[:2]:
            amount, words = one.change.split(" ", 1)
            measure, way = _MEASURE.get(words, ("", 0))
            if measure not in ("valence", "arousal") or amount == "0.30":
                continue
            less = moved(piece.scene, measure, way * (float(amount) - 0.01))
            plan = OfflinePlanner().plan(less, piece.controls, seed)
            assert _kind(plan, one) == _kind(piece.plan, one), one
            near += 1
    assert near >= 6


def _kind(plan, turn):
    """What of a plan must turn: the genre, the third of its mode, or where that stays the mode."""
    if turn.element == "plan.genre":
        return plan.genre
    thirds = {MODES[parse_key(key).mode][2] for key in (turn.before, turn.after)}
    mode = parse_key(plan.key).mode
    return MODES[mode][2] if len(thirds) == 2 else mode


def test_the_planner_is_asked_a_bounded_number_of_times(free, monkeypatch):
    asked = []
    plan = OfflinePlanner.plan
    monkeypatch.setattr(OfflinePlanner, "plan", lambda *a: asked.append(1) or plan(*a))
    for piece in free.values():
        asked.clear()
        counterfactuals(piece)
        assert len(asked) <= 50


def test_it_is_the_same_each_time(free):
    piece = next(iter(free.values()))
    assert counterfactuals(piece) == counterfactuals(piece)


def test_what_an_edit_has_set_is_not_compared(free):
    piece = next(iter(free.values()))
    other = "C minor" if piece.plan.key != "C minor" else "D minor"
    edited = replace(piece, plan=piece.plan.model_copy(update={"key": other, "meter": "7/8"}))
    assert {one.element for one in counterfactuals(edited)}.isdisjoint({"plan.key", "plan.meter"})
    assert "plan.key" in {one.element for one in counterfactuals(piece)}


def test_where_nothing_can_be_said_it_says_why(free):
    piece = next(iter(free.values()))
    silent = {
        "openai:x": replace(piece, minds={"perceive": "offline", "plan": "openai:x"}),
        "asked for": replace(piece, controls=Controls.parse(mood="sad")),
        "hash": replace(piece, picture=None, pictured=None),
    }
    for word, one in silent.items():
        assert counterfactuals(one) == () and word in why_none(one)
    kept = replace(piece, picture=None, pictured={"sha256": picture_hash(piece.picture)})
    assert why_none(kept) == "" and counterfactuals(kept) == counterfactuals(piece)


def test_what_was_asked_for_does_not_turn(piece):
    """The fixture asked for tempo and meter: they cannot be otherwise."""
    found = {one.element for one in counterfactuals(piece)}
    assert found and found.isdisjoint({"plan.tempo", "plan.meter"})


@pytest.mark.parametrize("measure", WORDS)
@pytest.mark.parametrize("way", [1, -1])
def test_a_change_moves_one_measure_and_stays_in_its_scale(measure, way):
    scene = SCENES["d06_cat_closeup"]
    after = moved(scene, measure, way * 9)
    assert room(after, measure, way) == 0
    assert all(value_of(after, other) == value_of(scene, other) for other in WORDS if other != measure)
    small = moved(scene, measure, way * 0.05)
    assert value_of(small, measure) == pytest.approx(
        value_of(scene, measure) + way * min(0.05, room(scene, measure, way))
    )
    assert [one.name for one in after.objects] == [one.name for one in scene.objects]
    assert [one.name for one in after.colour.swatches] == [one.name for one in scene.colour.swatches]
    Scene.model_validate(after.model_dump())
    assert named(measure, way * 0.3) == f"0.30 {WORDS[measure][0 if way > 0 else 1]}"


def test_without_its_only_kin_the_setting_goes_too():
    scene = SCENES["d06_cat_closeup"]
    alone = scene.model_copy(update={"objects": scene.objects[:1], "setting": scene.objects[0].group})
    after = without(alone, 0)
    assert after.setting == "unknown" and after.objects[0].probability == 0
    kin = alone.model_copy(update={"objects": [*alone.objects, alone.objects[0]]})
    assert without(kin, 0).setting == alone.setting

"""Maps along links: shares by weight, the right side of signed maps, nothing from where no link leads."""

from __future__ import annotations

import numpy as np
import pytest

from agent.explaining.expressed import Tie
from agent.explaining.flow import Flow, through, tied
from agent.explaining.links import Tendency
from explain import Element, HeatMap, Link

LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


def _grid(left, right, *, signed=False):
    return HeatMap(np.array([[left, right]], np.float32).repeat(2, 0), signed=signed)


def _at(name, left, right, value="", **more):
    return Element(f"scene.{name}", "scene", name, value, map=_grid(left, right, **more))


def _plan(name):
    return Element(f"plan.{name}", "plan", name)


def _to(source, target, weight=1.0, way=0):
    return Tendency(Link(source, target, weight=weight), way)


def test_maps_are_weighted_by_their_links():
    found = Flow(
        [_at("a", 1, 0), _at("b", 0, 5), _plan("tempo")],
        [_to("scene.a", "plan.tempo", 3.0), _to("scene.b", "plan.tempo", 1.0)],
    ).fill("plan.tempo")
    assert found.map.share(LEFT) == pytest.approx(0.75) and found.map.share(RIGHT) == pytest.approx(0.25)
    assert found.method.startswith("through a 75%, b 25%") and not found.absent


@pytest.mark.parametrize(
    ("way", "value", "side"),
    [(1, "-0.40", LEFT), (-1, "+0.40", RIGHT), (0, "+0.40", LEFT), (0, "-0.40", RIGHT), (0, "red", LEFT)],
)
def test_a_signed_map_lends_the_side_that_moved_it(way, value, side):
    """Left raises it, right lowers it: what arousal lowers comes from the right."""
    source = _at("emotion.arousal", 2, -3, value, signed=True)
    found = Flow([source, _plan("tempo")], [_to(source.id, "plan.tempo", way=way)]).fill("plan.tempo")
    assert found.map.share(side) == pytest.approx(1.0)


def test_the_middle_of_a_scale_decides_where_nothing_is_said():
    dark = _at("colour.brightness", 1, -2, "0.20", signed=True)
    assert through(_plan("x"), [(dark, 1.0, 0)]).map.share(RIGHT) == pytest.approx(1.0)
    light = _at("colour.brightness", 1, -2, "0.60", signed=True)
    assert through(_plan("x"), [(light, 1.0, 0)]).map.share(LEFT) == pytest.approx(1.0)


def test_what_has_no_map_lends_none_and_is_named():
    bare = Element("scene.setting", "scene", "setting", absent="found by a rule")
    found = Flow([bare, _plan("genre")], [_to(bare.id, "plan.genre")]).fill("plan.genre")
    assert found.map is None and "setting" in found.absent
    nothing = Flow([_plan("meter")], []).fill("plan.meter")
    assert nothing.map is None
    flat = _at("a", 0, 0)
    assert through(_plan("x"), [(flat, 1.0, 0)]).map is None
    assert through(_plan("x"), [(_at("a", 1, 0), 0.0, 0)]).map is None


def test_what_was_looked_at_keeps_its_own_map():
    own = Element("plan.key", "plan", "key", map=_grid(1, 0))
    assert Flow([own, _at("b", 0, 1)], [_to("scene.b", "plan.key")]).fill("plan.key") is own


def test_causes_in_a_circle_end():
    links = [
        _to("plan.a", "plan.b"),
        _to("plan.b", "plan.a"),
        _to("scene.x", "plan.a"),
        _to("scene.y", "plan.b"),
    ]
    flow = Flow([_plan("a"), _plan("b"), _at("x", 1, 0), _at("y", 0, 1)], links)
    a, b = flow.fill("plan.a"), flow.fill("plan.b")
    assert 0.25 < a.map.share(LEFT) < 1 and 0.25 < b.map.share(RIGHT) < 1


def test_chains_are_followed():
    links = [_to("scene.x", "plan.genre"), _to("plan.genre", "plan.tempo")]
    found = Flow([_at("x", 1, 0), _plan("genre"), _plan("tempo")], links).fill("plan.tempo")
    assert found.map.share(LEFT) == pytest.approx(1.0) and found.method.startswith("through genre 100%")


def test_a_bar_leans_to_what_it_expresses_more():
    rhythm = Element("plan.rhythm", "plan", "rhythm", map=_grid(1, 0))
    key = Element("plan.key", "plan", "key", map=_grid(0, 1))
    elements = {one.id: one for one in (rhythm, key)}
    bar = Element("bar.1", "bar", "bar 1")
    ties = [Tie("plan.rhythm", 3.0, ""), Tie("plan.key", 1.0, ""), Tie("plan.lost", 9.0, "")]
    assert tied(bar, ties, elements).map.share(LEFT) == pytest.approx(0.75)
    assert tied(bar, [], elements).map is None

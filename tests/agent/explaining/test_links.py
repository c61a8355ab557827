"""Links: what a cause names, what it weighs, and what the score expresses of the plan."""

from __future__ import annotations

import json
import pathlib

import pytest

from agent.controls import Controls
from agent.explaining.bars import bars_of
from agent.explaining.expressed import expressed, measures_text, score_links, ties_at
from agent.explaining.links import exemplar_links, plan_items, plan_links, request_items
from agent.explaining.measured import Score, scale_classes
from agent.explaining.paths import sources_of
from agent.explaining.scenery import parts_of, scene_items
from agent.explaining.stated import Stated, stated, weights
from agent.offline.plan import OfflinePlanner
from agent.offline.writer.form import sections
from notation import parse
from prompts import Cause, Scene

_FILE = pathlib.Path(__file__).parents[1] / "planner_scenes.json"
SCENES = {name: Scene(**one) for name, one in json.loads(_FILE.read_text())["scenes"].items()}
SCENE = SCENES["d01_sunset_hills"]
KNOWN = {one.id for one in scene_items(SCENE)} | {"plan.genre", "plan.tempo"}


def _plan(scene, **asked):
    controls = Controls.parse(**asked)
    return OfflinePlanner().plan(scene, controls, 7), controls.asked()


@pytest.mark.parametrize(
    ("path", "value", "effect", "element", "ids"),
    [
        ("objects[0]", "sunset (p=.70)", "calls for air", "genre", {"scene.objects.0"}),
        ("objects[0].name", "sunset", "", "genre", {"scene.objects.0"}),
        ("scene.emotion.arousal", "-0.30", "", "tempo", {"scene.emotion.arousal"}),
        ("emotion.valence", "valence +0.60, arousal -0.30", "fit 0.5 of 1", "genre",
         {"scene.emotion.valence", "scene.emotion.arousal"}),
        ("emotion.arousal", "valence +0.60, arousal -0.30, brightness 0.5",
         "leans to these dark timbres by 0.1", "instruments",
         {"scene.emotion.valence", "scene.colour.brightness"}),
        ("colour", "high contrast, dark", "leans", "genre",
         {"scene.colour.contrast", "scene.colour.brightness"}),
        ("colour", "something unheard of", "leans", "genre", {"scene.colour"}),
        ("dynamic.words", "still", "leans", "meter", {"scene.dynamic.busyness"}),
        ("colour.swatches", "palette lift", "", "tempo", {"scene.colour.swatches"}),
        ("objects[99]", "", "", "tempo", {"scene.objects"}),
        ("plan.genre", "air", "", "tempo", {"plan.genre"}),
        ("plan.tempo", "60", "of itself", "tempo", set()),
        ("plan.nothing", "", "", "tempo", set()),
        ("plan", "a request that nobody made", "", "tempo", set()),
        ("the weather", "rain", "", "tempo", set()),
        ("description", "a sunset", "", "tempo", set()),
    ],
)  # fmt: skip
def test_paths_lead_to_elements_or_stay_text(path, value, effect, element, ids):
    cause = Cause(scene=path, value=value, effect=effect)
    assert set(sources_of(cause, element, KNOWN, SCENE.colour, {})) == ids


@pytest.mark.parametrize(
    ("asked", "element", "names"),
    [
        ({"tempo": 90}, "tempo", {"request.tempo"}),
        ({"tempo": 90, "mood": "calm"}, "tempo", {"request.tempo"}),
        ({"mood": "calm"}, "key", {"request.mood"}),
        ({"valence": 0.5}, "key", {"request.valence"}),
        ({"bars": 16}, "bars", {"request.bars"}),
        ({"duration": 30}, "bars", {"request.duration"}),
        ({"instruments": "flute, cello"}, "instruments", {"request.instruments"}),
        ({"density": "sparse"}, "rhythm", {"request.density"}),
        ({"register": "high"}, "tessitura", {"request.register"}),
        ({"key": "D dorian"}, "key", {"request.key"}),
        ({"genre": "waltz"}, "genre", {"request.genre"}),
        ({"form": "ABA"}, "form", {"request.form"}),
        ({"meter": "3/4"}, "meter", {"request.meter"}),
    ],
)
def test_requests_are_told_from_each_other(asked, element, names):
    plan, record = _plan(SCENE, **asked)
    links = [one.link for one in plan_links(plan, SCENE, record) if one.link.target == f"plan.{element}"]
    assert {link.source for link in links if link.source.startswith("request.")} == names


def test_requests_become_elements_and_so_does_what_an_edit_asked(piece):
    edited = piece.revise("louder")
    items = {one.id: one for one in request_items(edited.plan, edited.controls.asked())}
    assert items["request.words"].value == "louder" and items["request.bars"].value == "8"
    assert "request.seed" not in items and all(one.absent for one in items.values())
    links = plan_links(edited.plan, edited.scene, edited.controls.asked())
    assert ("request.words", "plan.dynamics") in {(one.link.source, one.link.target) for one in links}
    assert "request.words" not in {one.id for one in request_items(piece.plan, piece.controls.asked())}


@pytest.mark.parametrize(
    ("effect", "element", "found"),
    [
        ("raises the tempo by 7.3 qpm", "tempo", Stated(7.3, "qpm", 1)),
        ("lowers the melody by 2.0 semitones", "tessitura", Stated(2.0, "semitones", -1)),
        ("makes it 8 % less dense", "rhythm", Stated(8, "%", -1)),
        ("makes melody notes 11 % less long", "rhythm", Stated(11, "%", 1)),  # shorter: livelier
        ("adds -3", "dynamics", Stated(3, "velocity", -1)),
        ("palette lift -0.29 darkens the mode by -0.01", "key", Stated(0.01, "score", -1)),
        ("still leans to 4/4 by 0.15", "meter", Stated(0.15, "score", 0)),
        ("because the water is still", "tempo", Stated()),
    ],
)
def test_stated_numbers(effect, element, found):
    got = stated(Cause(scene="setting", value="", effect=effect), element)
    assert (got.amount, got.unit, got.way) == (pytest.approx(found.amount), found.unit, found.way)


def test_weights_compare_what_has_one_unit():
    assert weights([Stated(), Stated()]) == [1.0, 1.0]
    assert weights([Stated(1, "qpm", 1), Stated(3, "qpm", -1), Stated(9, "%", 1)]) == [0.5, 1.5, 1.0]
    assert weights([Stated(0, "%", 1), Stated(0, "%", 1)]) == [1.0, 1.0]


@pytest.mark.parametrize("name", SCENES)
def test_no_cause_of_the_offline_planner_is_lost(name):
    """Every cause leads to an element there is; tempo, density and loudness all state what they weigh."""
    scene = SCENES[name]
    plan, asked = _plan(scene)
    known = {one.id for one in (*scene_items(scene), *plan_items(plan))}
    links = plan_links(plan, scene, asked)
    for element, causes in plan.causes.items():
        for one in causes:
            assert sources_of(one, element, known, scene.colour, asked), (element, one)
            if element in ("tempo", "rhythm", "dynamics") and not one.scene.startswith("plan."):
                assert stated(one, element).unit or "changes " in one.effect, one
    assert all(
        one.link.source in known and one.link.target in known and one.link.weight >= 0 for one in links
    )
    cited = [
        one.link for one in links if one.link.source.startswith("scene.") and one.link.target == "plan.tempo"
    ]
    assert cited and all(link.citation for link in cited)


def test_wholes_are_the_sum_of_their_parts():
    links = parts_of(SCENE)
    colours = [link for link in links if link.target == "scene.colour.swatches"]
    shares = [one.share for one in SCENE.colour.swatches]
    assert [link.weight / colours[0].weight for link in colours] == pytest.approx(
        [s / shares[0] for s in shares]
    )
    assert sum(link.weight for link in colours) == pytest.approx(len(colours))
    setting = {link.source for link in links if link.target == "scene.setting"}
    assert setting == {
        f"scene.objects.{at}" for at, one in enumerate(SCENE.objects) if one.group == SCENE.setting
    }


LOUD = (
    "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nV:1\nV:2\nK:C\n"
    "V:1\n!p! C2 E2 | D4 | E4 | C4 |\nV:2\n!p! C,4 | Z | Z | Z |\n"
    "V:1\n!f! c/d/e/f/ g/f/e/d/ | c'4 | ^f4 | c4 |]\nV:2\n!f! C,C,C,C, | C,C,C,C, | C,C,C,C, | C,4 |]\n"
)


def _held(abc=LOUD, bars=8, form="AB"):
    tune = parse(abc)
    plan, _ = _plan(SCENE)
    layout = sections(form, bars)
    found = bars_of(tune, layout)
    return expressed(Score(tune), plan, layout, found), layout, found


def test_sections_differ_by_what_is_measured():
    held, _, _ = _held()
    quiet, loud = ({tie.element: tie.weight for tie in ties} for ties in held.sections)
    assert quiet["plan.rhythm"] < 0.6 < 1.3 < loud["plan.rhythm"]
    assert quiet["plan.dynamics"] < 0.85 and loud["plan.dynamics"] > 1.03
    assert quiet["plan.tessitura"] < 1 < loud["plan.tessitura"]
    assert quiet["plan.key"] > loud["plan.key"]  # an F sharp in C
    for name in ("plan.tempo", "plan.form", "plan.meter", "plan.genre"):
        assert quiet[name] == loud[name] == 1.0
    assert "fewer than the whole piece" in measures_text(held.sections[0])


def test_alike_sections_are_told_alike():
    line = "V:1\nCEGE | FAcA | GBdB | c4 |\nV:2\nC,4 | F,4 | G,4 | C,4 |\n"
    held, _, _ = _held("X:1\nM:4/4\nL:1/4\nQ:1/4=200\nV:1\nV:2\nK:C\n" + line + line)
    weights_of = [
        [tie.weight for tie in ties if "rhythm" in tie.element or "key" in tie.element]
        for ties in held.sections
    ]
    assert weights_of[0] == pytest.approx(weights_of[1]) and weights_of[0][0] == pytest.approx(1)


def test_a_bar_has_ties_of_its_own_only_where_it_departs():
    held, layout, bars = _held()
    own = {number: {tie.element for tie in ties} for number, ties in held.bars.items()}
    assert "plan.tessitura" in own[6] and "plan.rhythm" in own[5]  # the high c; the run of quavers
    links = score_links(held, layout, bars)
    from_plan = {
        (link.source, link.target)
        for link in links
        if link.target.startswith("bar.") and link.source.startswith("plan.")
    }
    assert from_plan == {(name, f"bar.{number}") for number, names in own.items() for name in names}
    assert next(link.source for link in links if link.target == "bar.3") == "section.0"
    high = next(link for link in links if link.target == "bar.6" and link.source == "plan.tessitura")
    assert "C6" in high.text
    changed = {
        tie.element for tie, same in zip(ties_at(held, bars[5]), held.sections[1], strict=True) if tie != same
    }
    assert changed == own[6]


def test_exemplars_are_linked_to_the_bars_that_hold_their_figures(piece):
    titles = {hit.exemplar.id: (hit.exemplar.title, hit.exemplar.licence) for hit in piece.exemplars}
    links = exemplar_links(piece.draft.uses, titles)
    used = {(use.source, use.bar + 1) for use in piece.draft.uses if use.source}
    assert used and {(link.source, link.target) for link in links} == {
        (f"exemplar.{source}", f"bar.{bar}") for source, bar in used
    }
    assert all("licence: " in link.text and " of bar " in link.text for link in links)


def test_scales():
    assert scale_classes(parse("X:1\nK:D\nD|]\n").key) == {2, 4, 6, 7, 9, 11, 1}
    assert scale_classes(parse("X:1\nK:Bbdor\nB|]\n").key) == {10, 0, 1, 3, 5, 7, 8}
    assert len(scale_classes(parse("X:1\nK:none\nB|]\n").key)) == 12

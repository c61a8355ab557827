"""What a model is told of the critic's findings, held to the data files number by number."""

from __future__ import annotations

import json
import math
import pathlib
import re

import numpy as np
import pytest

from agent.critic import Verdict, judge, rules
from agent.draft import Draft
from agent.genres import genre, genres
from agent.judging import verdict_on
from agent.vlm.findings import findings, findings_text
from evaluation import METRICS, closeness_row, group_reference
from notation import parse

_ROOT = pathlib.Path(__file__).parents[3]
_JUDGED = json.loads((_ROOT / "agent/data/judgement.json").read_text(encoding="utf-8"))
_ADVICE = json.loads((_ROOT / "agent/data/advice.json").read_text(encoding="utf-8"))["terms"]
_METRICS = json.loads((_ROOT / "evaluation/data/metrics.json").read_text(encoding="utf-8"))
_REFERENCE = json.loads((_ROOT / "evaluation/data/reference.json").read_text(encoding="utf-8"))["groups"]
_NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"


def _verdict(**terms: float) -> Verdict:
    """A verdict by hand: each term with a penalty, the first the worst."""
    penalties = {name: float(len(terms) - at) for at, name in enumerate(terms)}
    return Verdict(0.5, dict(terms), penalties, ())


def _told(line: str) -> tuple[str, str, list[float]]:
    """Term, side, and value, low and high of a line."""
    found = re.match(rf"\d+\. (\w+) is too (high|low): {_NUMBER}, wanted {_NUMBER}(?: to {_NUMBER})?", line)
    assert found, line
    numbers = [float(one) for one in found.groups()[2:] if one is not None]
    return found[1], found[2], numbers


def test_every_term_of_the_critic_has_advice_for_both_sides():
    assert set(_ADVICE) == set(rules()["terms"])
    for told in _ADVICE.values():
        assert told["high"].endswith(".") and told["low"].endswith(".") and told["high"] != told["low"]


def test_terms_of_craft_are_told_with_the_ranges_and_definitions_of_the_data(planned):
    plan = planned(2, genre="waltz")
    text = findings_text(_verdict(leap_share=0.41, melody_range=5.0, crossings=2.0), plan)
    lines = text.split("\n")
    assert [_told(line) for line in lines] == [
        ("leap_share", "high", [0.41, 0.0, 0.22]),
        ("melody_range", "low", [5.0, 9.0, 19.0]),
        ("crossings", "high", [2.0, 0.0]),
    ]
    for line, (term, side) in zip(
        lines, [("leap_share", "high"), ("melody_range", "low"), ("crossings", "high")], strict=True
    ):
        record = _JUDGED["terms"][term]
        assert [record["low"], record["high"]][: len(_told(line)[2]) - 1] == _told(line)[2][1:]
        assert f"It is: {record['what']}." in line
        assert line.endswith(f"Advice: {_ADVICE[term][side]}")


def test_terms_of_the_plan_are_told_in_their_own_units(planned):
    plan = planned(2, genre="waltz")
    verdict = _verdict(density=1.0, register=-12.0, valence=0.3, arousal=-0.4)
    density, register, valence, arousal = (
        _told(line)[2] for line in findings_text(verdict, plan).split("\n")
    )
    notes, centre, feeling = plan.rhythm.density, plan.tessitura.center, plan.emotion
    assert density == pytest.approx([notes * 2, notes * 2**-0.6, notes * 2**0.6], rel=5e-3)
    assert register == [centre - 12, centre - 10, centre + 10]
    assert valence == pytest.approx(
        [feeling.valence + 0.3, feeling.valence - 0.25, feeling.valence + 0.25], abs=5e-3
    )
    assert arousal == pytest.approx(
        [feeling.arousal - 0.4, feeling.arousal - 0.25, feeling.arousal + 0.25], abs=5e-3
    )


@pytest.mark.parametrize("name", ["waltz", "chorale", "blues", "march", "tango", "rock", "film"])
def test_closeness_is_told_by_mean_and_spread_of_the_group(planned, name):
    plan = planned(3, genre=name)
    group = genre(name).group
    entry = _REFERENCE[group]
    entry = _REFERENCE[entry["joined"]] if "joined" in entry else entry
    for at, metric in enumerate(entry["metrics"]):
        column = np.array([row[at] for row in entry["values"] if row[at] is not None], dtype=float)
        mean, sd = column.mean(), column.std(ddof=1)
        if sd < 1e-9:
            continue  # of such a metric no distance is measured
        line = findings_text(_verdict(**{metric: 2.0}), plan)
        low = max(mean - sd, _ADVICE[metric].get("least", -math.inf))
        high = min(mean + sd, _ADVICE[metric].get("most", math.inf))
        assert _told(line)[2] == pytest.approx([mean + 2 * sd, low, high], rel=6e-3, abs=1e-6), line
        norm = re.search(rf"group {group}: mean {_NUMBER}, standard deviation {_NUMBER}\)", line)
        assert norm, line
        assert [float(norm[1]), float(norm[2])] == pytest.approx([mean, sd], rel=6e-3, abs=1e-6)
        assert f"It is: {_METRICS[metric]}" in line
        assert ("of the melody alone" in line) == entry["monophonic"]


def test_the_value_told_is_what_the_metric_measures(pieces):
    seen = set()
    for plan, draft, tune, _ in pieces[::4]:
        reference = group_reference(genre(plan.genre).group)
        row = closeness_row(tune, monophonic=reference.monophonic)
        measured = dict(zip(reference.metrics, row, strict=True))
        for one in findings(judge(draft.abc, plan), plan):
            if one.term in METRICS:
                seen.add(one.term)
                assert one.value == pytest.approx(measured[one.term])
                assert one.value < one.low or one.value > one.high
    assert len(seen) >= 4


def test_register_is_told_as_the_pitch_of_the_melody(planned, exemplars):
    from agent.offline.writer import OfflineWriter

    plan = planned(4, genre="air")
    draft = OfflineWriter().write(plan, exemplars("air"), 4)
    lower = plan.model_copy(update={"tessitura": plan.tessitura.model_copy(update={"center": 40})})
    [told] = [one for one in findings(judge(draft.abc, lower), lower) if one.term == "register"]
    voice = parse(draft.abc).performance.notes
    assert told.value == pytest.approx(np.mean([note.pitch for note in voice if note.voice == 0]), abs=0.01)
    assert told.too_high and (told.low, told.high) == (30, 50)


def test_only_what_lies_outside_is_told_the_worst_first_and_no_more_than_asked(planned):
    plan = planned(2, genre="waltz")
    terms = {"peaks": 9.0, "leap_share": 0.5, "equal_run": 0.6, "repeat_share": 0.4, "fault_rate": 9.0}
    verdict = Verdict(
        0.5, {**terms, "step_share": 0.5}, {**_verdict(**terms).penalties, "step_share": 0.0}, ()
    )
    assert [_told(line)[0] for line in findings_text(verdict, plan).split("\n")] == list(terms)[:4]
    assert [_told(line)[0] for line in findings_text(verdict, plan, 2).split("\n")] == list(terms)[:2]
    assert "step_share" not in findings_text(verdict, plan, 99)
    assert findings_text(Verdict(1.0, {"peaks": 2.0}, {"peaks": 0.0}, ()), plan) == ""


def test_of_two_measures_of_the_same_only_the_worst_is_told(planned):
    plan = planned(2, genre="blues")
    text = findings_text(_verdict(step_rate=2.0, step_share=0.2, leap_share=0.4), plan)
    assert [_told(line)[0] for line in text.split("\n")] == ["step_rate", "leap_share"]


def test_what_could_not_be_measured_is_said_so(planned):
    text = findings_text(_verdict(leap_share=math.nan), planned(2))
    assert "cannot be measured" in text and "nan" not in text


def test_a_value_close_to_its_bound_is_told_so_that_it_differs(planned):
    _, _, numbers = _told(findings_text(_verdict(leap_share=0.22001), planned(2)))
    assert numbers[0] > numbers[2]


def test_requests_that_are_missed_come_first_with_what_was_asked_and_measured(pieces):
    from agent.controls import Controls

    plan, draft, _, _ = pieces[0]
    controls = Controls.parse(bars=plan.bars + 4, tempo=plan.tempo)
    verdict = verdict_on(Draft(draft.abc, draft.form, (), (), 0, {}), plan, None, controls)
    first = findings_text(verdict, plan).split("\n")[0]
    assert verdict.missed == ("bars",)
    assert re.fullmatch(
        rf"1\. request not met: bars: asked .*{plan.bars + 4}.*, measured .*{plan.bars}.*", first
    )


def test_every_genre_can_be_told(planned):
    terms = dict.fromkeys(rules()["terms"], 40.0)
    for one in genres():
        reference = group_reference(one.group)
        known = {name: value for name, value in terms.items() if "what" in rules()["terms"][name]}
        known |= dict.fromkeys(reference.metrics if reference else (), 9.0)
        told = findings_text(_verdict(**known), planned(1, genre=one.name), 99)
        assert len(told.split("\n")) == len(known) - 3  # steps, pace and silence are measured twice

"""Revisions by a model that answers from a script: taken, refused, ended; none is built upon when refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agent.critic import Verdict, rules
from agent.draft import Draft
from agent.judging import verdict_on
from agent.offline.writer import OfflineWriter
from agent.vlm.findings import findings
from agent.vlm.options import Options
from agent.vlm.refining import refined, systems
from agent.vlm.run import Run
from agent.vlm.score import read_score
from agent.vlm.scripted import ScriptedBackend
from chiaroscore import BackendError
from notation import check


@pytest.fixture(scope="module")
def plan(planned):
    return planned(5, 0.3, 0.1, genre="waltz", bars=8, instruments="flute, cello")


@pytest.fixture(scope="module")
def judge(plan):
    return lambda draft: verdict_on(draft, plan)


@pytest.fixture(scope="module")
def drafts(plan, exemplars, judge):
    """Three scores that are read without problems, the worst first: an offline one and two made worse."""
    source = OfflineWriter().write(plan, exemplars("waltz"), 0)
    good = re.sub(r'"\^[a-z.]*"', "", systems(source.abc))
    texts = [_leaping(good, 8), _leaping(good, 3), good]
    readings = [read_score(text, plan) for text in texts]
    assert not any(reading.problems for reading in readings)
    made = [
        Draft(reading.abc, source.form, (), (), 1, {}, "scripted", motives={"A": "m"}) for reading in readings
    ]
    scores = [judge(draft).score for draft in made]
    assert scores[0] + rules()["margin"] < scores[1] < scores[2] - rules()["margin"]
    return made


def _leaping(text, bars):
    """The music with so many bars of the melody turned into leaps."""
    leaps = iter(
        [f"{low}2 {high}2 {low}2" for low, high in zip("ABcdABcd", ("f'", "g'", "a'", "b") * 2, strict=True)][
            :bars
        ]
    )
    lines = []
    for line in text.split("\n"):
        if line.startswith("[V:M]"):
            end = "|]" if line.endswith("|]") else "|"
            music = line.removeprefix("[V:M] ").removesuffix(end).strip()
            line = f"[V:M] {' | '.join(next(leaps, bar) for bar in music.split(' | '))} {end}"
        lines.append(line)
    return "\n".join(lines)


def _run(*answers, repeat=False, **options):
    return Run(ScriptedBackend(answers, repeat=repeat), Options(**options), seed=3)


def _refined(run, draft, plan, judge, told=None):
    told = [] if told is None else told
    return refined(
        run,
        draft,
        judge(draft),
        plan,
        draft.form,
        "none",
        judge,
        lambda step, value: told.append((step, value)),
    )


def _said(run, call=-1):
    return run.backend.requests[call].messages[1].text


def test_a_better_revision_is_taken_and_built_upon(drafts, plan, judge):
    told = []
    run = _run(systems(drafts[1].abc), systems(drafts[2].abc))
    draft, verdict, history = _refined(run, drafts[0], plan, judge, told)
    assert draft.abc == drafts[2].abc and verdict.score == judge(drafts[2]).score
    assert draft.motives == {"A": "m"} and draft.writer == "scripted" and draft.seed == run.calls[1].seed
    assert [entry.accepted for entry in history] == [True, True]
    assert [(entry.before, entry.after) for entry in history] == [
        (judge(drafts[0]).score, judge(drafts[1]).score),
        (judge(drafts[1]).score, judge(drafts[2]).score),
    ]
    assert history[0].terms == judge(drafts[1]).terms and "->" in history[0].reason
    assert told == [("revise", entry) for entry in history]
    assert systems(drafts[0].abc) in _said(run, 0) and systems(drafts[1].abc) in _said(run, 1)


def test_the_prompt_tells_findings_with_values_and_not_the_header_twice(drafts, plan, judge):
    run = _run(systems(drafts[2].abc), rounds=1)
    _refined(run, drafts[0], plan, judge)
    said = _said(run)
    worst = findings(judge(drafts[0]), plan)
    assert all(str(one) in said for one in worst[:4])
    assert not any(str(one) in said for one in worst[4:])
    assert said.count("\nK:") == 1 and "%%MIDI" not in said


def test_a_worse_revision_is_refused_and_not_built_upon(drafts, plan, judge):
    run = _run(systems(drafts[0].abc), systems(drafts[2].abc))
    draft, _, history = _refined(run, drafts[1], plan, judge)
    assert [entry.accepted for entry in history] == [False, True]
    assert draft.abc == drafts[2].abc
    assert "under the margin" in history[0].reason and history[0].after < history[0].before
    second = _said(run, 1)
    assert systems(drafts[1].abc) in second and systems(drafts[0].abc) not in second
    assert history[0].reason in second  # the model is told why


def test_two_refusals_in_a_row_end_it(drafts, plan, judge):
    run = _run(systems(drafts[0].abc), repeat=True, rounds=6)
    draft, _, history = _refined(run, drafts[1], plan, judge)
    assert draft is drafts[1] and len(run.calls) == 2 == len(history)
    assert run.calls[0].seed != run.calls[1].seed


def test_the_same_score_again_ends_it(drafts, plan, judge):
    run = _run(systems(drafts[1].abc), repeat=True, rounds=6)
    draft, _, history = _refined(run, drafts[1], plan, judge)
    assert draft is drafts[1] and len(run.calls) == 1
    assert [(entry.accepted, entry.reason) for entry in history] == [(False, "the same score again")]


def test_a_faulty_revision_is_mended_once_and_then_refused(drafts, plan, judge):
    broken = systems(drafts[2].abc).replace(" | ", " c2 d2 e2 c2 d2 e2 | ", 1)
    assert read_score(broken, plan).problems
    run = _run(broken, systems(drafts[2].abc), rounds=1)
    draft, _, history = _refined(run, drafts[0], plan, judge)
    assert history[0].accepted and draft.abc == drafts[2].abc
    assert [call.attempt for call in run.calls] == [1, 2]
    run = _run(broken, repeat=True, rounds=1)
    draft, _, history = _refined(run, drafts[0], plan, judge)
    assert draft is drafts[0] and len(run.calls) == 2
    assert history[0].reason.startswith("not valid:") and "2 tries" in history[0].reason


def test_no_rounds_no_findings_or_another_writer_ask_nothing(drafts, plan, judge):
    run = _run()
    assert _refined(_run(rounds=0), drafts[0], plan, judge) == (drafts[0], judge(drafts[0]), [])
    offline = Draft(drafts[0].abc, drafts[0].form, (), (), 1, {})
    assert _refined(run, offline, plan, judge)[0] is offline
    perfect = Verdict(1.0, {"peaks": 1.0}, {"peaks": 0.0}, ())
    found = refined(run, drafts[0], perfect, plan, drafts[0].form, "none", judge, lambda *_: None)
    assert found == (drafts[0], perfect, []) and not run.calls


def test_a_spent_budget_or_a_model_that_goes_leaves_what_there_is(drafts, plan, judge):
    run = _run(systems(drafts[1].abc), BackendError("the server went away"), rounds=4)
    draft, _, history = _refined(run, drafts[0], plan, judge)
    assert draft.abc == drafts[1].abc and len(history) == 1
    assert run.remarks == ["the server went away: the score stands as it was before revision 2"]
    run = _run(systems(drafts[1].abc), repeat=True, tokens=500, rounds=4)
    assert _refined(run, drafts[0], plan, judge)[0] is drafts[0]
    assert len(run.remarks) == 1 and "budget" in run.remarks[0] and not run.calls


def test_a_missed_request_counts_more_than_the_score(drafts, plan, judge):
    def strict(draft):
        unmet = ("bars: asked 9, measured 8",)
        wrong = draft.abc == drafts[2].abc
        return replace(judge(draft), missed=("bars",) * wrong, unmet=unmet * wrong)

    run = _run(systems(drafts[0].abc), rounds=1)
    draft, _, history = _refined(run, drafts[2], plan, strict)
    assert draft.abc == drafts[0].abc and history[0].reason == "now meets bars"
    assert "1. request not met: bars: asked 9, measured 8" in _said(run)
    run = _run(systems(drafts[2].abc), rounds=1)
    draft, _, history = _refined(run, drafts[0], plan, strict)
    assert draft is drafts[0] and history[0].reason == "now misses bars"


def test_the_score_shown_is_what_is_read(pieces):
    for plan, draft, _, _ in pieces[::5]:
        text = systems(draft.abc)
        assert not re.search(r"^(%%|[A-Z]:)", text, re.MULTILINE) and "[K:" not in text
        again = read_score(text, plan)
        assert not again.problems and not [one for one in check(again.abc) if one.severity == "error"]

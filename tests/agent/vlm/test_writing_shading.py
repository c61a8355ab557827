"""Dynamics for scores without any: as the offline writer sets them, and nothing else changed."""

from __future__ import annotations

import re

from agent.vlm.refining import systems
from agent.vlm.score import read_score
from agent.vlm.shading import SHADED, shaded, unshaded
from notation import check, parse

_DYNAMIC = r"!(?:pp|p|mp|mf|f|ff|crescendo[()]|diminuendo[()])!"


def _plain(abc):
    return re.sub(_DYNAMIC + r'|"\^[a-z.]*"', "", abc)


def test_the_offline_writers_own_dynamics_come_back(pieces):
    whole = 0
    for plan, draft, tune, _ in pieces[:12]:
        reading = read_score(_plain(systems(draft.abc)), plan)
        text, repairs = shaded(reading, plan, draft.form)
        again = parse(text)
        assert not [one for one in check(text) if one.severity == "error"]
        assert unshaded(text) == reading.abc
        assert [one.code for one in repairs].count(SHADED) == 1
        assert [_levels(voice) for voice in again.voices] == [_levels(voice) for voice in tune.voices]
        if {note.bar for note in tune.voices[0].notes} == set(range(1, plan.bars + 1)):
            whole += 1  # no hairpin stands over a bar in which nothing sounds
            assert _marks(again.voices[0]) == _marks(tune.voices[0])
    assert whole > 6


def _marks(voice):
    return [(mark.text, mark.onset) for mark in voice.dynamics]


def _levels(voice):
    return [(text, onset) for text, onset in _marks(voice) if not text.endswith(("(", ")"))]


def test_a_score_with_dynamics_is_left_alone(pieces):
    plan, draft, _, _ = pieces[0]
    text = _plain(systems(draft.abc)).replace("[V:M] ", "[V:M] !ff!", 1)
    reading = read_score(text, plan)
    assert shaded(reading, plan, draft.form) == (reading.abc, reading.repairs)
    assert "!ff!" in reading.abc

"""Texture: who plays when, figures by section, the second line, four real parts, dynamics, idiom."""

import itertools
import random
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from agent.offline.writer.bassline import bass_part
from agent.offline.writer.chorale import inner_parts
from agent.offline.writer.counter import counter_part
from agent.offline.writer.drums import drum_part
from agent.offline.writer.dynamics import LEVELS, marks
from agent.offline.writer.events import Event
from agent.offline.writer.form import sections
from agent.offline.writer.harmony import harmonise
from agent.offline.writer.idiom import idiomatic
from agent.offline.writer.line import LineStyle
from agent.offline.writer.melody import compose_melody
from agent.offline.writer.meter import meter
from agent.offline.writer.pattern import bar_strokes, table
from agent.offline.writer.scoring import figures_for, silent_bars
from agent.offline.writer.setting import Setting
from agent.offline.writer.theory import tonic
from evaluation.voice_leading import voice_leading
from notation import EVENT, instrument

FOUR = meter("4/4")
ROLES = ["melody", "counter", "harmony", "pad", "bass", "percussion"]


def setting(seed=0, form="AABA", bars=32, mode="major", fast=False):
    made = sections(form, bars)
    spans = harmonise(made, FOUR, tonic("D"), mode, "classical", random.Random(seed), fast=fast)
    bare = Setting(FOUR, tonic("D"), mode, spans, 60, 79, 69, 0.8, LineStyle(), True, bars, climax=20)
    bass = bass_part(
        made, bare, ["chorale" if fast else "root_half"] * len(made), 38, 55, random.Random(seed)
    )
    whole = replace(bare, bass=tuple(bass))
    return made, whole, compose_melody(made, whole, [], seed)[0]


def events_of(*voices):
    rows = [
        (float(e.start), float(e.length), p, 80, number, 0, False, 0)
        for number, voice in enumerate(voices)
        for e in voice
        for p in e.pitches
    ]
    return np.array(rows, dtype=EVENT)


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("seed", range(3))
def test_four_real_parts_make_no_parallels_and_do_not_cross(mode, seed):
    _, whole, melody = setting(seed, bars=16, mode=mode, fast=True)
    alto, tenor = inner_parts(whole, melody, (57, 74), (48, 67))
    for voice in (alto, tenor):
        assert voice[0].start == 0 and voice[-1].end == 64
        assert all(a.end == b.start for a, b in itertools.pairwise(voice))
    found = voice_leading(events_of(melody, alto, tenor, whole.bass))
    inner = [f for f in found.faults if "parallel" in f.kind and {f.upper, f.lower} != {0, 3}]
    assert len(inner) <= 1, inner
    assert found.crossings <= 1


def test_the_second_line_moves_where_the_melody_stands_still():
    form, whole, _ = setting(bars=8, form="AA")
    melody = [Event(F(4 * bar), F(4), ((36, 0),)) for bar in range(8)]
    busy = [Event(F(n, 2), F(1, 2), ((36 + n % 3, 0),)) for n in range(64)]
    still = counter_part(form[:1], whole, melody, 52, 68, 1, lively=True)
    held = counter_part(form[:1], whole, busy, 52, 68, 1, lively=True)
    assert len(still) > 2 * len(held)
    assert counter_part(form, whole, busy, 52, 68, 1, lively=True) == counter_part(
        form, whole, busy, 52, 68, 1, lively=True
    )


def test_the_second_line_stays_under_the_melody_and_apart_from_the_bass():
    for seed in range(3):
        form, whole, melody = setting(seed)
        line = counter_part(form, whole, melody, 52, 69, seed, lively=True)
        found = voice_leading(events_of(melody, line, whole.bass))
        assert sum(f.kind == "crossing" for f in found.faults) <= 4
        with_bass = [f for f in found.faults if "parallel" in f.kind and {f.upper, f.lower} == {1, 2}]
        assert len(with_bass) <= 2


def test_sections_get_other_figures_and_the_climax_the_fullest():
    form = sections("AABA", 32)
    names = ["a", "b", "c", "d", "e"]
    found = [figures_for(names, form, 0.4, random.Random(seed)) for seed in range(20)]
    assert all(one[0] != one[2] for one in found)
    assert len({one[0] for one in found}) > 1
    intro = sections("intro AABA coda", 40)
    one = figures_for(names, intro, 0.5, random.Random(0))
    assert one[0] <= one[1] and len(one) == len(intro)
    assert figures_for(["x"], form, 1.0, random.Random(0)) == ["x"] * 4


def test_a_first_statement_is_thinner_and_nobody_is_silent_throughout():
    for name, bars in (("AABA", 32), ("AB", 16), ("A", 8), ("ABACA", 20)):
        form = sections(name, bars)
        for role in ROLES:
            silent = silent_bars(role, 0, form, ROLES)
            assert len(silent) < bars
            assert bars - 1 not in silent
    first = sections("AABA", 32)
    assert silent_bars("counter", 0, first, ROLES) == frozenset(range(4))
    assert silent_bars("melody", 0, first, ROLES) == frozenset()
    assert silent_bars("counter", 0, first, ["melody", "counter"]) == frozenset()


def test_drums_are_lighter_at_first_and_fill_where_sections_end():
    form = sections("AABA", 32)
    style = table("styles")["genres"]["rock"]
    strokes = drum_part(form, FOUR, style, 120, random.Random(1))
    count = [sum(4 * n <= e.start < 4 * n + 4 for e in strokes) for n in range(32)]
    assert count[31] == 1
    last = [e.letters for e in strokes if 4 * 15 <= e.start < 64]
    assert any("A" in letters or "d" in letters for letters in last)
    loudest = max(form, key=lambda section: section.energy)
    opening = next(e for e in strokes if e.start == 4 * loudest.start)
    assert "a" in opening.letters


def test_hairpins_open_and_close_and_the_melody_leads():
    form = sections("AABA", 32)
    for level in LEVELS:
        for role in ("melody", "bass"):
            found = [
                mark for _, text in sorted(marks(level, role, form, FOUR).items()) for mark in text.split()
            ]
            hairpins = [mark for mark in found if mark[-1] in "()"]
            kinds = [(a[:-1], b[:-1]) for a, b in zip(hairpins[::2], hairpins[1::2], strict=True)]
            assert all(a == b for a, b in kinds)
            assert found[0] in LEVELS
    lead, under = (marks("mf", role, form, FOUR)[F(0)].split()[0] for role in ("melody", "bass"))
    assert LEVELS.index(lead) == LEVELS.index(under) + 1
    text = " ".join(marks("mf", "melody", form, FOUR).values())
    assert "diminuendo(" in text and "crescendo(" in text


def test_players_make_figures_their_own():
    assert idiomatic("pulse", instrument("Tremolo Strings"), FOUR, 90) == "block"
    assert idiomatic("block", instrument("Marimba"), FOUR, 90) == "tremolo"
    assert idiomatic("block", instrument("Harp"), FOUR, 60) == "broken_up"
    assert idiomatic("block", instrument("Church Organ"), FOUR, 60) == "block"
    assert idiomatic("pad", instrument("Nylon Guitar"), meter("6/8"), 60) == "rolling"


def test_named_figures_are_what_their_names_say():
    def what(role, name, bar=FOUR, index=0):
        return [(s.offset, s.what) for s in bar_strokes(role, name, bar, index)]

    assert [w for _, w in what("harmony", "alberti")] == list("13231323")
    assert [at for at, _ in what("harmony", "oom_pah")] == [1, 3]
    assert [at for at, _ in what("bass", "oom_pah")] == [0, 2]
    assert [at for at, _ in what("harmony", "skank")] == [1, 3]
    assert [at % 1 for at, _ in what("bass", "four_floor")] == [F(1, 2)] * 4
    assert [w for _, w in what("bass", "murky")] == ["R", "O"] * 4
    assert [at for at, _ in what("harmony", "tresillo")] == [0, F(3, 2), 3]
    assert [at for at, _ in what("harmony", "waltz", meter("3/4"))] == [1, 2]
    assert [at for at, _ in what("bass", "tumbao")][1:] == [F(3, 2), 3]
    assert len(table("patterns")["harmony"]) + len(table("patterns")["bass"]) >= 90


def test_the_bass_runs_on_between_phrases_in_some_figures_only():
    form, whole, _ = setting()
    plain = bass_part(form, whole, ["oom_pah"] * 4, 38, 55, random.Random(0))
    runs = bass_part(form, whole, ["oom_pah"] * 4, 38, 55, random.Random(0), runs=True)
    assert [e.start for e in plain] != [e.start for e in runs]
    ends = [e for e in runs if 15 <= e.start < 16]
    assert [e.length for e in ends] == [F(1, 2), F(1, 2)]
    held = bass_part(form, whole, ["root_bar"] * 4, 38, 55, random.Random(0), runs=True)
    assert held == bass_part(form, whole, ["root_bar"] * 4, 38, 55, random.Random(0))

"""Motifs, lines, returns and originality."""

import itertools
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from agent.offline.writer import motif
from agent.offline.writer.events import Event
from agent.offline.writer.figures import figures
from agent.offline.writer.form import Phrase
from agent.offline.writer.harmony import Span
from agent.offline.writer.line import LineStyle, Slot, best_line
from agent.offline.writer.meter import meter
from agent.offline.writer.returns import Heard, bar_chords, segments, taken
from agent.offline.writer.setting import consonant
from agent.offline.writer.theory import chord, chord_scale, midi, tonic
from notation import parse

HOME = tonic("C")
FOUR = meter("4/4")
TUNE = parse("X:1\nM:4/4\nL:1/8\nK:C\nc2 de f2 z2|(3cde f2 g4|c8-|c8|[ce]2 [df]2 e4|\n")


def slots(count, numerals=("I",), **changes):
    made = []
    for at in range(count):
        over = chord(numerals[at * len(numerals) // count], HOME)
        alters = chord_scale(HOME, "major", over)
        strength = FOUR.strength(F(at) % 4)
        made.append(Slot(F(at), F(1), over, alters, strength, consonant(over, alters), 72.0, 84.0, **changes))
    return made


def line(count, numerals=("I", "IV", "V", "I"), seed=0, **style):
    return best_line(slots(count, numerals), 30, 45, LineStyle(**style), np.random.default_rng(seed), None)


def test_figures_come_from_whole_bars():
    found = figures(TUNE, "x", FOUR)
    assert [figure.bar for figure in found] == [1, 2, 3, 5]  # nothing starts in bar 4
    assert found[0].durations == (1, F(1, 2), F(1, 2), 1, 1)
    assert found[0].steps == (0, 1, 2, 3, None)
    assert found[1].durations == (F(1, 3), F(1, 3), F(1, 3), 1, 2)
    assert found[3].steps == (0, 1, 0)  # the top notes of chords: e f e
    assert figures(TUNE, "x", meter("3/4")) == []


def test_at_most_six_notes_keep_their_contour():
    tune = parse("X:1\nM:4/4\nL:1/8\nK:C\ncdefgagf|\n")
    assert figures(tune, "x", FOUR)[0].steps == (0, 1, 2, 3, 4, 5, motif.FREE, motif.FREE)


def test_the_line_stands_on_chord_tones_on_strong_beats():
    steps = line(32)
    chords = ("I", "IV", "V", "I")
    for at in range(0, 32, 4):
        assert steps[at] % 7 in {tone.letter for tone in chord(chords[at * 4 // 32], HOME).tones}


@pytest.mark.parametrize("seed", range(8))
def test_the_line_never_leaps_more_than_an_octave(seed):
    made = [
        replace(slot, target=(84.0, 60.0)[at % 2], ceiling=96.0, peak=True)
        for at, slot in enumerate(slots(12))
    ]
    steps = best_line(made, 25, 50, LineStyle(leaps=0.1), np.random.default_rng(seed), None)
    assert max(abs(a - b) for a, b in itertools.pairwise(steps)) <= 7


def test_the_line_joins_its_neighbours():
    made = slots(8)
    steps = best_line(made, 28, 45, LineStyle(), np.random.default_rng(1), 44, 29)
    assert abs(steps[0] - 44) <= 6
    assert abs(steps[-1] - 29) <= 6


def test_goals_and_peaks_are_reached():
    made = [replace(slot, ceiling=76.0) for slot in slots(8)]
    made[4] = replace(made[4], strength=3, target=79.0, ceiling=80.0, peak=True)
    made[7] = replace(made[7], goal=(0,))
    steps = best_line(made, 30, 45, LineStyle(), np.random.default_rng(0), None)
    assert steps[7] % 7 == 0
    assert steps[4] == 39  # G5
    assert steps.index(max(steps)) == 4


def test_a_line_beside_another_avoids_its_semitones_and_doublings():
    made = slots(8, against=(76,))  # E5 sounds throughout
    steps = best_line(made, 28, 36, LineStyle(noise=0.0), np.random.default_rng(0), None)
    assert sum(step % 7 in (2, 3) for step in steps) <= 2  # E doubles it, F clashes


def test_same_seed_same_line():
    assert line(24, seed=3) == line(24, seed=3)
    assert any(line(24, seed=3) != line(24, seed=seed) for seed in (4, 5, 6))


def leant(strength):
    """Three slots over C, F, F, drawn to E, G, F: the G is foreign to F and may resolve to its F."""
    made = slots(3, ("I", "IV", "IV"))
    heights = (64.0, 67.0, 65.0)
    made = [replace(slot, target=height) for slot, height in zip(made, heights, strict=True)]
    return [made[0], replace(made[1], strength=strength, length=F(1, 2)), made[2]]


def test_strong_dissonances_stand_where_they_resolve_by_step():
    found = set()
    for seed in range(60):
        made = best_line(leant(3), 28, 38, LineStyle(noise=1.2), np.random.default_rng(seed), None)
        pitches = [midi(step, 0) % 12 for step in made]
        if pitches[1] not in (5, 9, 0):
            found.add((made[1] - made[0] >= 0, made[2] - made[1]))
    assert found == {(True, -1)}


def test_the_root_is_no_strong_tone_over_a_major_seventh():
    over = chord("Imaj7", HOME)
    assert consonant(over, chord_scale(HOME, "major", over)) == {4, 7, 11}


def spans(numerals):
    return [Span(F(4 * at), F(4 * at + 4), chord(n, HOME)) for at, n in enumerate(numerals)]


def test_returning_bars_are_those_over_the_same_chords():
    old, new = Phrase(0, 4, "open", 0), Phrase(4, 4, "final", 0)
    harmony = spans(["I", "IV", "V", "V", "I", "IV", "V", "I"])
    events = tuple(Event(F(at), F(1), ((35 + at % 3, 0),)) for at in range(16))
    heard = [Heard(old, bar_chords(old, harmony, F(4)), events)]
    parts = segments(new, bar_chords(new, harmony, F(4)), heard, climax=99)
    assert [(p.first, p.stop, p.source is not None) for p in parts] == [(0, 3, True), (3, 4, False)]
    again = taken(parts[0], new, F(4))
    assert [(e.start - 16, e.tones) for e in again] == [(e.start, e.tones) for e in events[:12]]


def test_the_bar_of_the_climax_is_new_even_in_a_return():
    old, new = Phrase(0, 4, "open", 0), Phrase(4, 4, "open", 0)
    harmony = spans(["I", "IV", "V", "V"] * 2)
    heard = [Heard(old, bar_chords(old, harmony, F(4)), ())]
    parts = segments(new, bar_chords(new, harmony, F(4)), heard, climax=6)
    assert [(p.first, p.stop, p.source is not None) for p in parts] == [
        (0, 2, True),
        (2, 3, False),
        (3, 4, True),
    ]


def test_figures_join_short_bars_and_halve_long_ones():
    short = parse("X:1\nM:2/4\nL:1/8\nK:C\ncd e2|fg a2|gf e2|d4|\n")
    joined = figures(short, "x", FOUR)
    assert [figure.bar for figure in joined] == [1, 3]
    assert joined[0].durations == (F(1, 2), F(1, 2), 1, F(1, 2), F(1, 2), 1)
    assert joined[0].steps == (0, 1, 2, 3, 4, 5)
    halves = figures(parse("X:1\nM:4/4\nL:1/8\nK:C\ncd e2 fg a2|c6 d2|\n"), "x", meter("2/4"))
    assert [figure.steps for figure in halves] == [(0, 1, 2), (0, 1, 2)]
    assert figures(short, "x", meter("6/8")) == []


def test_what_is_tied_into_a_bar_becomes_a_rest():
    found = figures(parse("X:1\nM:4/4\nL:1/8\nK:C\nc4 d2 ef-|f2 g2 a4|\n"), "x", FOUR)
    assert found[0].durations[-1] == F(1, 2)
    assert found[1].steps == (None, 0, 1)


def test_an_upbeat_returns_with_its_phrase():
    old, new = Phrase(4, 4, "open", 0), Phrase(12, 4, "open", 0)
    harmony = spans(["I", "IV", "V", "V"] * 4)
    events = (Event(F(15), F(1), ((34, 0),)), *(Event(F(at), F(1), ((35, 0),)) for at in range(16, 32)))
    heard = [Heard(old, bar_chords(old, harmony, F(4)), events)]
    parts = segments(new, bar_chords(new, harmony, F(4)), heard, climax=99)
    assert [event.start for event in taken(parts[0], new, F(4))] == [F(47), *map(F, range(48, 64))]

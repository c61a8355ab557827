"""Devices of development, cadences, upbeats, schemes and the notes of a phrase."""

import itertools
import random
from dataclasses import replace
from fractions import Fraction as F

import pytest

from agent.offline.writer import devices
from agent.offline.writer.endings import ending, long_tone, upbeat
from agent.offline.writer.events import Event
from agent.offline.writer.form import sections
from agent.offline.writer.harmony import Span
from agent.offline.writer.line import LineStyle
from agent.offline.writer.melody import compose_melody
from agent.offline.writer.mend import mended
from agent.offline.writer.meter import meter
from agent.offline.writer.motif import FREE, Figure, choose, gesture, invent
from agent.offline.writer.ornament import coloured, leaning, ornamented
from agent.offline.writer.pattern import table
from agent.offline.writer.scheme import LONGEST_PHRASE, SCHEMES, Idea, fill, ideas
from agent.offline.writer.setting import Habits, Setting, shortest_value
from agent.offline.writer.theory import chord, tonic

FOUR = meter("4/4")
HOME = tonic("C")
MOTIF = Figure((F(1), F(1, 2), F(1, 2), F(1), F(1)), (0, 1, 2, 4, None))
METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "9/8", "12/8", "2/2", "3/8")


def setting(bars=16, numerals=("I", "IV", "V", "I"), bass=(), bar=FOUR, **changes):
    spans = [
        Span(at * bar.length, (at + 1) * bar.length, chord(numerals[at % len(numerals)], HOME))
        for at in range(bars)
    ]
    return Setting(
        bar,
        HOME,
        "major",
        spans,
        60,
        81,
        71,
        0.75,
        LineStyle(),
        True,
        bars,
        climax=bars // 2,
        bass=bass,
        **changes,
    )


def notes(*steps, length=F(1), start=F(0)):
    return [Event(start + at * length, length, ((step, 0),)) for at, step in enumerate(steps)]


def test_inversion_turns_the_contour():
    assert devices.inverted(MOTIF).steps == (0, -1, -2, -4, None)


def test_a_sequence_begins_a_step_from_where_the_motif_began():
    moved = devices.sequenced(MOTIF, MOTIF, -1)
    assert moved.link == -5  # from the fourth above the first note to the step below it
    assert devices.sequenced(MOTIF, devices.freed(MOTIF), -1).link is None


def test_fragmentation_augmentation_and_diminution():
    assert devices.fragmented(MOTIF, FOUR).durations == (1, F(1, 2), F(1, 2)) * 2
    assert devices.fragmented(MOTIF, FOUR).steps == (0, 1, 2, -1, 0, 1)
    assert devices.augmented(MOTIF, FOUR).durations == (2, 1, 1)
    assert devices.augmented(MOTIF, FOUR).steps == (0, 1, 2)
    assert devices.diminished(MOTIF, FOUR).durations == (F(1, 2), F(1, 4), F(1, 4), F(1, 2), F(1, 2)) * 2


def test_syncopation_moves_a_note_before_the_beat():
    plain = Figure((F(2), F(2)), (0, 2))
    assert devices.syncopated(plain, FOUR).durations == (F(3, 2), F(5, 2))
    whole = Figure((F(4),), (0,))
    assert devices.syncopated(whole, FOUR).early == F(1, 2)
    assert devices.anticipated(Figure((F(1), F(3)), (None, 0))).early == 0


@pytest.mark.parametrize("name", METERS)
def test_every_device_fills_its_bar(name):
    bar, rng = meter(name), random.Random(3)
    for at in range(40):
        figure = invent(bar, rng.choice((0.4, 0.75, 1.5)), rng)
        made = [
            devices.inverted(figure),
            devices.freed(figure),
            devices.fragmented(figure, bar),
            devices.augmented(figure, bar),
            devices.diminished(figure, bar),
            devices.varied(figure, bar),
            devices.thinned(figure, bar),
            devices.syncopated(figure, bar),
            long_tone(bar, figure, breath=bool(at % 2)),
        ]
        for one in made:
            assert sum(one.durations) == bar.length, one
            assert len(one.durations) == len(one.steps)
            assert min(one.durations) > 0
            assert one.notes


@pytest.mark.parametrize("name", METERS)
def test_cadences_land_on_strong_beats_and_breathe(name):
    bar = meter(name)
    figure = Figure((bar.length,), (0,))
    for late in (False, True):
        end = ending(figure, bar, final=False, breath=True, late=late)
        assert sum(end.durations) == bar.length
        assert end.steps[-1] is None
        landing = sum(end.durations[:-2], F(0))
        assert bar.strength(landing) >= (1 if late else 3)
        assert end.durations[-2] >= end.durations[-1] or len(bar.beats) > 1
    assert ending(figure, bar, final=True, breath=True, late=False).durations == (bar.length,)


@pytest.mark.parametrize("name", METERS)
def test_upbeats_are_shorter_than_a_bar_and_lead_on(name):
    bar = meter(name)
    for seed in range(20):
        rng = random.Random(seed)
        made = upbeat(invent(bar, 0.6, rng), bar, rng, slow=True)
        assert 0 < sum(made.durations) <= bar.beats[-1]
        assert made.link in (1, -1, 3)
        assert None not in made.steps


def test_the_motif_is_near_the_wanted_pace_and_seeds_differ():
    slow = Figure((F(2), F(2)), (0, 1))
    quick = Figure((F(1, 2),) * 4 + (F(1), F(1)), (0, 1, 2, 1, 0, 2))
    drawn = [choose([slow, quick], 0.66, FOUR, random.Random(seed)) for seed in range(20)]
    assert drawn == [quick] * 20
    made = {choose([], 0.75, FOUR, random.Random(seed)).durations for seed in range(20)}
    assert len(made) >= 6
    assert min(min(choose([], 0.5, FOUR, random.Random(s), least=F(1, 2)).durations) for s in range(30)) >= F(
        1, 2
    )


def test_gestures_stay_within_an_octave():
    for seed in range(50):
        contour = gesture(8, random.Random(seed))
        assert len(contour) == 8
        assert max(contour) - min(contour) <= 9


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_schemes_fill_the_longest_phrase(name):
    idea = Idea(MOTIF, devices.freed(MOTIF))
    for turn in (0, 1):
        bars = fill(name, idea, turn, setting(), random.Random(1))
        assert len(bars) >= LONGEST_PHRASE
        assert all(sum(figure.durations) == 4 for figure in bars)


def test_letters_get_material_of_their_own():
    made = ideas(["A", "B", "C"], [], setting(), random.Random(5))
    assert len({idea.lead.durations + idea.lead.steps for idea in made.values()}) == 3


def test_habits_of_every_genre_name_schemes_that_exist():
    genres = table("melody")["genres"]
    assert set(genres) == set(table("styles")["genres"])
    for genre in genres:
        habits = Habits.of(genre)
        assert habits.schemes
        assert {name for name, _ in habits.schemes} <= set(SCHEMES)
        chances = (
            habits.upbeat,
            habits.syncopation,
            habits.late,
            habits.lean,
            habits.ornament,
            habits.colour,
            habits.even,
        )
        assert all(0 <= chance <= 1 for chance in chances)


def test_the_shortest_value_lasts_long_enough():
    assert [shortest_value(tempo) for tempo in (60, 130, 140, 300)] == [F(1, 4), F(1, 4), F(1, 2), F(1)]


def test_leaning_notes_resolve_down_by_step_into_the_chord():
    before = [Event(F(0), F(4), ((36, 0),))]  # D5
    line = [*before, Event(F(4), F(4), ((35, 0),))]  # C5 over F
    always = setting(habits=Habits(lean=1.0))
    made = leaning(line, always, random.Random(0))
    assert [(event.start, event.length, event.tones[0][0]) for event in made[1:]] == [(4, 1, 36), (5, 3, 35)]
    assert leaning(line, setting(habits=Habits(lean=0.0)), random.Random(0)) == line


def test_lower_neighbours_are_raised_to_a_semitone():
    line = notes(37, 36, 37, 34)  # E D E B
    made = coloured(line, setting(habits=Habits(colour=1.0)), random.Random(0))
    assert [event.tones[0] for event in made] == [(37, 0), (36, 1), (37, 0), (34, 0)]


def test_ornaments_keep_the_time_and_grow_with_every_return():
    line = notes(35, 37, 35, 33, 35, 37, 38, 37, 35, 33, 32, 30, 32, 34)
    counts = []
    for turn in (0, 1, 3):
        made = ornamented(line, setting(habits=Habits(ornament=0.6)), turn, random.Random(2))
        assert made[-1].end == line[-1].end
        assert all(a.end == b.start for a, b in itertools.pairwise(made))
        assert {e.start: e.tones for e in line}.items() <= {e.start: e.tones for e in made}.items()
        counts.append(len(made))
    assert counts[0] == len(line) < counts[1] < counts[2]


def test_parallels_with_another_bass_are_mended():
    bass = tuple(notes(21, 24, length=F(4)))  # C3, F3
    line = [Event(F(0), F(4), ((35, 0),)), Event(F(4), F(4), ((38, 0),))]  # C5, F5: octaves
    made = mended(line, None, setting(bass=bass))
    assert made[0] == line[0]
    assert made[1].tones[0][0] in (37, 39, 36, 40, 35, 33)
    assert made[1].pitches[0] % 12 in {9, 0}
    assert mended(line, None, setting()) == line


@pytest.mark.parametrize("form", ["AABA", "intro ABA coda", "layers", "variations"])
@pytest.mark.parametrize("name", ["3/4", "4/4", "6/8", "7/8"])
def test_melodies_are_single_lines_inside_their_bars(form, name):
    bar = meter(name)
    for seed in range(3):
        made = sections(form, 24, random.Random(seed))
        place = replace(
            setting(24, bar=bar), habits=Habits(upbeat=1.0, syncopation=1.0, lean=0.5, colour=0.3)
        )
        events, uses = compose_melody(made, place, [], seed)
        assert all(a.end <= b.start for a, b in itertools.pairwise(events))
        assert events[0].start >= 0
        assert events[-1].end == 24 * bar.length
        assert events[-1].tones[0][0] % 7 == 0
        assert all(60 <= event.pitches[0] <= 82 for event in events)
        assert [use.bar for use in uses] == sorted({use.bar for use in uses})
        again, _ = compose_melody(made, place, [], seed)
        assert again == events


def test_phrases_begin_before_the_bar_line_and_come_back_so():
    made = sections("AABA", 32, None)
    events, _ = compose_melody(made, replace(setting(32), habits=Habits(upbeat=1.0, late=0.0)), [], 4)
    crossing = [s for s in made[1:] if any(s.start * 4 - 1 <= e.start < s.start * 4 for e in events)]
    assert len(crossing) >= 2


def test_an_introduction_is_silent_unless_the_player_is_alone():
    made = sections("intro AABA", 20)
    first = [
        compose_melody(made, replace(setting(20), alone=alone), [], 3)[0][0].start for alone in (False, True)
    ]
    assert first[0] > 0
    assert first[1] == 0


def test_a_sequence_is_heard():
    """The second bar of a sequence repeats the first one's intervals, but for a step, on another degree."""
    hits = 0
    for seed in range(12):
        habits = Habits(schemes=(("sequence", 1.0),), upbeat=0.0, lean=0.0)
        events, _ = compose_melody(sections("A", 4), replace(setting(4), climax=2, habits=habits), [], seed)
        bars = [[e.tones[0][0] for e in events if e.start // 4 == number] for number in (0, 1)]
        moves = [[b - a for a, b in itertools.pairwise(bar)] for bar in bars]
        bent = [abs(b - a) for a, b in zip(*moves, strict=False)]
        hits += len(bars[0]) == len(bars[1]) and sum(bent) <= 2 and bars[0] != bars[1]
    assert hits >= 6


def test_free_notes_are_left_to_the_line():
    assert devices.freed(MOTIF).steps == (FREE, FREE, FREE, FREE, None)
    assert MOTIF.last == 4
    assert devices.freed(MOTIF).last is None

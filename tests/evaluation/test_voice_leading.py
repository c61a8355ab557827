"""Examples with known faults, and Bach, who makes few."""

import math
import warnings

import numpy as np
import pytest

from evaluation import measure, voice_leading
from notation import EVENT, parse


def score(*voices):
    """Voices as rows of quarter-note pitches, None a rest."""
    made = [
        (at, 1.0, pitch, 80, voice, 0, False, at // 4)
        for voice, line in enumerate(voices)
        for at, pitch in enumerate(line)
        if pitch is not None
    ]
    array = np.array(made, dtype=EVENT)
    return array[np.lexsort((array["pitch"], array["onset"]))]


C, D, E, F, G, A, B = 60, 62, 64, 65, 67, 69, 71


@pytest.mark.parametrize(
    "upper, lower, kinds",
    [
        ([G, A], [C, D], ["parallel fifths"]),
        ([G + 12, A + 12], [C, D], ["parallel fifths"]),  # twelfths
        ([C + 12, D + 12], [C, D], ["parallel octaves"]),
        ([C, D], [C, D], ["parallel octaves"]),  # unisons
        ([G, G], [C, C], []),  # nothing moves
        ([G, G], [C, D], []),  # oblique
        ([G, A], [C, D - 12], []),  # fifth to twelfth in contrary motion
        ([E, A], [C, D], ["direct fifths"]),
        ([E + 12, A + 12], [C, A], ["direct octaves"]),
        ([F, G], [A - 12, C], []),  # to a fifth, but the upper voice steps
        ([E, F], [C, D], []),  # parallel thirds
        ([G, None, A], [C, None, D], []),  # a rest between
        ([D, E, G], [E - 12, F, E], ["crossing"]),
        ([E + 25, F + 25], [E, E], ["spacing"]),
        ([E + 24, E + 24], [E, E], []),
    ],
)
def test_known_cases(upper, lower, kinds):
    found = voice_leading(score(upper, lower))
    assert [fault.kind for fault in found.faults] == kinds
    assert all(fault.outer and {fault.upper, fault.lower} == {0, 1} for fault in found.faults)


def test_faults_say_where_and_between_whom():
    found = voice_leading(
        score([E, E, E, E], [C, C, D, C], [G - 12, G - 12, A - 12, G - 12], [C - 12, C - 12, D - 12, C - 12])
    )
    parallels = [(f.kind, f.onset, f.upper, f.lower, f.outer) for f in found.faults if "parallel" in f.kind]
    assert parallels == [
        ("parallel octaves", 2.0, 1, 3, False),
        ("parallel fifths", 2.0, 2, 3, False),
        ("parallel octaves", 3.0, 1, 3, False),
        ("parallel fifths", 3.0, 2, 3, False),
    ]
    assert (found.parallel_fifths, found.parallel_octaves, found.outer_parallels) == (2, 2, 0)
    assert found.motions == 6 and found.fault_rate == pytest.approx(100 * 4 / 6)


def test_staccato_does_not_hide_parallels_but_a_rest_does():
    notes = score([G, A], [C, D])
    notes["duration"] = 0.5
    assert voice_leading(notes).parallel_fifths == 1
    notes["duration"] = 0.4
    assert voice_leading(notes).parallel_fifths == 0


def test_voices_are_ordered_by_height_not_by_number():
    assert voice_leading(score([C, D], [G, A])).faults[0].upper == 1


def test_chords_are_read_by_their_outer_notes():
    chords = np.concatenate([score([G, A], [C, D]), score([E, F], [C - 5, C - 5])])
    found = voice_leading(chords[np.lexsort((chords["pitch"], chords["onset"]))])
    assert found.parallel_fifths == 0  # the lower voice's lowest note stays


def test_drums_and_silence_have_no_faults():
    drums = score([G, A], [C, D])
    drums["drum"] = True
    for notes in (drums, drums[:0], score([C, D])):
        found = voice_leading(notes)
        assert found.faults == () and found.motions == 0 and math.isnan(found.fault_rate)


def test_in_a_tune(chorale):
    found = measure(parse(chorale))
    # soprano and bass go in octaves, tenor and bass in fifths; four steps of six pairs, all moving
    assert (found["parallel_octaves"], found["parallel_fifths"]) == (2, 2)
    assert found["voice_leading_fault_rate"] == pytest.approx(100 * 4 / 24)


def chorale_events(number):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from music21 import corpus

        parts = corpus.parse(f"bach/{number}").parts
        made = []
        for voice, part in enumerate(parts):
            for note in part.stripTies().flatten().notes:
                made += [
                    (float(note.offset), float(note.quarterLength), p.midi, 80, voice, 0, False, 0)
                    for p in note.pitches
                ]
    return np.array(made, dtype=EVENT)


def test_bach_makes_few_and_random_voices_many():
    random = np.random.default_rng(1)
    bach, chance = [], []
    for number in ("bwv66.6", "bwv269", "bwv347", "bwv153.1", "bwv86.6", "bwv267", "bwv281", "bwv17.7"):
        notes = chorale_events(number)
        assert len(np.unique(notes["voice"])) == 4
        found = voice_leading(notes)
        assert found.outer_parallels <= 1, (number, found.faults)
        bach.append(found)
        shuffled = notes.copy()
        for voice in range(4):
            own = shuffled["voice"] == voice
            shuffled["pitch"][own] = random.permutation(shuffled["pitch"][own])
        chance.append(voice_leading(shuffled))
    rate = [
        sum(f.parallel_fifths + f.parallel_octaves for f in group) / sum(f.motions for f in group)
        for group in (bach, chance)
    ]
    assert rate[0] < 0.01 and rate[1] > 4 * rate[0]
    assert sum(f.motions for f in bach) > 500

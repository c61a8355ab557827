"""Values worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluation
from chiaroscore import ControlError
from evaluation import METRICS, measure
from notation import EVENT, bar_starts, events, parse

TINY = """X:1
M:4/4
L:1/4
Q:1/4=60
K:C
CCEG|c2 z2|CCEG|
"""


def test_tiny_tune_by_hand():
    found = measure(parse(TINY))
    wanted = {
        "n_notes": 9,
        "n_bars": 3,
        "duration_quarters": 12,
        "duration_seconds": 12,
        "pitch_range": 12,
        "n_pitches_used": 4,
        "n_pitch_classes_used": 3,
        # 60 x4, 64 x2, 67 x2, 72 x1 of nine; classes: C x5, E x2, G x2
        "pitch_entropy": -(
            4 / 9 * math.log2(4 / 9) + 2 * (2 / 9) * math.log2(2 / 9) + 1 / 9 * math.log2(1 / 9)
        ),
        "pitch_class_entropy": -(5 / 9 * math.log2(5 / 9) + 2 * (2 / 9) * math.log2(2 / 9)),
        "pitch_class_entropy_1": (1.5 + 0 + 1.5)
        / 3,  # 1/2, 1/4, 1/4 in the outer bars, one class in the middle
        "pitch_class_entropy_4": -(5 / 9 * math.log2(5 / 9) + 2 * (2 / 9) * math.log2(2 / 9)),  # whole piece
        "scale_consistency": 1,
        "pitch_in_scale_rate": 1,
        "polyphony": 1,
        "polyphony_rate": 0,
        # beats 0 to 12: only beat 7 is silent, for the half note touches beat 6 with its end
        "empty_beat_rate": 1 / 13,
        "empty_measure_rate": 0,
        # measures of 96 steps, the fourth begins at the very end: 3 differences, 3, then 4
        "groove_consistency": 1 - (3 + 3 + 4) / (96 * 3),
        "grooving_similarity": 1 - (3 + 0 + 3) / (64 * 3),
        "rhythm_repetition": 1 / 3,
        "note_density": 9 / 12,
        "note_density_seconds": 9 / 12,
        "mean_ioi": 11 / 8,  # onsets 0 1 2 3 4 8 9 10 11
        "duration_entropy": -(8 / 9 * math.log2(8 / 9) + 1 / 9 * math.log2(1 / 9)),
        "longest_equal_run": 4,
        # 0, 4, 3, 5, 12, 0, 4, 3
        "repeated_note_rate": 2 / 8,
        "step_rate": 0,
        "skip_rate": 4 / 8,
        "leap_rate": 2 / 8,
        "mean_interval": 31 / 8,
    }
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=0, abs=1e-12), name
    faults = ("parallel_fifths", "parallel_octaves", "direct_fifths", "direct_octaves", "voice_crossings")
    assert [found[n] for n in (*faults, "wide_spacings")] == [0] * 6
    assert math.isnan(found["structure_mid"])  # three bars have no form
    assert found["progression_irregularity"] == 1 and found["cadence_rate"] == 0  # one chord
    assert found["chord_change_rate"] == 0
    assert math.isnan(found["voice_leading_fault_rate"])


def test_measure_has_the_names_of_the_table_in_order():
    assert list(measure(parse(TINY))) == list(METRICS)
    assert all(METRICS.values())
    with pytest.raises(TypeError):
        METRICS["new"] = "no"


def test_empty_music_measures_without_error():
    found = measure(parse("X:1\nM:4/4\nL:1/4\nK:C\nz4|z4|"))
    assert found["n_notes"] == 0 and found["duration_quarters"] == 8
    assert math.isnan(found["polyphony"]) and math.isnan(found["mean_ioi"])
    assert all(isinstance(value, float) for value in found.values())


def test_drums_count_only_where_said(drums):
    with_drums = measure(parse(drums))
    without = measure(parse("X:1\nM:4/4\nL:1/4\nK:C\nCEGc|CEGc|"))
    counted = {"n_notes", "note_density", "note_density_seconds"}
    assert {n for n in METRICS if repr(with_drums[n]) != repr(without[n])} == counted
    assert with_drums["n_notes"] == 16


def test_drums_fill_beats_and_grooves(rows):
    silent = rows((0, 1, 60), (8, 1, 60))
    beating = rows((0, 1, 60), (4, 1, 38, 1, True), (8, 1, 60))
    assert evaluation.empty_measure_rate(silent, 4) == pytest.approx(1 / 3)
    assert evaluation.empty_measure_rate(beating, 4) == 0
    assert evaluation.groove_consistency(silent, 4) < evaluation.groove_consistency(beating, 4) == 1
    assert evaluation.polyphony(beating) == evaluation.polyphony(silent) == 1


def test_overlapping_same_pitch_sounds_once(rows):
    assert evaluation.polyphony(rows((0, 2, 60), (1, 2, 60, 1), (0, 3, 64))) == 2
    assert evaluation.polyphony_rate(rows((0, 4, 60), (0, 4, 64), (2, 2, 67))) == 0.5


def test_modes_and_unknown_mode(rows):
    dorian = rows(*((i, 1, p) for i, p in enumerate((62, 64, 65, 67, 69, 71, 72))))
    assert evaluation.pitch_in_scale_rate(dorian, 2, "dorian") == 1
    assert evaluation.pitch_in_scale_rate(dorian, 2, "minor") == pytest.approx(6 / 7)
    with pytest.raises(ControlError, match="blues"):
        evaluation.pitch_in_scale_rate(dorian, 2, "blues")
    with pytest.raises(ControlError, match="measure"):
        evaluation.empty_measure_rate(dorian, 0)


@pytest.mark.parametrize(
    "key, rate", [("D dorian", 1), ("Dm", 6 / 7), ("Bb", 5 / 7), ("F#", 2 / 7), ("none", math.nan)]
)
def test_own_scale_follows_the_key_field(key, rate):
    abc = f"X:1\nM:7/4\nL:1/4\nK:{key}\n=D=E=F=G=A=B=c|"
    assert measure(parse(abc))["pitch_in_scale_rate"] == pytest.approx(rate, nan_ok=True)


def test_grooving_similarity_is_the_mean_over_all_pairs(rows):
    random = np.random.default_rng(3)
    onsets = sorted(set((random.integers(0, 16 * 24, 120) / 4).tolist()))
    notes, starts = rows(*((at, 0.25, 60) for at in onsets)), np.arange(0, 96, 4.0)
    grid = np.zeros((24, 64), bool)
    for at in onsets:
        grid[int(at // 4), round((at % 4) * 16)] = True
    pairs = [1 - (grid[a] ^ grid[b]).mean() for a in range(24) for b in range(a + 1, 24)]
    assert evaluation.grooving_similarity(notes, starts) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_windows_slide_over_bars_and_skip_silence(rows):
    notes = rows((0, 1, 60), (1, 1, 62), (8, 1, 60))  # bar 1 of three is empty
    assert evaluation.windowed_pitch_class_entropy(notes, 3, 1) == pytest.approx((1 + 0) / 2)
    assert evaluation.windowed_pitch_class_entropy(notes, 3, 2) == pytest.approx((1 + 0) / 2)
    assert evaluation.windowed_pitch_class_entropy(notes, 3, 9) == evaluation.pitch_class_entropy(notes)


def test_melody_is_the_highest_line_not_the_first_voice(rows):
    notes = rows((0, 1, 40), (1, 1, 52), (0, 1, 70, 1), (0, 1, 60, 1), (1, 1, 72, 1), (0, 1, 90, 2, True))
    assert evaluation.voice_order(notes) == [1, 0]
    assert evaluation.top_line(notes)["pitch"].tolist() == [70, 72]
    assert evaluation.interval_profile(notes)["step_rate"] == 1


def test_bars_follow_pickups_and_repeats():
    tune = parse("X:1\nM:3/4\nL:1/4\nK:C\nG|:ccc|cc:|")
    assert bar_starts(tune).tolist() == [0, 1, 4, 7, 10]
    assert events(tune)["bar"].tolist()[:4] == [0, 1, 1, 1]


notes_strategy = st.lists(
    st.tuples(
        st.integers(0, 960), st.integers(0, 200), st.integers(0, 127), st.integers(0, 4), st.booleans()
    ),
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(notes_strategy)
def test_bounds(raw):
    notes = np.zeros(len(raw), dtype=EVENT)
    for row, (onset, duration, pitch, voice, drum) in zip(notes, raw, strict=True):
        row["onset"], row["duration"], row["pitch"] = onset / 24, duration / 24, pitch
        row["voice"], row["drum"], row["bar"] = voice + (5 if drum else 0), drum, onset // 96
    notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    starts = np.arange(0, 41 * 4, 4.0)
    bounded = [
        (0, 127, evaluation.pitch_range(notes)),
        (0, 128, evaluation.n_pitches_used(notes)),
        (0, 12, evaluation.n_pitch_classes_used(notes)),
        (0, 7, evaluation.pitch_entropy(notes)),
        (0, math.log2(12) + 1e-9, evaluation.pitch_class_entropy(notes)),
        (0, math.log2(12) + 1e-9, evaluation.windowed_pitch_class_entropy(notes, 41, 4)),
        (7 / 12 - 1e-9, 1, evaluation.scale_consistency(notes)),
        (1, 128, evaluation.polyphony(notes)),
        (0, 1, evaluation.polyphony_rate(notes)),
        (0, 1, evaluation.empty_beat_rate(notes)),
        (0, 1, evaluation.empty_measure_rate(notes, 4)),
        (0, 1, evaluation.groove_consistency(notes, 4)),
        (0, 1, evaluation.grooving_similarity(notes, starts)),
        (0, 0.999999, evaluation.rhythm_repetition(notes, starts)),
        (0, 40, evaluation.longest_equal_run(notes)),
        (0, 300, evaluation.voice_leading(notes).fault_rate),
    ]
    for place, (low, high, value) in enumerate(bounded):
        assert math.isnan(value) or low <= value <= high, (place, value)
    shares = list(evaluation.interval_profile(notes).values())[:4]
    assert math.isnan(shares[0]) or sum(shares) == pytest.approx(1)


@settings(max_examples=40, deadline=None)
@given(notes_strategy, st.integers(-20, 20))
def test_transposing_changes_only_pitches(raw, shift):
    made = [(o, d, 30 + p // 2, v) for o, d, p, v, _ in raw]
    low = np.array([(o / 24, d / 24, p, 80, v, 0, False, o // 96) for o, d, p, v in made], dtype=EVENT)
    high = low.copy()
    high["pitch"] += shift
    for metric in (
        "polyphony",
        "pitch_range",
        "pitch_entropy",
        "mean_ioi",
        "scale_consistency",
        "duration_entropy",
    ):
        a, b = getattr(evaluation, metric)(low), getattr(evaluation, metric)(high)
        assert a == pytest.approx(b, nan_ok=True), metric
    a, b = evaluation.voice_leading(low), evaluation.voice_leading(high)
    assert (a.parallel_fifths, a.parallel_octaves, a.motions) == (
        b.parallel_fifths,
        b.parallel_octaves,
        b.motions,
    )

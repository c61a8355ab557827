"""Every metric that MusPy has too must equal it."""

import math
import warnings

import numpy as np
import pytest

import evaluation
from evaluation import grid
from notation import bar_starts, events, parse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import muspy

RES = grid.RESOLUTION
CLOSE = {"rel": 0, "abs": 1e-9, "nan_ok": True}


def as_muspy(notes):
    tracks = []
    for voice in np.unique(notes["voice"]):
        own = notes[notes["voice"] == voice]
        start = np.rint(own["onset"] * RES).astype(int)
        end = np.rint((own["onset"] + own["duration"]) * RES).astype(int)
        tracks.append(
            muspy.Track(
                program=0,
                is_drum=bool(own["drum"][0]),
                notes=[
                    muspy.Note(time=int(s), duration=int(e - s), pitch=int(p), velocity=80)
                    for s, e, p in zip(start, end, own["pitch"], strict=True)
                ],
            )
        )
    return muspy.Music(resolution=RES, tracks=tracks)


def test_equals_muspy_on_real_pieces(pieces):
    assert len(pieces) >= 12
    for abc in pieces:
        tune = parse(abc)
        notes = events(tune)
        music = as_muspy(notes)
        for name in (
            "pitch_range",
            "n_pitches_used",
            "n_pitch_classes_used",
            "pitch_entropy",
            "pitch_class_entropy",
            "scale_consistency",
            "polyphony",
            "polyphony_rate",
            "empty_beat_rate",
        ):
            assert getattr(evaluation, name)(notes) == pytest.approx(getattr(muspy, name)(music), **CLOSE), (
                name,
                abc,
            )
        for root, mode in ((0, "major"), (7, "major"), (2, "minor"), (9, "minor")):
            wanted = muspy.pitch_in_scale_rate(music, root, mode)
            assert evaluation.pitch_in_scale_rate(notes, root, mode) == pytest.approx(wanted, **CLOSE)
        for threshold in (0, 1, 3):
            wanted = muspy.polyphony_rate(music, threshold)
            assert evaluation.polyphony_rate(notes, threshold) == pytest.approx(wanted, **CLOSE)
        measure = tune.meter.numerator * 4 / tune.meter.denominator
        for name in ("empty_measure_rate", "groove_consistency"):
            wanted = getattr(muspy, name)(music, round(measure * RES))
            assert getattr(evaluation, name)(notes, measure) == pytest.approx(wanted, **CLOSE), (name, abc)


def test_measure_gives_the_muspy_values(drums):
    tune = parse(drums)
    found, music = evaluation.measure(tune), as_muspy(events(tune))
    for name in ("pitch_range", "polyphony", "polyphony_rate", "empty_beat_rate", "scale_consistency"):
        assert found[name] == pytest.approx(getattr(muspy, name)(music), **CLOSE)
    assert found["groove_consistency"] == pytest.approx(muspy.groove_consistency(music, 4 * RES), **CLOSE)


def test_equals_muspy_on_odd_textures(rows):
    random = np.random.default_rng(7)
    for _ in range(60):
        count = int(random.integers(1, 30))
        notes = rows(
            *(
                (
                    random.integers(0, 400) / RES,
                    random.integers(0, 60) / RES,
                    int(random.integers(30, 90)),
                    v,
                    v == 2,
                )
                for v in random.integers(0, 3, count).tolist()
            )
        )
        music = as_muspy(notes)
        for name in ("polyphony", "polyphony_rate", "empty_beat_rate", "pitch_range", "scale_consistency"):
            if name == "pitch_range" and notes["drum"].all():
                continue  # MusPy gives -127 where all notes are drums
            wanted = getattr(muspy, name)(music)
            assert getattr(evaluation, name)(notes) == pytest.approx(wanted, **CLOSE), (name, notes)
        assert evaluation.groove_consistency(notes, 3.0) == pytest.approx(
            muspy.groove_consistency(music, 3 * RES), **CLOSE
        )


def test_nothing_to_measure_is_nan_or_zero_never_an_error(rows):
    notes, starts = rows(), bar_starts(parse("X:1\nM:4/4\nL:1/4\nK:C\nz4|"))
    assert [
        evaluation.pitch_range(notes),
        evaluation.n_pitches_used(notes),
        evaluation.n_pitch_classes_used(notes),
    ] == [0] * 3
    for value in (
        evaluation.pitch_entropy(notes),
        evaluation.pitch_class_entropy(notes),
        evaluation.scale_consistency(notes),
        evaluation.pitch_in_scale_rate(notes, 0, "major"),
        evaluation.polyphony(notes),
        evaluation.polyphony_rate(notes),
        evaluation.empty_beat_rate(notes),
        evaluation.empty_measure_rate(notes, 4),
        evaluation.groove_consistency(notes, 4),
        evaluation.grooving_similarity(notes, starts),
        evaluation.windowed_pitch_class_entropy(notes, 1, 4),
        evaluation.mean_ioi(notes),
        evaluation.rhythm_repetition(notes, starts),
        evaluation.note_density(notes, 0),
        evaluation.duration_entropy(notes),
        evaluation.voice_leading(notes).fault_rate,
        *evaluation.interval_profile(notes).values(),
    ):
        assert math.isnan(value)
    assert evaluation.longest_equal_run(notes) == 0

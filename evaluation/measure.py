"""All fast metrics of a tune at once.

Conventions
-----------
No metric has a direction: a value says something only against the values of real music of the same kind. What
cannot be measured (entropy of no notes) is NaN, never an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from evaluation import harmony, keyfinding, melody, pitch, rhythm, structure, texture
from evaluation.grid import Notes
from evaluation.sample import Sample, as_sample
from evaluation.voice_leading import voice_leading
from notation import MODES, KeyChange, Tune

#: Name of every metric of `measure`, in its order -> what it is, with unit and source.
METRICS: Mapping[str, str] = MappingProxyType(
    json.loads(resources.files("evaluation").joinpath("data/metrics.json").read_text(encoding="utf-8"))
)

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def measure(piece: Tune | Sample) -> dict[str, float]:
    """Return every metric of `METRICS` for a piece as it is played, NaN where there is nothing to measure.

    Metrics that suppose one measure length (``empty_measure_rate``, ``groove_consistency``) take the first
    meter's.
    """
    sample = as_sample(piece)
    notes, starts, length = sample.notes, sample.starts, sample.length
    values = {
        "n_notes": float(len(notes)),
        "n_bars": float(len(starts)) if len(notes) else 0.0,
        "duration_quarters": length,
        "duration_seconds": sample.seconds,
        **{metric.__name__: metric(notes) for metric in _PLAIN},
        "pitch_class_entropy_1": pitch.windowed_pitch_class_entropy(notes, len(starts), 1),
        "pitch_class_entropy_4": pitch.windowed_pitch_class_entropy(notes, len(starts), 4),
        "pitch_in_scale_rate": _in_own_scale(notes, sample.key),
        "empty_measure_rate": texture.empty_measure_rate(notes, sample.measure),
        "groove_consistency": rhythm.groove_consistency(notes, sample.measure),
        "grooving_similarity": rhythm.grooving_similarity(notes, starts),
        "rhythm_repetition": rhythm.rhythm_repetition(notes, starts),
        "note_density": rhythm.note_density(notes, length),
        "note_density_seconds": rhythm.note_density(notes, sample.seconds),
        **structure.structure_indicators(notes, starts, length),
        **harmony.harmony_metrics(notes, starts, length),
        **melody.interval_profile(notes),
        **_faults(notes),
    }
    return {name: values[name] for name in METRICS}


_PLAIN = (
    pitch.pitch_range,
    pitch.n_pitches_used,
    pitch.n_pitch_classes_used,
    pitch.pitch_entropy,
    pitch.pitch_class_entropy,
    pitch.scale_consistency,
    keyfinding.key_clarity,
    keyfinding.key_gap,
    texture.polyphony,
    texture.polyphony_rate,
    texture.empty_beat_rate,
    rhythm.mean_ioi,
    rhythm.duration_entropy,
    rhythm.longest_equal_run,
)


def _faults(notes: Notes) -> dict[str, float]:
    """Return the voice-leading counts under their metric names."""
    found = voice_leading(notes)
    return {
        "parallel_fifths": float(found.parallel_fifths),
        "parallel_octaves": float(found.parallel_octaves),
        "direct_fifths": float(found.direct_fifths),
        "direct_octaves": float(found.direct_octaves),
        "voice_crossings": float(found.crossings),
        "wide_spacings": float(found.wide_spacings),
        "voice_leading_fault_rate": found.fault_rate,
    }


def _in_own_scale(notes: Notes, key: KeyChange | None) -> float:
    """Share of notes in the scale of the written key; NaN for a tune without one."""
    if key is None or not key.tonic or key.mode not in MODES:
        return float("nan")
    root = _STEPS[key.tonic[0].upper()] + key.tonic.count("#") - key.tonic[1:].count("b")
    return pitch.pitch_in_scale_rate(notes, root % 12, key.mode)

"""What a score measures: metrics as pure functions on the event array, and analysis with music21."""

from evaluation.analysis import Ambitus, Analysis, Harmony, analyse
from evaluation.measure import METRICS, measure
from evaluation.melody import interval_profile, top_line, voice_order
from evaluation.pitch import (
    n_pitch_classes_used,
    n_pitches_used,
    pitch_class_entropy,
    pitch_entropy,
    pitch_in_scale_rate,
    pitch_range,
    scale_consistency,
    windowed_pitch_class_entropy,
)
from evaluation.rhythm import (
    duration_entropy,
    groove_consistency,
    grooving_similarity,
    longest_equal_run,
    mean_ioi,
    note_density,
    rhythm_repetition,
)
from evaluation.texture import empty_beat_rate, empty_measure_rate, polyphony, polyphony_rate
from evaluation.voice_leading import Fault, VoiceLeading, voice_leading

__all__ = [
    "METRICS",
    "Ambitus",
    "Analysis",
    "Fault",
    "Harmony",
    "VoiceLeading",
    "analyse",
    "duration_entropy",
    "empty_beat_rate",
    "empty_measure_rate",
    "groove_consistency",
    "grooving_similarity",
    "interval_profile",
    "longest_equal_run",
    "mean_ioi",
    "measure",
    "n_pitch_classes_used",
    "n_pitches_used",
    "note_density",
    "pitch_class_entropy",
    "pitch_entropy",
    "pitch_in_scale_rate",
    "pitch_range",
    "polyphony",
    "polyphony_rate",
    "rhythm_repetition",
    "scale_consistency",
    "top_line",
    "voice_leading",
    "voice_order",
    "windowed_pitch_class_entropy",
]

"""What a score measures: metrics as pure functions on the event array, sets against real music, analysis."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from evaluation.analysis import Ambitus, Analysis, Harmony, analyse
from evaluation.chords import chord_name, chord_windows, estimate_chords, progression
from evaluation.harmony import cadence_rate, phrase_ends, progression_irregularity
from evaluation.keyfinding import best_key, key_clarity, key_correlations, key_gap, pitch_class_profile
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
from evaluation.sample import Sample, excerpt, melody_only, sample_of
from evaluation.structure import structure_indicators
from evaluation.texture import empty_beat_rate, empty_measure_rate, polyphony, polyphony_rate
from evaluation.voice_leading import Fault, VoiceLeading, voice_leading

if TYPE_CHECKING:
    from evaluation.comparison import (
        Comparison,
        MetricComparison,
        compare,
        compare_pooled,
        compare_rows,
        frechet_pooled,
    )
    from evaluation.distances import frechet
    from evaluation.emotion import ScoreEmotion, score_emotion
    from evaluation.reading import Unread, read_folder, read_notes
    from evaluation.reference import (
        CLOSENESS,
        CLOSENESS_MELODY,
        Reference,
        closeness_row,
        group_reference,
        reference_of,
        standardised,
    )
    from evaluation.similarity import Diversity, diversity, melodic_similarity

_LATER = {
    "CLOSENESS": "evaluation.reference",
    "CLOSENESS_MELODY": "evaluation.reference",
    "Comparison": "evaluation.comparison",
    "Diversity": "evaluation.similarity",
    "MetricComparison": "evaluation.comparison",
    "Reference": "evaluation.reference",
    "ScoreEmotion": "evaluation.emotion",
    "Unread": "evaluation.reading",
    "closeness_row": "evaluation.reference",
    "compare": "evaluation.comparison",
    "compare_pooled": "evaluation.comparison",
    "compare_rows": "evaluation.comparison",
    "diversity": "evaluation.similarity",
    "frechet": "evaluation.distances",
    "frechet_pooled": "evaluation.comparison",
    "group_reference": "evaluation.reference",
    "melodic_similarity": "evaluation.similarity",
    "read_folder": "evaluation.reading",
    "read_notes": "evaluation.reading",
    "reference_of": "evaluation.reference",
    "score_emotion": "evaluation.emotion",
    "standardised": "evaluation.reference",
}

__all__ = [
    "CLOSENESS",
    "CLOSENESS_MELODY",
    "METRICS",
    "Ambitus",
    "Analysis",
    "Comparison",
    "Diversity",
    "Fault",
    "Harmony",
    "MetricComparison",
    "Reference",
    "Sample",
    "ScoreEmotion",
    "Unread",
    "VoiceLeading",
    "analyse",
    "best_key",
    "cadence_rate",
    "chord_name",
    "chord_windows",
    "closeness_row",
    "compare",
    "compare_pooled",
    "compare_rows",
    "diversity",
    "duration_entropy",
    "empty_beat_rate",
    "empty_measure_rate",
    "estimate_chords",
    "excerpt",
    "frechet",
    "frechet_pooled",
    "groove_consistency",
    "grooving_similarity",
    "group_reference",
    "interval_profile",
    "key_clarity",
    "key_correlations",
    "key_gap",
    "longest_equal_run",
    "mean_ioi",
    "measure",
    "melodic_similarity",
    "melody_only",
    "n_pitch_classes_used",
    "n_pitches_used",
    "note_density",
    "phrase_ends",
    "pitch_class_entropy",
    "pitch_class_profile",
    "pitch_entropy",
    "pitch_in_scale_rate",
    "pitch_range",
    "polyphony",
    "polyphony_rate",
    "progression",
    "progression_irregularity",
    "read_folder",
    "read_notes",
    "reference_of",
    "rhythm_repetition",
    "sample_of",
    "scale_consistency",
    "score_emotion",
    "standardised",
    "structure_indicators",
    "top_line",
    "voice_leading",
    "voice_order",
    "windowed_pitch_class_entropy",
]


def __getattr__(name: str) -> Any:
    """Import the parts that cost time, or that few need, when they are asked for."""
    if name in _LATER:
        module = importlib.import_module(_LATER[name])
        found = globals()[name] = getattr(module, name)
        return found
    raise AttributeError(f"module 'evaluation' has no attribute {name!r}")

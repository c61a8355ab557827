"""What the critic measures on a score: how it keeps its plan, its craft, how close it is to real music."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agent.genres import genre
from evaluation import (
    Sample,
    closeness_row,
    group_reference,
    measure,
    sample_of,
    score_emotion,
    standardised,
    voice_leading,
)
from notation import Tune
from prompts import Plan


def terms(tune: Tune, plan: Plan, sample: Sample | None = None) -> dict[str, float]:
    """Return the measured value of every term of the plan and of craft; NaN where there is none.

    ``sample`` is what the metrics see of the tune, if it is known already.
    """
    felt = score_emotion(tune)
    return {
        **_craft(sample or sample_of(tune), plan),
        "valence": felt.valence - plan.emotion.valence,
        "arousal": felt.arousal - plan.emotion.arousal,
    }


def closeness(piece: Tune | Sample, plan: Plan) -> dict[str, float]:
    """Return how far every metric lies from real music of the plan's genre group, in standard deviations.

    Empty where no real music of the group has been measured.
    """
    reference = group_reference(genre(plan.genre).group)
    if reference is None:
        return {}
    row = closeness_row(piece, monophonic=reference.monophonic)
    distances = standardised(row[None], reference)[0]
    return {name: float(value) for name, value in zip(reference.metrics, distances, strict=True)}


def _craft(sample: Sample, plan: Plan) -> dict[str, float]:
    """Terms of the plan's density and register, and of craft."""
    metrics = measure(sample)
    seconds = max(metrics["duration_seconds"], 1e-9)
    rows = sample.notes
    line = rows[(rows["voice"] == 0) & ~rows["drum"]]
    strokes = np.unique(rows[~rows["drum"]][["voice", "onset"]])
    density = len(strokes) / seconds
    return {
        "density": math.log2(max(density, 1e-9) / plan.rhythm.density),
        **_intervals(line),
        "register": float(line["pitch"].mean()) - plan.tessitura.center if len(line) else math.nan,
        "equal_run": metrics["longest_equal_run"] / max(1, len(line)),
        "chord_tones": _chord_tones(rows, line),
        "fault_rate": _outer_faults(rows),
        "crossings": float(_crossed_bars(rows)),
        "empty_beats": metrics["empty_beat_rate"],
        "pitch_classes": metrics["n_pitch_classes_used"],
    }


def _intervals(line: np.ndarray[Any, Any]) -> dict[str, float]:
    """Interval terms of a melody; NaN for one of fewer than three notes."""
    names = ("step_share", "leap_share", "repeat_share", "melody_range", "unturned_leaps", "peaks")
    if len(line) < 3:
        return dict.fromkeys(names, math.nan)
    pitch = line["pitch"].astype(int)
    moves = np.diff(pitch)
    size = np.abs(moves)
    leaps = np.flatnonzero(size[:-1] >= 7)
    turned = np.sign(moves[leaps]) * moves[leaps + 1] < 0
    top = line[pitch == pitch.max()]
    apart = 1 + int(np.sum(np.diff(top["bar"]) > 0)) if len(top) > 1 else 1
    values = (
        float(np.mean((size == 1) | (size == 2))),
        float(np.mean(size >= 5)),
        float(np.mean(size == 0)),
        float(pitch.max() - pitch.min()),
        float(1.0 - np.mean(turned)) if len(leaps) else 0.0,
        float(apart),
    )
    return dict(zip(names, values, strict=True))


def _chord_tones(rows: np.ndarray[Any, Any], line: np.ndarray[Any, Any]) -> float:
    """Share of the melody's notes on downbeats whose pitch class another pitched voice sounds in that bar."""
    others = rows[(rows["voice"] != 0) & ~rows["drum"]]
    first = {int(bar): row for bar, row in reversed(list(zip(line["bar"], line, strict=True)))}
    hits = [
        bool(np.any((others["bar"] == bar) & (others["pitch"] % 12 == int(row["pitch"]) % 12)))
        for bar, row in first.items()
    ]
    if not len(others):
        return 1.0  # nothing contradicts a melody that is alone
    return float(np.mean(hits)) if hits else math.nan


def _bass_voice(rows: np.ndarray[Any, Any]) -> int | None:
    """Voice that is lowest on average, None if the melody is alone."""
    pitched = rows[~rows["drum"]]
    voices = [int(voice) for voice in np.unique(pitched["voice"]) if voice != 0]
    if not voices:
        return None
    return min(voices, key=lambda voice: float(pitched["pitch"][pitched["voice"] == voice].mean()))


def _outer_faults(rows: np.ndarray[Any, Any]) -> float:
    """Parallel and direct fifths and octaves between melody and bass, per 100 joint motions; 0 if none."""
    bass = _bass_voice(rows)
    if bass is None:
        return 0.0
    outer = rows[np.isin(rows["voice"], (0, bass)) & ~rows["drum"]]
    found = voice_leading(outer)
    return float(found.fault_rate) if found.motions else 0.0


def _crossed_bars(rows: np.ndarray[Any, Any]) -> int:
    """Bars in which the bass rises above the melody."""
    low = _bass_voice(rows)
    if low is None:
        return 0
    crossed = 0
    for bar in np.unique(rows["bar"]):
        here = rows[rows["bar"] == bar]
        top, bottom = here["pitch"][here["voice"] == 0], here["pitch"][here["voice"] == low]
        crossed += bool(len(top) and len(bottom) and bottom.max() > top.min())
    return crossed

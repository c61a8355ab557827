"""The critic: measures a finished score, says what is out of range and whether a revision is better.

The rule: a revision is accepted if `notation.check` finds no error in it and its score is higher than that
of the draft it replaces by at least the margin of ``data/judgement.json``. Everything judged is kept in the
history.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from evaluation import measure, voice_leading
from notation import Problem, Tune, check, events, parse
from prompts import Plan


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the critic says of one score. ``score`` is 1 for a piece with nothing outside its range."""

    score: float
    terms: dict[str, float]  # measured values
    penalties: dict[str, float]  # weighted, 0 for a value inside its range
    problems: tuple[Problem, ...]  # errors only

    @property
    def valid(self) -> bool:
        """Whether the score has no error."""
        return not self.problems

    @property
    def worst(self) -> str | None:
        """Term with the highest penalty, None if all are within range."""
        name = max(self.penalties, key=lambda term: (self.penalties[term], term))
        return name if self.penalties[name] > 0 else None


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of the history of a piece."""

    what: str  # "candidate 1", "melody rewritten because of leap_share"
    accepted: bool
    reason: str
    before: float | None
    after: float
    terms: dict[str, float]


@lru_cache(maxsize=1)
def rules() -> dict[str, Any]:
    """Contents of ``data/judgement.json``: terms with weight and range, margin, rounds."""
    text = resources.files("agent").joinpath("data/judgement.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def judge(abc: str, plan: Plan) -> Verdict:
    """Measure a score against its plan.

    Parameters
    ----------
    abc
        A tune; its first voice is taken for the melody.
    plan
        What was intended.

    Returns
    -------
    Verdict
    """
    problems = tuple(problem for problem in check(abc) if problem.severity == "error")
    if problems:
        return Verdict(0.0, {}, {"valid": 1.0}, problems)
    terms = _terms(parse(abc), plan)
    table = rules()["terms"]
    penalties = {name: _penalty(value, table[name]) for name, value in terms.items()}
    total = sum(record["weight"] for record in table.values())
    return Verdict(round(1.0 - sum(penalties.values()) / total, 6), terms, penalties, ())


def better(new: Verdict, old: Verdict) -> tuple[bool, str]:
    """Whether a revision may replace what it revises, and why or why not."""
    if not new.valid:
        return False, f"not valid: {new.problems[0]}"
    if not old.valid:
        return True, "the draft before it was not valid"
    gain = new.score - old.score
    margin = rules()["margin"]
    if gain >= margin:
        return True, f"score {old.score:.3f} -> {new.score:.3f}"
    return False, f"gain {gain:+.3f} is under the margin of {margin}"


def _penalty(value: float, record: dict[str, Any]) -> float:
    """Weighted distance of a value from its range; NaN counts as the worst."""
    if math.isnan(value):
        return float(record["weight"])
    outside = max(record["low"] - value, value - record["high"], 0.0)
    return float(record["weight"] * min(1.0, outside / record["scale"]))


def _terms(tune: Tune, plan: Plan) -> dict[str, float]:
    """Measured value of every term."""
    metrics = measure(tune)
    seconds = max(metrics["duration_seconds"], 1e-9)
    rows = events(tune)
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

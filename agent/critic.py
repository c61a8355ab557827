"""The critic: measures a finished score, says what is out of range and whether a revision is better.

The rule: a revision is accepted if `notation.check` finds no error in it and it meets more requests than the
draft it replaces, or as many and its score is higher by at least the margin of ``data/judgement.json``.
Everything judged is kept in the history.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from agent.terms import closeness, terms
from evaluation import sample_of
from notation import Problem, Tune, check, parse
from prompts import Plan


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the critic says of one score. ``score`` is 1 for a piece with nothing outside its range."""

    score: float
    terms: dict[str, float]  # measured values
    penalties: dict[str, float]  # weighted, 0 for a value inside its range
    problems: tuple[Problem, ...]  # errors only
    missed: tuple[str, ...] = ()  # requests that the score does not meet, if they were checked
    unmet: tuple[str, ...] = ()  # of each of them: "bars: asked 16, measured 12"

    @property
    def valid(self) -> bool:
        """Whether the score has no error."""
        return not self.problems

    @property
    def rank(self) -> tuple[int, float]:
        """What drafts are ranked by: the fewer requests missed the better, then the score."""
        return -len(self.missed), self.score

    @property
    def findings(self) -> tuple[str, ...]:
        """Terms outside their range, the highest penalty first."""
        outside = [term for term, penalty in self.penalties.items() if penalty > 0]
        return tuple(sorted(outside, key=lambda term: (-self.penalties[term], term)))

    @property
    def worst(self) -> str | None:
        """Term with the highest penalty, None if all are within range."""
        return next(iter(self.findings), None)


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
    """Contents of ``data/judgement.json``: terms with weight and range, margin, rounds.

    The metrics of closeness stand among the terms with their common range.
    """
    text = resources.files("agent").joinpath("data/judgement.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    shared = dict(loaded.pop("closeness"))
    for name, record in shared.pop("metrics").items():
        loaded["terms"][name] = {**shared, **record}
    return loaded


def judge(abc: str, plan: Plan, copied: Callable[[Tune], int] | None = None) -> Verdict:
    """Measure a score against its plan and against real music of its genre group.

    Parameters
    ----------
    abc
        A tune; its first voice is taken for the melody.
    plan
        What was intended.
    copied
        How many consecutive notes of a tune agree with an exemplar; without it originality is not judged.

    Returns
    -------
    Verdict
    """
    problems = tuple(problem for problem in check(abc) if problem.severity == "error")
    if problems:
        return Verdict(0.0, {}, {"valid": 1.0}, problems)
    tune = parse(abc)
    sample = sample_of(tune)
    measured = {**terms(tune, plan, sample), **closeness(sample, plan)}
    if copied is not None:
        measured["copied"] = float(copied(tune))
    table = rules()["terms"]
    penalties = {name: _penalty(value, table[name]) for name, value in measured.items()}
    total = sum(table[name]["weight"] for name in measured)
    return Verdict(round(1.0 - sum(penalties.values()) / total, 6), measured, penalties, ())


def better(new: Verdict, old: Verdict) -> tuple[bool, str]:
    """Whether a revision may replace what it revises, and why or why not."""
    if not new.valid:
        return False, f"not valid: {new.problems[0]}"
    if not old.valid:
        return True, "the draft before it was not valid"
    if len(new.missed) != len(old.missed):
        fewer = len(new.missed) < len(old.missed)
        names = ", ".join(sorted(set(old.missed) ^ set(new.missed)))
        return fewer, f"now {'meets' if fewer else 'misses'} {names}"
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

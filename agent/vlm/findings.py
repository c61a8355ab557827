"""The critic's findings as a model is told of them: definition, value, wanted range, and what to change.

Only what lies outside its range is told. Values stand in the metrics' own units: what the critic judges as a
distance from the plan, or in standard deviations from real music, is turned back into what was measured.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from agent.critic import Verdict, rules
from agent.genres import genre
from evaluation import METRICS, group_reference
from prompts import Plan

#: What is told of a term that has no value.
_UNMEASURED = "cannot be measured, the melody has too few notes: write it out in full."
#: Terms that are judged against the plan -> the plan's own value.
_OF_PLAN: dict[str, Callable[[Plan], float]] = {
    "density": lambda plan: plan.rhythm.density,
    "register": lambda plan: float(plan.tessitura.center),
    "valence": lambda plan: plan.emotion.valence,
    "arousal": lambda plan: plan.emotion.arousal,
}
#: How a judged value is turned back into what was measured, from the plan's value and the judged one.
_UNITS: dict[str, Callable[[float, float], float]] = {
    "difference": lambda base, value: base + value,
    "ratio": lambda base, value: base * 2.0**value,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One term outside its range, in the units of its definition."""

    term: str
    what: str
    value: float  # NaN where it could not be measured
    low: float
    high: float
    norm: str = ""  # mean and standard deviation of real music, where the range comes from it

    @property
    def too_high(self) -> bool:
        """Whether the value lies above the range."""
        return self.value > self.high

    def __str__(self) -> str:
        """Return the finding in one line: value, range, definition, advice."""
        if math.isnan(self.value):
            return f"{self.term} {_UNMEASURED} It is: {self.what}."
        side = "high" if self.too_high else "low"
        crossed = self.high if self.too_high else self.low
        digits = next((n for n in (3, 4, 5) if shown(self.value, n) != shown(crossed, n)), 6)
        value, low, high = (shown(one, digits) for one in (self.value, self.low, self.high))
        wanted = low if low == high else f"{low} to {high}"
        advice = advice_table()[self.term][side]
        said = f"{self.term} is too {side}: {value}, wanted {wanted}{self.norm}."
        return f"{said} It is: {self.what}. Advice: {advice}"


def findings_text(verdict: Verdict, plan: Plan, most: int = 4) -> str:
    """Return what a model is told of a score: requests that are missed, then the worst findings.

    Parameters
    ----------
    most
        Most findings; all requests that are missed are told.

    Returns
    -------
    str
        A numbered list, a line each; "" if nothing is missed and nothing lies outside its range.
    """
    unmet = [f"request not met: {one}" for one in verdict.unmet or verdict.missed]
    lines = unmet + [str(one) for one in findings(verdict, plan)[:most]]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def findings(verdict: Verdict, plan: Plan) -> list[Finding]:
    """Return the terms of a verdict that lie outside their range, the worst first.

    Of terms that measure nearly the same only the worst is among them.
    """
    found: dict[str, Finding] = {}
    for term in verdict.findings:
        if term in verdict.terms:
            subject = str(advice_table()[term].get("subject", term))
            found.setdefault(subject, _finding(term, verdict.terms[term], plan))
    return list(found.values())


@functools.cache
def advice_table() -> dict[str, dict[str, Any]]:
    """Return the terms of ``data/advice.json``."""
    text = resources.files("agent").joinpath("data/advice.json").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = json.loads(text)["terms"]
    return loaded


def shown(value: float, digits: int = 3) -> str:
    """Return a number with so many digits that count."""
    return f"{round(value, 6):.{digits}g}"


def _finding(term: str, value: float, plan: Plan) -> Finding:
    """Return a finding in the units of its definition."""
    record, told = rules()["terms"][term], advice_table()[term]
    if "what" not in record:
        return _of_reference(term, value, plan)
    what = str(told.get("what", record["what"]))
    base = _OF_PLAN[term](plan) if "unit" in told else 0.0
    turn = _UNITS[told.get("unit", "difference")]
    low, high = _bounded(term, turn(base, record["low"]), turn(base, record["high"]))
    return Finding(term, what, turn(base, value), low, high)


def _bounded(term: str, low: float, high: float) -> tuple[float, float]:
    """Return a range without what cannot be measured."""
    told = advice_table()[term]
    return max(low, told.get("least", -math.inf)), min(high, told.get("most", math.inf))


def _of_reference(term: str, distance: float, plan: Plan) -> Finding:
    """Return a finding of closeness: what was measured, and where real music of the genre's group lies."""
    group = genre(plan.genre).group
    reference = group_reference(group)
    if reference is None:
        raise ValueError(f"{term} was judged, but no real music of the group {group!r} has been measured")
    at = reference.metrics.index(term)
    mean, sd = float(reference.mean[at]), float(reference.sd[at])
    record, told = rules()["terms"][term], advice_table()[term]
    low, high = _bounded(term, mean + record["low"] * sd, mean + record["high"] * sd)
    notes = [*["of the melody alone"] * reference.monophonic, *told.get("notes", ())]
    norm = f" (real music of the group {group}: mean {shown(mean)}, standard deviation {shown(sd)})"
    return Finding(term, "; ".join([METRICS[term], *notes]), mean + distance * sd, low, high, norm)

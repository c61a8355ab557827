"""Dynamics for a score without any: those the plan and the form ask for, as the offline writer sets them.

A grammar that counts beats leaves no room for dynamics, and most models write none.
"""

from __future__ import annotations

import re

from agent.draft import Repair
from agent.offline.writer.dynamics import marks
from agent.offline.writer.form import Section
from agent.offline.writer.meter import meter
from agent.offline.writer.orchestra import staff_names
from agent.vlm.score import ScoreReading
from agent.vlm.score.layout import bar_places
from prompts import Plan

#: Code of the repair that says so.
SHADED = "dynamics"
_LEVEL = re.compile(r"!(?:p{1,3}|mp|mf|f{1,3}|sfz?|crescendo[()]|diminuendo[()]|[<>][()])!")
_NOTE = re.compile(r"[A-Ga-g]")


def shaded(reading: ScoreReading, plan: Plan, form: tuple[Section, ...]) -> tuple[str, tuple[Repair, ...]]:
    """Return the ABC of a score with dynamics, and its repairs with what was added.

    A score in which any voice has a dynamic mark is left as it is.
    """
    if any(_LEVEL.search(bar) for bars in reading.bars.values() for bar in bars):
        return reading.abc, reading.repairs
    added = {name: _of_voice(reading.bars[name], role, plan, form) for name, role in _roles(plan)}
    lines = reading.abc.split("\n")
    for (name, number), (line, column) in reversed(bar_places(reading.abc).items()):
        text = lines[line - 1]
        lines[line - 1] = text[: column - 1] + added[name].get(number, "") + text[column - 1 :]
    said = Repair(SHADED, f"no dynamics were written: those of the plan, around {plan.dynamics}, are set")
    return "\n".join(lines), (*reading.repairs, said)


def unshaded(text: str) -> str:
    """Return ABC without dynamics."""
    return _LEVEL.sub("", text)


def _roles(plan: Plan) -> list[tuple[str, str]]:
    return [(name, part.role) for name, part in staff_names(plan.instruments)]


def _of_voice(bars: tuple[str, ...], role: str, plan: Plan, form: tuple[Section, ...]) -> dict[int, str]:
    """Return the marks of a voice by bar, counted from 1, as they stand before its first note."""
    bar = meter(plan.meter)
    silent = frozenset(at for at, text in enumerate(bars) if not _NOTE.search(_unquoted(text)))
    found = marks(plan.dynamics, role, form, bar, silent)
    return {
        int(time / bar.length) + 1: "".join(f"!{mark}!" for mark in words.split())
        for time, words in found.items()
    }


def _unquoted(text: str) -> str:
    """Return a bar without chord symbols, whose letters are no notes."""
    return re.sub(r"\"[^\"]*\"", "", text)

"""Velocities as dynamic marks, bar by bar."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from notation.loudness import table
from rag_store.reading.measures import Measure, quarters
from rag_store.reading.transcript import Part

#: How far the mean velocity of a bar must lie from the mark in force for another mark.
STEP = 14
#: Marks that are used.
_MARKS = ("pp", "p", "mp", "mf", "f", "ff")


def dynamics(part: Part, bars: Sequence[Measure]) -> dict[int, str]:
    """Return the dynamic marks of a part by bar; an unmarked beginning is mf.

    The mark nearest to the mean velocity of the notes that begin in a bar (`notation.loudness`), written
    where that mean has moved by more than `STEP` from the mark in force.
    """
    levels = {mark: int(table()["levels"][mark]) for mark in _MARKS}
    starts = [quarters(bar.start) for bar in bars]
    inside: dict[int, list[int]] = {}
    for note in part.notes:
        inside.setdefault(bisect.bisect_right(starts, quarters(note.onset) + 1e-9) - 1, []).append(
            note.velocity
        )
    found: dict[int, str] = {}
    now = int(table()["unmarked"])
    for number in sorted(inside):
        mean = sum(inside[number]) / len(inside[number])
        if abs(mean - now) > STEP:
            mark = min(levels, key=lambda name: abs(levels[name] - mean))
            if levels[mark] != now:
                found[number], now = mark, levels[mark]
    return found

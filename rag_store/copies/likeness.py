"""A melody likened to stored tunes, in spite of ornaments, key and note values.

The melody is sampled (`grid`), its rare seeds point to diagonals (`voting`), the best stretches of those are
measured in bits (`alignment`), and stretches of one tune are added up. A long melody has many places where
chance may agree with a stored tune for a bar or two; a copy agrees nearly everywhere. So the score is the
bits and `AS_A_WHOLE` times the share of the melody that agrees. `COPY` is a score that fewer than one in a
hundred unrelated melodies reach against 100,000 tunes: real ones turned upside down or played backwards,
which keep their statistics and nothing of the tune, and recombined and composed ones. `KIN` is one that about
one in twenty reaches. ``python -m benchmarks.copies`` prints both shares, and how many planted copies lie
above; the numbers were chosen on its seeds 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag_store.copies.alignment import Stretches, stretches
from rag_store.copies.grid import Skeleton
from rag_store.copies.segment import Segment
from rag_store.copies.voting import Diagonals, views, vote
from rag_store.lines import Line

#: Scores from which on a melody is a copy, and kin.
COPY, KIN = 62.0, 46.0
#: Bits that a melody is worth which agrees from beginning to end, beside what its notes say.
AS_A_WHOLE = 40.0
#: Bits that a second stretch of the same tune costs: it may lie anywhere.
JUMP = 12.0

Verdict = Literal["copy", "kin", ""]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much of a melody a stored tune has."""

    exemplar_id: str
    title: str
    score: float  # bits that both share, over what chance gives, and `AS_A_WHOLE` x covered
    covered: float  # share of the melody's samples that agree, [0, 1]
    bars: tuple[int, int]  # written bars of the melody, first and last
    exemplar_bars: tuple[int, int]  # and of the exemplar
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Part:
    """One stretch: its bits, and where it lies in the melody, in shares of its length, and in the store."""

    bits: float
    agreeing: float  # share of the melody
    begin: float
    end: float
    there: tuple[int, int]  # samples of the segment, first and last
    bars: tuple[int, int]
    exemplar_bars: tuple[int, int]


def similar(line: Line, segments: Sequence[Segment], k: int) -> list[Likeness]:
    """Return the ``k`` tunes that share most with a melody, best first."""
    if len(line) < 2 or not segments:
        return []
    seen = views(line)
    parts: dict[tuple[int, int], list[_Part]] = {}
    for tune, part in _parts(seen, segments, vote(seen, segments)):
        parts.setdefault(tune, []).append(part)
    likened = [_likeness(*segments[number].names[tune], some) for (number, tune), some in parts.items()]
    likened.sort(key=lambda one: (-one.score, one.exemplar_id))
    return likened[:k]


def _parts(
    seen: Sequence[Skeleton], segments: Sequence[Segment], found: Diagonals
) -> list[tuple[tuple[int, int], _Part]]:
    """Return the best stretch of every candidate, with the numbers of its segment and tune."""
    made: list[tuple[tuple[int, int], _Part]] = []
    for code in np.unique(found.segment * len(seen) + found.view).tolist():
        number, which = divmod(code, len(seen))
        rows = (found.segment == number) & (found.view == which)
        view, segment = seen[which], segments[number]
        line = np.searchsorted(segment.line_ends, found.anchor[rows], side="right")
        begins = np.where(line > 0, segment.line_ends[np.maximum(line - 1, 0)], 0)[:, None]
        at = found.start[rows][:, None] + np.arange(len(view))
        inside = (at >= begins) & (at < segment.line_ends[line][:, None])
        at = np.where(inside, at, begins)
        best = stretches(view.pitch, segment.samples[at], inside)
        made += [
            ((number, int(segment.line_tunes[line[row]])), _part(view, segment, best, row, at[row]))
            for row in np.flatnonzero(best.bits > JUMP).tolist()
        ]
    return made


def _part(view: Skeleton, segment: Segment, best: Stretches, row: int, at: NDArray[np.int64]) -> _Part:
    first, last = int(best.first[row]), int(best.last[row])
    there = segment.sample_bars[at[[first, last]]]
    return _Part(
        float(best.bits[row]), float(best.agreeing[row]) / len(view),
        first / len(view), (last + 1) / len(view),
        (int(at[first]), int(at[last])),
        (int(view.bar[first]), int(view.bar[last])), (int(there[0]), int(there[1])),
    )  # fmt: skip


def _likeness(identity: str, title: str, parts: Sequence[_Part]) -> Likeness:
    """Return what the parts of one tune say together: the best, and others that do not overlap it."""
    ordered = sorted(parts, key=lambda part: -part.bits)
    taken = ordered[:1]
    for part in ordered[1:]:
        if not any(_overlap(part, one) for one in taken):
            taken.append(part)
    covered = min(1.0, sum(part.agreeing for part in taken))
    score = taken[0].bits + sum(part.bits - JUMP for part in taken[1:]) + AS_A_WHOLE * covered
    verdict: Verdict = "copy" if score >= COPY else "kin" if score >= KIN else ""
    best = taken[0]
    return Likeness(
        identity, title, round(score, 1), round(covered, 3), best.bars, best.exemplar_bars, verdict
    )


def _overlap(a: _Part, b: _Part) -> bool:
    """Whether two stretches share time in the melody, or in the tune: a phrase is copied once only."""
    here = a.begin < b.end and b.begin < a.end
    return here or (a.there[0] <= b.there[1] and b.there[0] <= a.there[1])

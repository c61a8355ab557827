"""Where a melody may come from: the diagonals on which most of its rare seeds lie.

A diagonal is a skeleton of the melody laid along the stored samples from one place on. Every seed that both
have at that distance votes for it with its rarity (inverse document frequency; Spärck Jones 1972). Seeds
that half the store has cost most and say least: the rarest are looked up first, until a budget is spent, so
that the time of a query does not grow with the dullness of its melody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_store.copies.grid import PARTS, Bars, Skeleton, sampled
from rag_store.copies.seeds import seeds
from rag_store.copies.segment import Segment
from rag_store.lines import Line

#: Occurrences of seeds that a query looks at, over all segments.
BUDGET = 120_000
#: Diagonals that are looked at closely.
CANDIDATES = 128
#: Bits of the table in which votes are first counted; diagonals that share a field are told apart later.
_FIELDS = 18
#: Occurrences that are left after that.
_LEFT = 4096

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Diagonals:
    """Candidates, best first; all arrays of one length."""

    segment: Places
    view: Places  # of the melody
    start: Places  # place of the view's sample 0 in the segment; may lie before the line it belongs to
    anchor: Places  # place of a sample on the diagonal: it tells the line


def views(line: Line) -> list[Skeleton]:
    """Return the skeletons of a melody that is looked up: at all parts of a bar, even and swung."""
    bars = Bars.of(line)
    return [sampled(line, bars, parts, off_beat) for parts, off_beat in PARTS]


def vote(seen: Sequence[Skeleton], segments: Sequence[Segment]) -> Diagonals:
    """Return the candidates of all segments.

    Parameters
    ----------
    seen
        Views of the melody.
    segments
        What is searched; one at least.
    """
    found = [seeds(view.pitch) for view in seen]
    keys = np.concatenate([key for key, _ in found])
    own = np.concatenate([place for _, place in found])
    view = np.repeat(np.arange(len(found)), [len(key) for key, _ in found])
    low = np.array([np.searchsorted(one.keys, keys, side="left") for one in segments])
    sizes = np.array([np.searchsorted(one.keys, keys, side="right") for one in segments]) - low
    counts = sizes.sum(axis=0)
    chosen = _rarest(counts)
    weights = np.log2(sum(len(one.keys) for one in segments) / counts[chosen])
    hits = [
        _spread(one.places, low[number][chosen], sizes[number][chosen]) for number, one in enumerate(segments)
    ]
    seed = np.concatenate([which for which, _ in hits])
    place = np.concatenate([there for _, there in hits])
    segment = np.repeat(np.arange(len(segments)), [len(there) for _, there in hits])
    code = (segment << 48) + (view[chosen][seed] << 40) + place - own[chosen][seed] + _ZERO
    return _best(code, place, weights[seed])


#: Added to where a diagonal begins, which may be before the segment.
_ZERO = 1 << 20


def _rarest(counts: Places) -> Places:
    """Return the seeds that are looked up: the rarest, within the budget, that occur at all."""
    order = np.argsort(counts, kind="stable")
    chosen = order[np.cumsum(counts[order]) <= BUDGET]
    return chosen[counts[chosen] > 0]


def _spread(places: NDArray[np.uint32], low: Places, sizes: Places) -> tuple[Places, Places]:
    """Return all occurrences of some seeds, as numbers of seeds and places."""
    seed = np.repeat(np.arange(len(sizes)), sizes)
    at = np.arange(len(seed)) + np.repeat(low - (np.cumsum(sizes) - sizes), sizes)
    return seed, places[at].astype(np.int64)


def _best(code: Places, place: Places, weights: NDArray[np.float64]) -> Diagonals:
    """Count the votes of every diagonal; those that cannot be among the best are left out first."""
    field = ((code.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _FIELDS)).astype(
        np.int64
    )
    votes = np.bincount(field, weights, 1 << _FIELDS)[field]
    if len(code) > _LEFT:
        kept = np.flatnonzero(votes >= np.partition(votes, -_LEFT)[-_LEFT])
        code, place, weights = code[kept], place[kept], weights[kept]
    order = np.argsort(code, kind="stable")
    code = code[order]
    first = np.flatnonzero(np.diff(code, prepend=-1))
    counted = np.add.reduceat(weights[order], first) if len(first) else np.zeros(0)
    best = first[np.argsort(-counted, kind="stable")[:CANDIDATES]]
    return Diagonals(
        code[best] >> 48, (code[best] >> 40) & 255, (code[best] & ((1 << 40) - 1)) - _ZERO, place[order][best]
    )

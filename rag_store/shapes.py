"""The shapes of many lines in one sorted index: how long a stretch of a melody occurs among them.

The shape of a line is what is left without key and tempo: its intervals in semitones and the ratios of
successive times between onsets (Lemström and Ukkonen 2000, "Including interval encoding into edit distance
based music comparison and retrieval"; the ratio does the same for time). They alternate in one stream,
interval, ratio, interval, ratio ..., so that ``n`` notes that agree are ``2 n - 3`` equal symbols: ``n - 1``
intervals and ``n - 2`` ratios. A suffix array (Manber and Myers 1993) sorts the stream from every note on;
the longest agreement of a stretch stands next to the place where it would be inserted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_store.lines import Ints, Line

#: Notes to which suffixes are sorted: agreements are exact up to here, longer ones may be underestimated.
DEPTH = 64
#: Ends of lines; those of the index and those of a query never agree.
_END, _QUERY_END = 32767, -32768

Symbols = NDArray[np.int16]


def symbols(line: Line, end: int) -> Symbols:
    """Return a line's shape, ``2 (n - 1)`` symbols for ``n`` notes; ratios are ``1000 log2``, rounded."""
    out = np.full(2 * max(0, len(line) - 1), end, dtype=np.int16)
    out[::2] = np.diff(line.pitch)
    gaps = np.maximum(np.diff(line.onset), 1).astype(np.float64)
    out[1:-1:2] = np.rint(1000 * np.log2(gaps[1:] / gaps[:-1]))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Stream of all lines, and the order of its suffixes that begin at a note."""

    stream: Symbols
    order: NDArray[np.int32]  # note places (half of stream places) by their suffixes

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Shapes:
        """Return the index of some lines; note places count through all lines, the last note of each out."""
        parts = [symbols(line, _END) for line in lines]
        return cls.of_stream(np.concatenate(parts) if parts else np.zeros(0, np.int16))

    @classmethod
    def of_stream(cls, stream: Symbols) -> Shapes:
        """Return the index of lines whose symbols are there already, one line after the other."""
        return cls(stream, _sorted(stream))

    def longest(self, line: Line) -> tuple[Ints, Ints]:
        """How many notes from every note of a line on agree with some line of the index, and where.

        Returns
        -------
        notes, places : numpy.ndarray, shape (n_notes - 1,)
            At least 1 each; ``places`` are the note places of the agreeing stretches.
        """
        own = symbols(line, _QUERY_END)
        if not len(own) or not len(self.order):
            return np.ones(len(own) // 2, np.int64), np.zeros(len(own) // 2, np.int64)
        at = self._insertion(own)
        last = len(self.order) - 1
        near = [self.order[np.clip(at + side, 0, last)].astype(np.int64) for side in (-1, 0)]
        before, after = (_agreement(self.stream, own, place) for place in near)
        equal = np.maximum(before, after)
        return (equal + 1) // 2 + 1, np.where(before > after, near[0], near[1])

    def _insertion(self, own: Symbols) -> Ints:
        """Binary search for all stretches at once."""
        wanted = _windows(own, np.arange(len(own) // 2), _QUERY_END)
        low, high = np.zeros(len(wanted), np.int64), np.full(len(wanted), len(self.order), np.int64)
        rows = np.arange(len(wanted))
        while (open_ := low < high).any():
            middle = np.minimum((low + high) // 2, len(self.order) - 1)
            found = _windows(self.stream, self.order[middle], _END)
            differ = found != wanted
            first = differ.argmax(axis=1)
            less = differ[rows, first] & (found[rows, first] < wanted[rows, first])
            low = np.where(open_ & less, middle + 1, low)
            high = np.where(open_ & ~less, middle, high)
        return low


def _windows(stream: Symbols, places: NDArray[np.integer], end: int) -> Symbols:
    """Return the `DEPTH` first symbol pairs from each note place on, shape (n, 2 `DEPTH`)."""
    at = 2 * places.astype(np.int64)[:, None] + np.arange(2 * DEPTH)
    inside = at < len(stream)
    return np.where(inside, stream[np.where(inside, at, 0)], np.int16(end))


def _agreement(stream: Symbols, own: Symbols, places: Ints) -> Ints:
    """Count the equal symbols of each stretch of ``own`` and that at its place, up to `DEPTH` pairs."""
    wanted = _windows(own, np.arange(len(places)), _QUERY_END)
    differ = _windows(stream, places, _END) != wanted
    return np.where(differ.any(axis=1), differ.argmax(axis=1), 2 * DEPTH)


def _sorted(stream: Symbols) -> NDArray[np.int32]:
    """Suffix array over pairs of symbols by doubling, to `DEPTH` pairs; equal suffixes stay in order."""
    wide = stream.astype(np.int64)
    rank = np.unique((wide[::2] << 17) + wide[1::2], return_inverse=True)[1].astype(np.int64)
    reach = 1
    while reach < DEPTH and len(rank):
        ahead = np.zeros_like(rank)
        ahead[:-reach] = rank[reach:] + 1
        rank = np.unique(rank * (len(rank) + 2) + ahead, return_inverse=True)[1].astype(np.int64)
        reach *= 2
    return np.argsort(rank, kind="stable").astype(np.int32)

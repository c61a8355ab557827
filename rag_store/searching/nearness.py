"""Nearest rows of a space of vectors within any condition: by the index where that is quicker, else exactly.

Rule
----
* Comparing the rows that meet a condition costs what they take: those that lie close together are read as one
  run, the others are gathered, at `GATHERED` times the price. Rows lie by genre (`Catalogue.columns`).
* The index is asked if that is cheaper: for more rows than are needed, and those that meet the condition are
  kept. If they are too few, it is asked again for as many as their share foretells, as long as that stays
  cheaper; else the rows are compared. So a store of some ten thousand is always compared, and exact.
* A row whose vector is nan has none in this space, and is never among the nearest.
* What the index will be asked is known before the first rows are compared, so both go on at once.
* What comes from the index is ordered by the catalogue's own vectors. Equal cosines (of six digits) are
  ordered by id, so the same question has the same answer.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag_store.columns import Columns
from rag_store.embed import Vectors

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Scores = NDArray[np.float64]

#: Stores of up to so many rows are compared once and for all at the first question (0.5 ms).
SMALL = 8192
#: Rows asked of the index for each row needed: by the share of rows that meet the condition and a half more,
#: but no more than `OVER`, since a text names the genre it is about.
MORE, OVER = 1.5, 4.0
#: What a question to the index costs, and each row that it gives, in rows of a run that are compared: at
#: 100,000 rows of 384 numbers 4 ms and 0.01 ms beside 0.0001 ms (``python -m benchmarks.store_scale``).
ASKING, GIVEN = 40_000, 100
#: What a gathered row costs beside one of a run.
GATHERED = 5
#: Rows compared at once: they stay in the processor's cache.
BLOCK = 1024
#: What stands for the cosine of a row that has no vector.
ABSENT = -2.0


class Nearest(Protocol):
    """An index of vectors; it may be approximate."""

    def __call__(self, space: str, query: Vectors, n: int) -> tuple[Rows, Vectors]:
        """Return rows, shape (m,), and their cosines to a unit vector, shape (m,), best first, m <= n."""


class Neighbours:
    """The neighbours of one query in one space; what the index has given is kept and used again."""

    def __init__(
        self, space: str, query: Vectors, columns: Columns, matrix: Vectors, nearest: Nearest
    ) -> None:
        self.space = space
        self._query = np.ascontiguousarray(query, dtype=np.float32)
        self._columns, self._matrix, self._nearest = columns, matrix, nearest
        self._given: Rows = np.zeros(0, np.int64)
        self._coming: Future[tuple[Rows, Vectors]] | None = None
        self._asked = 0
        self._all: Scores | None = None

    def cosines(self, rows: Rows) -> Scores:
        """Return the exact cosines of rows, shape (n,), `ABSENT` for those that have no vector.

        Equal vectors have equal cosines wherever they lie.
        """
        if len(self._columns) <= SMALL:
            if self._all is None:
                self._all = _dots(self._matrix, self._query)
            return self._all[rows]
        parts = [_dots(self._matrix[rows[at : at + BLOCK]], self._query) for at in range(0, len(rows), BLOCK)]
        return np.concatenate([np.zeros(0), *parts])

    def within(self, mask: Mask, n: int) -> Rows:
        """Return the ``n`` nearest of the rows that meet a condition, best first, shape (m,), m <= n."""
        counts = _by_block(mask)
        found = self._indexed(mask, n, int(counts.sum()), _cost(counts))
        return self.ordered(found)[:n] if found is not None else self._exact(mask, counts, n)

    def ask_ahead(self, mask: Mask, n: int, threads: Executor) -> None:
        """Begin to ask the index what `within` will ask it first, if it will."""
        counts = _by_block(mask)
        want = self._want(n, int(counts.sum()))
        if not self._asked and _index_cost(want) < _cost(counts):
            self._coming, self._asked = threads.submit(self._nearest, self.space, self._query, want), want

    def ordered(self, rows: Rows, first: Scores | None = None) -> Rows:
        """Order rows by a score, if one is given, then by cosine, then by id."""
        keys: list[NDArray[np.generic]] = [id_order(self._columns)[rows], -self.cosines(rows).round(6)]
        if first is not None:
            keys.append(-first)
        return rows[np.lexsort(keys)]

    def _indexed(self, mask: Mask, n: int, size: int, cost: int) -> Rows | None:
        """Return at least ``n`` rows that meet a condition by the index; None if comparing is cheaper."""
        want = self._want(n, size)
        while want <= self._asked or _index_cost(want) < cost:
            given = self._ask(want)
            found = given[mask[given]]
            if len(found) >= n:
                return found
            if len(given) < self._asked:
                return None
            want = max(2 * self._asked, 2 * n * self._asked // max(len(found), 1))
        return None

    def _want(self, n: int, size: int) -> int:
        """Return how many rows to ask the index for, to have ``n`` of the ``size`` that meet a condition."""
        total = len(self._columns)
        return n if size == total else int(n * min(MORE * total / max(size, 1), OVER))

    def _ask(self, want: int) -> Rows:
        """Return at least so many rows of the index, if it has them; what was asked before is not again."""
        if want > self._asked:
            self._given, self._coming = self._nearest(self.space, self._query, want)[0], None
            self._asked = want
        elif self._coming is not None:
            self._given, self._coming = self._coming.result()[0], None
        return self._given

    def _exact(self, mask: Mask, counts: Rows, n: int) -> Rows:
        rows, cosines = self._compared(mask, counts)
        rows, cosines = rows[cosines > ABSENT], cosines[cosines > ABSENT].round(6)
        if len(rows) > n:
            rows = rows[cosines >= np.partition(cosines, len(rows) - n)[len(rows) - n]]
        return self.ordered(rows)[:n]

    def _compared(self, mask: Mask, counts: Rows) -> tuple[Rows, Scores]:
        """Return the rows of a mask and their cosines; blocks that are full enough are read as they lie."""
        rows = np.flatnonzero(mask)
        if len(self._columns) <= SMALL:
            return rows, self.cosines(rows)
        ends, parts = np.cumsum(counts), [np.zeros(0)]
        for block in np.flatnonzero(counts):
            some = rows[ends[block] - counts[block] : ends[block]]
            if GATHERED * len(some) < BLOCK:
                parts.append(_dots(self._matrix[some], self._query))
            else:
                start, stop = int(some[0]), int(some[-1]) + 1
                parts.append(_dots(self._matrix[start:stop], self._query)[some - start])
        return rows, np.concatenate(parts)


def _by_block(mask: Mask) -> Rows:
    """Return how many rows of each block meet a condition."""
    starts = np.arange(0, len(mask), BLOCK)
    return np.add.reduceat(mask, starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)


def _cost(counts: Rows) -> int:
    """Return what comparing costs, in rows of a run."""
    return int(np.minimum(GATHERED * counts, BLOCK).sum())


def _index_cost(want: int) -> int:
    """Return what asking the index for rows costs, in rows of a run that are compared."""
    return ASKING + GIVEN * want


@lru_cache(maxsize=2)
def id_order(columns: Columns) -> Rows:
    """Return the place of every row in the order of ids, shape (n,)."""
    places = np.empty(len(columns), np.int64)
    places[sorted(range(len(columns)), key=columns.ids.__getitem__)] = np.arange(len(columns))
    return places


def _dots(matrix: Vectors, query: Vectors) -> Scores:
    """Return the products of rows with a vector, each by itself: BLAS's depend on a row's neighbours."""
    found: Scores = np.einsum("ij,j->i", matrix, query).astype(np.float64)
    found[np.isnan(found)] = ABSENT
    return found

"""Nearest rows of a space of vectors within any condition: by the index where that is quick, else exactly.

Rule
----
* A store of at most `SMALL` rows, and a condition that at most `FEW` rows meet, are compared one by one.
* Else the index is asked for more rows than are needed, and those that meet the condition are kept. If they
  are too few, it is asked again for as many as their share foretells, as long as that is cheaper than
  comparing all rows that meet the condition; else these are compared.
* A row whose vector is nan has none in this space, and is never among the nearest.
* What comes from the index is ordered by the catalogue's own vectors. Equal cosines (of six digits) are
  ordered by id, so the same question has the same answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag_store.columns import Columns
from rag_store.embed import Vectors

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Scores = NDArray[np.float64]

#: Stores of up to so many rows are compared whole (0.5 ms at 384 dimensions).
SMALL = 8192
#: So many rows that meet a condition are compared one by one (about 1.2 ms).
FEW = 6000
#: Rows asked of the index for each row needed: by the share of rows that meet the condition and a half more,
#: but no more than `OVER`, since a text names the genre it is about; and the most at once.
MORE, OVER, MOST = 1.5, 4.0, 4000
#: What a row from the index costs, in rows that are compared.
COSTS = 3
#: Rows gathered at once: they stay in the processor's cache.
BLOCK = 512
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
        self._fetched: Rows = np.zeros(0, np.int64)
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
        size = int(np.count_nonzero(mask))
        if len(self._columns) > SMALL and size > max(FEW, n):
            found = self._indexed(mask, n, size)
            if found is not None:
                return self.ordered(found)[:n]
        return self._exact(np.flatnonzero(mask), n)

    def ordered(self, rows: Rows, first: Scores | None = None) -> Rows:
        """Order rows by a score, if one is given, then by cosine, then by id."""
        keys: list[NDArray[np.generic]] = [id_order(self._columns)[rows], -self.cosines(rows).round(6)]
        if first is not None:
            keys.append(-first)
        return rows[np.lexsort(keys)]

    def _indexed(self, mask: Mask, n: int, size: int) -> Rows | None:
        """Return at least ``n`` rows that meet a condition by the index; None if comparing is cheaper."""
        total = len(self._columns)
        want = n if size == total else int(n * min(MORE * total / size, OVER))
        while True:
            if want > MOST or want * COSTS > size:
                return None
            if want > self._asked:
                self._fetched = self._nearest(self.space, self._query, want)[0]
                self._asked = want
            found = self._fetched[mask[self._fetched]]
            if len(found) >= n:
                return found
            if len(self._fetched) < self._asked:
                return None
            want = max(2 * self._asked, 2 * n * self._asked // max(len(found), 1))

    def _exact(self, rows: Rows, n: int) -> Rows:
        rows = rows[~np.isnan(self._matrix[rows, 0])]
        if len(rows) > n:
            cosines = self.cosines(rows).round(6)
            rows = rows[cosines >= np.partition(cosines, len(rows) - n)[len(rows) - n]]
        return self.ordered(rows)[:n]


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

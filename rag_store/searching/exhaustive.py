"""Searching by comparing everything: what an approximate index is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rag_store.embed import Vectors
from rag_store.searching.answer import Scored
from rag_store.searching.nearness import BLOCK, Rows


class Exhaustive:
    """A `Nearest` that compares every row.

    A search with it in the index's place is the exact answer to the same query under the same rule.
    """

    def __init__(self, vectors: Callable[[str], Vectors]) -> None:
        self._vectors = vectors

    def __call__(self, space: str, query: Vectors, n: int) -> tuple[Rows, Vectors]:
        """Return the ``n`` nearest rows and their cosines, best first, ties by row; nan ones are left out."""
        matrix = self._vectors(space)
        parts = [np.einsum("ij,j->i", matrix[at : at + BLOCK], query) for at in range(0, len(matrix), BLOCK)]
        cosines = np.concatenate([np.zeros(0, np.float32), *parts])
        order = np.argsort(-cosines, kind="stable")  # puts nan last
        order = order[: min(n, int(np.count_nonzero(~np.isnan(cosines))))].astype(np.int64)
        return order, cosines[order]


def recall(found: Sequence[Scored], truth: Sequence[Scored]) -> float:
    """Return the share of the true results that were found, in [0, 1]; 1 if there are none."""
    rows = {one.row for one in found}
    return sum(one.row in rows for one in truth) / len(truth) if truth else 1.0

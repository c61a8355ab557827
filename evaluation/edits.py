"""Edit distances of many sequences at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def edit_distances(sequences: Sequence[Numbers]) -> NDArray[np.float64]:
    """Return the Levenshtein distance, unit costs, of every pair of sequences, shape (n, n).

    Wagner and Fischer's table (Journal of the ACM 21, 1974), one row of all tables at a time. Insertions
    along a row are a running minimum: with j subtracted, each cell is the least of those before it.
    """
    out = np.zeros((len(sequences), len(sequences)))
    order = sorted(range(len(sequences)), key=lambda at: (len(sequences[at]), at))
    for place, row in enumerate(order):
        others = order[place + 1 :]
        if others:
            found = _from_one(sequences[row], [sequences[at] for at in others])
            out[row, others] = out[others, row] = found
    return out


def _from_one(one: Numbers, others: Sequence[Numbers]) -> Numbers:
    """Return the distances of one sequence to several, shape (n_others,)."""
    sizes = np.array([len(other) for other in others])
    table = np.zeros((len(others), sizes.max()), dtype=np.int64)
    for row, other in zip(table, others, strict=True):
        row[: len(other)] = other
    places = np.arange(table.shape[1] + 1, dtype=np.int32)
    cells = np.broadcast_to(places, (len(others), len(places))).copy()
    for symbol in one.tolist():
        replaced = cells[:, :-1] + (table != symbol)
        cells += 1
        np.minimum(cells[:, 1:], replaced, out=cells[:, 1:])
        cells -= places
        np.minimum.accumulate(cells, axis=1, out=cells)
        cells += places
    return np.asarray(cells[np.arange(len(others)), sizes], dtype=np.int64)

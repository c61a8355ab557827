"""The broad track: what lies nearest to the text, the music or the picture, not all of it of one genre.

Rule
----
Of the `reach` nearest rows at most `of_one_genre` of each genre are in the track, the nearest first; of the
wished genre there may be any number.
"""

from __future__ import annotations

import numpy as np

from rag_store.columns import Codes, Columns
from rag_store.searching.nearness import Mask, Neighbours, Rows


def reach(k: int) -> int:
    """Return how many of the nearest rows are looked at."""
    return 3 * pool(k)


def of_one_genre(k: int) -> int:
    """Return how many rows of one genre may be in the track."""
    return max(30, 4 * k)


def pool(k: int) -> int:
    """Return how many candidates a track gives, and the choice is made among."""
    return max(40, 4 * k)


def broad(columns: Columns, mask: Mask, near: Neighbours, genre: str | None, k: int) -> Rows:
    """Return the track of one space, shape (m,), m <= `pool`."""
    rows = near.within(mask, reach(k))
    codes = columns.texts["genre"].codes[rows]
    free = codes == columns.texts["genre"].code(genre) if genre else np.zeros(len(rows), np.bool_)
    return rows[free | (_before(codes) < of_one_genre(k))][: pool(k)]


def _before(codes: Codes) -> Rows:
    """Return how many equal codes stand before each, shape (n,)."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    first = np.searchsorted(ordered, ordered, side="left")
    found = np.empty(len(codes), np.int64)
    found[order] = np.arange(len(codes)) - first
    return found

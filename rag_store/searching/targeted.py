"""The targeted track: how much of what is wished each row meets, for all rows at once.

Rule
----
A row's share is the weight of the wishes that it meets, each by its degree, in the weight of all
(`rag_store.searching.wanted.WEIGHTS`); it is 0 outside the wished genre. In the track are rows with a share
above 0, the greatest share first, then the nearest to the text or music that is asked for.

* With a genre wished, only its `broad.reach` nearest rows are looked at: of thousands of waltzes in minor
  those that sound like the text go before those that match one attribute more.
* Without anything to be near to, rows of equal share follow a lot that is drawn from their ids.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from rag_store.columns import Columns
from rag_store.embed import Vectors
from rag_store.searching.broad import pool, reach
from rag_store.searching.filters import holds
from rag_store.searching.nearness import Mask, Neighbours, Rows, Scores
from rag_store.searching.wanted import NAMED, OCTAVES, REACH, Wanted

#: Distinct shares that are gone through before all are put in order.
DISTINCT = 8


def targeted(columns: Columns, mask: Mask, wanted: Wanted, near: Neighbours | None, k: int) -> Rows:
    """Return the track, shape (m,), m <= `broad.pool`; none without wishes."""
    if not wanted.asked():
        return np.zeros(0, np.int64)
    if wanted.genre is not None:
        rows = _of_genre(columns, mask, wanted.genre, near, k)
        share = shares(columns, rows, wanted)
    else:
        rows, share = _of_all(columns, mask, wanted)
    rows, share = rows[share > 0], share[share > 0]
    if len(rows) > pool(k):
        rows = _first(columns, rows, share, near, pool(k))
        share = shares(columns, rows, wanted)
    return near.ordered(rows, share) if near else rows[np.lexsort([_lots(columns, rows), -share])]


def _of_genre(columns: Columns, mask: Mask, genre: str, near: Neighbours | None, k: int) -> Rows:
    mask = mask & columns.texts["genre"].equals(genre)
    return near.within(mask, reach(k)) if near else np.flatnonzero(mask)


def _of_all(columns: Columns, mask: Mask, wanted: Wanted) -> tuple[Rows, Scores]:
    """Return the rows of a mask and their shares; where it leaves out few, those are reckoned too."""
    rows = np.flatnonzero(mask)
    if 2 * len(rows) < len(mask):
        return rows, shares(columns, rows, wanted)
    return rows, shares(columns, slice(None), wanted)[rows]


def shares(columns: Columns, rows: Rows | slice, wanted: Wanted) -> Scores:
    """Return how much of the wished weight rows meet, shape (n,), in [0, 1]."""
    weights = wanted.weights()
    genre = columns.texts["genre"]
    total = np.zeros(len(genre.codes[rows]))
    for name, met in degrees(columns, rows, wanted).items():
        total += weights[name] * met
    total /= sum(weights.values()) or 1.0
    if wanted.genre is not None:
        total[genre.codes[rows] != genre.code(wanted.genre)] = 0.0
    return total


def degrees(columns: Columns, rows: Rows | slice, wanted: Wanted) -> Mapping[str, Vectors]:
    """Return how well rows meet each wish, by its name, shape (n,), in [0, 1]."""
    return {name: _degree(columns, rows, wanted, name) for name in wanted.asked()}


def _degree(columns: Columns, rows: Rows | slice, wanted: Wanted, name: str) -> Vectors:
    if name in NAMED:
        column = columns.texts[name]
        accepted = wanted.accepts(name)
        met = np.array([value in accepted for value in column.names], np.float32)
        return np.asarray(met[column.codes[rows]])
    if name == "instruments":
        played = [holds(columns.instruments, one)[rows] for one in wanted.instruments]
        return np.asarray(np.mean(played, axis=0, dtype=np.float32))
    values, wish = columns.numbers[name][rows], np.float32(getattr(wanted, name))
    apart = np.log2(np.maximum(values / wish, np.float32(1e-6))) if name in OCTAVES else values - wish
    closeness: Vectors = np.maximum(np.float32(0), 1 - np.abs(apart) / np.float32(REACH[name]))
    return closeness


def _first(columns: Columns, rows: Rows, share: Scores, near: Neighbours | None, n: int) -> Rows:
    """Return the ``n`` rows of the greatest share; of those at the edge the nearest, or by lot."""
    edge = _edge(share, n)
    sure, tied = rows[share > edge], rows[share == edge]
    missing = n - len(sure)
    if near is None:
        kept = by_lot(columns, tied)[:missing]
    else:
        mask = np.zeros(len(columns), np.bool_)
        mask[tied] = True
        kept = near.within(mask, missing)
    return np.concatenate([sure, kept])


def _edge(share: Scores, n: int) -> float:
    """Return the n-th greatest share; few values are gone through one by one, which suits many ties."""
    for _ in range(DISTINCT):
        top = float(share.max())
        tied = int(np.count_nonzero(share == top))
        if tied >= n:
            return top
        share, n = share[share < top], n - tied
    return float(np.partition(share, len(share) - n)[len(share) - n])


def by_lot(columns: Columns, rows: Rows) -> Rows:
    """Return rows in the order of lots that are drawn from their ids: always the same, of no meaning."""
    return rows[np.argsort(_lots(columns, rows), kind="stable")]


def _lots(columns: Columns, rows: Rows) -> Rows:
    return np.array([zlib.crc32(columns.ids[row].encode()) for row in rows], dtype=np.int64)

"""One search: conditions, tracks, joining, variety, reasons.

Steps
-----
1. The filter's mask; nothing outside it is looked at again.
2. Tracks: the nearest rows in every space asked (`broad`), those that meet most of the wishes (`targeted`).
3. One score for every candidate (`fuse`); the best stay.
4. ``k`` of them by relevance and variety (`diversity`), within the budget, returned in order of score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from chiaroscore import MissingPartError
from rag_store.columns import Columns
from rag_store.embed import Vectors
from rag_store.searching.broad import broad, pool, reach
from rag_store.searching.diversity import diversify
from rag_store.searching.filters import mask
from rag_store.searching.fuse import fuse, targeted_weight
from rag_store.searching.nearness import Mask, Nearest, Neighbours, Rows, Scores, id_order
from rag_store.searching.prompt_ready import CHARACTERS
from rag_store.searching.query import Query, checked_query
from rag_store.searching.snippet import read_music
from rag_store.searching.targeted import by_lot, shares, targeted
from rag_store.searching.wanted import read_words
from rag_store.searching.why import Place, reasons

#: Vectors of all rows in a space, shape (n, dim), unit rows.
Matrices = Callable[[str], Vectors]
#: What makes a query's vector, shape (dim,), by space: of a text "text", of ABC "music".
Embedders = Mapping[str, Callable[[str], Vectors]]


@dataclass(frozen=True, slots=True)
class Scored:
    """One result: a row of the columns, its score in [0, 1] (1: first on every track), and why it is here."""

    row: int
    score: float
    why: tuple[str, ...]


def search(
    query: Query, columns: Columns, vectors: Matrices, nearest: Nearest, embedders: Embedders
) -> list[Scored]:
    """Return the best rows for a query, best first; fewer than ``k`` if no more meet its filter and budget.

    Parameters
    ----------
    query
        What is asked.
    columns, vectors
        Attributes and vectors of all rows, in the same order.
    nearest
        The index over the same vectors.
    embedders
        What makes the query's vectors; those of spaces that are not asked are not used.

    Raises
    ------
    ControlError
        If the query asks nothing, or something that there is not.
    NotationError
        If its snippet cannot be read.
    MissingPartError
        If there is no embedder for a space that is asked.
    """
    query = _with_wishes(checked_query(query))
    allowed = mask(columns, query.filter)
    if not allowed.any():
        return []
    near = {space: _near(space, query, columns, vectors, nearest, embedders) for space in _spaces(query)}
    found = _joined(query, columns, _tracks(query, columns, allowed, near), near)
    chosen = _varied(query, columns, vectors, found.rows, found.scores)
    filtered = query.filter.asked()
    return [_result(query, columns, found, at, filtered) for at in chosen]


@dataclass(frozen=True, slots=True, eq=False)
class _Joined:
    """Candidates, best first, with their scores and cosines, and the tracks they come from."""

    rows: Rows
    scores: Scores
    cosines: Mapping[str, Scores]
    broad: Mapping[str, Rows]
    targeted: Rows


def _with_wishes(query: Query) -> Query:
    """Add what the snippet and the words of the text wish; the words go first."""
    wanted = query.wanted
    if query.text.strip():
        wanted = read_words(query.text, wanted)
    if query.abc.strip():
        wanted = read_music(query.abc, wanted)
    return replace(query, wanted=wanted)


def _spaces(query: Query) -> tuple[str, ...]:
    """Return the spaces that are looked at: none if only attributes shall decide."""
    return query.spaces() if "broad" in query.tracks else ()


def _near(
    space: str, query: Query, columns: Columns, vectors: Matrices, nearest: Nearest, embedders: Embedders
) -> Neighbours:
    return Neighbours(space, _vector(space, query, embedders), columns, vectors(space), nearest)


def _vector(space: str, query: Query, embedders: Embedders) -> Vectors:
    """Return the query's unit vector in a space."""
    if query.image is not None and space == "image":
        found = query.image
    elif space in embedders:
        found = embedders[space](query.text if space == "text" else query.abc)
    else:
        raise MissingPartError(f"this store has no vectors of {space}; ask by text, or by attributes")
    length = float(np.sqrt(np.einsum("i,i->", found, found, dtype=np.float64)))
    unit = abs(length - 1) < 1e-5 or not length
    return np.asarray(found if unit else found / length, dtype=np.float32)


def _tracks(
    query: Query, columns: Columns, allowed: Mask, near: Mapping[str, Neighbours]
) -> tuple[dict[str, Rows], Rows]:
    """Return the broad tracks by space and the targeted one, rows in their order."""
    first = next(iter(near.values()), None)
    wanted, k = query.wanted, query.k
    none = np.zeros(0, np.int64)
    with ThreadPoolExecutor(max(1, len(near))) as threads:  # the index is asked while rows are compared
        for one in near.values():
            one.ask_ahead(allowed, reach(k), threads)
        track = targeted(columns, allowed, wanted, first, k) if "targeted" in query.tracks else none
        nearby = {space: broad(columns, allowed, one, wanted.genre, k) for space, one in near.items()}
    if not nearby and not len(track):
        track = by_lot(columns, np.flatnonzero(allowed))[: pool(k)]
    return nearby, track


def _joined(
    query: Query, columns: Columns, tracks: tuple[dict[str, Rows], Rows], near: Mapping[str, Neighbours]
) -> _Joined:
    """Score the candidates of all tracks; the best stay."""
    nearby, track = tracks
    rows = np.unique(np.concatenate([*nearby.values(), track]))
    cosines = {space: one.cosines(rows) for space, one in near.items()}
    weight = targeted_weight(track, query.wanted)
    scores = fuse(cosines, shares(columns, rows, query.wanted), weight)
    order = np.lexsort([id_order(columns)[rows], -scores.round(9)])[: pool(query.k)]
    kept = {space: values[order] for space, values in cosines.items()}
    return _Joined(rows[order], scores[order], kept, nearby, track)


def _varied(query: Query, columns: Columns, vectors: Matrices, rows: Rows, scores: Scores) -> list[int]:
    """Return the places of the chosen candidates, in order of score.

    Likeness is looked for in the first space asked, among the texts if none is.
    """
    space = (*query.spaces(), "text")[0]
    costs = -(-columns.characters[rows].astype(np.int64) // CHARACTERS)
    matrix = np.nan_to_num(vectors(space)[rows])  # a row without a vector is like no other
    chosen = diversify(scores, matrix, query.k, query.diversity, costs, query.budget)
    return sorted(chosen, key=lambda at: (-scores[at], columns.ids[rows[at]]))


def _result(query: Query, columns: Columns, found: _Joined, at: int, filtered: Mapping[str, str]) -> Scored:
    row = int(found.rows[at])
    places = [
        Place(space, rank, float(found.cosines[space][at]))
        for space, rows in found.broad.items()
        if (rank := _rank(rows, row))
    ]
    why = reasons(columns, row, query.wanted, places, _rank(found.targeted, row), filtered)
    return Scored(row, float(found.scores[at]), why)


def _rank(rows: Rows, row: int) -> int:
    """Return the place of a row in a track, from 1; 0 if it is not in it."""
    at = np.flatnonzero(rows == row)
    return int(at[0]) + 1 if len(at) else 0

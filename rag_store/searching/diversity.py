"""Variety: which of the candidates are chosen, by maximal marginal relevance (Carbonell & Goldstein 1998)."""

from __future__ import annotations

import numpy as np

from rag_store.embed import Vectors
from rag_store.searching.nearness import Rows, Scores


def diversify(
    scores: Scores,
    vectors: Vectors,
    k: int,
    diversity: float,
    costs: Rows | None = None,
    budget: int | None = None,
) -> list[int]:
    """Choose up to ``k`` candidates; returns their places, in order of choice.

    The first is the best; each further one has the highest (1 - diversity) x score - diversity x likeness,
    where likeness is the highest cosine to one that is chosen already. Ties go to the earlier candidate. One
    that does not fit into what is left of the budget is passed over.

    Parameters
    ----------
    scores
        Of the candidates, best first, shape (n,).
    vectors
        Of the candidates, unit rows, shape (n, dim).
    costs, budget
        What each candidate takes, shape (n,), and what all chosen may take.
    """
    free = np.ones(len(scores), np.bool_)
    likeness = np.full(len(scores), -np.inf)
    chosen: list[int] = []
    left = budget
    while len(chosen) < k:
        if costs is not None and left is not None:
            free &= costs <= left
        if not free.any():
            break
        at = _best(scores, likeness, free, diversity) if chosen else int(np.flatnonzero(free)[0])
        chosen.append(at)
        free[at] = False
        left = None if left is None or costs is None else left - int(costs[at])
        likeness = np.maximum(likeness, np.einsum("ij,j->i", vectors, vectors[at]))
    return chosen


def _best(scores: Scores, likeness: Scores, free: np.ndarray, diversity: float) -> int:
    merit = ((1 - diversity) * scores - diversity * likeness).round(9)
    return int(np.argmax(np.where(free, merit, -np.inf)))

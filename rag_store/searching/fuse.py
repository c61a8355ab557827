"""Joining the tracks: one score for every candidate.

Rule
----
* text: the cosine as a share of the best candidate's. Weight 1.
* music and image: by rank alone, 61 / (60 + rank) among the candidates (reciprocal rank fusion, Cormack,
  Clarke & Buettcher 2009): their cosines lie elsewhere than those of texts, a picture's to texts lower than
  any text's to another (the modality gap, Liang et al. 2022). Weight 1 each.
* targeted: the share of the wished weight that is met. Weight 2 if anything was asked outright, else 1; 0 if
  its track is empty.

The score is the weighted mean, in [0, 1]; where nothing is asked but conditions, every candidate has 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rag_store.searching.nearness import ABSENT, Rows, Scores
from rag_store.searching.wanted import Wanted

#: Constant of reciprocal rank fusion.
RANKS = 60
#: Spaces whose cosines count as they are; of the others the ranks count.
BY_COSINE = ("text",)


def fuse(cosines: Mapping[str, Scores], share: Scores, weight: float) -> Scores:
    """Return the joined score of candidates, shape (n,).

    Parameters
    ----------
    cosines
        Of the candidates to the query in each space asked, shape (n,) each.
    share
        What of the wished weight each meets, shape (n,).
    weight
        Of the targeted track.
    """
    if not cosines and not weight:
        return np.ones(len(share))
    total = weight * share
    for space, values in cosines.items():
        total = by_cosine(values) + total if space in BY_COSINE else by_rank(values) + total
    return total / (len(cosines) + weight)


def targeted_weight(track: Rows, wanted: Wanted) -> float:
    """Return the weight of the targeted track."""
    if not len(track) or not wanted.asked():
        return 0.0
    return 2.0 if set(wanted.asked()) - wanted.read else 1.0


def by_cosine(cosines: Scores) -> Scores:
    """Return cosines as shares of the best one, none below 0."""
    return np.maximum(cosines, 0.0) / max(1e-6, float(cosines.max(initial=0.0)))


def by_rank(cosines: Scores) -> Scores:
    """Return 61 / (60 + rank), 0 for `ABSENT` ones; equal cosines (of six digits) share the best rank."""
    values = cosines.round(6)
    ranks = 1 + np.searchsorted(np.sort(-values), -values, side="left")
    return np.where(values == ABSENT, 0.0, (RANKS + 1) / (RANKS + ranks))

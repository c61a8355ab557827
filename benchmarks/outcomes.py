"""What is compared of composed pieces: closeness to real music, originality, variety, use of exemplars.

Conventions
-----------
Figures are of pictures, each with its pieces, one a seed; all pictures have the same number of pieces. A
figure is NaN where nothing can be said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent import Piece
from agent.genres import genre
from evaluation import (
    Reference,
    closeness_row,
    compare_pooled,
    frechet_pooled,
    group_reference,
    standardised,
)
from evaluation.comparison import FARTHEST
from evaluation.similarity import melody, ngram_similarities

#: Draws of real music for a distance, and for each of the many distances of an interval.
DRAWS, FEW_DRAWS = 60, 12


@dataclass(frozen=True)
class Composed:
    """What is kept of one piece."""

    picture: str
    seed: int
    genre: str
    reference: str  # "" where no real music of its group is at hand
    row: NDArray[np.float64] | None  # metrics of closeness
    melody: NDArray[np.float64]  # for similarity
    valid: bool
    score: float
    shared: int  # notes of the longest stretch that some exemplar has too
    kin: float  # share of its exemplars that are of its genre; NaN without any
    lent: float  # share of its figures that an exemplar lent


Picture = Sequence[Composed]
Figure = Callable[[Sequence[Picture]], float]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of pictures, how it is written, and how it is made for an interval; without, it has none."""

    name: str
    form: str
    value: Figure
    drawn: Figure | None


def outcome(piece: Piece, picture: str, shared: int) -> Composed:
    """Return what is compared of a piece; ``shared`` is the longest stretch that an exemplar has too."""
    reference = group_reference(genre(piece.plan.genre).group)
    row = None if reference is None else closeness_row(piece.tune, monophonic=reference.monophonic)
    kin = [hit.exemplar.genre == piece.plan.genre for hit in piece.exemplars]
    lent = [bool(use.source) for use in piece.draft.uses]
    return Composed(
        picture, piece.seed, piece.plan.genre, "" if reference is None else reference.name, row,
        melody(piece.tune), piece.verdict.valid, piece.verdict.score, shared,
        float(np.mean(kin)) if kin else math.nan, float(np.mean(lent)) if lent else 0.0,
    )  # fmt: skip


def distance(pictures: Sequence[Picture], draws: int = DRAWS) -> tuple[float, float]:
    """Return the Fréchet distance of all pieces to real music, and between halves of that."""
    return frechet_pooled(*_rows(pictures), draws=draws)


def one_a_picture(pictures: Sequence[Picture], draws: int = DRAWS) -> float:
    """Return the Fréchet distance of one piece a picture to real music: the mean over the seeds."""
    seeds = range(len(pictures[0]))
    return float(np.mean([distance([[picture[seed]] for picture in pictures], draws)[0] for seed in seeds]))


def within(pictures: Sequence[Picture]) -> float:
    """Return how many of the twelve metrics of closeness lie within one standard deviation."""
    return float(compare_pooled(*_rows(pictures)).within)


def off(pictures: Sequence[Picture]) -> float:
    """Return how far the means of the twelve metrics lie from real music's: the mean, in its deviations.

    No piece counts for more than `FARTHEST` deviations, as in the distances.
    """
    rows, references = _rows(pictures)
    z = np.vstack([standardised(rows[one.name], one) for one in references]).clip(-FARTHEST, FARTHEST)
    return float(np.abs(z.mean(axis=0)).mean())


def alike(pictures: Sequence[Picture]) -> float:
    """Return the median n-gram similarity of melodies for different pictures."""
    pieces = [piece for picture in pictures for piece in picture]
    found = ngram_similarities([piece.melody for piece in pieces])
    names = np.array([piece.picture for piece in pieces])
    apart = found[names[:, None] != names[None, :]]
    return float(np.nanmedian(apart)) if np.isfinite(apart).any() else math.nan


def longest(pictures: Sequence[Picture]) -> float:
    """Return the notes of the longest stretch that any piece shares with an exemplar."""
    return float(max(piece.shared for picture in pictures for piece in picture))


def mean_of(name: str) -> Figure:
    """Return the mean of one of the pieces' own values, those that are NaN left out."""

    def figure(pictures: Sequence[Picture]) -> float:
        values = np.array([getattr(piece, name) for picture in pictures for piece in picture], dtype=float)
        values = values[np.isfinite(values)]
        return float(values.mean()) if len(values) else math.nan

    return figure


def _rows(pictures: Sequence[Picture]) -> tuple[dict[str, NDArray[np.float64]], list[Reference]]:
    """Return the metrics by reference, and the references, by name."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for piece in (piece for picture in pictures for piece in picture):
        if piece.row is not None:
            found.setdefault(piece.reference, []).append(piece.row)
    references = [group_reference(name) for name in sorted(found)]
    return {name: np.array(rows) for name, rows in found.items()}, [one for one in references if one]


def _same(name: str, form: str, figure: Figure) -> Measure:
    """Return a measure that is made for an interval as it is made once."""
    return Measure(name, form, figure, figure)


MEASURES: tuple[Measure, ...] = (
    Measure("Fréchet, pooled", ".2f", lambda p: distance(p)[0], lambda p: distance(p, FEW_DRAWS)[0]),
    Measure("Fréchet, one a picture", ".2f", one_a_picture, lambda p: one_a_picture(p, FEW_DRAWS)),
    Measure("metrics within 1 sd", ".0f", within, None),
    _same("metrics' mean distance, sd", ".3f", off),
    _same("similarity of pieces", ".3f", alike),
    Measure("longest match, notes", ".0f", longest, None),
    _same("mean longest match", ".2f", mean_of("shared")),
    _same("critic's score", ".4f", mean_of("score")),
    _same("exemplars of the genre", ".0%", mean_of("kin")),
    _same("figures lent", ".0%", mean_of("lent")),
)

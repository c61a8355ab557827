"""Paired differences with intervals: the same units drawn anew for all that is compared.

A *unit* is a picture with all its pieces, or a request. What is compared (a *way*) has something for every
unit, in the same order. A draw takes as many units as there are, with replacement, the same for all ways, so
that what is easy or hard about a unit falls out of the difference of two ways.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Unit = TypeVar("Unit")
#: Half the width of an interval of 95 percent, in standard errors.
WIDTH = 1.96


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of one way, and how far it is from the first way's; NaN where that cannot be said."""

    value: float
    margin: float  # half of the 95 percent interval
    difference: float  # 0 for the first way
    difference_margin: float

    @property
    def differs(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return abs(self.difference) > self.difference_margin


def estimates(
    ways: Sequence[Sequence[Unit]],
    value: Callable[[Sequence[Unit]], float],
    drawn: Callable[[Sequence[Unit]], float] | None,
    *,
    draws: int = 200,
    seed: int = 0,
) -> list[Estimate]:
    """Return a figure of every way, with normal intervals from the bootstrap over units.

    The intervals are centred at the figure and as wide as the draws spread: a distance between sets is larger
    where units come twice, so that percentiles would not lie around it.

    Parameters
    ----------
    ways
        What is compared; each has the same units in the same order.
    value
        The figure of some units.
    drawn
        The same for the draws, where it may be made faster; None for no intervals.
    """
    found = [value(way) for way in ways]
    margins = differences = [math.nan] * len(ways)
    if drawn is not None:
        several = _several(ways, drawn, draws, seed)
        margins, differences = _margins(several), _margins(several - several[:, :1])
    return [
        Estimate(one, margin, one - found[0], gap)
        for one, margin, gap in zip(found, margins, differences, strict=True)
    ]


def _several(
    ways: Sequence[Sequence[Unit]], drawn: Callable[[Sequence[Unit]], float], draws: int, seed: int
) -> NDArray[np.float64]:
    """Return the figure of every way for every draw, shape (n_draws, n_ways)."""
    rng, count = np.random.default_rng(seed), len(ways[0])
    chosen = [rng.integers(count, size=count).tolist() for _ in range(draws)]
    return np.array([[drawn([way[at] for at in units]) for way in ways] for units in chosen])


def _margins(several: NDArray[np.float64]) -> list[float]:
    """Return half of the interval of every column; NaN where draws are NaN."""
    return (WIDTH * several.std(axis=0, ddof=1)).tolist()

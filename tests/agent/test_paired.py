"""Intervals of the benchmarks: as wide as statistics say, narrow where two ways go up and down together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.paired import estimates


def mean(units: list[float]) -> float:
    return float(np.mean(units))


def test_the_interval_of_a_mean_is_the_one_of_the_textbook() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400).tolist()
    (one,) = estimates([values], mean, mean, draws=2000)
    assert one.value == pytest.approx(np.mean(values))
    assert one.margin == pytest.approx(1.96 * np.std(values) / 20, rel=0.06)
    assert (one.difference, one.difference_margin, one.differs) == (0, 0, False)


def test_a_small_constant_difference_is_seen_under_much_noise() -> None:
    rng = np.random.default_rng(2)
    first = rng.normal(0, 10, 50)
    ways = [first.tolist(), (first + 0.5 + rng.normal(0, 0.2, 50)).tolist(), rng.normal(0, 10, 50).tolist()]
    _, moved, other = estimates(ways, mean, mean)
    assert moved.differs and moved.difference == pytest.approx(0.5, abs=0.1)
    assert moved.difference_margin < 0.1 < moved.margin
    assert not other.differs


def test_without_draws_there_is_no_interval() -> None:
    first, second = estimates([[1.0], [3.0]], mean, None)
    assert (first.value, second.difference) == (1, 2)
    assert math.isnan(second.margin) and not second.differs

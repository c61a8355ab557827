"""How much of a melody a stored line has: the best stretch of a diagonal, in bits.

Along a diagonal the commonest interval between the samples of both is the transposition. A sample that has
it after one that has it too tells as many bits as its interval is rare; a sample that has it not costs
`MISS`. The best stretch is the one of the largest sum (Kadane's rule; in sequence search: Karlin and Altschul
1990, "Methods for assessing the statistical significance of molecular sequence features"). An interval
that is frequent in the melody itself tells less: scales and repeated notes are everybody's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from rag_store.copies.seeds import WIDEST

#: Bits that a sample costs that does not agree, and that are taken off what each tells that does.
MISS, RENT = 2.0, 0.8
#: Bits of a sample that agrees again after one that did not.
BACK = 1.0


@lru_cache(maxsize=1)
def interval_bits() -> NDArray[np.float64]:
    """Return the bits of intervals by their size in semitones, shape (`WIDEST` + 1,)."""
    text = resources.files("rag_store.copies").joinpath("intervals.json").read_text("utf-8")
    return np.array(json.loads(text)["bits"], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """The best stretch of every diagonal: its bits, and its first and last sample in the melody's view."""

    bits: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    agreeing: NDArray[np.int64]  # samples in it that agree
    up: NDArray[np.int64]  # transposition in semitones


def tells(pitch: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the bits of every sample of a view, shape (n,): by its interval from the one before."""
    moves = np.clip(np.diff(pitch.astype(np.int64), prepend=pitch[:1]), -WIDEST, WIDEST)
    counts = np.bincount(moves + WIDEST, minlength=2 * WIDEST + 1)
    here = -np.log2((counts[moves + WIDEST] + 1) / (len(moves) + 8))
    bits: NDArray[np.float64] = np.minimum(interval_bits()[np.abs(moves)], here) - RENT
    return bits


def stretches(
    pitch: NDArray[np.integer], stored: NDArray[np.integer], inside: NDArray[np.bool_]
) -> Stretches:
    """Return the best stretches of a view along some diagonals.

    Parameters
    ----------
    pitch : shape (n,)
        Samples of the view.
    stored, inside : shape (n_diagonals, n)
        Samples that lie beside them, and whether they belong to the line.
    """
    rows = np.arange(len(stored))
    apart = pitch[None].astype(np.int64) - stored
    up = _commonest(apart, inside)
    agree = (apart == up[:, None]) & inside
    after = np.zeros_like(agree)
    after[:, 1:] = agree[:, :-1]
    gains = np.where(agree, np.where(after, tells(pitch)[None], BACK), -MISS)
    gains[~inside] = -1e6
    sums = np.cumsum(gains, axis=1)
    before = np.minimum.accumulate(np.concatenate([np.zeros((len(rows), 1)), sums[:, :-1]], axis=1), axis=1)
    last = (sums - before).argmax(axis=1)
    bits = (sums - before)[rows, last]
    earlier = np.concatenate([np.zeros((len(rows), 1)), sums], axis=1)
    first = np.where(np.arange(len(pitch) + 1) <= last[:, None], earlier, np.inf).argmin(axis=1)
    steps = np.arange(len(pitch))
    counted = (agree & (steps >= first[:, None]) & (steps <= last[:, None])).sum(axis=1)
    return Stretches(bits, first, last, counted, up)


def _commonest(apart: NDArray[np.int64], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the commonest value of every row, of those that count."""
    rows = np.arange(len(apart))[:, None]
    codes = (rows * 256 + np.clip(apart, -127, 127) + 128)[inside]
    counts = np.bincount(codes, minlength=256 * len(apart)).reshape(-1, 256)
    commonest: NDArray[np.int64] = counts.argmax(axis=1) - 128
    return commonest

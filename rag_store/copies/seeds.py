"""Seeds: stretches of a skeleton so short that a copy keeps some whole, so long that others seldom have them.

A seed is the `MOVES` intervals between successive samples, written as one number, so that transposition does
not matter. Stretches that hardly move are left out: held notes and drones are everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Intervals in a seed, and how many of them must not be zero.
MOVES, MOVING = 5, 3
#: Intervals are clipped to this many semitones, up or down.
WIDEST = 12

Keys = NDArray[np.uint32]


def seeds(pitch: NDArray[np.integer]) -> tuple[Keys, NDArray[np.int64]]:
    """Return the seeds of one line's samples, and the sample with which each begins.

    Returns
    -------
    keys, places : numpy.ndarray, shape (n,)
        In order of places.
    """
    moves: NDArray[np.int64] = np.clip(np.diff(pitch.astype(np.int64)), -WIDEST, WIDEST)
    count = len(moves) - MOVES + 1
    if count < 1:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(moves, MOVES)
    places = np.flatnonzero((windows != 0).sum(axis=1) >= MOVING)
    digits: NDArray[np.int64] = windows[places] + WIDEST
    powers = np.power(2 * WIDEST + 1, np.arange(MOVES, dtype=np.int64))
    return (digits @ powers).astype(np.uint32), places

r"""Structure: how much of a piece is repetition, at three ranges, from its bar-by-bar self-similarity.

Conventions
-----------
A bar is the unit of time. The measure is the *fitness* of Müller, Jiang and Grosche ("A Robust Fitness
Measure for Capturing Repetitions in Music Recordings With Applications to Audio Thumbnailing", IEEE TASLP 21,
2013) on which MusDr's structureness indicator SI rests (Wu and Yang, ISMIR 2020): for every segment of the
piece, the family of non-overlapping stretches that repeat it best; its mean similarity and its coverage of
the piece, each without the trivial match of the segment with itself, joined by their harmonic mean. SI is the
largest fitness of all segments whose length lies in a range.

It differs from MusDr's in three ways, because notes are known and MusDr hears sound. Time is in bars, not in
half seconds: *short* is 2-3 bars, *mid* 4-7, *long* 8 and more, near MusDr's 3-8, 8-15 and 15 seconds on at
moderate tempi. A bar's features are the pitch classes of its quarters and the positions of its onsets, not
audio chroma. As bars do not stretch, a repetition runs along a diagonal of the matrix: no tempo change is
allowed for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluation.grid import Notes, pitched

#: Segment lengths in bars of the three ranges, inclusive.
RANGES = {"structure_short": (2, 3), "structure_mid": (4, 7), "structure_long": (8, 10**6)}
#: Similarity from which on two bars are alike, and what a pair that is not costs (Müller et al.: -2).
THRESHOLD, PENALTY = 0.7, -2.0
#: Bars that are looked at; longer pieces are measured on their beginning.
MOST_BARS = 160
_PARTS, _POSITIONS = 4, 16


def structure_indicators(notes: Notes, starts: NDArray[np.float64], length: float) -> dict[str, float]:
    """Return the largest fitness of a segment in each of `RANGES`, 0 to 1; NaN with under four bars.

    A piece that plays a section of n bars twice and nothing else has .5 at n, three times .667; one without
    repetition has 0. A range whose segments do not fit into the piece twice has 0.
    """
    similar = similarity(notes, starts[:MOST_BARS], length)
    n_bars = len(similar)
    if n_bars < 4:
        return dict.fromkeys(RANGES, float("nan"))
    sizes = np.arange(2, n_bars // 2 + 1)
    best = fitness(similar, sizes).max(axis=1)
    return {
        name: float(best[(sizes >= low) & (sizes <= high)].max(initial=0.0))
        for name, (low, high) in RANGES.items()
    }


def similarity(notes: Notes, starts: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Return the thresholded self-similarity of the bars, shape (n_bars, n_bars); (0, 0) without notes.

    Cosine of the bars' features, pitch classes and onsets weighing the same, drawn from `THRESHOLD` .. 1 to 0
    .. 1; `PENALTY` below; 1 on the diagonal. An empty bar is like another empty bar and like nothing else.
    """
    heard = pitched(notes)
    heard = heard[heard["bar"] < len(starts)]
    if not len(heard):
        return np.zeros((0, 0))
    features = _features(heard, starts, length)
    cosine = features @ features.T
    empty = ~features.any(axis=1)
    cosine[np.ix_(empty, empty)] = 1.0
    alike = np.where(cosine >= THRESHOLD, (cosine - THRESHOLD) / (1 - THRESHOLD), PENALTY)
    np.fill_diagonal(alike, 1.0)
    return np.minimum(alike, 1.0)


def fitness(similar: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Return the fitness of every segment, shape (n_sizes, n_bars); 0 where a segment would leave the piece.

    With :math:`\sigma` the highest sum of similarities of a family of non-overlapping stretches of L bars,
    each matched with the segment bar by bar, and k their number: normalised score :math:`(\sigma - L) / kL`,
    normalised coverage :math:`(kL - L) / N`, fitness their harmonic mean.
    """
    n = len(similar)
    paths = _diagonal_sums(similar, sizes)
    best = np.zeros((len(sizes), n + 1, n))
    count = np.zeros((len(sizes), n + 1, n), dtype=np.int64)
    rows = np.arange(len(sizes))
    for end in range(1, n + 1):
        begin = end - sizes
        fits = begin >= 0
        from_ = np.where(fits, begin, 0)
        taken = np.where(fits[:, None], best[rows, from_] + paths[rows, from_], -np.inf)
        better = taken > best[:, end - 1]
        best[:, end] = np.where(better, taken, best[:, end - 1])
        count[:, end] = np.where(better, count[rows, from_] + 1, count[:, end - 1])
    size, score, k = sizes[:, None], best[:, -1], count[:, -1]
    quality = np.maximum((score - size) / np.maximum(k * size, 1), 0)
    coverage = np.maximum((k - 1) * size / n, 0)
    valid = np.arange(n)[None, :] + size <= n
    return np.where(valid, 2 * quality * coverage / np.maximum(quality + coverage, 1e-12), 0.0)


def _diagonal_sums(similar: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Similarities of the stretch at n with the segment at s added up: [size, n, s], -inf outside."""
    n = len(similar)
    summed = np.zeros((n + 1, n + 1))
    for place in range(n):
        summed[place + 1, 1:] = summed[place, :-1] + similar[place]
    sums = np.full((len(sizes), n, n), -np.inf)
    for row, size in enumerate(sizes.tolist()):
        room = n - size + 1
        sums[row, :room, :room] = summed[size:, size:] - summed[:room, :room]
    return sums


def _features(notes: Notes, starts: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Return unit features of every bar, pitch classes of its quarters and onsets, shape (n_bars, 64)."""
    spans = np.append(np.diff(starts), max(length - float(starts[-1]), 1e-6))
    inside = (notes["onset"] - starts[notes["bar"]]) / spans[notes["bar"]]
    bar, pitch = notes["bar"].astype(np.int64), notes["pitch"].astype(np.int64) % 12
    tones = np.zeros((len(starts), _PARTS * 12))
    part = np.clip((inside * _PARTS + 1e-6).astype(np.int64), 0, _PARTS - 1)
    np.add.at(tones, (bar, part * 12 + pitch), np.maximum(notes["duration"], 1e-3))
    onsets = np.zeros((len(starts), _POSITIONS))
    onsets[bar, np.clip(np.rint(inside * _POSITIONS).astype(np.int64), 0, _POSITIONS - 1)] = 1.0
    joined: NDArray[np.float64] = np.hstack([_unit(tones), _unit(onsets)]) / np.sqrt(2.0)
    return joined


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = rows / np.maximum(np.sqrt((rows**2).sum(axis=1, keepdims=True)), 1e-12)
    return unit

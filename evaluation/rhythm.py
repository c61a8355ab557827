"""Rhythm metrics: how alike the bars are, how dense the notes, how even the lengths.

Conventions
-----------
``notes`` is the array of `notation.events`; ``starts`` are the onsets of the played bars in quarter notes,
shape (n_bars,), from `notation.bar_starts`. Percussion is left out unless a metric says otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.grid import RESOLUTION, Notes, entropy, mean, pitched, steps
from evaluation.melody import top_line
from evaluation.texture import measure_steps

#: Positions a bar in grooving patterns; 64 in MusDr.
POSITIONS = 64


def groove_consistency(notes: Notes, measure: float, resolution: int = RESOLUTION) -> float:
    r"""Return the likeness of neighbouring measures' onset patterns, 0 to 1; NaN with under two measures.

    :math:`1 - \frac{1}{R (T-1)} \sum_{i<T} d(G_i, G_{i+1})` with :math:`G_i` the binary onset vector of
    measure i, of R steps; all instruments together, percussion too. Measures are laid from time 0 and all
    equally long, and their number is :math:`T = \lfloor \text{length} / R \rfloor + 1`, as in MusPy's
    ``groove_consistency``.

    Parameters
    ----------
    measure : float
        Length of a measure in quarter notes.

    Raises
    ------
    ControlError
        If the measure is shorter than one time step.
    """
    span = measure_steps(measure, resolution)
    start, end = steps(notes, resolution)
    total = (int(end.max()) if len(end) else 0) // span + 1
    if total < 2:
        return float("nan")
    at = np.unique(start)
    # a neighbour differs at a step if exactly one of the two has an onset there: count onsets without their
    # partner
    inner = 2 * len(at) - int(np.count_nonzero(at < span)) - int(np.count_nonzero(at >= (total - 1) * span))
    shared = len(np.intersect1d(at + span, at, assume_unique=True))
    return 1.0 - (inner - 2 * shared) / (span * (total - 1))


def grooving_similarity(notes: Notes, starts: NDArray[np.float64]) -> float:
    r"""Mean likeness of the onset patterns of all pairs of bars, 0 to 1; NaN with under two bars or no notes.

    :math:`GS = \operatorname{mean}_{a<b}\left(1 - \frac{1}{Q}\sum_i \mathrm{XOR}(g_{a,i}, g_{b,i})\right)`, Q
    = 64 positions a bar, onsets rounded to the nearest (in any meter a bar has 64). MusDr draws 1,000 pairs
    at random; here all pairs count: a position set in k of B bars differs in k(B - k) of them. This is not
    `groove_consistency`, which compares neighbours only.

    References
    ----------
    Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020, metric GS; code ``slSeanWU/MusDr``.
    """
    n_bars = len(starts)
    heard = pitched(notes)
    if n_bars < 2 or not len(heard):
        return float("nan")
    at = np.unique(heard["bar"].astype(np.int64) * POSITIONS + _positions(heard, starts))
    k = np.bincount(at % POSITIONS, minlength=POSITIONS).astype(float)
    differing = (k * (n_bars - k)).sum()
    return float(1.0 - differing / (POSITIONS * n_bars * (n_bars - 1) / 2))


def note_density(notes: Notes, length: float) -> float:
    """Return notes (percussion too) a unit of ``length``, in quarter notes or seconds; NaN without length."""
    return float(len(notes) / length) if length > 0 else float("nan")


def mean_ioi(notes: Notes) -> float:
    r"""Mean inter-onset interval in quarter notes, all voices pooled; NaN with under two onsets.

    :math:`\operatorname{mean}(\Delta t)` over the sorted different onsets: notes of a chord count once. The
    survey "Vision-to-Music Generation" (2025, table 3) names the metric without saying pooled or per track;
    this is pooled.
    """
    onsets = np.unique(np.rint(pitched(notes)["onset"] * 480) / 480)
    return mean(np.diff(onsets))


def rhythm_repetition(notes: Notes, starts: NDArray[np.float64]) -> float:
    """Share of the melody's bars whose rhythm an earlier bar already had, 0 to 1; NaN without notes.

    The rhythm of a bar is the set of (position in the bar, duration) of `top_line`, on `RESOLUTION` steps a
    quarter note; bars in which the melody rests are not counted. Own definition.
    """
    line = top_line(notes)
    if not len(line):
        return float("nan")
    start = np.rint((line["onset"] - starts[line["bar"]]) * RESOLUTION).astype(int)
    length = np.rint(line["duration"] * RESOLUTION).astype(int)
    bars: dict[int, list[tuple[int, int]]] = {}
    for bar, at, duration in zip(line["bar"].tolist(), start.tolist(), length.tolist(), strict=True):
        bars.setdefault(bar, []).append((at, duration))
    return 1.0 - len({tuple(rhythm) for rhythm in bars.values()}) / len(bars)


def duration_entropy(notes: Notes) -> float:
    """Entropy in bits of the note-length histogram on `RESOLUTION` steps a quarter note; NaN without notes.

    The entropy of `pitch_entropy` over durations. Own definition.
    """
    heard = pitched(notes)
    return entropy(np.unique(np.rint(heard["duration"] * RESOLUTION), return_counts=True)[1])


def longest_equal_run(notes: Notes) -> float:
    """Most melody notes in a row of the same duration, 0 without notes; own definition.

    A writer that never leaves straight quarters shows here. Durations are compared on `RESOLUTION` steps a
    quarter.
    """
    length = np.rint(top_line(notes)["duration"] * RESOLUTION)
    if not len(length):
        return 0.0
    edges = np.flatnonzero(np.diff(length)) + 1
    return float(np.diff(np.concatenate(([0], edges, [len(length)]))).max())


def _positions(notes: Notes, starts: NDArray[np.float64]) -> NDArray[Any]:
    """Nearest of the `POSITIONS` positions of each note's bar, shape (n_notes,)."""
    lengths = np.diff(starts)
    lengths = np.append(lengths, lengths[-1])
    inside = (notes["onset"] - starts[notes["bar"]]) / lengths[notes["bar"]]
    nearest: NDArray[Any] = np.clip(np.floor(inside * POSITIONS + 0.5), 0, POSITIONS - 1).astype(np.int64)
    return nearest

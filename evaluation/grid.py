"""Shared ground of the metrics: the time grid, interval merging and entropy on the EVENT array.

Conventions
-----------
``notes`` is the structured array of `notation.events` (dtype `notation.EVENT`), onsets and durations in
quarter notes. Metrics that MusPy defines on time steps use a grid of `RESOLUTION` steps a quarter note
(MusPy's own default) and round onsets and ends to it, so that they equal MusPy on the same grid. The work is
done on note intervals, never on a piano roll, so cost follows the number of notes and not the length of the
music.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Time steps a quarter note: MusPy's ``DEFAULT_RESOLUTION``.
RESOLUTION = 24

Notes = NDArray[Any]
Steps = NDArray[np.int64]


def pitched(notes: Notes) -> Notes:
    """Return the notes that have a pitch: all but percussion."""
    heard: Notes = notes[~notes["drum"]]
    return heard


def steps(notes: Notes, resolution: int = RESOLUTION) -> tuple[Steps, Steps]:
    """Start and end of every note in time steps, each of shape (n_notes,)."""
    start = np.rint(notes["onset"] * resolution).astype(np.int64)
    end = np.rint((notes["onset"] + notes["duration"]) * resolution).astype(np.int64)
    return start, end


def covered(start: Steps, end: Steps) -> int:
    """Return how many time steps the union of the half-open intervals ``[start, end)`` covers."""
    if not len(start):
        return 0
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    reached = np.maximum.accumulate(end)
    before = np.concatenate(([start[0]], reached[:-1]))
    return int(np.maximum(end - np.maximum(start, before), 0).sum())


def merged(start: Steps, end: Steps, group: Steps) -> tuple[Steps, Steps]:
    """Merge overlapping intervals that belong to the same group (one pitch struck twice sounds once).

    Returns
    -------
    start, end : numpy.ndarray, shape (n_merged,)
        Intervals of all groups, disjoint within each; empty intervals are dropped.
    """
    keep = end > start
    start, end, group = start[keep], end[keep], group[keep]
    if not len(start):
        return start, end
    order = np.lexsort((start, group))
    start, end, group = start[order], end[order], group[order]
    shift = group * (int(end.max()) + 1)
    reached = np.maximum.accumulate(end + shift)
    first = np.concatenate(([True], (start + shift)[1:] > reached[:-1]))
    last = np.concatenate((first[1:], [True]))
    return start[first], reached[last] - shift[last]


def entropy(counts: NDArray[Any]) -> float:
    r"""Shannon entropy in bits, :math:`-\sum p \log_2 p`, of a histogram; NaN if it is empty."""
    total = counts.sum()
    if total < 1:
        return float("nan")
    p = counts[counts > 0] / total
    return float(-(p * np.log2(p)).sum()) + 0.0


def mean(values: NDArray[Any]) -> float:
    """Arithmetic mean, NaN of nothing (numpy would warn)."""
    return float(values.mean()) if len(values) else float("nan")

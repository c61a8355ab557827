"""Pitch metrics: range, vocabulary, scale and entropy. Percussion is left out of all of them.

Conventions
-----------
``notes`` is the array of `notation.events`. Each metric has the formula of MusPy 0.5 (Dong et al., "MusPy: A
Toolkit for Symbolic Music Generation", ISMIR 2020) unless it says otherwise and equals it on the same notes.
Every note counts once, whatever its length.
"""

from __future__ import annotations

import numpy as np

from chiaroscore import ControlError
from evaluation.grid import Notes, entropy, mean, pitched
from notation import MODES


def pitch_range(notes: Notes) -> float:
    """Return highest minus lowest MIDI pitch in semitones, 0 without notes (MusPy ``pitch_range``)."""
    pitch = pitched(notes)["pitch"]
    return float(int(pitch.max()) - int(pitch.min())) if len(pitch) else 0.0


def n_pitches_used(notes: Notes) -> float:
    """Return the number of different MIDI pitches, 0 to 128 (MusPy ``n_pitches_used``)."""
    return float(len(np.unique(pitched(notes)["pitch"])))


def n_pitch_classes_used(notes: Notes) -> float:
    """Return the number of different pitch classes, 0 to 12 (MusPy ``n_pitch_classes_used``)."""
    return float(np.count_nonzero(_classes(notes)))


def pitch_entropy(notes: Notes) -> float:
    r"""Entropy of the pitch histogram in bits, 0 to 7; NaN without notes.

    :math:`-\sum_{i<128} p_i \log_2 p_i`. Source: MusPy ``pitch_entropy``.
    """
    return entropy(np.unique(pitched(notes)["pitch"], return_counts=True)[1])


def pitch_class_entropy(notes: Notes) -> float:
    r"""Entropy of the pitch-class histogram in bits, 0 to 3.585; NaN without notes.

    Source: MusPy ``pitch_class_entropy``, after Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR
    2020.
    """
    return entropy(_classes(notes))


def windowed_pitch_class_entropy(notes: Notes, n_bars: int, window: int = 1) -> float:
    r"""Mean pitch-class entropy over all windows of ``window`` neighbouring bars, in bits; NaN without notes.

    :math:`H = \frac{1}{W}\sum_w H(\text{bars } w \dots w+n-1)`; windows without notes are left out, and a
    window longer than the piece falls back to the whole piece.

    Parameters
    ----------
    n_bars : int
        Number of played bars; ``notes["bar"]`` counts from 0 below it.
    window : int
        Bars a window; 1 and 4 in the source.

    References
    ----------
    Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020, metric H; code ``slSeanWU/MusDr``.
    """
    heard = pitched(notes)
    if not len(heard):
        return float("nan")
    counts = np.zeros((n_bars, 12))
    np.add.at(counts, (heard["bar"], heard["pitch"] % 12), 1)
    window = min(window, n_bars)
    sums = np.vstack((np.zeros(12), counts.cumsum(axis=0)))
    windows = sums[window:] - sums[:-window]
    total = windows.sum(axis=1, keepdims=True)
    p = (windows / np.maximum(total, 1))[total[:, 0] > 0]
    return mean(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=1)) + 0.0


def pitch_in_scale_rate(notes: Notes, root: int, mode: str) -> float:
    r"""Share of notes in a scale, :math:`\#(\text{notes in scale}) / \#(\text{notes})`; NaN without notes.

    Parameters
    ----------
    root : int
        Pitch class of the tonic, 0 = C.
    mode : str
        One of `MODES`; MusPy's ``pitch_in_scale_rate`` knows "major" and "minor" only.

    Raises
    ------
    ControlError
        If the mode is unknown.
    """
    if mode not in MODES:
        raise ControlError(f"unknown mode {mode!r}; choose one of {', '.join(sorted(MODES))}")
    counts = _classes(notes)
    inside = counts[(np.array(MODES[mode]) + root) % 12].sum()
    return float(inside / counts.sum()) if counts.sum() else float("nan")


def scale_consistency(notes: Notes) -> float:
    """Return the largest `pitch_in_scale_rate` over the 24 major and minor scales; NaN without notes.

    It cannot fall below 7/12 = 0.583, the mean over the twelve roots: read that as the bottom of the scale.
    Source: MusPy ``scale_consistency``, after Mogren, "C-RNN-GAN", NIPS workshop 2016.
    """
    counts = _classes(notes)
    if not counts.sum():
        return float("nan")
    best = max(
        int(np.roll(counts, -root)[list(MODES[mode])].sum())
        for mode in ("major", "minor")
        for root in range(12)
    )
    return float(best / counts.sum())


def _classes(notes: Notes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Histogram of pitch classes, shape (12,)."""
    return np.bincount(pitched(notes)["pitch"] % 12, minlength=12)

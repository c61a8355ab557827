"""Which chord sounds in each half bar, estimated from the notes alone, so that any music can be compared.

Conventions
-----------
A chord is a number: ``12 * kind + root``, kinds in the order of `KINDS`; -1 where nothing has sounded yet. A
bar is one window, or two where its length is an even number of quarter notes from four on (4/4, 12/8);
windows are numbered through the piece.

The rule: a window's pitch-class profile (sounding time, the lowest note weighing double) is compared with
every chord's template by cosine; the path through the windows with the highest sum wins, `CHANGE` taken off
at every change of chord (Viterbi, as in Bello and Pickens, "A Robust Mid-Level Representation for Harmonic
Content in Music Signals", ISMIR 2005, on symbols). Weights and penalty were set on tunes with written chords:
see ``docs/evaluation.md`` for the accuracy.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.grid import Notes, pitched

#: Chord kinds: semitones above the root -> weight in the template.
KINDS: dict[str, dict[int, float]] = {
    "": {0: 1.0, 4: 0.9, 7: 0.8},
    "m": {0: 1.0, 3: 0.9, 7: 0.8},
    "7": {0: 1.0, 4: 0.9, 7: 0.5, 10: 0.7},
    "maj7": {0: 1.0, 4: 0.9, 7: 0.7, 11: 0.6},
    "m7": {0: 1.0, 3: 0.9, 7: 0.7, 10: 0.6},
    "dim": {0: 1.0, 3: 0.9, 6: 0.9},
}
#: What a change of chord costs, in cosine similarity.
CHANGE = 0.15
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def chord_windows(starts: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Return the onsets of the windows that chords are estimated in, shape (n_windows,)."""
    ends = np.append(starts[1:], max(length, float(starts[-1])))
    spans = ends - starts
    halved = (spans >= 4.0 - 1e-9) & (np.abs(spans - 2 * np.rint(spans / 2)) < 1e-9)
    return np.sort(np.concatenate((starts, (starts + spans / 2)[halved])))


def estimate_chords(notes: Notes, windows: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the chord of every window, shape (n_windows,); a silent window keeps the chord before it."""
    profiles, sounding = _profiles(pitched(notes), windows)
    fit = profiles @ _templates().T
    path = _best_path(fit[sounding])
    chords = np.full(len(windows), -1, dtype=np.int64)
    chords[sounding] = path
    held = np.maximum.accumulate(np.where(sounding, np.arange(len(windows)), -1))
    return np.where(held >= 0, chords[np.maximum(held, 0)], -1)


def progression(chords: Sequence[int] | NDArray[np.int64]) -> list[int]:
    """Return the chords without repetition: each once until it changes, silence before the first left out."""
    found: list[int] = []
    for chord in np.asarray(chords).tolist():
        if chord >= 0 and (not found or found[-1] != chord):
            found.append(chord)
    return found


def chord_name(chord: int) -> str:
    """Return the symbol of a chord number, ``"Em7"``; "" for none."""
    return f"{_NAMES[chord % 12]}{list(KINDS)[chord // 12]}" if chord >= 0 else ""


@functools.cache
def _templates() -> NDArray[np.float64]:
    """Return unit vectors of all chords, shape (12 * n_kinds, 12)."""
    rows = np.zeros((12 * len(KINDS), 12))
    for number, kind in enumerate(KINDS.values()):
        for root in range(12):
            for above, weight in kind.items():
                rows[12 * number + root, (root + above) % 12] = weight
    unit: NDArray[np.float64] = rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return unit


def _profiles(notes: Notes, windows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the unit pitch-class profile of every window, (n_windows, 12), and whether it sounds at all."""
    totals = np.zeros((len(windows), 12))
    lowest = np.full(len(windows), 128)
    begin, end = notes["onset"], notes["onset"] + np.maximum(notes["duration"], 1e-3)
    first = np.maximum(np.searchsorted(windows, begin + 1e-9, side="right") - 1, 0)
    last = np.searchsorted(windows, end - 1e-9, side="left")
    spans = np.maximum(last - first, 1)
    row = np.repeat(np.arange(len(notes)), spans)
    at = np.repeat(first - np.concatenate(([0], spans.cumsum()[:-1])), spans) + np.arange(spans.sum())
    edges = np.append(windows, np.inf)
    time = np.maximum(np.minimum(end[row], edges[at + 1]) - np.maximum(begin[row], edges[at]), 0)
    pitch = notes["pitch"][row].astype(np.int64)
    np.add.at(totals, (at, pitch % 12), time)
    np.minimum.at(lowest, at, pitch)
    bass = pitch == lowest[at]
    np.add.at(totals, (at[bass], pitch[bass] % 12), time[bass])
    size = np.sqrt((totals**2).sum(axis=1))
    return totals / np.maximum(size, 1e-12)[:, None], size > 1e-6


def _best_path(fit: NDArray[np.float64]) -> NDArray[np.int64]:
    """Chord of every row of ``fit``, shape (n, n_chords): highest sum of fits less the cost of changes."""
    if not len(fit):
        return np.zeros(0, dtype=np.int64)
    best, back = fit[0].copy(), np.zeros(fit.shape, dtype=np.int64)
    own = np.arange(fit.shape[1])
    for place in range(1, len(fit)):
        leader = int(best.argmax())
        jump = best[leader] - CHANGE > best
        back[place] = np.where(jump, leader, own)
        best = np.where(jump, best[leader] - CHANGE, best) + fit[place]
    path = np.zeros(len(fit), dtype=np.int64)
    path[-1] = int(best.argmax())
    for place in range(len(fit) - 1, 0, -1):
        path[place - 1] = back[place, path[place]]
    return path

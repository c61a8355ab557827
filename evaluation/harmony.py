"""Harmony metrics: how varied the progression is, how often phrases close with a cadence.

Conventions
-----------
Chords are the numbers of `evaluation.chords`, one a window; windows are onsets in quarter notes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.chords import KINDS, chord_windows, estimate_chords, progression
from evaluation.grid import Notes
from evaluation.keyfinding import best_key

#: Bars a phrase has unless the caller says otherwise: the four of common practice.
PHRASE = 4
_MAJOR, _MINOR, _SEVENTH, _DIM = (list(KINDS).index(kind) for kind in ("", "m", "7", "dim"))
_MINOR_SEVENTH = list(KINDS).index("m7")
#: Cadences on the tonic: ``(semitones of the root above the tonic, kinds)`` of the chord before it.
CADENCES: dict[str, tuple[tuple[int, tuple[int, ...]], ...]] = {
    "authentic": ((7, (_MAJOR, _SEVENTH)), (11, (_DIM,))),
    "plagal": ((5, (_MAJOR, _MINOR)), (2, (_MINOR, _MINOR_SEVENTH))),
    "modal": ((7, (_MINOR, _MINOR_SEVENTH)), (10, (_MAJOR, _SEVENTH)), (1, (_MAJOR,))),
}


def progression_irregularity(chords: Sequence[Hashable], n: int = 3) -> float:
    r"""Share of different n-grams among all n-grams of a progression, 0 to 1; 1 for one of up to n chords.

    :math:`CPI = \#(\text{different } n\text{-grams}) / \#(n\text{-grams})`, every chord once until it
    changes. Source: metric CPI of Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020; its code
    (``slSeanWU/MusDr``) leaves the last n-gram out, here all count. Chords may be any labels: written symbols
    or `evaluation.chords` numbers. MusDr's vocabulary is 47 kinds, ours is `KINDS`, so values compare only
    within one vocabulary.
    """
    changes = [c for place, c in enumerate(chords) if place == 0 or c != chords[place - 1]]
    if len(changes) <= n:
        return 1.0
    grams = [tuple(changes[place : place + n]) for place in range(len(changes) - n + 1)]
    return len(set(grams)) / len(grams)


def cadence_rate(
    chords: NDArray[np.int64],
    windows: NDArray[np.float64],
    starts: NDArray[np.float64],
    tonic: int,
    phrase: int = PHRASE,
) -> float:
    """Share of phrase ends that reach the tonic by a cadence, 0 to 1; NaN without chords.

    Phrases end every ``phrase`` bars (a short first bar is a pickup and not counted) and with the last bar.
    The goal is the last chord of the phrase's last bar; it must stand on the tonic, major or minor. The chord
    before it, no more than two bars back, makes the cadence: see `CADENCES` (dominant or leading-note chord:
    authentic; subdominant or supertonic: plagal; minor dominant, lowered seventh or second: modal). Half and
    deceptive cadences do not count. Own definition, after Aldwell and Schachter, *Harmony and Voice Leading*.
    """
    if not len(chords) or chords.max() < 0:
        return float("nan")
    bar = np.searchsorted(starts, windows + 1e-9, side="right") - 1
    closed = [kind is not None for kind in _closes(chords, bar, phrase_ends(starts, phrase), tonic)]
    return float(np.mean(closed)) if closed else float("nan")


def phrase_ends(starts: NDArray[np.float64], phrase: int = PHRASE) -> list[int]:
    """Return the indices of the bars that phrases end with."""
    pickup = int(len(starts) > 2 and starts[1] - starts[0] < starts[2] - starts[1] - 1e-9)
    last = len(starts) - 1
    return sorted({*range(pickup + phrase - 1, last, phrase), last})


def harmony_metrics(notes: Notes, starts: NDArray[np.float64], length: float) -> dict[str, float]:
    """Return ``progression_irregularity``, ``cadence_rate`` and ``chord_change_rate`` of the notes.

    Chords are estimated (`estimate_chords`) and the tonic is the best key's, whatever the score says of them,
    so that music with and without written chords and keys is measured alike. ``chord_change_rate`` is the
    number of chord changes a bar. All NaN without pitched notes.
    """
    key = best_key(notes)
    windows = chord_windows(starts, length)
    chords = estimate_chords(notes, windows)
    changes = progression(chords)
    if key is None or not changes:
        return dict.fromkeys(("progression_irregularity", "cadence_rate", "chord_change_rate"), float("nan"))
    return {
        "progression_irregularity": progression_irregularity(changes),
        "cadence_rate": cadence_rate(chords, windows, starts, key[0]),
        "chord_change_rate": (len(changes) - 1) / len(starts),
    }


def _closes(
    chords: NDArray[np.int64], bar: NDArray[np.int64], ends: list[int], tonic: int
) -> list[str | None]:
    """Kind of the cadence at each phrase end, None where there is none."""
    found = []
    for end in ends:
        place = int(np.flatnonzero(bar <= end)[-1])
        goal = int(chords[place])
        while place >= 0 and chords[place] == goal:
            place -= 1
        near = place >= 0 and bar[place] >= end - 2
        found.append(_cadence(int(chords[place]), goal, tonic) if near else None)
    return found


def _cadence(before: int, goal: int, tonic: int) -> str | None:
    """Kind of the cadence from one chord to another."""
    if before < 0 or goal % 12 != tonic or goal // 12 in (_SEVENTH, _DIM):
        return None
    above = (before - tonic) % 12
    for name, ways in CADENCES.items():
        if any(above == root and before // 12 in kinds for root, kinds in ways):
            return name
    return None

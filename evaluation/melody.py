"""The melody: the top voice's line, and how it moves.

Conventions
-----------
``notes`` is the array of `notation.events`. The top voice is the pitched voice with the highest mean pitch,
weighted by duration; its line is its highest note at each onset.
"""

from __future__ import annotations

import numpy as np

from evaluation.grid import Notes, mean, pitched

#: Names of the interval kinds, and the largest interval in semitones of each: unison, second, third, all
#: beyond.
KINDS = (("repeated_note_rate", 0), ("step_rate", 2), ("skip_rate", 4), ("leap_rate", 127))


def voice_order(notes: Notes) -> list[int]:
    """Return the pitched voices from high to low by mean pitch weighted with duration."""
    heard = pitched(notes)
    voice = heard["voice"].astype(np.int64)
    weight = np.maximum(heard["duration"], 1e-6)
    total = np.bincount(voice, weights=weight)
    height = np.bincount(voice, weights=weight * heard["pitch"])
    return sorted(np.flatnonzero(total).tolist(), key=lambda v: (-height[v] / total[v], v))


def top_line(notes: Notes) -> Notes:
    """Return the melody: the rows of ``notes`` that are highest at their onset in the top voice, by onset."""
    order = voice_order(notes)
    if not order:
        return notes[:0]
    own = notes[(notes["voice"] == order[0]) & ~notes["drum"]]
    own = own[np.lexsort((-own["pitch"].astype(int), own["onset"]))]
    first = np.concatenate(([True], np.diff(own["onset"]) > 1e-9))
    line: Notes = own[first]
    return line


def interval_profile(notes: Notes) -> dict[str, float]:
    """How the melody moves from note to note, rests between them passed over.

    Returns
    -------
    dict of str to float
        Shares adding up to 1: ``repeated_note_rate`` (0 semitones), ``step_rate`` (1-2), ``skip_rate`` (3-4),
        ``leap_rate`` (5 and more); and ``mean_interval`` in semitones, unsigned. All NaN with under two
        notes. Classes as in Piston's and jSymbolic's (McKay, Cumming and Fujinaga, ISMIR 2018) melodic
        features: repeated notes, stepwise motion, thirds, wider.
    """
    size = np.abs(np.diff(top_line(notes)["pitch"].astype(int)))
    profile, below = {}, -1
    for name, most in KINDS:
        profile[name] = mean((size > below) & (size <= most))
        below = most
    return {**profile, "mean_interval": mean(size)}

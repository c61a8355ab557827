"""How clearly a piece is in a key: its pitch classes against the profiles of the 24 major and minor keys.

Conventions
-----------
A pitch-class profile is the sounding time of each pitch class, C = 0, shape (12,). Keys are numbered 0 to 11
(major, by tonic) and 12 to 23 (minor).
"""

from __future__ import annotations

import functools
import json
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from evaluation.grid import Notes, pitched

#: Profiles of major and minor, tonic first, with their source.
_TABLE = "data/key_profiles.json"


def pitch_class_profile(notes: Notes) -> NDArray[np.float64]:
    """Return the sounding time of each pitch class in quarter notes, percussion left out, shape (12,)."""
    heard = pitched(notes)
    profile = np.bincount(heard["pitch"] % 12, weights=heard["duration"], minlength=12)
    return profile.astype(np.float64)


def key_correlations(notes: Notes) -> NDArray[np.float64]:
    r"""Pearson correlation of the pitch-class profile with the profile of each key, shape (24,), -1 to 1.

    NaN everywhere without notes, or where all pitch classes sound equally long. The rule is that of Krumhansl
    and Schmuckler (Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990); the profiles are Temperley's
    (see ``data/key_profiles.json``).
    """
    profile = pitch_class_profile(notes)
    centred = profile - profile.mean()
    size = np.sqrt((centred**2).sum())
    if not size > 1e-9:
        return np.full(24, np.nan)
    found: NDArray[np.float64] = _profiles() @ (centred / size)
    return found


def best_key(notes: Notes) -> tuple[int, bool] | None:
    """Return ``(tonic pitch class, is minor)`` of the best correlating key, None without notes."""
    found = key_correlations(notes)
    if np.isnan(found[0]):
        return None
    best = int(found.argmax())
    return best % 12, best >= 12


def key_clarity(notes: Notes) -> float:
    """Return the correlation with the best key, -1 to 1; NaN without notes.

    Own name for the measure that the survey "Vision-to-Music Generation" (2025) calls key clarity, here on
    symbols: MIRtoolbox's ``mirkey`` gives the same correlation of a chroma vector (Lartillot and Toiviainen,
    2007).
    """
    return float(key_correlations(notes).max())


def key_gap(notes: Notes) -> float:
    """Return the best key's correlation minus the second best key's, 0 (undecided) to 2; NaN without notes.

    Relative keys share their notes, so the gap is small in music that leans to both.
    """
    found = np.sort(key_correlations(notes))
    return float(found[-1] - found[-2])


@functools.cache
def _profiles() -> NDArray[np.float64]:
    """Profiles of all keys, centred and of unit length, shape (24, 12)."""
    table = json.loads(resources.files("evaluation").joinpath(_TABLE).read_text(encoding="utf-8"))
    rows = np.array([np.roll(table[mode], tonic) for mode in ("major", "minor") for tonic in range(12)])
    rows = rows - rows.mean(axis=1, keepdims=True)
    unit: NDArray[np.float64] = rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return unit

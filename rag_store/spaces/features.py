"""All features of a tune as one row: what is played, and how it is played."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rag_store.spaces import pitch_features as pitch
from rag_store.spaces import sound_features as sound
from rag_store.spaces import time_features as time
from rag_store.spaces.heard import Floats, Heard

#: Groups of the notes' features in the order of the row; free of key, note values and tempo.
CONTENT: dict[str, Callable[[Heard], Floats]] = {
    "degrees": pitch.degrees,
    "melody degrees": pitch.melody_degrees,
    "intervals": pitch.intervals,
    "contours": pitch.contours,
    "degree pairs": pitch.degree_pairs,
    "pulse degrees": pitch.pulse_degrees,
    "pulse intervals": pitch.pulse_intervals,
    "motion": pitch.motion,
    "bass": pitch.bass,
    "chords": pitch.chords,
    "places": time.places,
    "lengths": time.lengths,
    "gaps": time.gaps,
    "ratios": time.ratios,
    "rhythms": time.rhythms,
    "pulse rhythms": time.pulse_rhythms,
    "repetition": time.repetition,
    "texture": sound.texture,
}
#: Groups of the manner's features; zeros where a tune names neither tempo nor players and lies in the middle.
MANNER: dict[str, Callable[[Heard], Floats]] = {
    "speed": sound.speed,
    "height": sound.height,
    "players": sound.players,
    "drums": sound.drums,
}


def content(tune: Heard) -> Floats:
    """Return the features of the notes, shape (n_content,)."""
    return np.concatenate([read(tune) for read in CONTENT.values()])


def manner(tune: Heard) -> Floats:
    """Return the features of how it is played, shape (16,)."""
    return np.concatenate([read(tune) for read in MANNER.values()])

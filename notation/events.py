"""One numpy array of a tune's sounding notes: what metrics, rankings and plots work on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from notation.tune import Tune

#: One row a sounding note. Times in quarter notes; ``voice`` is the index in ``Tune.voices``; ``bar`` counts
#: played bars from 0 by the meter; ``drum`` rows carry General MIDI percussion keys in ``pitch``.
EVENT = np.dtype(
    [
        ("onset", "f8"),
        ("duration", "f8"),
        ("pitch", "i2"),
        ("velocity", "i2"),
        ("voice", "i2"),
        ("program", "i2"),
        ("drum", "?"),
        ("bar", "i4"),
    ]
)


def events(tune: Tune) -> NDArray[Any]:
    """Return the played notes of a tune, sorted by onset then pitch.

    Returns
    -------
    numpy.ndarray, shape (n_notes,), dtype `EVENT`
    """
    played = tune.performance
    starts = bar_starts(tune)
    players = [(voice.program or 0, voice.percussion) for voice in tune.voices]
    rows = np.array(
        [
            (
                note.onset.numerator / note.onset.denominator,  # a float in a third of the time
                note.duration.numerator / note.duration.denominator,
                note.pitch,
                note.velocity,
                note.voice,
                *players[note.voice],
                0,
            )
            for note in played.notes
        ],
        dtype=EVENT,
    )
    rows["bar"] = np.searchsorted(starts, rows["onset"] + 1e-9, side="right") - 1
    return rows[np.lexsort((rows["pitch"], rows["onset"]))]


def bar_starts(tune: Tune) -> NDArray[np.float64]:
    """Onsets of the played bars by the meter in quarter notes, a pickup counting as bar 0.

    Returns
    -------
    numpy.ndarray, shape (n_bars,)
        At least one; ``events(tune)["bar"]`` are indices into it. Free meter counts in bars of four quarters.
    """
    played = tune.performance
    total = float(played.duration)
    pickup = 0.0
    if tune.voices and tune.voices[0].bars and tune.voices[0].bars[0].number == 0:
        pickup = float(tune.voices[0].bars[0].duration)
    starts = [0.0] if pickup else []
    at = pickup
    changes = [
        (float(m.onset), m.numerator * 4.0 / m.denominator if m.denominator else 4.0) for m in played.meters
    ]
    changes = [(onset, length or 4.0) for onset, length in changes]
    while at < total or not starts:
        starts.append(at)
        at += next((length for onset, length in reversed(changes) if onset <= at + 1e-9), 4.0)
    return np.array(starts)

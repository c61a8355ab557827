"""A tune as the music space hears it: its notes, its highest line, its bars and pulses, its tonic.

Conventions
-----------
A bar is the unit of time: a pulse is a quarter of a bar in duple meters (2/4, 2/2 and 4/4 alike), a third in
triple ones, a dotted beat in compound ones, so that a tune written in values twice as long sounds the same
here. Pitch classes count from the tonic.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import NotationError
from notation import Tune, bar_starts, events
from rag_store.keys import judge, pitch_class, signature, table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the features are read from; arrays of one length but those of drums. Times are in pulses."""

    onset: Floats  # of the pitched notes, by onset and pitch
    duration: Floats
    pitch: Ints
    voice: Ints
    program: Ints
    place: Floats  # in the bar, [0, 1)
    melody: Ints  # places of the highest line in the arrays above
    drum_place: Floats
    drum_pitch: Ints
    pulses: int  # a bar
    tonic: int  # pitch class
    mode: str
    tempo: float  # quarter notes a minute; nan where the tune names none
    quarters: float  # a pulse


def hear(tune: Tune) -> Heard:
    """Return a tune as it is heard.

    Raises
    ------
    NotationError
        If it has no notes.
    """
    rows = events(tune)
    if not len(rows):
        raise NotationError(f"tune {tune.title[:60]!r} has no notes; music is found by its notes: give some")
    meter, key = (tune.meter.numerator, tune.meter.denominator), (tune.key.tonic, tune.key.mode)
    named = "Q" in tune.headers and any(char.isdigit() for char in tune.headers["Q"])
    return heard(rows, bar_starts(tune), meter, key, float(tune.tempo.qpm) if named else math.nan)


def heard(
    rows: NDArray[Any], starts: Floats, meter: tuple[int, int], key: tuple[str, str], tempo: float
) -> Heard:
    """Return some played notes as they are heard.

    Parameters
    ----------
    rows
        Of `notation.EVENT`, by onset and pitch.
    starts
        Onsets of the bars in quarter notes.
    meter, key
        As written: ``(6, 8)``, ``("D", "dorian")``; a tonic of "" or a mode of "none" say nothing.
    tempo
        Quarter notes a minute; nan says nothing.
    """
    pulses = pulses_of(*meter)
    bar = 4.0 * meter[0] / meter[1] if meter[0] and meter[1] else 4.0
    quarters = bar / pulses
    place = _places(rows, starts, bar)
    sounding = ~rows["drum"]
    pitched = rows[sounding]
    onset, duration = pitched["onset"] / quarters, np.maximum(pitched["duration"], 1e-3) / quarters
    pitch = pitched["pitch"].astype(np.int64)
    tonic, mode = tonic_of_notes(pitch, duration, onset, key)
    return Heard(
        onset, duration, pitch, pitched["voice"].astype(np.int64), pitched["program"].astype(np.int64),
        place[sounding], highest_line(onset, duration, pitch), place[~sounding],
        rows["pitch"][~sounding].astype(np.int64), pulses, tonic, mode, tempo, quarters,
    )  # fmt: skip


def pulses_of(numerator: int, denominator: int) -> int:
    """Return the pulses of a bar: four in 4/4, 2/2, 2/4 and free meter, two in 6/8, three in 3/4 and 9/8."""
    if numerator in (6, 9, 12) and denominator >= 4:
        return numerator // 3
    return 4 if numerator in (0, 1, 2, 4, 8) or not denominator else numerator


def highest_line(onset: Floats, duration: Floats, pitch: Ints) -> Ints:
    """Return the places of the highest notes: the top of every onset, unless a higher note still sounds.

    The skyline of Uitdenbogerd and Zobel (1999), "Melodic matching techniques for large music databases".
    """
    if not len(onset):
        return np.zeros(0, np.int64)
    last = np.flatnonzero(np.diff(onset, append=np.inf) > 1e-6)  # the highest comes last within an onset
    ends, tops = (onset + duration)[last] - 1e-3, pitch[last]
    if len(last) == len(onset) and (ends[:-1] <= onset[1:]).all():
        return last
    keep, held = [], list[tuple[float, int]]()
    for index, (start, end, top) in enumerate(
        zip(onset[last].tolist(), ends.tolist(), tops.tolist(), strict=True)
    ):
        held = [(until, over) for until, over in held if until > start and over > top]
        if not held:
            keep.append(index)
        held.append((end, top))
    return last[keep]


def tonic_of_notes(pitch: Ints, duration: Floats, onset: Floats, key: tuple[str, str]) -> tuple[int, str]:
    """Return the tonic's pitch class and the mode: the written ones checked against the notes.

    Checked by `rag_store.keys.judge`; where no key is written, the best correlation with Temperley's (1999)
    major and minor profiles on all twelve tonics.
    """
    if not len(pitch):
        return (pitch_class(key[0]) if key[0] else 0), "major"
    weights = np.bincount(pitch % 12, weights=np.minimum(duration, 8.0), minlength=12).astype(np.float64)
    if key[0] and key[1] in table()["modes"]:
        ends = onset + duration
        final = int(pitch[ends >= ends.max() - 1e-3].min()) % 12
        judged = judge(weights, signature(*key), key[1], final)
        return pitch_class(judged.tonic), judged.mode
    best = int(np.argmax(_profiles() @ (weights - weights.mean())))
    return best % 12, "major" if best < 12 else "minor"


@functools.cache
def _profiles() -> Floats:
    """Return the major profiles on the twelve tonics, then the minor ones, centred, of unit length."""
    rows = [np.roll(np.array(table()[mode]), tonic) for mode in ("major", "minor") for tonic in range(12)]
    centred = np.array(rows) - np.mean(rows, axis=1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True))


def _places(rows: NDArray[Any], starts: Floats, bar: float) -> Floats:
    """Return where in its bar each note begins, [0, 1); a pickup stands at the end of its bar."""
    at = np.clip(np.searchsorted(starts, rows["onset"] + 1e-6, side="right") - 1, 0, len(starts) - 1)
    place = rows["onset"] - starts[at]
    if len(starts) > 1 and starts[1] - starts[0] < bar - 1e-6:
        place = place + np.where(at == 0, bar - (starts[1] - starts[0]), 0.0)
    return np.asarray(np.mod(np.maximum(place, 0.0) / bar, 1.0))

"""What listeners take the emotion of music from, measured on a score: mode, tempo, loudness, density, ...

Conventions
-----------
``notes`` is the array of `notation.events`, times in quarter notes. A cue that cannot be measured (the mode
of drums) is NaN.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.grid import Notes, mean
from notation import Tune, events
from notation.tempo import beat_length

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
#: Semitones above the tonic of the lower and the higher form of each degree that tells the modes apart.
_FORMS = {"2": (1, 2), "3": (3, 4), "4": (5, 6), "6": (8, 9), "7": (10, 11)}


@cache
def emotion_table() -> dict[str, Any]:
    """Return ``data/emotion.json``: cues with their weights, degrees, consonance; not to be changed."""
    text = resources.files("evaluation").joinpath("data/emotion.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def cues(tune: Tune) -> dict[str, float]:
    """Return the value of every cue of ``data/emotion.json``, measured on the score as it is played."""
    rows = events(tune)
    seconds = _in_seconds(tune, rows)
    heard = ~rows["drum"]
    notes, times = rows[heard], seconds[heard]
    length = float(seconds[:, 1].max()) if len(rows) else 0.0
    lengths = times[:, 1] - times[:, 0]
    return {
        "mode": modal_happiness(notes, _tonic(tune, notes)),
        "tempo": _beats_per_minute(tune),
        "loudness": mean(notes["velocity"]),
        "note_density": _rate(len(notes), length),
        "onset_density": _rate(len(np.unique(np.round(times[:, 0], 3))), length),
        "percussion": _rate(len(np.unique(np.round(seconds[~heard, 0], 3))), length),
        "note_seconds": mean(lengths),
        "articulation": shortness(tune),
        "register": float(np.average(notes["pitch"], weights=lengths)) if lengths.sum() > 0 else float("nan"),
        "dissonance": -consonance(notes),
    }


def modal_happiness(notes: Notes, tonic: int) -> float:
    """Return how happy the mode is that sounds, from .21 (phrygian) to .83 (ionian); NaN without notes.

    Each scale degree that stands in its darker form takes from the ionian mode's .83 what Temperley and Tan
    (2013) found listeners to take, by the share of time in which it is heard so.

    Parameters
    ----------
    notes
        Pitched notes.
    tonic : int
        Pitch class of the tonic, 0 to 11.
    """
    table = emotion_table()["degrees"]
    if not len(notes) or not notes["duration"].sum() > 0:
        return float("nan")
    time = np.bincount((notes["pitch"] - tonic) % 12, weights=notes["duration"], minlength=12)
    time = time / time.sum()
    minor = _altered(time[3], time[4], 0.5)
    happiness = table["ionian"]
    for degree, (low, high) in _FORMS.items():
        if degree in table["raised"]:
            happiness -= table["raised"][degree] * _altered(time[high], time[low], 0.0)
        else:
            unheard = minor if degree in "367" else 0.0
            happiness -= table["lowered"][degree] * _altered(time[low], time[high], unheard)
    return float(happiness)


def _altered(altered: float, natural: float, unheard: float) -> float:
    """Share of a degree's time in its altered form; one that is hardly heard goes by ``unheard``."""
    little = float(emotion_table()["degrees"]["undecided"])
    return float((altered + unheard * little) / (altered + natural + little))


def consonance(notes: Notes) -> float:
    """Return the mean consonance of the intervals that sound together, weighted by time; NaN without any.

    Pitch classes are counted once at a time. Values of the interval classes: Huron 1994.
    """
    values = np.array(emotion_table()["consonance"]["interval_classes"])
    at = np.concatenate((notes["onset"], notes["onset"] + notes["duration"]))
    order = np.argsort(at, kind="stable")
    change = np.zeros((12, len(at)), dtype=np.int16)
    change[np.tile(notes["pitch"] % 12, 2), np.arange(len(at))] = np.repeat([1, -1], len(notes))
    sounding = (change[:, order].cumsum(axis=1) > 0)[:, :-1]
    spans = np.diff(at[order])
    time = np.array(
        [((sounding & np.roll(sounding, k, axis=0)).sum(axis=0) * spans).sum() for k in range(1, 7)]
    )
    time[5] /= 2  # a tritone is met from both sides
    return float(time @ values / time.sum()) if time.sum() > 0 else float("nan")


def shortness(tune: Tune) -> float:
    """Return the share of written notes with a staccato sign less the share under slurs, percussion apart."""
    short = tied = total = 0
    for voice in tune.voices:
        if voice.percussion:
            continue
        depth = 0
        for note in voice.notes:
            depth += note.slur_start
            total += 1
            short += bool({"staccato", "wedge"} & set(note.decorations))
            tied += depth > 0
            depth = max(0, depth - note.slur_stop)
    return (short - tied) / total if total else float("nan")


def _in_seconds(tune: Tune, rows: Notes) -> NDArray[np.float64]:
    """Return onset and end of each row in seconds, shape (n_notes, 2), following every tempo change."""
    tempi = tune.performance.tempi
    knots = np.array([float(one.onset) for one in tempi] or [0.0])
    pace = np.array([60.0 / one.qpm for one in tempi] or [0.5])
    passed = np.concatenate(([0.0], np.cumsum(np.diff(knots) * pace[:-1])))
    quarters = np.stack((rows["onset"], rows["onset"] + rows["duration"]), axis=1)
    place = np.clip(np.searchsorted(knots, quarters, side="right") - 1, 0, None)
    result: NDArray[np.float64] = passed[place] + (quarters - knots[place]) * pace[place]
    return result


def _tonic(tune: Tune, notes: Notes) -> int:
    """Pitch class of the tonic that the score states; without one the last lowest note's."""
    if tune.key.tonic:
        name = tune.key.tonic
        return (_STEPS[name[0].upper()] + name.count("#") - name[1:].count("b")) % 12
    return int(notes["pitch"][notes["onset"] == notes["onset"].max()].min()) % 12 if len(notes) else 0


def _beats_per_minute(tune: Tune) -> float:
    """Beats a minute over the whole piece: quarter notes, dotted ones in compound meters."""
    played = tune.performance
    seconds = played.seconds(played.duration)
    if seconds <= 0:
        return tune.tempo.qpm
    beat = float(beat_length(tune.meter.numerator, tune.meter.denominator))
    return float(played.duration) * 60 / seconds / beat


def _rate(count: int, seconds: float) -> float:
    return count / seconds if seconds > 0 else float("nan")

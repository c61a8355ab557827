"""What is heard of the pitches: degrees of the scale, steps and leaps of the melody, chords."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from rag_store.spaces.heard import Floats, Heard, Ints
from rag_store.spaces.histograms import shares, successions

#: Steps of a melody by size: down by more than a fourth, by a third or fourth, a step; the same; and up.
_STEPS = np.array([-5.5, -2.5, -0.5, 0.5, 2.5, 5.5])
#: Letter of each of the twelve degrees above the tonic, sharps and flats counted with a neighbour.
_LETTER = np.array([0, 0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6])
#: Chords by their pitch classes above the root, those that say more first; rest: one class, two, others.
_CHORDS = {
    "dominant seventh": (0, 4, 7, 10),
    "minor seventh": (0, 3, 7, 10),
    "major seventh": (0, 4, 7, 11),
    "diminished seventh": (0, 3, 6, 9),
    "half diminished": (0, 3, 6, 10),
    "sixth": (0, 4, 7, 9),
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "augmented": (0, 4, 8),
    "suspended": (0, 5, 7),
    "fifth": (0, 7),
    "third": (0, 4),
    "minor third": (0, 3),
}
CHORDS = len(_CHORDS) + 2


def degrees(tune: Heard) -> Floats:
    """Sounding time of the twelve degrees above the tonic."""
    return shares((tune.pitch - tune.tonic) % 12, 12, np.minimum(tune.duration, 8.0))


def melody_degrees(tune: Heard) -> Floats:
    """How often the melody strikes each degree in the first half of a pulse, where the stress is."""
    stressed = np.mod(tune.place[tune.melody] * tune.pulses, 1.0) < 0.3
    pitch = tune.pitch[tune.melody][stressed]
    return shares((pitch - tune.tonic) % 12, 12)


def intervals(tune: Heard) -> Floats:
    """Intervals of the melody in semitones, from an octave down to an octave up."""
    return shares(np.clip(np.diff(tune.pitch[tune.melody]), -12, 12) + 12, 25)


def contours(tune: Heard) -> Floats:
    """Three steps of the melody in succession, each of seven sizes."""
    return successions(_classes(np.diff(tune.pitch[tune.melody])), 7, 3)


def degree_pairs(tune: Heard) -> Floats:
    """Two letters of the scale in succession."""
    return successions(_LETTER[(tune.pitch[tune.melody] - tune.tonic) % 12], 7, 2)


def pulse_degrees(tune: Heard) -> Floats:
    """Two letters of the scale on successive pulses: the melody without what lies between."""
    return successions(_LETTER[(at_pulses(tune).highest - tune.tonic) % 12], 7, 2)


def pulse_intervals(tune: Heard) -> Floats:
    """Intervals of the melody from pulse to pulse."""
    return shares(np.clip(np.diff(at_pulses(tune).highest), -12, 12) + 12, 25)


def motion(tune: Heard) -> Floats:
    """Of the melody: range in octaves (of nine tenths), steps, shares of repeats, leaps, turns."""
    pitch = tune.pitch[tune.melody]
    if len(pitch) < 2:
        return np.zeros(7)
    steps = np.diff(pitch)
    size = np.minimum(np.abs(steps), 24)
    low, high = np.sort(pitch)[[len(pitch) // 20, -1 - len(pitch) // 20]]
    turns = float((np.sign(steps[1:]) * np.sign(steps[:-1]) < 0).mean()) if len(steps) > 1 else 0.0
    kinds = [float(share.mean()) for share in (size == 0, size <= 2, size > 4)]
    return np.array([(high - low) / 12, size.mean() / 4, size.std() / 4, *kinds, turns])


def bass(tune: Heard) -> Floats:
    """Sounding time of the lowest notes' degrees, where more than one note sounds."""
    pulses = at_pulses(tune)
    return shares((pulses.lowest[pulses.notes > 1] - tune.tonic) % 12, 12)


def chords(tune: Heard) -> Floats:
    """Kinds of the chords that sound on the pulses."""
    kinds = _chord_of()[at_pulses(tune).classes]
    return shares(kinds[kinds >= 0], CHORDS)


class Pulses(NamedTuple):
    """What sounds on each pulse that is struck or held; arrays of one length."""

    highest: Ints
    lowest: Ints
    notes: Ints  # how many
    classes: Ints  # the set of pitch classes as twelve bits


@functools.lru_cache(maxsize=4)
def at_pulses(tune: Heard) -> Pulses:
    """Return what sounds on the pulses."""
    first = np.ceil(tune.onset - 0.01).astype(np.int64)
    beyond = np.ceil(tune.onset + np.minimum(tune.duration, 32.0) - 0.02).astype(np.int64)
    lengths = np.maximum(beyond - first, 0)
    total = int(lengths.sum())
    if not total:
        return Pulses(*np.zeros((4, 0), np.int64))
    note = np.repeat(np.arange(len(lengths)), lengths)
    pulse = np.repeat(first - np.cumsum(lengths) + lengths, lengths) + np.arange(total)
    order = np.lexsort((tune.pitch[note], pulse))
    pulse, pitch = pulse[order], tune.pitch[note[order]]
    begin = np.flatnonzero(np.diff(pulse, prepend=pulse[0] - 1))
    end = np.append(begin[1:], total)
    return Pulses(pitch[end - 1], pitch[begin], end - begin, np.bitwise_or.reduceat(1 << (pitch % 12), begin))


@functools.cache
def _chord_of() -> Ints:
    """Return the kind of chord of every set of pitch classes, shape (4096,); -1 for silence."""
    kinds = np.full(4096, CHORDS - 1, np.int64)
    for root in range(12):
        kinds[1 << root] = CHORDS - 2
    for kind, classes in reversed(list(enumerate(_CHORDS.values()))):
        for root in range(12):
            kinds[sum(1 << (root + step) % 12 for step in classes)] = kind
    kinds[0] = -1
    return kinds


def _classes(steps: Ints) -> Ints:
    return np.searchsorted(_STEPS, steps).astype(np.int64)

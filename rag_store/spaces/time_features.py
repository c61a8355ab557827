"""What is heard of time: where in the bar notes begin, how long they are, how rhythms go on."""

from __future__ import annotations

import numpy as np

from rag_store.spaces.heard import Floats, Heard, Ints
from rag_store.spaces.histograms import shares, soft_shares, successions

#: Ratios of successive times between onsets, as log2, by class: much shorter, shorter, same, longer, much.
_RATIOS = np.array([-1.3, -0.3, 0.3, 1.3])
#: Bins of a bar: the sixteenth notes of 4/4 and the triplets of its quarters fall on them.
PLACES = 48
#: A number for every place and pitch, so that sums of a few are the same only for the same ones.
_CODES = np.random.default_rng(0).integers(1 << 40, size=PLACES * 160)


def places(tune: Heard) -> Floats:
    """Where in the bar the notes begin, a chord of one voice counting once."""
    return shares(np.rint(_onsets(tune) * PLACES).astype(np.int64) % PLACES, PLACES)


def lengths(tune: Heard) -> Floats:
    """Lengths of the notes in pulses, on a logarithmic scale from an eighth of a pulse to eight."""
    return soft_shares(np.log2(tune.duration), -3.0, 3.0, 13)


def gaps(tune: Heard) -> Floats:
    """Lengths of time between the onsets of the melody in pulses, on the same scale."""
    return soft_shares(np.log2(_gaps(tune)), -3.0, 3.0, 13)


def ratios(tune: Heard) -> Floats:
    """Ratios of successive times between onsets, from a quarter to four times: free of meter and tempo."""
    return soft_shares(np.diff(np.log2(_gaps(tune))), -2.0, 2.0, 9)


def rhythms(tune: Heard) -> Floats:
    """Three ratios in succession, each of five sizes: rhythms of four times."""
    return successions(np.searchsorted(_RATIOS, np.diff(np.log2(_gaps(tune)))).astype(np.int64), 5, 3)


def pulse_rhythms(tune: Heard) -> Floats:
    """Return which quarters and thirds of a pulse the melody strikes, by how often."""
    onset = tune.onset[tune.melody]
    if not len(onset):
        return np.zeros(32)
    pulse = np.floor(onset + 0.01).astype(np.int64)
    part = np.clip(onset - pulse, 0.0, 1.0)
    quarter = 1 << (np.rint(part * 4).astype(np.int64) % 4)
    third = 16 * (np.abs(part * 3 - np.rint(part * 3)) < 0.05) * (np.abs(part * 4 - np.rint(part * 4)) > 0.05)
    begin = np.flatnonzero(np.diff(pulse, prepend=pulse[0] - 1))
    return shares(np.bitwise_or.reduceat(quarter | third, begin), 32)


def repetition(tune: Heard) -> Floats:
    """Shares of bars whose rhythm, and whose rhythm and melody, another bar has too."""
    onset = tune.onset[tune.melody]
    if not len(onset):
        return np.zeros(2)
    bar = np.floor(onset / tune.pulses + 0.01).astype(np.int64)
    begin = np.flatnonzero(np.diff(bar, prepend=bar[0] - 1))
    place = np.rint(tune.place[tune.melody] * PLACES).astype(np.int64) % PLACES
    pitch = tune.pitch[tune.melody] - tune.tonic + 12
    return np.array([_repeated(marks, begin) for marks in (place, place + PLACES * pitch)])


def _repeated(marks: Ints, begin: Ints) -> float:
    """Return the share of groups of marks that come twice; a group is known by the sum of its codes."""
    codes = np.add.reduceat(_CODES[marks], begin)
    return 1.0 - float((np.unique(codes, return_counts=True)[1] == 1).sum()) / len(codes)


def _onsets(tune: Heard) -> Floats:
    fresh = np.ones(len(tune.onset), np.bool_)
    order = np.lexsort((tune.onset, tune.voice))
    onset, voice = tune.onset[order], tune.voice[order]
    fresh[1:] = (np.diff(onset) > 1e-3) | (np.diff(voice) != 0)
    return np.asarray(tune.place[order][fresh])


def _gaps(tune: Heard) -> Floats:
    return np.maximum(np.diff(tune.onset[tune.melody]), 1e-2)

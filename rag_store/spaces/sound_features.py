"""What is heard of the sound: how full it is; how fast and high it is played, by whom, with what drums."""

from __future__ import annotations

import math

import numpy as np

from rag_store.spaces.heard import Floats, Heard
from rag_store.spaces.histograms import shares
from rag_store.spaces.pitch_features import at_pulses

#: Eight kinds of players by the families of General MIDI (programs 0-7, 8-15 ...): struck keys, plucked and
#: bass, strings and ensembles, brass, reeds, pipes, synthesizers, the rest.
_KINDS = np.array([0, 0, 6, 1, 1, 2, 2, 3, 4, 5, 6, 6, 6, 7, 7, 7])
#: Drums by the General MIDI percussion key: kick, snare and what stands for it, hats and cymbals that run.
_KICK, _SNARE, _HATS = (35, 36), (37, 38, 39, 40), (42, 44, 46, 51, 53, 59)
#: A tempo, notes a second and a height that count as neither much nor little.
_TEMPO, _RATE, _HEIGHT = 112.0, 5.0, 66.0


def texture(tune: Heard) -> Floats:
    """How full it is: notes that sound at once (1 to 6), voices, notes and onsets a pulse (log2)."""
    sounding = shares(np.minimum(at_pulses(tune).notes, 6) - 1, 6)
    length = _length(tune)
    onsets = len(np.unique(np.rint(tune.onset * 24)))
    voices = math.log2(max(len(np.unique(tune.voice)), 1)) / 2
    rates = [math.log2(max(number / length, 0.125)) / 2 for number in (len(tune.onset), onsets)]
    return np.array([*sounding, voices, *rates])


def speed(tune: Heard) -> Floats:
    """Log2 of the pulse's tempo and of notes a second against the middling; zeros where no tempo is named."""
    if math.isnan(tune.tempo):
        return np.zeros(2)
    pulse = tune.tempo / tune.quarters
    rate = max((len(tune.onset) + len(tune.drum_place)) / _length(tune) * pulse / 60.0, 0.2)
    return np.asarray(np.clip(np.log2([pulse / _TEMPO, rate / _RATE]), -2.0, 2.0))


def height(tune: Heard) -> Floats:
    """Mean pitch by sounding time against the E above middle C, in two octaves."""
    if not len(tune.pitch):
        return np.zeros(1)
    return np.array([np.average(tune.pitch, weights=np.minimum(tune.duration, 8.0)) - _HEIGHT]) / 24.0


def players(tune: Heard) -> Floats:
    """Sounding time of eight kinds of players; zeros for struck keys alone, which is what no name means."""
    kinds = shares(_KINDS[tune.program // 8], 8, np.minimum(tune.duration, 8.0))
    kinds[0] -= float(len(tune.program) > 0)
    return kinds


def drums(tune: Heard) -> Floats:
    """Drums: their share of all notes; and of it kick, snare, hats, and what falls off the pulses."""
    count = len(tune.drum_place)
    if not count:
        return np.zeros(5)
    parts = [float(np.isin(tune.drum_pitch, keys).mean()) for keys in (_KICK, _SNARE, _HATS)]
    off = float((np.mod(tune.drum_place * tune.pulses + 0.05, 1.0) > 0.1).mean())
    return np.sqrt([count / (count + len(tune.onset)), *parts, off])


def _length(tune: Heard) -> float:
    """Return the sounding length in pulses, at least one."""
    return max(float((tune.onset + tune.duration).max(initial=0.0)), 1.0)

"""Which key a transcript is in, and what its pitches are called in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag_store.keys import judge, pitch_class, table, tonic_of
from rag_store.reading.measures import quarters
from rag_store.reading.transcript import Signature, Transcript

#: How much more of the sounding time another signature must hold for the written one to be disbelieved:
#: many programs write C major into every file.
DISBELIEF = 0.1
#: Fewer notes are not enough to judge by.
LEAST_NOTES = 16
LETTERS = "CDEFGAB"
_NATURAL = (0, 2, 4, 5, 7, 9, 11)
#: Place of each letter C..B on the line of fifths.
_FIFTHS = (0, 2, 4, -1, 1, 3, 5)
#: Fifths from the lowest name to the tonic, by the third of the mode.
_BELOW_TONIC = {"major": 4, "minor": 5}
_ABC_MODES = {
    "major": "", "minor": "m", "dorian": "dor", "phrygian": "phr", "lydian": "lyd",
    "mixolydian": "mix", "locrian": "loc",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrittenKey:
    """A key as ABC writes it, ``"F#m"``, the fifths of its signature and those of its lowest name."""

    name: str
    fifths: int
    lowest: int  # twelve names lie on the line of fifths from here on

    @property
    def alterations(self) -> tuple[int, ...]:
        """Alteration in semitones of each letter C..B by the signature."""
        return tuple(_alteration(place, self.fifths) for place in _FIFTHS)


def _alteration(place: int, fifths: int) -> int:
    """Return how often a letter's place on the line of fifths is raised by a signature."""
    return (fifths + 5 - place) // 7


def keys(transcript: Transcript) -> list[tuple[Fraction, WrittenKey]]:
    """Return the keys and where they begin; the first is at 0.

    A signature that the file names is believed unless another one holds a tenth more of the sounding time
    (`DISBELIEF`) up to the next signature; where there is none, or it is not believed, the key is the one
    of 24 that fits best (Pearson correlation with Temperley's profiles, see `rag_store.keys`), with at most
    six signs. Where a file says minor it is minor, any other mode is judged by `rag_store.keys.judge`. Of
    less than `LEAST_NOTES` notes nothing is judged that the file names.
    """
    named = sorted(transcript.signatures, key=lambda one: one.onset)
    if not named or named[0].onset > 0:
        named = [Signature(Fraction(0), 99), *named]
    found: list[tuple[Fraction, WrittenKey]] = []
    for index, one in enumerate(named):
        stop = named[index + 1].onset if index + 1 < len(named) else None
        heard = _heard(transcript, one.onset, stop)
        key = _written(heard, one) if heard.notes else None
        if key is None:
            key = found[-1][1] if found else WrittenKey("C", 0, -4)
        if not found or found[-1][1] != key:
            found.append((one.onset if found else Fraction(0), key))
    return found


@dataclass(slots=True)
class _Heard:
    """What sounds under one signature."""

    weights: NDArray[np.float64]  # sounding time by pitch class
    notes: int = 0
    final: int = 0  # pitch class of the lowest of the last notes


def _heard(transcript: Transcript, start: Fraction, stop: Fraction | None) -> _Heard:
    heard, last, final = _Heard(np.zeros(12)), -1.0, 0
    since, until = quarters(start), np.inf if stop is None else quarters(stop)
    for part in transcript.parts:
        for note in () if part.drums else part.notes:
            onset, duration = quarters(note.onset), quarters(note.duration)
            if since <= onset < until:
                heard.weights[note.pitch % 12] += duration
                heard.notes += 1
                if (onset + duration, -note.pitch) > (last, -final):
                    last, final = onset + duration, note.pitch
    heard.final = final % 12
    return heard


def _written(heard: _Heard, named: Signature) -> WrittenKey:
    fifths, mode = named.fifths, named.mode
    shares = {fifths: _share(heard.weights, fifths) for fifths in range(-7, 8)}
    few = heard.notes < LEAST_NOTES
    if fifths not in shares or (not few and shares[fifths] <= max(shares.values()) - DISBELIEF):
        fifths, mode = _best(heard.weights)
    if not few and mode != "minor":
        mode = judge(heard.weights, fifths, mode or "major", heard.final).mode
    mode = mode or "major"
    entry = table()["modes"][mode]
    lowest = fifths + int(entry["fifths"]) - _BELOW_TONIC[entry["from"]]
    return WrittenKey(tonic_of(fifths, mode) + _ABC_MODES[mode], fifths, lowest)


def _share(weights: NDArray[np.float64], fifths: int) -> float:
    scale = [(7 * fifths + step) % 12 for step in table()["modes"]["major"]["steps"]]
    return float(weights[scale].sum() / weights.sum())


def _best(weights: NDArray[np.float64]) -> tuple[int, str]:
    """Return signature and mode of the major or minor key that fits best."""
    scores: list[tuple[float, int, str]] = []
    for mode in ("major", "minor"):
        profile = np.array(table()[mode])
        for fifths in range(-5, 7):
            tonic = pitch_class(tonic_of(fifths, mode))
            fit = float(np.corrcoef(np.roll(weights, -tonic), profile)[0, 1])
            scores.append((fit, fifths, mode))
    best = max(scores, key=lambda one: (round(one[0], 9), -abs(one[1]), one[2]))
    return best[1], best[2]


@lru_cache(maxsize=4096)
def spelled(pitch: int, lowest: int) -> tuple[int, int]:
    """Return staff step (0 is C4, 7 is C5) and alteration of a MIDI pitch.

    Of all names the one among the twelve fifths from ``lowest`` on: in C major A flat to C sharp, in A minor
    B flat to D sharp.
    """
    place = lowest + (pitch * 7 - lowest) % 12
    letter = _FIFTHS.index((place + 1) % 7 - 1)
    alteration = (place + 1) // 7
    octave = (pitch - alteration - _NATURAL[letter]) // 12 - 5
    return 7 * octave + letter, alteration


def chord_names(pitches: Sequence[int], lowest: int) -> list[tuple[int, int]]:
    """Return steps and alterations of a chord, rising; no two on one step where that can be avoided."""
    names: list[tuple[int, int]] = []
    taken: set[int] = set()
    for pitch in pitches:
        step, alteration = spelled(pitch, lowest)
        if step in taken:
            step, alteration = _other(pitch, step)
        taken.add(step)
        names.append((step, alteration))
    return names


def _other(pitch: int, step: int) -> tuple[int, int]:
    """Return the name of a pitch on the next step up."""
    octave, letter = divmod(step + 1, 7)
    return step + 1, pitch - (60 + 12 * octave + _NATURAL[letter])


_SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


class Accidentals:
    """What has been written in a bar, so that every reading of an accidental's reach gives the same pitch.

    Some programs let an accidental hold for its octave alone, some for all; a sign is written wherever the
    two differ.
    """

    def __init__(self, key: WrittenKey) -> None:
        self._signature = key.alterations
        self._seen: dict[int, dict[int, int]] = {}

    def name(self, step: int, alteration: int) -> str:
        """Return a note's letter with its octave and, where anybody could be in doubt, its sign."""
        octave, letter = divmod(step, 7)
        seen = self._seen.get(letter)
        if seen is None:
            plain = alteration == self._signature[letter]
        else:
            plain = set(seen.values()) == {alteration} and octave in seen
        if not plain:
            self._seen.setdefault(letter, {})[octave] = alteration
        return ("" if plain else _SIGNS[alteration]) + letter_name(step)

    def layer(self) -> Accidentals:
        """Return the state for the next layer of the bar: no sign of this one may be relied on."""
        fresh = Accidentals.__new__(Accidentals)
        fresh._signature = self._signature
        fresh._seen = {letter: {99: 99} for letter in self._seen}
        return fresh


@lru_cache(maxsize=256)
def letter_name(step: int) -> str:
    """Return the letter of a staff step with its octave marks: ``C,`` ``C`` ``c`` ``c'``."""
    octave, letter = divmod(step, 7)
    if octave >= 1:
        return LETTERS[letter].lower() + "'" * (octave - 1)
    return LETTERS[letter] + "," * -octave

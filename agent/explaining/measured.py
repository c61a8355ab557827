"""What a stretch of a score is like, measured on its notes: pace, loudness, height, players, key.

Conventions
-----------
Every number is set against the whole piece: 1 is as the piece is on average. Pitches are MIDI numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from agent.explaining.bars import times_of
from notation import MODES, KeyChange, Sounding, Tune

_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Measures of some bars of a score; None where no note gives a value."""

    density: float  # notes a second, all voices
    velocity: float | None  # mean MIDI velocity
    height: float | None  # mean pitch of the melody
    top: int | None  # highest pitch of the melody
    scale: float | None  # share of the pitched notes, by length, that belong to the scale of the key
    playing: tuple[str, ...]  # ids of the voices that sound


class Score:
    """A parsed tune whose bars can be measured together; at its written tempo, without the final ritard."""

    def __init__(self, tune: Tune) -> None:
        self.tune = tune
        lead = max(tune.voices, key=lambda voice: len(voice.bars))
        times = times_of(lead, tune.performance.seconds)
        self.seconds = {bar: sum(end - start for start, end in played) for bar, played in times.items()}
        self.notes: dict[int, list[Sounding]] = {}
        for note in tune.performance.notes:
            self.notes.setdefault(note.bar, []).append(note)
        self.lead = next(
            (at for at, voice in enumerate(tune.voices) if voice.notes and not voice.percussion), -1
        )
        self._scale = scale_classes(tune.key)

    def stretch(self, numbers: Collection[int]) -> Stretch:
        """Return the measures of some bars, given by their numbers."""
        notes = [note for number in numbers for note in self.notes.get(number, ())]
        lasts = sum(self.seconds.get(number, 0.0) for number in numbers)
        melody = [note.pitch for note in notes if note.voice == self.lead]
        voices = self.tune.voices
        sounding = sorted({note.voice for note in notes})
        pitched = [note for note in notes if not voices[note.voice].percussion]
        return Stretch(
            density=len(notes) / lasts if lasts else 0.0,
            velocity=float(np.mean([note.velocity for note in notes])) if notes else None,
            height=float(np.mean(melody)) if melody else None,
            top=max(melody, default=None),
            scale=_inside(pitched, self._scale),
            playing=tuple(voices[at].id for at in sounding),
        )


def scale_classes(key: KeyChange) -> frozenset[int]:
    """Return the pitch classes of a key's scale; all twelve where there is no key."""
    steps = MODES.get(key.mode)
    if steps is None or key.tonic[:1] not in _CLASSES:
        return frozenset(range(12))
    tonic = _CLASSES[key.tonic[0]] + key.tonic.count("#") - key.tonic.count("b")
    return frozenset((tonic + step) % 12 for step in steps)


def _inside(notes: Sequence[Sounding], scale: frozenset[int]) -> float | None:
    total = float(sum(note.duration for note in notes))
    if not total:
        return None
    return float(sum(note.duration for note in notes if note.pitch % 12 in scale)) / total

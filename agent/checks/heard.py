"""A finished score as the checks read it: parsed from its ABC, played, counted."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notation import Tune, bar_starts, events


@dataclass(frozen=True, slots=True)
class Obeyed:
    """One request and whether the score meets it.

    ``asked`` and ``measured`` are texts for people; ``how`` says in a sentence what was measured and how far
    off it may be.
    """

    name: str
    asked: str
    measured: str
    met: bool
    how: str


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form: its letter and primes ("A'", "intro"), first bar from 0, number of bars."""

    letter: str
    start: int
    bars: int


class Heard:
    """A parsed score with what several checks need."""

    def __init__(self, tune: Tune, sections: Sequence[Part] = ()) -> None:
        self.tune = tune
        self.sections = tuple(sections)

    @functools.cached_property
    def rows(self) -> NDArray[Any]:
        """The played notes of pitched voices; see `notation.EVENT`."""
        found = events(self.tune)
        heard: NDArray[Any] = found[~found["drum"]]
        return heard

    @functools.cached_property
    def seconds(self) -> float:
        """Length as played, at the tempi of the score."""
        played = self.tune.performance
        return played.seconds(played.duration)

    @functools.cached_property
    def n_bars(self) -> int:
        """Bars as played, a pickup not counted."""
        pickup = any(voice.bars and voice.bars[0].number == 0 for voice in self.tune.voices[:1])
        return len(bar_starts(self.tune)) - pickup

    @functools.cached_property
    def melody(self) -> NDArray[Any]:
        """Notes of the melody: the first pitched voice that sounds."""
        voices = np.unique(self.rows["voice"])
        return self.rows[self.rows["voice"] == voices[0]] if len(voices) else self.rows

    @functools.cached_property
    def bass(self) -> NDArray[Any]:
        """Notes of the bass: the pitched voice that is lowest on average."""
        voices = [int(voice) for voice in np.unique(self.rows["voice"])]
        if not voices:
            return self.rows
        lowest = min(voices, key=lambda one: float(self.rows["pitch"][self.rows["voice"] == one].mean()))
        found: NDArray[Any] = self.rows[self.rows["voice"] == lowest]
        return found

    def classes(self) -> NDArray[np.float64]:
        """Share of the sounding time of each pitch class from C; shape (12,), all 0 without notes."""
        classes = self.rows["pitch"] % 12
        weights = np.bincount(classes, weights=self.rows["duration"], minlength=12).astype(np.float64)
        shares: NDArray[np.float64] = weights / max(weights.sum(), 1e-12)
        return shares

"""What the writer's parts hand to each other: one event a note or chord, times in exact quarter notes."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from agent.offline.writer.theory import midi


@dataclass(frozen=True, slots=True)
class Event:
    """A note, chord or drum stroke. Gaps between events are rests."""

    start: Fraction
    length: Fraction
    tones: tuple[tuple[int, int], ...]  # (diatonic step, alteration), from below; one for a single note
    marks: tuple[str, ...] = ()  # "staccato", "accent"
    letters: str = ""  # drum letters of the kit; then tones is empty

    @property
    def end(self) -> Fraction:
        """Where the event stops sounding."""
        return self.start + self.length

    @property
    def pitches(self) -> tuple[int, ...]:
        """MIDI pitches from below."""
        return _pitches(self.tones)


@lru_cache(maxsize=4096)
def _pitches(tones: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """MIDI pitches of tones; kept, because the search asks for the same ones over and over."""
    return tuple(midi(step, alter) for step, alter in tones)


def as_float(time: Fraction) -> float:
    """Return a time as a float, to search by: comparing fractions takes ten times as long.

    Denominators of music are so small that equal times stay equal and others keep their order.
    """
    above, below = time.as_integer_ratio()
    return above / below


def starts_of(line: Iterable[Event]) -> list[float]:
    """Return when the events of a line start, to search them by `as_float`."""
    return [as_float(event.start) for event in line]


def sounding(
    line: Sequence[Event], starts: Sequence[float], start: Fraction, end: Fraction
) -> Sequence[Event]:
    """Return the events of a line that sound in a stretch of time.

    Parameters
    ----------
    line
        Events in order of time that do not overlap.
    starts
        Their starts (`starts_of`), listed once by the caller.
    """
    first = max(0, bisect.bisect_right(starts, as_float(start)) - 1)
    if first < len(line) and line[first].end <= start:
        first += 1
    return line[first : bisect.bisect_left(starts, as_float(end))]

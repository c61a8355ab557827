"""Whole ticks for the exact times of a tune: integers are an order of magnitude faster than fractions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from notation.quick import fraction
from notation.tempo import bar_length, beat_length
from notation.tune import Note, Voice


class Clock:
    """A tick so small that everything in these voices, grace notes too, lasts a whole number of them."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        parts = {1}
        for voice in voices:
            parts.update(note.duration.denominator for note in voice.notes)
            parts.update(note.onset.denominator for note in voice.notes)
            parts.update(bar.onset.denominator for bar in voice.bars)
            parts.update(bar.duration.denominator for bar in voice.bars)
            for meter in {bar.meter for bar in voice.bars}:
                parts |= {bar_length(*meter).denominator, beat_length(*meter).denominator}
            parts.update(2 * run * note.duration.denominator for run, note in _decorated(voice.notes))
        self.per_quarter = math.lcm(*parts)
        self.times = _Times(self.per_quarter)

    def ticks(self, time: Fraction) -> int:
        """Return a time in ticks."""
        numerator, denominator = time.as_integer_ratio()
        return numerator * (self.per_quarter // denominator)

    def time(self, ticks: int) -> Fraction:
        """Return ticks in quarter notes."""
        return self.times[ticks]


class _Times(dict[int, Fraction]):
    """Quarter notes by ticks, worked out when they are asked for."""

    def __init__(self, per_quarter: int) -> None:
        super().__init__()
        self.per_quarter = per_quarter

    def __missing__(self, ticks: int) -> Fraction:
        time = self[ticks] = fraction(ticks, self.per_quarter)
        return time


def _decorated(notes: Sequence[Note]) -> Iterator[tuple[int, Note]]:
    """Yield the notes that follow grace notes, with the number of grace notes."""
    run = 0
    for note in notes:
        if note.grace:
            run += 1
        elif run:
            yield run, note
            run = 0

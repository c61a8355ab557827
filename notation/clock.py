"""Whole ticks for the exact times of a tune: integers are an order of magnitude faster than fractions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

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
        self._times: dict[int, Fraction] = {}

    def ticks(self, time: Fraction) -> int:
        """Return a time in ticks."""
        return time.numerator * (self.per_quarter // time.denominator)

    def time(self, ticks: int) -> Fraction:
        """Return ticks in quarter notes."""
        known = self._times.get(ticks)
        if known is None:
            known = self._times[ticks] = Fraction(ticks, self.per_quarter)
        return known


def _decorated(notes: Sequence[Note]) -> Iterator[tuple[int, Note]]:
    """Yield the notes that follow grace notes, with the number of grace notes."""
    run = 0
    for note in notes:
        if note.grace:
            run += 1
        elif run:
            yield run, note
            run = 0

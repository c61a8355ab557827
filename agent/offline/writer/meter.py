"""Meters as beats: how long a bar is, where its beats fall, how strong each point is.

Times are exact quarter notes from the start of the bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

#: Lengths of the beats in quarter notes, and which beats are strong, for meters whose grouping is a
#: convention.
_GROUPED: dict[str, tuple[tuple[Fraction, ...], tuple[int, ...]]] = {
    "5/4": ((Fraction(1),) * 5, (0, 3)),
    "7/8": ((Fraction(1), Fraction(1), Fraction(3, 2)), (0, 2)),
    "5/8": ((Fraction(1), Fraction(3, 2)), (0, 1)),
    "2/2": ((Fraction(1),) * 4, (0, 2)),
    "4/4": ((Fraction(1),) * 4, (0, 2)),
    "12/8": ((Fraction(3, 2),) * 4, (0, 2)),
}


@dataclass(frozen=True)
class Meter:
    """A bar's structure."""

    name: str
    beats: tuple[Fraction, ...]
    strong: tuple[int, ...]

    @cached_property
    def length(self) -> Fraction:
        """Length of a bar in quarter notes."""
        return sum(self.beats, Fraction(0))

    @cached_property
    def onsets(self) -> tuple[Fraction, ...]:
        """Where each beat starts."""
        at, starts = Fraction(0), []
        for beat in self.beats:
            starts.append(at)
            at += beat
        return tuple(starts)

    @cached_property
    def middle(self) -> Fraction:
        """Where the bar may be halved for a second chord: its last strong beat, else the last beat."""
        second = self.strong[-1] if len(self.strong) > 1 else len(self.beats) - 1
        return self.onsets[second]

    def strength(self, offset: Fraction) -> int:
        """3 on the downbeat, 2 on a strong beat, 1 on a beat, 0 between beats."""
        return self._strengths.get(offset.as_integer_ratio(), 0)

    @cached_property
    def _strengths(self) -> dict[tuple[int, int], int]:
        """Strength of every beat, by its onset as a pair of integers: fractions are slow to look up."""
        return {
            onset.as_integer_ratio(): 3 if place == 0 else 2 if place in self.strong else 1
            for place, onset in enumerate(self.onsets)
        }


@lru_cache(maxsize=64)
def meter(name: str) -> Meter:
    """Meter of a name such as ``6/8``."""
    if name in _GROUPED:
        return Meter(name, *_GROUPED[name])
    top, bottom = (int(part) for part in name.split("/"))
    if bottom >= 8 and top % 3 == 0:
        return Meter(name, (Fraction(12, bottom),) * (top // 3), (0,))
    unit = Fraction(4, bottom)
    if unit >= 1:
        return Meter(name, (unit,) * top, (0,))
    beats = [Fraction(2 * unit)] * (top // 2)
    if top % 2:
        beats = [*beats[:-1], 3 * unit] if beats else [unit]
    return Meter(name, tuple(beats), (0,))

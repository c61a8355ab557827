"""From the bars of a score, as long as they are written, to meters that hold from a bar on.

Scores have bars that do not add up to their meter: pickups, bars split at a repeat, cadenzas. A pickup stays
a pickup, split bars are joined again, and what is irregular gets a meter of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chiaroscore import InputError
from rag_store.reading.transcript import Meter

#: The shortest note value that a meter may count, and the most of them.
FINEST, MOST_BEATS = 32, 48


@dataclass(frozen=True, slots=True)
class WrittenBar:
    """A bar of all parts: its length in quarter notes, and the meter in force."""

    length: Fraction
    meter: tuple[int, int]

    @property
    def full(self) -> Fraction:
        """Length that the meter asks for, in quarter notes."""
        return Fraction(4 * self.meter[0], self.meter[1])


def meters_of(bars: Sequence[WrittenBar]) -> tuple[tuple[Meter, ...], Fraction]:
    """Return meters by onset, and the length of the pickup (0 for none).

    Raises
    ------
    InputError
        If a bar has a length that no meter can write.
    """
    pickup = bars[0].length if len(bars) > 1 and bars[0].length < bars[0].full else Fraction(0)
    found = [Meter(Fraction(0), *bars[0].meter)]
    onset, index = pickup, 1 if pickup else 0
    while index < len(bars):
        count = _whole(bars, index)
        last = index + max(count, 1) == len(bars)
        meter = (
            bars[index].meter
            if count or (last and bars[index].length < bars[index].full)
            else _own(bars[index])
        )
        if meter != (found[-1].numerator, found[-1].denominator):
            found.append(Meter(onset, *meter))
        onset += sum((bar.length for bar in bars[index : index + max(count, 1)]), Fraction(0))
        index += max(count, 1)
    return _first_at_zero(found, pickup), pickup


def _whole(bars: Sequence[WrittenBar], index: int) -> int:
    """Count the bars from ``index`` on that make one full bar together; 0 if none do."""
    length = Fraction(0)
    for count, bar in enumerate(bars[index : index + 4], 1):
        length += bar.length
        if bar.meter != bars[index].meter or length > bar.full:
            return 0
        if length == bar.full:
            return count
    return 0


def _own(bar: WrittenBar) -> tuple[int, int]:
    """Return a meter for an irregular bar: in the beats of the meter in force, or in finer ones."""
    unit = bar.meter[1]
    while unit <= FINEST:
        beats = bar.length * unit / 4
        if beats.denominator == 1 and 0 < beats <= MOST_BEATS:
            return int(beats), unit
        unit *= 2
    raise InputError(
        f"a bar is {bar.length} quarter notes long, which no meter can write; mend the score's bars"
    )


def _first_at_zero(found: list[Meter], pickup: Fraction) -> tuple[Meter, ...]:
    """Let a pickup count in the meter of the bar after it."""
    if pickup and len(found) > 1 and found[1].onset == pickup:
        return (Meter(Fraction(0), found[1].numerator, found[1].denominator), *found[2:])
    return tuple(found)

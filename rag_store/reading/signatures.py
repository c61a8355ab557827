"""Time signatures of a MIDI file as meters that begin at bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from notation.tempo import bar_length
from rag_store.reading.transcript import Meter

#: A signature this near to a bar line, in quarter notes, is meant to stand on it.
NEAR = Fraction(1, 8)
_MOST_BOTTOM = 32
_MOST_TOP = 64


def meters_of(named: Iterable[tuple[Fraction, int, int]]) -> tuple[tuple[Meter, ...], list[str]]:
    """Return the meters of a file, the first at 0, and remarks.

    Until the first signature 4/4 holds, as the file format says. A signature that repeats the one in force is
    left out. One inside a bar ends that bar, which gets a meter of its own length; where no meter has that
    length, the signature holds from the next bar line on.
    """
    found, remarks = [Meter(Fraction(0), 4, 4)], list[str]()
    for at, top, bottom in sorted(named, key=lambda one: one[0]):
        now = found[-1]
        if not 1 <= top <= _MOST_TOP or not 1 <= bottom <= _MOST_BOTTOM:
            remarks.append(f"the time signature {top}/{bottom} is not read")
            continue
        if (top, bottom) == (now.numerator, now.denominator):
            continue
        bar = bar_length(now.numerator, now.denominator)
        whole, inside = divmod(at - now.onset, bar)
        if inside <= NEAR or bar - inside <= NEAR:
            start = now.onset + bar * (whole + (inside > NEAR))
        else:
            start = _short_bar(found, now.onset + bar * whole, inside, bar)
        if start == found[-1].onset:
            found.pop()
        if not found or (top, bottom) != (found[-1].numerator, found[-1].denominator):
            found.append(Meter(start, top, bottom))
    return tuple(found), remarks


def _short_bar(found: list[Meter], start: Fraction, inside: Fraction, bar: Fraction) -> Fraction:
    """Append the meter of a bar cut short and return where it ends."""
    bottom = max(4, inside.denominator * 4)
    if bottom > _MOST_BOTTOM or bottom & (bottom - 1):
        return start + bar
    if found[-1].onset == start:
        found.pop()
    found.append(Meter(start, int(inside * bottom / 4), bottom))
    return start + inside


def pickup_of(meters: Sequence[Meter]) -> tuple[Fraction, tuple[Meter, ...]]:
    """Return the pickup that a file shows and the meters without it.

    A first meter that lasts one bar and is shorter than the second is how programs write a pickup.
    """
    if len(meters) > 1:
        first, second = meters[:2]
        length = bar_length(first.numerator, first.denominator)
        if second.onset == length < bar_length(second.numerator, second.denominator):
            return length, (Meter(Fraction(0), second.numerator, second.denominator), *meters[2:])
    return Fraction(0), tuple(meters)

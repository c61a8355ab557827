"""Where the bars of a transcript begin and end, and how a bar divides into beats."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from notation.tempo import bar_length, beat_length
from rag_store.reading.transcript import Meter, Transcript

_ZERO, _QUARTER = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Measure:
    """One bar, in quarter notes; ``fresh`` where its meter is not that of the bar before."""

    start: Fraction
    length: Fraction
    numerator: int
    denominator: int
    fresh: bool

    @property
    def end(self) -> Fraction:
        """Where the next bar begins."""
        return self.start + self.length

    @property
    def partial(self) -> bool:
        """Whether it is shorter than its meter: a pickup."""
        return self.length < bar_length(self.numerator, self.denominator)


def sounding_end(transcript: Transcript) -> Fraction:
    """Return when the last note ends, 0 for a transcript without notes."""
    notes = [note for part in transcript.parts for note in part.notes]
    last = max(notes, key=lambda note: quarters(note.onset) + quarters(note.duration), default=None)
    return _ZERO if last is None else last.onset + last.duration


def quarters(time: Fraction) -> float:
    """Return a time as a float, in a third of the time that ``float`` takes."""
    return time.numerator / time.denominator


def measures(transcript: Transcript) -> tuple[Measure, ...]:
    """Return the bars from the beginning to the one in which the last note ends; at least one.

    A meter that begins inside a bar holds from the next bar on.
    """
    end, at = sounding_end(transcript), _ZERO
    waiting = sorted(transcript.meters, key=lambda meter: meter.onset)
    found: list[Measure] = []
    now = waiting.pop(0) if waiting else Meter(_ZERO, 4, 4)
    fresh = True
    while at < end or not found:
        while waiting and waiting[0].onset <= at:
            following = waiting.pop(0)
            fresh = fresh or (following.numerator, following.denominator) != (now.numerator, now.denominator)
            now = following
        length = bar_length(now.numerator, now.denominator)
        if not found and 0 < transcript.pickup < length:
            length = transcript.pickup
        found.append(Measure(at, length, now.numerator, now.denominator, fresh))
        at, fresh = at + length, False
    return tuple(found)


@lru_cache(maxsize=256)
def beats(numerator: int, denominator: int) -> tuple[Fraction, ...]:
    """Return where the beats of a bar begin, in quarter notes, and after them where the bar ends.

    Dotted beats in compound meters, quarter notes where the lower number is 4 or less; else pairs of units,
    the last of three where they are odd (7/8 is 2+2+3).
    """
    length = bar_length(numerator, denominator)
    unit = Fraction(4, denominator)
    beat = beat_length(numerator, denominator)
    if beat == unit:
        beat = min(unit, _QUARTER) if denominator <= 4 else 2 * unit
    starts = [index * beat for index in range(int(length / beat) or 1)]
    return (*starts, length)


@lru_cache(maxsize=256)
def middle(numerator: int, denominator: int) -> Fraction:
    """Return where an even bar of four beats or more has its second half, 0 for other bars."""
    starts = beats(numerator, denominator)[:-1]
    return starts[len(starts) // 2] if len(starts) >= 4 and len(starts) % 2 == 0 else _ZERO

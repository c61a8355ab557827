"""Returns: which bars of an earlier phrase a phrase takes up, and which are written anew."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from agent.offline.writer.events import Event, as_float, starts_of
from agent.offline.writer.form import Phrase
from agent.offline.writer.harmony import Span

#: Roman numerals of each bar with their place in it.
BarChords = tuple[tuple[tuple[Fraction, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A phrase that has been written."""

    phrase: Phrase
    chords: BarChords
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Bars ``first`` to ``stop`` of a phrase.

    ``source`` is the phrase they are taken from, None if they are new.
    """

    first: int
    stop: int
    source: Heard | None


def bar_chords(phrase: Phrase, spans: Sequence[Span], bar_length: Fraction) -> BarChords:
    """Return the chords of every bar of a phrase."""
    starts = [span.place for span in spans]
    bars = []
    for number in range(phrase.start, phrase.start + phrase.bars):
        start, end = number * bar_length, (number + 1) * bar_length
        inside = spans[
            bisect.bisect_right(starts, as_float(start)) - 1 : bisect.bisect_left(starts, as_float(end))
        ]
        bars.append(tuple((max(span.start - start, Fraction(0)), span.chord.roman) for span in inside))
    return tuple(bars)


def segments(phrase: Phrase, chords: BarChords, heard: Sequence[Heard], climax: int) -> list[Segment]:
    """Divide a phrase into bars that return and bars that are new.

    A bar returns where all chords up to it are those of the earlier phrase; a cadence of another kind is
    new. So is the bar of the climax, if it falls into a phrase that returns.

    Parameters
    ----------
    phrase, chords
        The phrase to be written.
    heard
        Earlier phrases of the same letter and place.
    climax
        Bar of the piece's high point, from 0.
    """
    best, kept = None, 0
    for earlier in heard:
        same = _leading(phrase, chords, earlier)
        if same > kept:
            best, kept = earlier, same
    lifted = climax - phrase.start
    cuts = [(0, kept, best)]
    if 0 <= lifted < kept:
        cuts = [(0, lifted, best), (lifted, lifted + 1, None), (lifted + 1, kept, best)]
    cuts.append((kept, phrase.bars, None))
    return [Segment(*cut) for cut in cuts if cut[0] < cut[1]]


def _leading(phrase: Phrase, chords: BarChords, earlier: Heard) -> int:
    """Return how many leading bars the two phrases share."""
    same = 0
    for new, old in zip(chords, earlier.chords, strict=False):
        if new != old:
            break
        same += 1
    alike = phrase.cadence == earlier.phrase.cadence and phrase.bars == earlier.phrase.bars
    return same if alike else min(same, phrase.bars - 1, earlier.phrase.bars - 1)


def taken(segment: Segment, phrase: Phrase, bar_length: Fraction) -> list[Event]:
    """Return the events of a segment that returns, moved to their new place, with the upbeat before them."""
    if segment.source is None:
        return []
    old = segment.source.phrase.start
    shift = (phrase.start - old) * bar_length
    low, high = (old + segment.first) * bar_length, (old + segment.stop) * bar_length
    if segment.first == 0:
        low -= bar_length
    first, stop = as_float(low), as_float(high)
    old_events = segment.source.events
    return [
        replace(event, start=event.start + shift)
        for event, at in zip(old_events, starts_of(old_events), strict=True)
        if first <= at < stop
    ]

"""The second line: it holds where the melody moves, moves where that holds, joins it in thirds at the height.

Complementary rhythm and the parallel thirds and sixths of two voices of one theme are what Kennan,
Counterpoint, 4th ed. (1999), ch. 5, and Adler, The Study of Orchestration (2016), ch. 15, describe.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from fractions import Fraction
from operator import attrgetter

import numpy as np

from agent.offline.writer.events import Event, as_float, sounding, starts_of
from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.harmony import Span, chord_at
from agent.offline.writer.line import LineStyle, Slot, best_line
from agent.offline.writer.meter import Meter
from agent.offline.writer.scoring import FULL
from agent.offline.writer.setting import Setting, consonant
from agent.offline.writer.theory import chord_scale, midi

#: Shortest melody note that the second line joins in thirds.
_JOINED = Fraction(1, 2)
#: Semitones under the melody for thirds and for sixths.
_THIRD, _SIXTH = 3.5, 8.5


def counter_part(
    form: tuple[Section, ...], setting: Setting, melody: Sequence[Event], low: int, high: int, seed: int,
    *, lively: bool,
) -> list[Event]:  # fmt: skip
    """Return a second line.

    It lies under the melody; a range that is wholly above the melody's centre makes it a descant.

    Parameters
    ----------
    melody
        Single notes in order of time.
    low, high
        Range as MIDI pitches.
    lively
        It moves in half beats, not in beats, where the melody stands still.
    """
    line = sorted(melody, key=lambda event: event.start)
    starts = starts_of(line)
    slots: list[Slot] = []
    for section in form:
        for at, phrase in enumerate(section.phrases):
            joins = section.kind == "theme" and at % 2 == 0 and (section.energy > FULL or section.turn > 0)
            descant = low > setting.center
            cuts = _cuts(phrase, setting, line, starts, lively=lively, joins=joins and not descant)
            for start, end in cuts:
                slots.append(_slot(start, end, setting, line, starts, low, high))
    if not slots:
        return []
    first = next(step for step in range(77) if midi(step, 0) > low)
    top = max(step for step in range(77) if midi(step, 0) < high)
    style = LineStyle(leaps=1.2, noise=0.25)
    steps = best_line(slots, first, max(top, first + 4), style, np.random.default_rng(seed), None)
    return [
        Event(slot.onset, slot.length, ((step, slot.alters[step % 7]),))
        for slot, step in zip(slots, steps, strict=True)
    ]


def _cuts(
    phrase: Phrase, setting: Setting, melody: Sequence[Event], starts: Sequence[float], *, lively: bool,
    joins: bool,
) -> list[tuple[Fraction, Fraction]]:  # fmt: skip
    """Return start and end of every note of a phrase."""
    bar = setting.bar
    begin, end = phrase.start * bar.length, (phrase.start + phrase.bars) * bar.length
    changes = {span.start for span in setting.spans if begin <= span.start < end}
    onsets: set[Fraction] = set()
    for number in range(phrase.start, phrase.start + phrase.bars):
        start = number * bar.length
        inside = melody[_place(starts, start) : _place(starts, start + bar.length)]
        if joins and number < phrase.start + phrase.bars - 1 and _joinable(inside, start):
            onsets |= {event.start for event in inside}
        else:
            onsets |= {start} | _between(start, bar, melody, starts, lively=lively)
    onsets |= changes
    if begin and not joins:  # a breath before the phrase, if the melody does not take one there
        breath = begin + bar.beats[0]
        onsets = {onset for onset in onsets if onset >= breath} | {breath}
    ordered = sorted(onsets)
    return list(zip(ordered, [*ordered[1:], end], strict=True))


def _joinable(inside: Sequence[Event], start: Fraction) -> bool:
    """Whether the second line may take up a bar's rhythm."""
    return len(inside) > 1 and inside[0].start == start and min(e.length for e in inside) >= _JOINED


def _between(
    start: Fraction, bar: Meter, melody: Sequence[Event], starts: Sequence[float], *, lively: bool
) -> set[Fraction]:
    """Return onsets on the beats of a bar through which the melody holds a note or rests."""
    out: set[Fraction] = set()
    for onset, beat in zip(bar.onsets, bar.beats, strict=True):
        at = start + onset
        if _place(starts, at) != _place(starts, at + beat):
            continue
        out.add(at)
        if lively:
            out.add(at + (Fraction(1) if beat == Fraction(3, 2) else beat / 2))
    return out


def _slot(
    start: Fraction, end: Fraction, setting: Setting, melody: Sequence[Event], starts: Sequence[float],
    low: int, high: int,
) -> Slot:  # fmt: skip
    """Return one note to be pitched: under what sounds above it, or about the middle of a descant's range."""
    above = sounding(melody, starts, start, end)
    over = chord_at(setting.spans, start)
    lowest = min((event.pitches[0] for event in above), default=setting.center)
    if low > setting.center:
        target, ceiling = (low + high) / 2, float(high)
    else:
        distance = _THIRD if lowest - _THIRD - 3 < high and lowest - _SIXTH < low + 3 else _SIXTH
        target, ceiling = min(lowest - distance, (low + high) / 2 + 3), lowest - 1.0
    alters = chord_scale(setting.tonic, setting.mode, over)
    bass, before = setting.bass_around(start)
    together = any(event.start == start for event in above)
    tones = consonant(over, alters)
    sung = {event.pitches[0] % 12 for event in above if event.start == start}
    tones = tones - sung if len(tones - sung) > 1 else tones  # no octaves with the melody
    return Slot(
        start, end - start, over, alters, 3 if _begins(setting.spans, start) else setting.bar.strength(
            start % setting.bar.length
        ), tones, target, ceiling,
        move=_move(start, melody, starts) if together and end - start <= 2 else None,
        bass=bass, bass_before=before, against=_beats_of(above, start, setting.bar),
    )  # fmt: skip


def _move(start: Fraction, melody: Sequence[Event], starts: Sequence[float]) -> int | None:
    """Return the melody's diatonic move to the note at a time, if it is a step from the note before."""
    place = _place(starts, start)
    if not place or melody[place - 1].end != start or melody[place].start != start:
        return None
    move = melody[place].tones[0][0] - melody[place - 1].tones[0][0]
    return move if abs(move) == 1 else None


def _place(starts: Sequence[float], time: Fraction) -> int:
    """Return how many notes start before a time."""
    return bisect.bisect_left(starts, as_float(time))


def _begins(spans: Sequence[Span], time: Fraction) -> bool:
    """Whether a chord begins at a time."""
    place = bisect.bisect_left(spans, as_float(time), key=attrgetter("place"))
    return place < len(spans) and spans[place].start == time


def _beats_of(above: Sequence[Event], start: Fraction, bar: Meter) -> tuple[int, ...]:
    """Return the pitches of a line at a time and at the beats that follow."""
    return tuple(
        event.pitches[0]
        for event in above
        if event.start <= start or bar.strength(event.start % bar.length) > 0
    )

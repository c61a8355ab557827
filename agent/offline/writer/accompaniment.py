"""Harmony and pad voices: figures over voiced chords, a figure for every section."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

from agent.offline.writer.events import Event, as_float
from agent.offline.writer.form import Section
from agent.offline.writer.meter import Meter
from agent.offline.writer.pattern import Stroke, bar_strokes, is_held
from agent.offline.writer.theory import midi
from agent.offline.writer.voicing import Voiced

#: Quarter notes that a chord is held at most before it is struck again.
LONGEST = 8
#: No bar.
EMPTY: Mapping[int, float] = MappingProxyType({})


def harmony_part(
    form: tuple[Section, ...],
    bar: Meter,
    voiced: list[Voiced],
    names: Sequence[str],
    *,
    single: bool,
    top: int,
    eased: frozenset[int] = frozenset(),
    held: Mapping[int, float] = EMPTY,
) -> list[Event]:
    """Chordal accompaniment.

    Parameters
    ----------
    voiced
        The chords as they are to lie, without gaps.
    names
        A figure for every section.
    single
        One note at a time, for instruments that have no chords.
    top
        The player's highest pitch.
    eased
        Bars (0-based) whose second half is left to the others.
    held
        Bars in which one stroke is not struck, the one before it held on: which one, 0 first .. 1 last.
    """
    events: list[Event] = []
    starts = [as_float(one.start) for one in voiced]
    last = form[-1].start + form[-1].bars - 1
    for section, name in zip(form, names, strict=True):
        new: list[Event] = []
        for at in range(section.bars):
            number = section.start + at
            start = number * bar.length
            if number == last:
                strokes = [Stroke(Fraction(0), bar.length, "C")]
            else:
                strokes = bar_strokes("harmony", name, bar, at)
                if number in eased and not is_held(name):
                    strokes = [stroke for stroke in strokes if stroke.offset < bar.middle]
                elif number in held and not is_held(name):
                    strokes = _with_one_held(strokes, held[number])
            new += _sounded(strokes, start, voiced, starts, single, is_held(name), top)
        events += _merged(new) if is_held(name) else new
    return events


def _with_one_held(strokes: list[Stroke], place: float) -> list[Stroke]:
    """Return strokes without one of them; the one before sounds on if it touched it. The first stays."""
    if len(strokes) < 3:
        return strokes
    at = 1 + min(int(place * (len(strokes) - 1)), len(strokes) - 2)
    before, gone = strokes[at - 1], strokes[at]
    if before.offset + before.length == gone.offset:
        before = replace(before, length=before.length + gone.length)
    return [*strokes[: at - 1], before, *strokes[at + 1 :]]


def _sounded(
    strokes: list[Stroke], start: Fraction, voiced: list[Voiced], starts: list[float], single: bool,
    held: bool, top: int,
) -> list[Event]:  # fmt: skip
    """Strokes as notes; a stroke is cut where the chord changes under it, and sounds anew if it was held."""
    events: list[Event] = []
    for stroke in strokes:
        at, end = start + stroke.offset, start + stroke.offset + stroke.length
        while at < end:
            span = voiced[bisect.bisect_right(starts, as_float(at)) - 1]
            until = min(end, span.end)
            tones = _chosen(stroke.what, span.tones, single, top)
            if tones:
                events.append(Event(at, until - at, tones, stroke.marks))
            if until < end and not held and stroke.length < 1:
                break
            at = until
    return events


def _chosen(
    what: str, tones: tuple[tuple[int, int], ...], single: bool, top: int
) -> tuple[tuple[int, int], ...]:
    """Tones that a token asks for; a digit beyond the voicing goes up an octave, where ``top`` allows it."""
    if what == "C":
        return tones[-1:] if single else tones
    if what == "U":
        return tones[-1:] if single or len(tones) == 1 else tones[1:]
    picked = []
    for digit in what:
        place = int(digit) - 1
        step, alter = tones[place % len(tones)]
        raised = step + 7 * (place // len(tones))
        picked.append((raised if midi(raised, alter) <= top else step, alter))
    return tuple(picked[:1] if single else dict.fromkeys(picked))


def _merged(events: list[Event]) -> list[Event]:
    """Neighbouring equal chords joined, at most `LONGEST` quarter notes long."""
    out: list[Event] = []
    for event in events:
        if (
            out
            and out[-1].tones == event.tones
            and out[-1].end == event.start
            and out[-1].length + event.length <= LONGEST
        ):
            out[-1] = Event(out[-1].start, out[-1].length + event.length, event.tones, out[-1].marks)
        else:
            out.append(event)
    return out

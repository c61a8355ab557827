"""Music that is given: bars and voices that stay as they are while the rest is composed around them.

A `Given` is made of plain events, read from any score, so that what is kept may come from this writer, from a
language model, or from a user's theme.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from agent.offline.writer.events import Event
from agent.offline.writer.form import Section
from agent.offline.writer.harmony import Span, chord_at
from agent.offline.writer.layout import Staff
from agent.offline.writer.line import Slot, best_line
from agent.offline.writer.motif import Figure
from agent.offline.writer.setting import Setting, consonant
from agent.offline.writer.theory import chord_scale, midi

#: Bars of new melody that are fitted to what is given before them, and to what is given after them.
_AFTER, _BEFORE = 2, 1


@dataclass(frozen=True, slots=True)
class GivenLine:
    """One voice that is given in some bars."""

    events: tuple[Event, ...]
    bars: frozenset[int]  # from 0
    dynamics: Mapping[Fraction, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """What the writer takes over. Voices are named as its staves are: ``M``, ``H``, ``H2``, ``B`` ..."""

    lines: Mapping[str, GivenLine] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    harmony: frozenset[int] = frozenset()  # bars whose chords are given, from 0
    figures: tuple[Figure, ...] = ()  # what the new melody develops; the exemplars' if empty
    form: tuple[Section, ...] = ()  # the plan's if empty

    def chords(self, spans: Sequence[Span], bar: Fraction) -> list[Span]:
        """Return the harmony with the given chords in their bars; ``bar`` is the length of a bar."""
        if not self.harmony:
            return list(spans)
        new = [span for span in _cut_spans(spans, bar) if span.start // bar not in self.harmony]
        old = [span for span in _cut_spans(self.spans, bar) if span.start // bar in self.harmony]
        return sorted([*new, *old], key=lambda span: span.start)

    def line(self, name: str, events: Sequence[Event], bar: Fraction) -> list[Event]:
        """Return a voice with its given bars in place; a voice that is not given comes back as it is."""
        given = self.lines.get(name)
        return list(events) if given is None else overlaid(events, given.events, given.bars, bar)

    def melody(self, events: Sequence[Event], setting: Setting, seed: int) -> list[Event]:
        """Return the melody with its given bars in place and the new ones joined to them."""
        given = self.lines.get("M")
        if given is None:
            return list(events)
        length = setting.bar.length
        line = overlaid(events, given.events, given.bars, length)
        for first, stop in _joints(given.bars, setting.total_bars):
            line = _fitted(line, first * length, stop * length, setting, seed)
        return balanced(line)

    def staves(self, staves: Sequence[Staff], bar: Fraction) -> list[Staff]:
        """Return the staves with everything given in place, dynamics and chord symbols among it."""
        out = []
        for staff in staves:
            given = self.lines.get(staff.id)
            if given is None:
                out.append(staff)
                continue
            events = balanced(overlaid(staff.events, given.events, given.bars, bar))
            marks = {at: mark for at, mark in staff.dynamics.items() if at // bar not in given.bars}
            marks |= {at: mark for at, mark in given.dynamics.items() if at // bar in given.bars}
            out.append(replace(staff, events=events, dynamics=paired(marks)))
        return symbolled(out, bar) if self.lines or self.spans else out


#: Nothing is given.
NOTHING = Given()


def overlaid(
    new: Sequence[Event], old: Sequence[Event], bars: frozenset[int], length: Fraction
) -> list[Event]:
    """Return ``old`` in the given bars (from 0) and ``new`` in all others.

    A note that is held over from one into the other is cut at the bar line.
    """
    kept = [piece for event in old for piece in _inside(event, bars, length, wanted=True)]
    free = [piece for event in new for piece in _inside(event, bars, length, wanted=False)]
    return sorted([*kept, *free], key=lambda event: event.start)


def _inside(event: Event, bars: frozenset[int], length: Fraction, *, wanted: bool) -> Iterator[Event]:
    """Yield the parts of an event that lie in the bars (or outside them), neighbours in one piece."""
    first, last = event.start // length, -(-event.end // length)
    numbers = [number for number in range(first, last) if (number in bars) == wanted]
    for begin, stop in runs(numbers):
        start, end = max(event.start, begin * length), min(event.end, stop * length)
        yield replace(event, start=start, length=end - start)


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return runs of successive numbers as ``(first, stop)``."""
    out: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if out and out[-1][1] == number:
            out[-1] = (out[-1][0], number + 1)
        else:
            out.append((number, number + 1))
    return out


def _joints(bars: frozenset[int], total: int) -> list[tuple[int, int]]:
    """Return the stretches of new bars that lie beside given ones."""
    found: list[tuple[int, int]] = []
    for first, stop in runs(set(range(total)) - bars):
        after = (first, min(stop, first + _AFTER)) if first - 1 in bars else (first, first)
        before = (max(first, stop - _BEFORE), stop) if stop in bars else (stop, stop)
        if after[1] >= before[0] and after[0] < after[1] and before[0] < before[1]:
            found.append((after[0], before[1]))
        else:
            found += [part for part in (after, before) if part[0] < part[1]]
    return found


def _fitted(line: list[Event], start: Fraction, end: Fraction, setting: Setting, seed: int) -> list[Event]:
    """Return the line with the notes of a stretch pitched anew, so that they join what is around them."""
    inside = [event for event in line if start <= event.start < end]
    if not inside:
        return line
    before = [event for event in line if event.start < start]
    after = [event for event in line if event.start >= end]
    slots = _slots(inside, before[-1] if before else None, setting)
    steps = [step for step in range(77) if setting.low + 1 <= midi(step, 0) <= setting.high - 1]
    noise = np.random.default_rng(seed)
    joined = best_line(
        slots, steps[0], steps[-1], setting.style, noise,
        before[-1].tones[-1][0] if before else None, after[0].tones[-1][0] if after else None,
    )  # fmt: skip
    fitted = [
        replace(event, tones=((step, slot.alters[step % 7]),))
        for event, slot, step in zip(inside, slots, joined, strict=True)
    ]
    return [*before, *fitted, *after]


def _slots(events: Sequence[Event], before: Event | None, setting: Setting) -> list[Slot]:
    """Return a slot for every note: its rhythm stands, its contour and height are wished for."""
    slots: list[Slot] = []
    earlier = before
    for place, event in enumerate(events):
        over = chord_at(setting.spans, event.start)
        alters = chord_scale(setting.tonic, setting.mode, over)
        bass, bass_before = setting.bass_around(event.start)
        move = event.tones[-1][0] - events[place - 1].tones[-1][0] if place else None
        slots.append(
            Slot(
                onset=event.start,
                length=event.length,
                chord=over,
                alters=alters,
                strength=setting.bar.strength(event.start % setting.bar.length),
                consonant=consonant(over, alters, blue=setting.blue),
                target=float(event.pitches[-1]),
                ceiling=setting.peak,
                move=move,
                after_rest=earlier is None or earlier.end < event.start,
                bass=bass,
                bass_before=bass_before,
            )
        )
        earlier = event
    return slots


def balanced(events: Sequence[Event]) -> list[Event]:
    """Return the events without slurs that only begin or only end."""
    opened: int | None = None
    good: set[int] = set()
    for place, event in enumerate(events):
        if "slur)" in event.marks and opened is not None:
            good |= {opened, place} if "slur(" not in event.marks else {opened}
            opened = None
        if "slur(" in event.marks:
            opened = place
    return [event if place in good else _unslurred(event) for place, event in enumerate(events)]


def _unslurred(event: Event) -> Event:
    if not any(mark.startswith("slur") for mark in event.marks):
        return event
    return replace(event, marks=tuple(mark for mark in event.marks if not mark.startswith("slur")))


def paired(marks: Mapping[Fraction, str]) -> dict[Fraction, str]:
    """Return dynamic marks in order of time without hairpins that only begin or only end."""
    out: dict[Fraction, list[str]] = {}
    opened: tuple[Fraction, str] | None = None
    for at in sorted(marks):
        out[at] = []
        for mark in marks[at].split():
            if mark.endswith(")"):
                if opened is None or opened[1][:-1] != mark[:-1]:
                    continue
                opened = None
            elif mark.endswith("("):
                if opened is not None:
                    out[opened[0]].remove(opened[1])
                opened = (at, mark)
            out[at].append(mark)
    if opened is not None:
        out[opened[0]].remove(opened[1])
    return {at: " ".join(words) for at, words in out.items() if words}


def symbolled(staves: Sequence[Staff], bar: Fraction) -> list[Staff]:
    """Return the staves with every chord symbol on the first melody or harmony staff that has a place for it.

    A place is a bar line, or where a note begins or ends.
    """
    free = {at: symbol for staff in staves for at, symbol in staff.chords.items()}
    out = []
    for staff in staves:
        own: dict[Fraction, str] = {}
        if staff.id[0] in "MH":
            places = set(itertools.chain.from_iterable((e.start, e.end) for e in staff.events))
            own = {at: free.pop(at) for at in sorted(free) if at in places or (at / bar).denominator == 1}
        out.append(replace(staff, chords=own))
    return out


def _cut_spans(spans: Iterable[Span], bar: Fraction) -> list[Span]:
    """Return the spans cut at bar lines."""
    out = []
    for span in spans:
        at = span.start
        while at < span.end:
            until = min(span.end, (at // bar + 1) * bar)
            out.append(replace(span, start=at, end=until))
            at = until
    return out

"""Figures read from a tune: every bar of its melody as rhythm and contour, as long as the wanted bar.

A tune in bars of half the length lends two bars at a time, one in bars of double the length its halves;
simple and compound meters are not mixed. A note tied over the bar line is cut there; what is tied into a bar
becomes a rest, so that an anticipated beat stays one.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from agent.offline.writer.meter import Meter, meter
from agent.offline.writer.motif import COPIED, FREE, Figure
from agent.offline.writer.theory import LETTERS
from notation import Tune, Voice

#: Start in the bar, length, diatonic step (None for a rest).
_Event = tuple[Fraction, Fraction, int | None]


def figures(tune: Tune, source: str, bar: Meter) -> list[Figure]:
    """Figures of a tune's first pitched voice that fill a bar of ``bar``, in order."""
    voice = next((voice for voice in tune.voices if not voice.percussion and voice.notes), None)
    if voice is None:
        return []
    bars = dict(_bars(voice, bar))
    found = []
    for number, events in bars.items():
        for filled in _fitted(events, bars.get(number + 1), number, bar):
            figure = _figure(filled, source, number)
            if figure is not None:
                found.append(figure)
    return found


def _bars(voice: Voice, bar: Meter) -> Iterator[tuple[int, list[_Event]]]:
    """Full bars of a voice in a meter with the same beat, top notes only, by number."""
    top: dict[int, dict[Fraction, tuple[Fraction, int | None]]] = {}
    for note in voice.notes:
        if not note.grace:
            here = top.setdefault(note.bar, {})
            step = None if note.tie_stop else _step(note.spelled)
            old = here.get(note.onset)
            if old is None or (step is not None and (old[1] is None or old[1] < step)):
                here[note.onset] = (note.duration, step)
    for rest in voice.rests:
        top.setdefault(rest.bar, {}).setdefault(rest.onset, (rest.duration, None))
    for written in voice.bars:
        over, under = written.meter
        if not under or written.duration != Fraction(4 * over, under) or not _same_beat(over, under, bar):
            continue
        events: list[_Event] = [
            (onset - written.onset, length, step)
            for onset, (length, step) in sorted(top.get(written.number, {}).items())
        ]
        if sum((length for _, length, _ in events), Fraction(0)) == written.duration and _plain(events):
            yield written.number, events


def _same_beat(over: int, under: int, bar: Meter) -> bool:
    return meter(f"{over}/{under}").beats[0] == bar.beats[0]


def _fitted(
    events: list[_Event], following: list[_Event] | None, number: int, bar: Meter
) -> Iterator[list[_Event]]:
    """Yield the bar itself, two short ones joined (from odd bars on), or the halves of a long one."""
    length = _length(events)
    if length == bar.length:
        yield events
    elif (
        2 * length == bar.length
        and following is not None
        and number % 2 == 1
        and _length(following) == length
    ):
        yield events + [(start + length, duration, step) for start, duration, step in following]
    elif length == 2 * bar.length:
        for begin in (Fraction(0), bar.length):
            half = [(s - begin, d, step) for s, d, step in events if begin <= s < begin + bar.length]
            if half and half[0][0] == 0 and _length(half) == bar.length:
                yield half


def _length(events: list[_Event]) -> Fraction:
    return sum((duration for _, duration, _ in events), Fraction(0))


def _figure(events: list[_Event], source: str, number: int) -> Figure | None:
    """Figure of a bar's events, the contour against its first note; None for a bar of rests."""
    sounding = [step for _, _, step in events if step is not None]
    if not sounding:
        return None
    seen, steps = 0, list[int | None]()
    for _, _, step in events:
        seen += step is not None
        steps.append(None if step is None else step - sounding[0] if seen <= COPIED else FREE)
    return Figure(tuple(duration for _, duration, _ in events), tuple(steps), source, number)


def _step(spelled: str) -> int:
    """Diatonic step of a spelled pitch such as ``Bb3``."""
    octave = int(spelled.lstrip("ABCDEFGb#"))
    return octave * 7 + LETTERS.index(spelled[0])


def _plain(events: list[_Event]) -> bool:
    """Whether every value lies on a grid of sixteenths or twelfths (graces and quintuplets do not)."""
    return all((length * 4).denominator == 1 or (length * 3).denominator == 1 for _, length, _ in events)

"""Density that was asked for: accompaniment thinned or filled until as many notes begin a second.

Conventions
-----------
An onset is a note or chord that begins in a pitched voice. Thinning takes onsets away and holds the note
before them; filling lets held notes and chords speak again, broken where there is a chord. Both go by
metrical weight, the weakest points first when thinning, the strongest first when filling, and bar by bar in
an order that spreads over the piece, so that bars stay alike. Melody notes go last, and where a chord
changes the accompaniment stays as long as it may. The first note of a voice and the last bar always stay.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from agent.offline.writer.events import Event
from agent.offline.writer.layout import Staff
from agent.offline.writer.meter import Meter

#: Seconds under which a note is too short to be added.
_SHORTEST = 0.16
#: Voices in the order in which they are filled; thinned the other way round. The melody is never filled.
_FILLED = ("H", "B", "P", "C")
_THINNED = ("P", "C", "H", "B", "M")


def fitted(
    staves: Sequence[Staff],
    bar: Meter,
    bars: int,
    tempo: float,
    limits: tuple[float, float] | None,
    aim: float,
) -> list[Staff]:
    """Return the staves with a density within limits.

    Parameters
    ----------
    staves
        Voices, named by their role's letter.
    bars
        Bars of the piece.
    tempo
        Quarter notes per minute.
    limits
        Fewest and most onsets a second; None leaves everything as it is.
    aim
        Onsets a second to come to, where the limits are not kept.
    """
    if limits is None:
        return list(staves)
    seconds = float(bar.length) * bars * 60 / tempo
    onsets = sum(len(staff.events) for staff in staves if not staff.percussion)
    low, high = (seconds * limit for limit in limits)
    if onsets > 0.97 * high:
        return _thinned(staves, bar, bars, onsets - round(aim * seconds))
    if onsets < 1.03 * low:
        return _filled(staves, bar, bars, round(aim * seconds) - onsets, tempo)
    return list(staves)


@dataclass(frozen=True, slots=True)
class _Point:
    """A place in a voice: where an onset may be taken away or added."""

    voice: int
    at: Fraction


def _thinned(staves: Sequence[Staff], bar: Meter, bars: int, excess: int) -> list[Staff]:
    """Return the staves without the ``excess`` least weighty onsets."""
    changes = {at for staff in staves for at in staff.chords}
    last = (bars - 1) * bar.length
    ranked: list[tuple[tuple[int, ...], _Point]] = []
    for voice, staff in enumerate(staves):
        if staff.percussion:
            continue
        for event in staff.events[1:]:
            tied = {"slur(", "slur)"} & set(event.marks) or event.start in staff.dynamics
            if event.start < last and not tied:
                weight = _worth(staff.id[0], bar.strength(event.start % bar.length), event.start in changes)
                ranked.append(((*weight, _turn(event.start, bar)), _Point(voice, event.start)))
    ranked.sort(key=lambda pair: (pair[0], pair[1].voice, pair[1].at))
    gone = {point for _, point in ranked[: max(0, excess)]}
    return [
        replace(staff, events=_without(staff.events, {p.at for p in gone if p.voice == voice}, changes))
        for voice, staff in enumerate(staves)
    ]


def _worth(role: str, strength: int, change: bool) -> tuple[int, int]:
    """Return how dear an onset is: first accompaniment between chord changes, then melody off the beat."""
    place = _THINNED.index(role)
    if role == "M":
        return (1 if strength == 0 else 4 if strength < 3 else 6, place)
    if not change:
        return (0, 10 * strength + place)
    return (2 if role in "PC" else 3 if role == "H" else 5, 10 * strength + place)


def _turn(at: Fraction, bar: Meter) -> int:
    """Return the place of a bar in an order that spreads over the piece (van der Corput's)."""
    number = int(at // bar.length)
    return int(f"{number % 64:06b}"[::-1], 2)


def _without(events: Sequence[Event], gone: set[Fraction], changes: set[Fraction]) -> list[Event]:
    """Return events without some; the one before holds on, unless the chord changes there."""
    out: list[Event] = []
    for event in events:
        if event.start not in gone:
            out.append(event)
        elif out and out[-1].end == event.start and event.start not in changes:
            out[-1] = replace(out[-1], length=out[-1].length + event.length)
    return out


def _filled(staves: Sequence[Staff], bar: Meter, bars: int, missing: int, tempo: float) -> list[Staff]:
    """Return the staves with about ``missing`` more onsets in the accompaniment."""
    ranked: list[tuple[tuple[int, int, int], _Point]] = []
    for voice, staff in enumerate(staves):
        if staff.percussion or staff.id[0] not in _FILLED:
            continue
        for event in staff.events:
            if event.start < (bars - 1) * bar.length:
                for level, at in _places(event, bar, tempo):
                    rank = (level, _FILLED.index(staff.id[0]), _turn(at, bar))
                    ranked.append((rank, _Point(voice, at)))
    ranked.sort(key=lambda pair: (pair[0], pair[1].voice, pair[1].at))
    new = [point for _, point in ranked[: max(0, missing)]]
    return [
        replace(staff, events=_split(staff.events, sorted({p.at for p in new if p.voice == voice})))
        for voice, staff in enumerate(staves)
    ]


def _places(event: Event, bar: Meter, tempo: float) -> Iterator[tuple[int, Fraction]]:
    """Yield (level, time) of the metrical points inside a held note: beats, their parts, halves of these."""
    for number in range(int(event.start // bar.length), int(event.end // bar.length) + 1):
        for onset, beat in zip(bar.onsets, bar.beats, strict=True):
            at = number * bar.length + onset
            parts = 3 if beat == Fraction(3, 2) else 2
            points = [(0, at, beat)]
            points += [(1, at + beat * k / parts, beat / parts) for k in range(1, parts)]
            points += [(2, at + beat * k / (2 * parts), beat / (2 * parts)) for k in range(1, 2 * parts, 2)]
            for level, time, step in points:
                if event.start < time < event.end and float(step) * 60 / tempo >= _SHORTEST:
                    yield level, time


def _split(events: Sequence[Event], cuts: Sequence[Fraction]) -> list[Event]:
    """Return events that speak again at some times; of a chord its tones in turn."""
    out: list[Event] = []
    for event in events:
        inside = [at for at in cuts if event.start < at < event.end]
        edges = [event.start, *inside, event.end]
        for turn, (start, end) in enumerate(itertools.pairwise(edges)):
            tones, marks = _broken(event.tones, turn), _marks(event, turn, len(inside))
            out.append(replace(event, start=start, length=end - start, tones=tones, marks=marks))
    return out


def _broken(tones: tuple[tuple[int, int], ...], turn: int) -> tuple[tuple[int, int], ...]:
    """Return the chord itself at first, then its tones from above and below in turn."""
    if turn == 0 or len(tones) < 2:
        return tones
    return (tones[-1 - (turn - 1) % len(tones)],) if turn % 2 else (tones[(turn // 2) % len(tones)],)


def _marks(event: Event, turn: int, cuts: int) -> tuple[str, ...]:
    """Return the marks of a part of an event: what begins goes to the first, what ends to the last."""
    closing = ("slur)", "fermata")
    if cuts == 0:
        return event.marks
    return tuple(
        mark
        for mark in event.marks
        if (mark in closing and turn == cuts) or (mark not in closing and turn == 0)
    )

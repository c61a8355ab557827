"""A melody in another meter: the same notes in the same bars, their rhythm squeezed or stretched to fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from agent.editing.score import Line, Score
from agent.offline.writer.events import Event
from agent.offline.writer.harmony import Span
from agent.offline.writer.meter import Meter, meter

_GRIDS = (Fraction(1, 2), Fraction(1, 4))


def remetered(score: Score, name: str) -> Score:
    """Return the score in another meter; times of notes, chords and dynamics are moved with their bars.

    Notes keep their order. Their places in the bar are those of before in proportion, on eighths, or on
    sixteenths where a bar has more notes than eighths; what then finds no place is left out.
    """
    old, new = score.bar, meter(name)
    lines = [_line(line, old, new, score.plan.bars) for line in score.lines]
    spans = [_span(span, old, new) for span in score.spans]
    plan = score.plan.model_copy(update={"meter": name})
    return replace(score, plan=plan, lines=tuple(lines), spans=tuple(s for s in spans if s.end > s.start))


def _line(line: Line, old: Meter, new: Meter, bars: int) -> Line:
    dynamics = {(at // old.length) * new.length: mark for at, mark in line.dynamics.items()}
    if line.part.role == "percussion":
        return replace(line, events=(), dynamics=dynamics)
    return replace(line, events=tuple(fitted(line.events, old, new, bars)), dynamics=dynamics)


def fitted(events: Sequence[Event], old: Meter, new: Meter, bars: int) -> list[Event]:
    """Return the events of one voice in another meter."""
    starts: list[tuple[Fraction, Event]] = []
    for number in range(bars):
        inside = [event for event in events if event.start // old.length == number]
        offsets = _places([event.start - number * old.length for event in inside], old, new)
        starts += [
            (number * new.length + at, event)
            for at, event in zip(offsets, inside, strict=True)
            if at is not None
        ]
    out = []
    for (at, event), following in zip(starts, [*starts[1:], None], strict=True):
        end = _end(event.end, old, new)
        if following is not None:
            joined = following[1].start <= event.end
            end = following[0] if joined else min(max(end, at + _GRIDS[1]), following[0])
        out.append(replace(event, start=at, length=max(end, at + _GRIDS[1]) - at))
    return out


def _places(offsets: Sequence[Fraction], old: Meter, new: Meter) -> list[Fraction | None]:
    """Return where the notes of a bar stand in the new bar, in order; None for one that finds no place."""
    scale = new.length / old.length
    grid = next((g for g in _GRIDS if new.length / g >= len(offsets)), _GRIDS[-1])
    places: list[Fraction | None] = []
    free = Fraction(0)
    for left, offset in enumerate(offsets):
        behind = (len(offsets) - left - 1) * grid
        wanted = round(offset * scale / grid) * grid
        at = max(free, min(wanted, new.length - grid - behind))
        if at + grid > new.length:
            places.append(None)
            continue
        places.append(at)
        free = at + grid
    return places


def _end(time: Fraction, old: Meter, new: Meter) -> Fraction:
    number, offset = time // old.length, time % old.length
    return number * new.length + round(offset * new.length / old.length / _GRIDS[0]) * _GRIDS[0]


def _span(span: Span, old: Meter, new: Meter) -> Span:
    return replace(span, start=_moved(span.start, old, new), end=_moved(span.end, old, new))


def _moved(time: Fraction, old: Meter, new: Meter) -> Fraction:
    """Return the time at which a chord changes: at the bar line, or where the new bar is halved."""
    number, offset = time // old.length, time % old.length
    return number * new.length + (new.middle if offset else Fraction(0))

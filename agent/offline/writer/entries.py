"""Entries: which bars each part plays - an introduction that fills up, layers that join and leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.events import Event, as_float, starts_of
from agent.offline.writer.form import Section

#: Order in which layers join; the first two lie under everything.
_ORDER = ("pad", "harmony", "bass", "melody", "counter", "percussion")
_GROUND = ("pad", "harmony")
#: Share of a piece in layers by which all have joined.
_JOINED = 0.4
#: Layers that leave before the end: the last to join.
_LEAVE = ("percussion", "counter")


def entries(roles: Sequence[str], form: Sequence[Section]) -> list[tuple[int, int]]:
    """Return for each part its first bar and the bar after its last one.

    Parameters
    ----------
    roles
        Of the parts, in score order.
    form
        Sections from `agent.offline.writer.form.sections`.
    """
    end = form[-1].start + form[-1].bars
    if any(section.kind == "layer" for section in form):
        return _layered(roles, form, end)
    intro = form[0].bars if form[0].kind == "intro" else 0
    return [(_entry(role, intro, roles), end) for role in roles]


def _entry(role: str, intro: int, roles: Sequence[str]) -> int:
    """First bar of a part after an introduction of so many bars, which chords begin alone."""
    grounded = any(other in _GROUND for other in roles)
    if role in ("melody", *_GROUND) or not grounded:
        return 0 if role != "percussion" or not intro else intro // 2
    if role == "counter":
        return intro
    return intro // 2 if intro >= 4 else intro if role == "percussion" else 0


def _layered(roles: Sequence[str], form: Sequence[Section], end: int) -> list[tuple[int, int]]:
    """Return entries one by one at the starts of phrases, the ground first; the last to join leave first."""
    starts = [phrase.start for section in form for phrase in section.phrases]
    late = [start for start in starts if start <= _JOINED * end]
    queue = sorted(
        range(len(roles)), key=lambda place: (roles[:place].count(roles[place]), _rank(roles[place]))
    )
    spans = [(0, end)] * len(roles)
    for place, part in enumerate(queue):
        first = late[min(len(late) - 1, round(place * (len(late) - 1) / max(1, len(roles) - 1)))]
        leaves = roles[part] in _LEAVE and len(starts) > 2 and starts[-1] > first
        spans[part] = (first, starts[-1] if leaves else end)
    return spans


def _rank(role: str) -> int:
    """Place of a role in the order of entries."""
    return _ORDER.index(role)


def within(events: Sequence[Event], span: tuple[int, int], bar_length: Fraction) -> list[Event]:
    """Return the events that start in a span of bars, the last one cut at its end."""
    low, high = span[0] * bar_length, span[1] * bar_length
    first, stop = as_float(low), as_float(high)
    return [
        replace(event, length=high - event.start) if at + as_float(event.length) > stop else event
        for event, at in zip(events, starts_of(events), strict=True)
        if first <= at < stop
    ]

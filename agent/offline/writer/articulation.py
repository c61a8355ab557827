"""Articulation of the melody: slurs for a legato plan, dots on short notes for a staccato one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.events import Event
from agent.offline.writer.meter import Meter

#: Most notes under one slur; longer runs are divided at the bar's middle.
LONGEST_SLUR = 8
#: Seconds: notes up to this long are played short in a staccato plan.
SHORT = 0.5


def articulated(events: list[Event], bar: Meter, articulation: str, tempo: float) -> list[Event]:
    """Return the events with marks.

    Parameters
    ----------
    events
        One voice, single notes in order of time.
    articulation
        "legato", "normal" or "staccato" of `prompts.Rhythm`.
    tempo
        Quarter notes per minute.

    Returns
    -------
    list of Event
        Legato: a slur over each bar's notes, ended by rests and repeated pitches; as many begin as end.
        Staccato: a dot on each note of at most a beat and `SHORT`, but for the last before a rest.
    """
    if articulation == "legato":
        return _slurred(events, bar)
    if articulation == "staccato":
        return _dotted(events, bar, tempo)
    return list(events)


def _dotted(events: list[Event], bar: Meter, tempo: float) -> list[Event]:
    """Return events with dots on the short ones."""
    longest = min(Fraction(1), max(bar.beats))
    out = []
    for event, following in zip(events, [*events[1:], None], strict=True):
        goes_on = following is not None and following.start == event.end
        short = event.length <= longest and float(event.length) * 60 / tempo <= SHORT
        out.append(replace(event, marks=(*event.marks, "staccato")) if short and goes_on else event)
    return out


def _slurred(events: list[Event], bar: Meter) -> list[Event]:
    """Return events with slurs over runs inside bars."""
    out: list[Event] = []
    for run in _runs(events, bar):
        first, last = run[0], run[-1]
        if len(run) > 1:
            run = [
                replace(first, marks=("slur(", *first.marks)),
                *run[1:-1],
                replace(last, marks=(*last.marks, "slur)")),
            ]
        out += run
    return out


def _runs(events: list[Event], bar: Meter) -> list[list[Event]]:
    """Divide events at bar lines, rests and repeated pitches, and long bars in the middle."""
    runs: list[list[Event]] = []
    for event in events:
        before = runs[-1][-1] if runs else None
        if (
            before is not None
            and before.end == event.start
            and before.tones != event.tones
            and before.start // bar.length == event.start // bar.length
            and not (len(runs[-1]) >= LONGEST_SLUR // 2 and event.start % bar.length == bar.middle)
            and len(runs[-1]) < LONGEST_SLUR
        ):
            runs[-1].append(event)
        else:
            runs.append([event])
    return runs

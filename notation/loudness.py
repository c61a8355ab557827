"""How loud each written note is: dynamic marks, hairpins, the place in the bar, accents.

The rule: a dynamic mark sets a level (``data/velocity.json``) that holds until the next one in the same
voice; between the ends of a hairpin the level moves in a straight line to the mark that stands at its end, or
by one level if none does; then the first note of a bar gets a little more, a note between the beats a little
less, and accents more.
"""

from __future__ import annotations

import importlib.resources
import json
from bisect import bisect_right, insort
from fractions import Fraction
from functools import cache
from operator import itemgetter
from typing import Any

from notation.clock import Clock
from notation.tempo import bar_length, beat_length
from notation.tune import Mark, Voice

#: A time (as a float to search by, and exact), the level from there on, and its change per quarter note.
_Point = tuple[float, Fraction, float, float]
#: Marks that are searched for the end of a hairpin.
_LOOK_AHEAD = 64


@cache
def table() -> dict[str, Any]:
    """Return the velocity table."""
    text = (importlib.resources.files("notation") / "data" / "velocity.json").read_text("utf-8")
    return dict(json.loads(text))


def velocities(voice: Voice, clock: Clock) -> list[int]:
    """MIDI velocity (1-127) of every note of a voice, in order of ``voice.notes``."""
    numbers = table()
    points = _points(voice)
    bars = {bar.number: (bar, clock.ticks(bar.onset)) for bar in voice.bars}
    stressed = {mark.onset for mark in voice.dynamics if mark.text == "sfz"}
    stresses: dict[tuple[tuple[int, int], int], int] = {}
    result = []
    onset, level = None, 0
    for note in voice.notes:
        if note.onset is not onset:  # the notes of a chord share one onset object
            onset = note.onset
            level = round(_at(points, onset)) if len(points) > 1 else numbers["unmarked"]
            bar, start = bars[note.bar]
            place = (bar.meter, clock.ticks(onset) - start)
            if bar.number == 0:  # a pickup ends where a bar would end
                place = (bar.meter, place[1] + clock.ticks(bar_length(*bar.meter) - bar.duration))
            if place not in stresses:
                stresses[place] = _stress(bar.meter, place[1], clock)
            level += stresses[place]
            level += numbers["sfz"] if stressed and onset in stressed else 0
        own = level
        if note.grace:
            own += numbers["grace"]
        elif note.decorations:
            own += numbers["accent"] if "accent" in note.decorations else 0
            own += numbers["marcato"] if {"marcato", "umarcato"} & set(note.decorations) else 0
        result.append(max(1, min(127, own)))
    return result


def _points(voice: Voice) -> list[_Point]:
    """Return where the level is set or begins to move, in order of time."""
    numbers = table()
    levels: dict[str, int] = numbers["levels"]
    points = [_point(Fraction(-1), numbers["unmarked"])]
    marks = sorted(voice.dynamics, key=lambda mark: mark.onset)
    for index, mark in enumerate(marks):
        if mark.text in levels:
            insort(points, _point(mark.onset, levels[mark.text]), key=itemgetter(0))
        elif mark.text in ("crescendo(", "diminuendo("):
            now = _at(points, mark.onset)
            for point in _hairpin(mark, marks[index + 1 : index + 1 + _LOOK_AHEAD], now):
                insort(points, point, key=itemgetter(0))
    return points


def _hairpin(opening: Mark, following: list[Mark], now: float) -> list[_Point]:
    """Return the two points of a hairpin that begins at level ``now``; none if it is never closed."""
    numbers = table()
    levels: dict[str, int] = numbers["levels"]
    closing = opening.text.replace("(", ")")
    stop = next((mark.onset for mark in following if mark.text == closing), None)
    if stop is None or stop <= opening.onset:
        return []
    sign = 1 if opening.text == "crescendo(" else -1
    reach = stop + max(stop - opening.onset, Fraction(1)) / 2
    goals = (levels[mark.text] for mark in following if stop <= mark.onset <= reach and mark.text in levels)
    goal = next(goals, None)
    if goal is None or (goal - now) * sign <= 0:
        goal = max(1, min(127, round(now) + sign * int(numbers["hairpin_without_goal"])))
    slope = (goal - now) / float(stop - opening.onset)
    return [_point(opening.onset, now, slope), _point(stop, goal)]


def _point(time: Fraction, level: float, slope: float = 0.0) -> _Point:
    return time.numerator / time.denominator, time, float(level), slope


def _at(points: list[_Point], time: Fraction) -> float:
    place = bisect_right(points, time.numerator / time.denominator, key=itemgetter(0))
    _, start, level, slope = points[max(place - 1, 0)]
    return level + slope * float(time - start) if slope else level


def _stress(meter: tuple[int, int], place: int, clock: Clock) -> int:
    """Return what a place in a bar adds to the loudness."""
    if not meter[1]:
        return 0
    if place == 0:
        return int(table()["bar"])
    return int(table()["beat" if place % clock.ticks(beat_length(*meter)) == 0 else "between_beats"])

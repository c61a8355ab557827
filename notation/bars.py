"""Bars of a voice that do not add up to the meter.

A bar may be short where music is divided across it: a pickup at the start of the tune or of a section, a last
bar that leaves room for a pickup, a bar cut in two by a repeat sign or double bar. Every other short bar, and
every long one, is wrong. Free meter (``M:none``) has no wrong bars.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from notation.problems import Places, problem
from notation.tempo import bar_length
from notation.tune import Bar, Problem, Voice

_MAX_REPORTED = 12


def bar_problems(voice: Voice, places: Places) -> list[Problem]:
    """Return what is wrong with the bars of one voice."""
    bars = voice.bars
    wanted = [bar_length(*bar.meter) for bar in bars]
    rooms = _rooms(bars, wanted)
    wrong = [(i, kind) for i in range(len(bars)) if (kind := _fault(bars, wanted, rooms, i))]
    metered = sum(1 for length in wanted if length)
    common = Counter(bars[i].duration for i, kind in wrong if kind == "bar-length").most_common(1)
    if metered >= 4 and common and common[0][1] * 2 > metered:
        return [_wrong_meter(voice, wrong[0][0], common[0], places)]
    found = [_report(voice, i, kind, wanted[i], places) for i, kind in wrong[:_MAX_REPORTED]]
    if len(wrong) > _MAX_REPORTED:
        rest = len(wrong) - _MAX_REPORTED
        found.append(
            problem(
                "bar-length",
                f"voice {voice.id}: {rest} more bars do not add up",
                places.of(bars[wrong[_MAX_REPORTED][0]].span[0]),
            )
        )
    return found


def _fault(bars: tuple[Bar, ...], wanted: list[Fraction], rooms: set[Fraction], i: int) -> str:
    """Code of what is wrong with a bar, or ""."""
    missing = wanted[i] - bars[i].duration
    if not wanted[i] or missing == 0:
        return ""
    if missing < 0:
        return "bar-length"
    if i == 0:
        return ""
    if _ends_section(bars, i):
        return "" if missing in rooms else "bar-length"
    if _begins_section(bars, i):
        before = wanted[i - 1] - bars[i - 1].duration
        return "" if before == bars[i].duration or not wanted[i - 1] else "pickup"
    return "bar-length"


def _ends_section(bars: tuple[Bar, ...], i: int) -> bool:
    return (
        i == len(bars) - 1
        or bars[i].right not in ("|", "")
        or bars[i + 1].left not in ("|", "")
        or bool(bars[i + 1].ending)
    )


def _begins_section(bars: tuple[Bar, ...], i: int) -> bool:
    return bars[i].left not in ("|", "") or bars[i - 1].right not in ("|", "") or bool(bars[i].ending)


def _rooms(bars: tuple[Bar, ...], wanted: list[Fraction]) -> set[Fraction]:
    """Return what a short bar at the end of a section may lack: any pickup that may follow it."""
    rooms = {bars[0].duration} if bars and bars[0].duration < wanted[0] else set()
    for k in range(1, len(bars)):
        if wanted[k] and bars[k].duration < wanted[k] and _begins_section(bars, k):
            rooms.add(bars[k].duration)
    return rooms


def _report(voice: Voice, i: int, kind: str, wanted: Fraction, places: Places) -> Problem:
    bar = voice.bars[i]
    above, below = bar.meter
    message = (
        f"voice {voice.id}, bar {bar.number} holds {_units(bar.duration, below)}, "
        f"{above}/{below} wants {_units(wanted, below)}"
    )
    if kind == "pickup":
        length = _units(bar.duration, below)
        message = f"voice {voice.id}, bar {bar.number} is a pickup of {length} after a full bar"
    return problem(kind, message, places.of(bar.span[0]))


def _wrong_meter(voice: Voice, first: int, common: tuple[Fraction, int], places: Places) -> Problem:
    bar = voice.bars[first]
    above, below = bar.meter
    length, count = common
    message = (
        f"voice {voice.id}: {count} of {len(voice.bars)} bars hold {_units(length, below)}, "
        f"but the meter {above}/{below} wants {_units(bar_length(above, below), below)}"
    )
    return problem("meter", message, places.of(bar.span[0]))


def _units(quarters: Fraction, denominator: int) -> str:
    """Write a length in the meter's own notes: ``7/8``, ``3/4``; finer lengths as a fraction of them."""
    count = quarters * denominator / 4
    return f"{count}/{denominator}" if count.denominator == 1 else f"{float(count):.6g}/{denominator}"

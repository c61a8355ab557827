"""Repeats and endings written out: a score of a plan has none."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from agent.vlm.score.elements import Bar
from agent.vlm.score.repairs import Log


def unfolded(voices: Mapping[str, list[Bar]], bars: int, log: Log) -> dict[str, list[Bar]]:
    """Return the voices with their repeats written out, as far as the result is not longer than ``bars``.

    A voice without repeat signs that has as many written bars as one with them takes the same way.
    """
    ways = {voice: way(found) for voice, found in voices.items() if _has_signs(found)}
    first = next(iter(ways), "")
    out = {}
    for voice, found in voices.items():
        taken = ways.get(voice)
        if taken is None and first and len(found) == len(voices[first]) < bars:
            taken = ways[first]
        if taken is None or not len(found) < len(taken) <= bars:
            out[voice] = found
            if taken is not None and voice in ways:
                log.note("repeat", f"the repeat signs of {voice} are left out", voice)
            continue
        out[voice] = [copy.copy(found[at]) for at in taken]
        log.note("repeat", f"the repeats of {voice} are written out: {len(taken)} bars", voice)
    return out


def _has_signs(bars: list[Bar]) -> bool:
    return any(bar.opens or bar.closes or bar.ending for bar in bars)


def way(bars: list[Bar]) -> list[int]:
    """Return the indices of the bars in the order they are played; each section is played at most twice."""
    order: list[int] = []
    start, at, again = 0, 0, False
    while at < len(bars):
        bar = bars[at]
        if bar.opens and not again:
            start = at
        if again and bar.ending.startswith("1"):
            at = _after_ending(bars, at)
            continue
        order.append(at)
        if bar.closes and not again:
            again, at = True, start
            continue
        if bar.closes or (again and bar.ending.startswith("2")):
            again, start = False, at + 1
        at += 1
    return order


def _after_ending(bars: list[Bar], at: int) -> int:
    """Return the bar after a first ending."""
    while at < len(bars) and not bars[at].closes:
        at += 1
    return at + 1

"""The last look at a voice: values that can be written, ties, slurs and hairpins that meet their ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.meter import Meter
from agent.vlm.score.elements import Bar, Element, bar_text
from agent.vlm.score.measures import PLAIN
from agent.vlm.score.repairs import Log

#: Most notes and rests, and characters, of a bar; more than any meter holds, and short enough for a line.
MOST_IN_BAR, MOST_TEXT = 64, 1_600
_HAIRPINS = {"!crescendo(!": "!crescendo)!", "!diminuendo(!": "!diminuendo)!"}


def tidied(bars: list[Bar], bar: Meter, voice: str, log: Log, *, drums: bool) -> None:
    """Put the bars of a voice in order, in place."""
    for number, one in enumerate(bars, 1):
        one.elements = _bounded(one.elements, voice, number, log)
        one.elements = [part for at, e in _timed(one.elements) for part in _valued(e, at, bar)]
        if one.silent and one.duration == bar.length * 2:
            one.elements = [_joined(one.elements)]
    _ties(bars, voice, log, drums=drums)
    _slurs(bars, voice, log)
    _hairpins(bars, voice, log)


def _bounded(elements: list[Element], voice: str, number: int, log: Log) -> list[Element]:
    """Return as much of a bar as a line can hold."""
    kept = elements[:MOST_IN_BAR]
    while len(bar_text(kept)) > MOST_TEXT:
        kept = kept[: len(kept) * 3 // 4]
    if len(kept) < len(elements):
        log.note(
            "size",
            f"bar {number} of {voice}: {len(elements) - len(kept)} notes too many are left out",
            voice,
            number,
        )
    return kept


def _timed(elements: list[Element]) -> Iterator[tuple[Fraction, Element]]:
    """Yield elements with the time from the start of the bar."""
    at = Fraction(0)
    for element in elements:
        yield at, element
        at += element.duration


def _valued(element: Element, at: Fraction, bar: Meter) -> list[Element]:
    """Return a note or rest as plain or dotted values, tied; divided at a beat where one is near."""
    if element.inside or element.length in PLAIN:
        return [element]
    parts: list[Fraction] = []
    left = element.length
    while left:
        to_beat = next((2 * beat - at for beat in bar.onsets if 2 * beat > at), left)
        fits = to_beat in PLAIN and to_beat < left and not any(2 * beat == at for beat in bar.onsets)
        value = to_beat if fits else max((v for v in PLAIN if v <= left), default=left)
        parts.append(value)
        at, left = at + value, left - value
    return [_part(element, nth, value, len(parts)) for nth, value in enumerate(parts)]


def _part(element: Element, nth: int, value: Fraction, count: int) -> Element:
    first, last = nth == 0, nth == count - 1
    return Element(
        value, element.tones, element.marks if first else (), element.symbol if first else "",
        element.graces if first else (), element.opens if first else 0, element.closes if last else 0,
        (element.tie if last else bool(element.tones)), element.space and first,
    )  # fmt: skip


def _joined(elements: list[Element]) -> Element:
    """Return a silent bar as one rest, with what stood over its beginning."""
    first = elements[0].leaves[0]
    length = sum((one.duration for one in elements), Fraction(0))
    return Element(length, marks=first.marks, symbol=first.symbol)


def _places(bars: list[Bar]) -> list[tuple[int, int, int, Element]]:
    """Return every note and rest with its place: bar, element, place in a tuplet."""
    return [
        (b, e, n, leaf)
        for b, bar in enumerate(bars)
        for e, element in enumerate(bar.elements)
        for n, leaf in enumerate(element.leaves)
    ]


def _replace(bars: list[Bar], place: tuple[int, int, int, Element], leaf: Element) -> None:
    b, e, n, _ = place
    element = bars[b].elements[e]
    if element.inside:
        leaf = replace(element, inside=(*element.inside[:n], leaf, *element.inside[n + 1 :]))
    bars[b].elements[e] = leaf


def _ties(bars: list[Bar], voice: str, log: Log, *, drums: bool) -> None:
    """Take off ties that lead to no note of the same place."""
    places = _places(bars)
    for place, following in itertools.zip_longest(places, places[1:]):
        leaf = place[3]
        if not leaf.tie:
            continue
        steps = {tone.step for tone in following[3].tones} if following else set()
        if drums or not any(tone.step in steps for tone in leaf.tones):
            _replace(bars, place, replace(leaf, tie=False))
            log.note(
                "tie",
                f"bar {place[0] + 1} of {voice}: a tie that leads nowhere is taken off",
                voice,
                place[0] + 1,
            )


def _slurs(bars: list[Bar], voice: str, log: Log) -> None:
    """Take off slurs that do not begin or do not end."""
    places = _places(bars)
    waiting: list[int] = []
    opens = [place[3].opens for place in places]
    closes = [place[3].closes for place in places]
    for at in range(len(places)):
        ended = min(closes[at], len(waiting))
        closes[at] = ended
        del waiting[len(waiting) - ended :]
        waiting += [at] * opens[at]
    for at in waiting:
        opens[at] -= 1
    for place, opened, closed in zip(places, opens, closes, strict=True):
        if (opened, closed) != (place[3].opens, place[3].closes):
            _replace(bars, place, replace(place[3], opens=opened, closes=closed))
            log.note("slur", f"bar {place[0] + 1} of {voice}: half a slur is taken off", voice, place[0] + 1)


def _hairpins(bars: list[Bar], voice: str, log: Log) -> None:
    """Take off hairpins that do not begin or do not end."""
    places = _places(bars)
    waiting: dict[str, int] = {}
    dropped: dict[int, list[str]] = {}
    for at, place in enumerate(places):
        for mark in place[3].marks:
            begun = next((begin for begin, end in _HAIRPINS.items() if end == mark), "")
            if begun and waiting.pop(begun, None) is None:
                dropped.setdefault(at, []).append(mark)
            if mark in _HAIRPINS:
                if mark in waiting:
                    dropped.setdefault(at, []).append(mark)
                waiting.setdefault(mark, at)
    for mark, at in waiting.items():
        dropped.setdefault(at, []).append(mark)
    for at, marks in dropped.items():
        kept = tuple(mark for mark in places[at][3].marks if mark not in marks)
        _replace(bars, places[at], replace(places[at][3], marks=kept))
        number = places[at][0] + 1
        log.note("hairpin", f"bar {number} of {voice}: half a hairpin is taken off", voice, number)

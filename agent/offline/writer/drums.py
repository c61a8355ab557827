"""Percussion: grooves by genre, a fill at the end of a section, a cymbal at the start of the next."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import lru_cache

from agent.offline.writer.events import Event
from agent.offline.writer.form import Section
from agent.offline.writer.meter import Meter
from agent.offline.writer.pattern import table

#: Strokes of one line a second beyond which a player halves them.
FASTEST = 6.5
#: Lines that keep time, and may be thinned without losing the groove.
_TIME = "gfbEG"


def drum_part(
    form: tuple[Section, ...], bar: Meter, style: dict[str, str], tempo: float, rng: random.Random
) -> list[Event]:
    """Return drum strokes for the whole piece; the last bar is one stroke.

    A groove is light where the music is quiet and full at its height, turns a little now and then, and is
    broken by a short fill where a phrase ends and a long one where a section does.

    Parameters
    ----------
    style
        Record of the genre: "groove", and if it has them "groove_light" and "groove_full".
    tempo
        Quarter notes per minute: where it is fast, cymbals and shakers play every other stroke.
    rng
        Draws which bars turn.
    """
    events: list[Event] = []
    end = form[-1].start + form[-1].bars
    fills = style["groove"] not in table("percussion")["without_fill"]
    turn = rng.choice((1, 3))
    for section, following in zip(form, [*form[1:], form[-1]], strict=True):
        turns = following.letter != section.letter or following.energy > section.energy + 0.1
        name = _groove(section, style)
        ends = {phrase.start + phrase.bars - 1 for phrase in section.phrases}
        for at in range(section.bars):
            number = section.start + at
            start = number * bar.length
            if number == end - 1:
                events.append(Event(start, Fraction(1), (), letters="F" if bar.length < 3 else "Fa"))
                continue
            lines = _thinned(_lines(name, bar, other=at % 4 == turn), bar, tempo)
            if fills and at == section.bars - 1 and turns:
                lines = table("percussion")["fill"].get(bar.name, lines)
            elif fills and number in ends and section.energy > 0.5:
                lines = _broken_off(lines, bar)
            bar_events = _bar(lines, start, bar)
            if at == 0 and number and section.energy > 0.75 and fills and bar_events:
                first = bar_events[0]
                bar_events[0] = Event(first.start, first.length, (), letters=_kit(first.letters + "a"))
            events += bar_events
    return events


def _groove(section: Section, style: dict[str, str]) -> str:
    """Return the groove of a section by its energy."""
    if section.energy < 0.45 or section.kind in ("intro", "coda"):
        return style.get("groove_light", style["groove"])
    return style.get("groove_full", style["groove"]) if section.energy > 0.75 else style["groove"]


def _broken_off(lines: dict[str, str], bar: Meter) -> dict[str, str]:
    """Return the lines of a bar with the last beat of a fill in their place."""
    fill = table("percussion")["fill"].get(bar.name)
    if fill is None:
        return lines
    out: dict[str, str] = {}
    for letter in dict.fromkeys([*lines, *fill]):
        size = len(next(iter(fill.values())))
        own = lines.get(letter, "." * size)
        spread = "".join(cell + "." * (size // len(own) - 1) for cell in own)
        cut = int(bar.onsets[-1] / bar.length * size)
        out[letter] = spread[:cut] + fill.get(letter, "." * size)[cut:]
    return out


def _lines(name: str, bar: Meter, *, other: bool = False) -> dict[str, str]:
    """Lines of a groove in a meter; one built from the beats where the groove has none for it.

    ``other`` takes what the groove has for the bar that turns.
    """
    written = table("percussion")["grooves"][name].get(bar.name)
    if written is not None:
        turned = table("percussion")["grooves"][name].get(bar.name + " turn", {}) if other else {}
        return {**written, **turned}
    generic = table("percussion")["generic"]
    grid = Fraction(1, 2)
    size = int(bar.length / grid)
    lines = {generic["strong"]: ["."] * size, generic["beat"]: ["."] * size, generic["back"]: ["."] * size}
    for place, onset in enumerate(bar.onsets):
        cell = int(onset / grid)
        strong = place in bar.strong
        lines[generic["strong" if strong else "back"]][cell] = "x"
        lines[generic["beat"]][cell] = "x"
        for extra in range(cell + 1, cell + int(bar.beats[place] / grid)):
            lines[generic["beat"]][extra] = "x"
    return {letter: "".join(cells) for letter, cells in lines.items()}


def _thinned(lines: dict[str, str], bar: Meter, tempo: float) -> dict[str, str]:
    """Return the lines, those that keep time without their off-beat strokes where these come too fast."""
    out = {}
    for letter, cells in lines.items():
        seconds = float(bar.length) / len(cells) * 60 / tempo
        dense = letter in _TIME and "xx" in cells and 1 / seconds > FASTEST
        kept = (cell if not dense or _even(place, cells, bar) else "." for place, cell in enumerate(cells))
        out[letter] = "".join(kept)
    return out


def _even(place: int, cells: str, bar: Meter) -> bool:
    """Whether a cell lies on a beat or on its even division."""
    offset = place * bar.length / len(cells)
    beat = max(onset for onset in bar.onsets if onset <= offset)
    return round((offset - beat) / (bar.length / len(cells))) % 2 == 0


def _bar(lines: dict[str, str], start: Fraction, bar: Meter) -> list[Event]:
    """Strokes of one bar; those at one time are one event, which lasts to the next one or the next beat."""
    return [
        Event(start + at, length, (), letters=kit) for at, length, kit in _hits(tuple(lines.items()), bar)
    ]


@lru_cache(maxsize=128)
def _hits(lines: tuple[tuple[str, str], ...], bar: Meter) -> tuple[tuple[Fraction, Fraction, str], ...]:
    """Offset, length and letters of a bar's strokes; kept, for bars are much alike."""
    hits: dict[Fraction, str] = {}
    for letter, cells in lines:
        step = bar.length / len(cells)
        for place, cell in enumerate(cells):
            if cell == "x":
                hits[place * step] = hits.get(place * step, "") + letter
    offsets = sorted(hits)
    return tuple(
        (offset, min(following - offset, _room(offset, bar)), _kit(hits[offset]))
        for offset, following in zip(offsets, [*offsets[1:], bar.length], strict=True)
    )


def _room(offset: Fraction, bar: Meter) -> Fraction:
    """Time from an offset to the next beat, so that strokes are written within their beat."""
    later = [onset for onset in (*bar.onsets, bar.length) if onset > offset]
    return later[0] - offset


def _kit(letters: str) -> str:
    """Letters once each, feet first."""
    return "".join(sorted(set(letters), key="FDACdGEBcefgab".index))

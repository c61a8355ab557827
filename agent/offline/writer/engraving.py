"""Bars of one voice as ABC text: ties, accidentals, beams, tuplets, written values.

Times are whole ticks here, of a grid fine enough for everything in the voice: integers are an order of
magnitude faster than fractions. Accidentals are written so that every reading of their reach (same octave or
all octaves) gives the same pitches.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from agent.offline.writer.events import Event
from agent.offline.writer.meter import Meter
from agent.offline.writer.theory import LETTERS

_NOTATABLE = (48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)  # eighths of a quarter note
_DOTTED = (48, 24, 12)  # values that keep the beats of compound meters in sight
_DIVIDED = ("5/4", "7/8")  # meters of two unequal halves, which no value hides
_HALVED = ("4/4", "2/2", "12/8")  # meters whose middle no note off the beat hides
#: Ticks are at least so many to a quarter note, and even: a triplet's value is half as long again.
_FINEST = 32
_ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_MARKS = {"staccato": ".", "accent": "L", "fermata": "!fermata!"}

#: Accidentals written in a bar so far: alteration by letter and octave.
_Explicit = dict[int, dict[int, int]]


def bar_texts(
    events: Sequence[Event], words: Mapping[Fraction, str], signature: Sequence[int], bar: Meter, bars: int
) -> list[str]:
    """Return the music of one voice, a text a bar.

    Parameters
    ----------
    events
        Notes, chords and strokes; the tail of one that overlaps the next is cut.
    words
        What stands before the note, rest or empty bar at a time: dynamics, chord symbols.
    signature
        Alteration of each letter C..B in the key signature.
    bar, bars
        The meter and how many bars there are.
    """
    grid = _grid(bar, _fineness(events, words, bar))
    page = _Page(grid, {grid.ticks(time): text for time, text in words.items()}, signature)
    cut = _cut(_timeline(events, grid, grid.length * bars), grid.length, bars)
    return [_bar(inside, number * grid.length, page) for number, inside in enumerate(cut)]


def _fineness(events: Sequence[Event], words: Mapping[Fraction, str], bar: Meter) -> int:
    """Return how many ticks a quarter note must have."""
    parts = {event.start.denominator for event in events} | {event.length.denominator for event in events}
    parts |= {time.denominator for time in words} | {beat.denominator for beat in bar.beats}
    return math.lcm(_FINEST, 2 * math.lcm(*parts))


@dataclass(frozen=True, slots=True)
class _Grid:
    """A meter in ticks."""

    quarter: int
    name: str
    length: int
    middle: int
    ends: tuple[int, ...]  # starts of the beats, and the end of the bar
    strengths: dict[int, int]  # of the beats
    beat: int  # the first
    compound: bool

    def ticks(self, time: Fraction) -> int:
        """Return a time in ticks."""
        numerator, denominator = time.as_integer_ratio()
        return numerator * (self.quarter // denominator)


@lru_cache(maxsize=256)
def _grid(bar: Meter, quarter: int) -> _Grid:
    """Return a meter on a grid of so many ticks to a quarter note."""
    times = (*bar.onsets, bar.length, bar.middle, bar.beats[0])
    *onsets, length, middle, beat = (int(time * quarter) for time in times)
    strengths = {at: bar.strength(onset) for at, onset in zip(onsets, bar.onsets, strict=True)}
    compound = set(bar.beats) == {Fraction(3, 2)}
    return _Grid(quarter, bar.name, length, middle, (*onsets, length), strengths, beat, compound)


class _Page(NamedTuple):
    """What all bars of a voice share."""

    grid: _Grid
    words: dict[int, str]
    signature: Sequence[int]


class _Piece(NamedTuple):
    """An event or rest, or the part of one that lies in a bar."""

    start: int
    length: int
    event: Event | None
    tied: bool = False  # goes on in the next piece
    continued: bool = False


def _timeline(events: Sequence[Event], grid: _Grid, total: int) -> list[_Piece]:
    """Events with the rests between them; overlapping tails are cut."""
    pieces: list[_Piece] = []
    at = 0
    ordered = sorted(((grid.ticks(event.start), event) for event in events), key=lambda pair: pair[0])
    nexts = [start for start, _ in ordered[1:]] + [total]
    for (start, event), following in zip(ordered, nexts, strict=False):
        if start > at:
            pieces.append(_Piece(at, start - at, None))
        end = min(start + grid.ticks(event.length), following, total)
        if end > start:
            pieces.append(_Piece(start, end - start, event))
            at = end
    if at < total:
        pieces.append(_Piece(at, total - at, None))
    return pieces


def _cut(pieces: list[_Piece], length: int, bars: int) -> list[list[_Piece]]:
    """Pieces of every bar, ties marked where they cross its lines."""
    out: list[list[_Piece]] = [[] for _ in range(bars)]
    for piece in pieces:
        left, last = piece.start, piece.start + piece.length
        sounding = piece.event is not None
        while left < last:
            number = left // length
            right = min(last, (number + 1) * length)
            tied, continued = sounding and right < last, sounding and left > piece.start
            out[number].append(_Piece(left, right - left, piece.event, tied, continued))
            left = right
    return out


def _bar(pieces: list[_Piece], start: int, page: _Page) -> str:
    """One bar of music."""
    if all(piece.event is None for piece in pieces):
        return page.words.get(start, "") + "Z"
    explicit: _Explicit = {}
    out: list[str] = []
    place = 0
    while place < len(pieces):
        group = _tuplet(pieces, place, page.grid.quarter)
        if group:
            inside = [_token(piece, piece.length * 3 // 2, page, explicit, first=True) for piece in group]
            out.append(_space(group[0].start - start, page.grid) + f"(3:2:{len(group)}{''.join(inside)}")
            place += len(group)
            continue
        for at, part in enumerate(_parts(pieces[place], start, page.grid)):
            text = _token(part, part.length, page, explicit, first=at == 0)
            out.append(_space(part.start - start, page.grid) + text)
        place += 1
    return "".join(out).strip()


def _tuplet(pieces: list[_Piece], place: int, quarter: int) -> list[_Piece]:
    """Pieces from ``place`` that together make a triplet; empty if none starts here."""
    if pieces[place].length * 16 % quarter == 0:
        return []
    total, group = 0, []
    for piece in pieces[place:]:
        total += piece.length
        group.append(piece)
        if total * 16 % quarter == 0:
            return group
    return []


def _parts(piece: _Piece, bar_start: int, grid: _Grid) -> list[_Piece]:
    """Return a piece as written values: split at beats where a single value would hide them."""
    parts: list[_Piece] = []
    at, end = piece.start, piece.start + piece.length
    while at < end:
        length = _value(at - bar_start, end - at, grid, rest=piece.event is None)
        tied = piece.event is not None and (at + length < end or piece.tied)
        parts.append(_Piece(at, length, piece.event, tied, piece.continued or bool(parts)))
        at += length
    return parts


def _value(offset: int, left: int, grid: _Grid, *, rest: bool) -> int:
    """Longest written value that may start here."""
    limit = left
    strength = grid.strengths.get(offset, 0)
    to_beat = grid.ends[bisect.bisect_right(grid.ends, offset)] - offset
    hides_middle = offset < grid.middle < offset + left
    if not strength and (rest or left > to_beat + grid.beat):
        limit = min(limit, to_beat)
    elif not strength and hides_middle and grid.name in _HALVED:
        limit = min(limit, grid.middle - offset)
    elif rest and strength == 1:
        limit = min(limit, to_beat)
    if grid.name in _DIVIDED and offset < grid.middle < offset + limit:
        limit = grid.middle - offset
    eighths = 8 * limit // grid.quarter
    values = _DOTTED if strength and eighths >= _DOTTED[-1] and grid.compound else _NOTATABLE
    return next((value * grid.quarter // 8 for value in values if value <= eighths), limit)


def _space(offset: int, grid: _Grid) -> str:
    """Return a space where a beam is broken: at every beat."""
    return " " if offset in grid.strengths else ""


def _token(piece: _Piece, length: int, page: _Page, explicit: _Explicit, *, first: bool) -> str:
    """One note, chord, stroke or rest with everything attached to it."""
    before = page.words.get(piece.start, "") if first else ""
    event, written = piece.event, _length(length, page.grid.quarter)
    if event is None:
        return before + "z" + written
    kept = [mark for mark in event.marks if not (piece.tied and mark == "staccato")]
    signs = "" if piece.continued else "".join(_MARKS.get(mark, "") for mark in kept)
    begins = "(" if "slur(" in event.marks and not piece.continued else ""
    ends = ")" if "slur)" in event.marks and not piece.tied else ""
    names = list(event.letters) or [
        _note(step, alter, page.signature, explicit, piece.continued) for step, alter in event.tones
    ]
    tie = "-" if piece.tied and not event.letters else ""
    body = names[0] if len(names) == 1 else "[" + "".join(names) + "]"
    return before + begins + signs + body + written + tie + ends


def _note(step: int, alter: int, signature: Sequence[int], explicit: _Explicit, continued: bool) -> str:
    """Letter with octave and, where any reader could be in doubt, its accidental."""
    letter, octave = step % 7, step // 7
    seen = explicit.get(letter, {})
    plain = alter == signature[letter] if not seen else set(seen.values()) == {alter} and octave in seen
    sign = "" if plain and not (continued and alter != signature[letter]) else _ACCIDENTALS[alter]
    if sign:
        explicit.setdefault(letter, {})[octave] = alter
    name = LETTERS[letter]
    return sign + (name.lower() + "'" * (octave - 5) if octave >= 5 else name + "," * (4 - octave))


@lru_cache(maxsize=1024)
def _length(ticks: int, quarter: int) -> str:
    """ABC length of a duration in ticks, in eighth notes."""
    eighths = Fraction(2 * ticks, quarter)
    top = "" if eighths.numerator == 1 else str(eighths.numerator)
    return top if eighths.denominator == 1 else f"{top}/{eighths.denominator}"

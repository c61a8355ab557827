"""The time of a bar as written values: notes and rests split at beats, tuplets put in brackets.

Times are ticks from the beginning of the bar. A *value* is a power of two of a whole note or one and a half
times that (a dot). What no values add up to is a tuplet: of a *cell* (a quarter note, an eighth in meters of
eighths), of half of one, or of two.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from rag_store.reading.measures import beats, middle

#: Notes of a tuplet, and in the time of how many they are played: the powers of two below.
TUPLETS = {3: 2, 5: 4, 7: 4, 9: 8}
#: The shortest plain value as a part of a quarter note: a 128th.
FINEST = 32


class Piece(NamedTuple):
    """A chord, or silence (None), over some ticks of a bar."""

    start: int
    length: int
    pitches: tuple[int, ...] | None
    tied: bool = False  # goes on in the next piece
    continued: bool = False  # goes on from the piece before

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + self.length


class Written(NamedTuple):
    """One written note, chord or rest."""

    piece: Piece
    length: Fraction  # in quarter notes as written: what stands in a tuplet is longer than it sounds
    tuplet: tuple[int, int, int] | None  # notes, in the time of, written signs: at the first of a tuplet
    beat: bool  # begins a beat


@dataclass(frozen=True)
class Grid:
    """A bar in ticks; of ``beats`` and ``cells`` the last is its end."""

    beats: tuple[int, ...]
    cells: tuple[int, ...]
    middle: int  # its second half, 0 for none
    quarter: int

    def following(self, at: int) -> int:
        """Return the beginning of the first beat after ``at``."""
        return self.beats[min(bisect.bisect_right(self.beats, at), len(self.beats) - 1)]


@lru_cache(maxsize=256)
def grid_of(numerator: int, denominator: int, quarter: int, missing: int = 0) -> Grid:
    """Return a meter in ticks; ``missing`` ticks of the bar are not there before a pickup."""
    starts = [int(start * quarter) - missing for start in beats(numerator, denominator)]
    half = int(middle(numerator, denominator) * quarter) - missing
    length, cell = starts[-1], quarter if denominator <= 4 else 4 * quarter // denominator
    cells = range(length % cell, length + 1, cell)
    return Grid(_from_zero(starts), _from_zero(cells), max(half, 0), quarter)


def _from_zero(times: Iterable[int]) -> tuple[int, ...]:
    return (0, *(time for time in times if time > 0))


def written(pieces: Sequence[Piece], grid: Grid) -> list[Written]:
    """Return what is written for the pieces of a bar, which follow each other without a gap.

    Raises
    ------
    ValueError
        If a cell needs a tuplet that is not in `TUPLETS`; `notatable` says so beforehand.
    """
    edges = {piece.start for piece in pieces} | {pieces[-1].end}
    if all(_plain(edge, grid.quarter) for edge in edges):
        return [_sign(part, grid) for piece in pieces for part in _parts(piece, grid)]
    spans = _tuplet_spans(edges, grid)
    found: list[Written] = []
    group: list[Piece] = []
    for piece in _cut_at(pieces, sorted({edge for span in spans for edge in span.as_edges()})):
        span = next((span for span in spans if span.start <= piece.start < span.end), None)
        if span is None:
            found += [_sign(part, grid) for part in _parts(piece, grid)]
            continue
        group.append(piece)
        if piece.end == span.end:
            found += _tuplet(group, grid)
            group = []
    return found


def notatable(times: Iterable[int], quarter: int) -> bool:
    """Return whether one tuplet, or none, can hold these times of one cell, in ticks from its beginning."""
    odd = math.lcm(*(_odd(quarter // math.gcd(time, quarter)) for time in times))
    return odd == 1 or odd in TUPLETS


class _Span(NamedTuple):
    start: int
    end: int

    def as_edges(self) -> tuple[int, int]:
        return self.start, self.end


def _plain(ticks: int, quarter: int) -> bool:
    return ticks * FINEST % quarter == 0


def _odd(number: int) -> int:
    """Return the odd part of a number."""
    return number // (number & -number)


def _tuplet_spans(edges: set[int], grid: Grid) -> list[_Span]:
    """Return the stretches of a bar that have to be tuplets."""
    spans: list[_Span] = []
    index = 0
    while index < len(grid.cells) - 1:
        start, end = grid.cells[index : index + 2]
        inside = _between(edges, start, end)
        if all(_plain(edge, grid.quarter) for edge in inside):
            index += 1
            continue
        double = _double(edges, grid, index)
        if double is not None:
            spans.append(double)
            index += 2
            continue
        spans += _halved(inside, start, end, grid.quarter)
        index += 1
    return spans


def _between(edges: Iterable[int], start: int, end: int) -> list[int]:
    return sorted(edge for edge in edges if start < edge < end)


def _double(edges: set[int], grid: Grid, index: int) -> _Span | None:
    """Return a triplet of two cells if nothing begins between them and all begins on its thirds."""
    if index + 2 >= len(grid.cells):
        return None
    start, between, end = grid.cells[index : index + 3]
    inside = _between(edges, start, end)
    thirds = {(2 * start + end) // 3, (start + 2 * end) // 3}
    even = end - between == between - start and (end - start) % 3 == 0
    return _Span(start, end) if even and between not in edges and thirds >= set(inside) else None


def _halved(inside: list[int], start: int, end: int, quarter: int) -> list[_Span]:
    """Return a span, or those of its halves where something begins in its middle."""
    if all(_plain(edge, quarter) for edge in inside):
        return []
    half = (start + end) // 2
    if half not in inside:
        return [_Span(start, end)]
    return [
        *_halved(_between(inside, start, half), start, half, quarter),
        *_halved(_between(inside, half, end), half, end, quarter),
    ]


def _cut_at(pieces: Iterable[Piece], edges: Sequence[int]) -> Iterator[Piece]:
    """Yield the pieces cut at all edges; what sounds is tied."""
    for piece in pieces:
        sounding, rest = piece.pitches is not None, piece
        for edge in edges[bisect.bisect_right(edges, piece.start) :]:
            if edge >= piece.end:
                break
            yield rest._replace(length=edge - rest.start, tied=sounding)
            rest = rest._replace(start=edge, length=piece.end - edge, continued=sounding)
        yield rest


def _sign(piece: Piece, grid: Grid) -> Written:
    return Written(piece, Fraction(piece.length, grid.quarter), None, piece.start in grid.beats)


def _tuplet(group: Sequence[Piece], grid: Grid) -> list[Written]:
    """Return a tuplet."""
    count = _odd(sum(piece.length for piece in group) // math.gcd(*(piece.length for piece in group)))
    if count not in TUPLETS:
        raise ValueError(f"a tuplet of {count} notes cannot be written")
    time = TUPLETS[count]
    parts = [part for piece in group for part in _values_of(piece, Fraction(count, time * grid.quarter))]
    head = [(count, time, len(parts)), *[None] * (len(parts) - 1)]
    return [
        Written(part, length, first, first is not None and part.start in grid.beats)
        for (part, length), first in zip(parts, head, strict=True)
    ]


def _values_of(piece: Piece, scale: Fraction) -> Iterator[tuple[Piece, Fraction]]:
    """Yield a piece as parts that are single values once their ticks are scaled, with those values."""
    start, sounding = piece.start, piece.pitches is not None
    while start < piece.end:
        value = _value_within((piece.end - start) * scale)
        ticks = int(value / scale)
        if ticks == 0:
            raise ValueError(f"a note of {piece.length} ticks is too short to be written")
        tied = sounding and (piece.tied or start + ticks < piece.end)
        continued = sounding and (piece.continued or start > piece.start)
        yield Piece(start, ticks, piece.pitches, tied, continued), value
        start += ticks


@lru_cache(maxsize=1024)
def _value_within(length: Fraction) -> Fraction:
    """Return the longest value, plain or dotted, that is not longer."""
    power = Fraction(1)
    while power > length:
        power /= 2
    while power * 2 <= length:
        power *= 2
    return power * Fraction(3, 2) if power * Fraction(3, 2) <= length else power


def _parts(piece: Piece, grid: Grid) -> Iterator[Piece]:
    """Yield a plain piece as single values, split where one value would hide a beat."""
    at, sounding = piece.start, piece.pitches is not None
    while at < piece.end:
        length = _longest(at, piece.end - at, grid, sounding)
        tied = sounding and (piece.tied or at + length < piece.end)
        yield Piece(at, length, piece.pitches, tied, sounding and (piece.continued or at > piece.start))
        at += length


@lru_cache(maxsize=8192)
def _longest(at: int, left: int, grid: Grid, sounding: bool) -> int:
    """Return the longest single value that may begin here.

    A note off the beat may cross one beat (a syncopation), but not the middle of the bar; a rest off the beat
    crosses none, and one on a beat not the middle. A whole rest is never written: readers take it for a whole
    bar's.
    """
    limit, to_beat = left, grid.following(at) - at
    on_beat = at in grid.beats
    if not on_beat and (not sounding or left > to_beat + grid.quarter):
        limit = min(limit, to_beat)
    elif at < grid.middle < at + left and not (on_beat and (sounding or not at)):
        limit = grid.middle - at
    value = int(_value_within(Fraction(limit, grid.quarter)) * grid.quarter)
    if not sounding and value == 4 * grid.quarter:
        return value // 2
    return to_beat if on_beat and _dotted(grid) and to_beat < value < 2 * to_beat else value


def _dotted(grid: Grid) -> bool:
    """Whether the beats are dotted quarters."""
    return 2 * (grid.beats[-1] - grid.beats[-2]) == 3 * grid.quarter

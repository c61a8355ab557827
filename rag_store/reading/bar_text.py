"""One bar of one voice as ABC text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from rag_store.reading.spelling import Accidentals, WrittenKey, chord_names
from rag_store.reading.values import Grid, Piece, written

#: Names of a chord's notes in ABC.
_Naming = Callable[[tuple[int, ...]], list[str]]


class BarLine(NamedTuple):
    """What a bar stands in."""

    grid: Grid
    key: WrittenKey
    partial: bool  # a pickup


def bar_text(layers: Sequence[Sequence[Piece]], bar: BarLine, mark: str = "") -> str:
    """Return a bar of a pitched voice; ``mark`` is a dynamic for its first new note.

    A bar without notes is ``Z``. The layers behind the first stand after ``&``, with invisible rests.
    """
    sounding = [(index, layer) for index, layer in enumerate(layers) if layer]
    if not sounding:
        return _silence(bar)
    accidentals = Accidentals(bar.key)
    texts = []
    for index in range(sounding[-1][0] + 1):
        text = _layer(layers[index], bar, _pitched(bar.key, accidentals), "x" if index else "z", mark)
        texts.append(text)
        mark = "" if f"!{mark}!" in text else mark
        accidentals = accidentals.layer()
    return " & ".join(texts)


def drum_bar_text(strokes: Sequence[Piece], bar: BarLine, letters: Mapping[int, str], mark: str = "") -> str:
    """Return a bar of drums in the letters of their keys."""
    if not strokes:
        return _silence(bar)
    return _layer(strokes, bar, lambda keys: [letters[key] for key in keys], "z", mark)


def _silence(bar: BarLine) -> str:
    return _layer((), bar, lambda pitches: [], "z", "") if bar.partial else "Z"


def _pitched(key: WrittenKey, accidentals: Accidentals) -> _Naming:
    return lambda pitches: [accidentals.name(*name) for name in chord_names(pitches, key.lowest)]


def _layer(pieces: Sequence[Piece], bar: BarLine, names: _Naming, rest: str, mark: str) -> str:
    out: list[str] = []
    for sign in written(_filled(pieces, bar.grid.beats[-1]), bar.grid):
        text = rest if sign.piece.pitches is None else _chord(names(sign.piece.pitches))
        text += _length(sign.length) + ("-" if sign.piece.tied else "")
        if mark and sign.piece.pitches is not None and not sign.piece.continued:
            text, mark = f"!{mark}!{text}", ""
        if sign.tuplet:
            text = f"({sign.tuplet[0]}:{sign.tuplet[1]}:{sign.tuplet[2]}{text}"
        out.append((" " if sign.beat and out else "") + text)
    return "".join(out)


def _filled(pieces: Sequence[Piece], end: int) -> list[Piece]:
    """Return the pieces with the silence before, between and after them."""
    found: list[Piece] = []
    at = 0
    for piece in pieces:
        if piece.start > at:
            found.append(Piece(at, piece.start - at, None))
        found.append(piece)
        at = piece.end
    return [*found, Piece(at, end - at, None)] if at < end else found


def _chord(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{''.join(names)}]"


@lru_cache(maxsize=1024)
def _length(quarters: Fraction) -> str:
    """Return a length in eighth notes as ABC writes it."""
    eighths = 2 * quarters
    top = "" if eighths.numerator == 1 else str(eighths.numerator)
    return (
        top
        if eighths.denominator == 1
        else f"{top}/{'' if eighths.denominator == 2 else eighths.denominator}"
    )

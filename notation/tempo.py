"""Tempo and meter fields as numbers.

``Q:1/4=120``, ``Q:3/8=60``, ``Q:1/4 3/8=40`` (beats are added), ``Q:"Allegro" 1/4=120`` and ``Q:"Allegro"``
are read as the ABC 2.1 standard says. ``Q:120`` and ``Q:C=120``, deprecated there and read differently by
different programs, mean quarter notes, as in abc2midi. A tempo word alone gets abcjs's beats per minute for
it, in quarter notes. A tune without a tempo, or with a word nobody knows, is played at `DEFAULT_QPM`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from notation.tune import MeterChange, TempoChange

#: Quarter notes per minute where the tune does not say: the default of the MIDI standard (500,000 us per
#: quarter).
DEFAULT_QPM = 120.0
_QPM_RANGE = (4.0, 1000.0)
_BEATS = re.compile(r"((?:\d{1,3}/\d{1,3}\s*)+)=\s*(\d{1,4}(?:\.\d{1,4})?)")
_PLAIN = re.compile(r"(?:^|\s)(?:C\d?\s*=\s*)?(\d{1,4}(?:\.\d{1,4})?)(?:\s|$)")
_SYMBOLS = {"common_time": (4, 4, "C"), "cut_time": (2, 2, "C|")}


def tempo_change(onset: Fraction, written: str, found: list[Any] | None) -> TempoChange:
    """Return the tempo of a ``Q:`` field.

    Parameters
    ----------
    onset : Fraction
    written : str
        What follows ``Q:``.
    found : list, optional
        abcjs's ``[bpm, durations, words]``.
    """
    words = " ".join(re.findall(r'"([^"]*)"', written)).strip()
    rest = re.sub(r'"[^"]*"?', " ", written)
    match = _BEATS.search(rest)
    if match:
        beat = sum((4 * _fraction(part) for part in match[1].split()), Fraction(0))
        bpm = float(match[2])
    else:
        plain = _PLAIN.search(rest)
        beat = Fraction(1)
        bpm = float(plain[1]) if plain else float(found[0]) if found and found[0] and words else DEFAULT_QPM
    if beat <= 0 or not _QPM_RANGE[0] <= bpm * float(beat) <= _QPM_RANGE[1]:
        beat, bpm = Fraction(1), DEFAULT_QPM
    return TempoChange(onset, bpm * float(beat), words, beat, bpm)


def _fraction(text: str) -> Fraction:
    above, _, below = text.partition("/")
    return Fraction(int(above), int(below)) if int(below) else Fraction(0)


def meter_change(onset: Fraction, found: list[Any] | None) -> MeterChange:
    """Return the meter abcjs found (``[type, [[above, below], ...]]``); free meter where it found none."""
    if found is None:
        return MeterChange(onset, 0, 0)
    kind, values = found
    if kind in _SYMBOLS:
        numerator, denominator, symbol = _SYMBOLS[kind]
        return MeterChange(onset, numerator, denominator, symbol)
    parts = [
        Fraction(sum(int(n) for n in re.findall(r"\d{1,3}", above)), int(below))
        for above, below in values
        if re.fullmatch(r"[1-9]\d{0,2}", below)
    ]
    total = sum(parts, Fraction(0))
    if not parts or total <= 0:
        return MeterChange(onset, 0, 0)
    denominator = max(int(below) for _, below in values if below)
    symbol = (
        "+".join(f"{above}/{below}" for above, below in values)
        if len(values) > 1 or "+" in values[0][0]
        else ""
    )
    return MeterChange(onset, int(total * denominator), denominator, symbol)


def bar_length(numerator: int, denominator: int) -> Fraction:
    """Quarter notes in a bar; 0 for free meter."""
    return Fraction(4 * numerator, denominator) if denominator else Fraction(0)


def beat_length(numerator: int, denominator: int) -> Fraction:
    """Quarter notes in a beat: three eighths in compound meters (6/8, 9/8), else the lower number's note."""
    if not denominator:
        return Fraction(1)
    if denominator >= 8 and numerator > 3 and numerator % 3 == 0:
        return Fraction(12, denominator)
    return Fraction(4, denominator)

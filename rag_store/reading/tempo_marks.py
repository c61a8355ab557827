"""Tempi as ``Q:`` fields at bar lines."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from fractions import Fraction

from notation.tempo import DEFAULT_QPM as _DEFAULT
from rag_store.reading.measures import Measure
from rag_store.reading.transcript import Tempo, Transcript

#: Quarter notes a minute where nothing says it.
DEFAULT_QPM = int(_DEFAULT)
#: Share by which a bar's tempo must differ from the one in force to be written.
TEMPO_STEP = 0.03
#: What is written at all.
_RANGE = (10.0, 480.0)


def tempo_marks(transcript: Transcript, bars: Sequence[Measure]) -> dict[int, str]:
    """Return what ``Q:`` says by bar, the first bar's always; empty where the transcript names no tempo.

    The tempo of a bar is the steady one in which it would take as long.
    """
    if not transcript.tempi:
        return {}
    changes = sorted(transcript.tempi, key=lambda tempo: tempo.onset)
    onsets = [tempo.onset for tempo in changes]
    found: dict[int, str] = {}
    now = 0.0
    for number, bar in enumerate(bars):
        qpm = _steady(changes, onsets, bar)
        if abs(qpm - now) > TEMPO_STEP * now:
            now = round(qpm) if qpm >= 40 else round(qpm, 1)
            found[number] = _beat(bar, now)
    return found


def _steady(changes: Sequence[Tempo], onsets: Sequence[Fraction], bar: Measure) -> float:
    first = max(bisect.bisect_right(onsets, bar.start) - 1, 0)
    stop = max(bisect.bisect_left(onsets, bar.end), first + 1)
    minutes = 0.0
    for index in range(first, stop):
        start = max(onsets[index], bar.start) if index > first else bar.start
        end = onsets[index + 1] if index + 1 < stop else bar.end
        minutes += float(end - start) / changes[index].qpm
    return min(max(float(bar.length) / minutes, _RANGE[0]), _RANGE[1])


def _beat(bar: Measure, qpm: float) -> str:
    """Return a tempo in the beat a musician counts, where that number is whole."""
    dotted = qpm / 1.5
    if bar.denominator == 8 and bar.numerator > 3 and bar.numerator % 3 == 0 and dotted == round(dotted):
        return f"3/8={round(dotted)}"
    return f"1/4={qpm:g}"

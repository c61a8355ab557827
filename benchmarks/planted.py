"""Copies made on purpose: a melody in another key, in other note values, with ornaments.

What a plagiarist, or a folk singer, does to a tune: passing and neighbour notes that take the end of a note's
time, appoggiaturas that take its beginning, notes broken into repetitions, and notes left out so that the one
before sounds on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_store.lines import Line


@dataclass(frozen=True, slots=True)
class Strength:
    """Chances for every note."""

    after: float  # of a passing or neighbour note in the end of its time
    before: float  # of an appoggiatura on its beat
    split: float  # of being broken into two
    drop: float  # of being left out


STRENGTHS = {
    "none": Strength(0.0, 0.0, 0.0, 0.0),
    "light": Strength(0.15, 0.03, 0.05, 0.03),
    "medium": Strength(0.30, 0.06, 0.10, 0.08),
    "heavy": Strength(0.45, 0.10, 0.15, 0.14),
}
#: Factor of the note values, and whether the bars go along with it (else they keep their length).
TIMES = (
    (1.0, True), (0.5, True), (2.0, True), (1.5, True), (0.5, False), (2.0, False),
)  # fmt: skip
#: Where the second half of a beat begins: even, swung, dotted.
SWINGS = (0.5, 0.5, 2 / 3, 3 / 4)


def planted(line: Line, strength: Strength, rng: random.Random) -> Line:
    """Return a copy of a line: ornamented, re-timed, transposed by up to six semitones."""
    copy = ornamented(swung(line, rng.choice(SWINGS)), strength, rng)
    copy = retimed(copy, *rng.choice(TIMES))
    return Line(copy.onset, copy.pitch + rng.choice([n for n in range(-6, 7) if n]), copy.bar)


def ornamented(line: Line, strength: Strength, rng: random.Random) -> Line:
    """Return a line with notes put in, broken and left out."""
    rows: list[tuple[int, int, int]] = []
    ends = [*line.onset[1:].tolist(), int(line.onset[-1]) + _usual(line)]
    following = [*line.pitch[1:].tolist(), int(line.pitch[-1])]
    for i, (onset, pitch, bar) in enumerate(
        zip(line.onset.tolist(), line.pitch.tolist(), line.bar.tolist(), strict=True)
    ):
        if rows and rng.random() < strength.drop:
            continue
        rows += _decorated(onset, ends[i], pitch, following[i], bar, strength, rng)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Line(columns[0], columns[1], columns[2])


def _decorated(
    onset: int, end: int, pitch: int, then: int, bar: int, strength: Strength, rng: random.Random
) -> list[tuple[int, int, int]]:
    """Return the notes that stand for one note; what comes late in a long last note stays in its bar."""
    time, drawn = end - onset, rng.random()
    if drawn < strength.after:
        step = rng.choice([-2, -1, 1, 2])
        between = (pitch + then) // 2 if abs(then - pitch) in (3, 4) else pitch + step
        return [(onset, pitch, bar), (onset + time - time // rng.choice([2, 3, 4]), between, bar)]
    drawn -= strength.after
    if drawn < strength.before:
        return [
            (onset, pitch + rng.choice([-1, 1, 2]), bar),
            (onset + time // rng.choice([4, 6]), pitch, bar),
        ]
    if drawn - strength.before < strength.split:
        return [(onset, pitch, bar), (onset + time // 2, pitch, bar)]
    return [(onset, pitch, bar)]


def _usual(line: Line) -> int:
    """Return the median time between onsets."""
    return int(np.median(np.diff(line.onset))) if len(line) > 1 else 1


def swung(line: Line, half: float) -> Line:
    """Return a line whose beats of two are uneven: the second note of each begins at ``half`` of it.

    A bar of four, eight or sixteen of the line's usual values has such beats; other lines stay as they are.
    """
    firsts = {int(bar): int(onset) for bar, onset in zip(line.bar[::-1], line.onset[::-1], strict=True)}
    lengths = np.diff([firsts[bar] for bar in sorted(firsts)])
    beat = 2 * _usual(line)
    if not len(lengths) or np.median(lengths) / beat not in (2, 4, 8):
        return line
    begun = np.array([firsts[int(bar)] for bar in line.bar])
    whole, inside = np.divmod(line.onset - begun, beat)
    share = inside / beat
    late = np.where(share < 0.5, share * half * 2, half + (share - 0.5) * (1 - half) * 2)
    return Line(_ordered(begun + whole * beat + np.rint(late * beat).astype(np.int64)), line.pitch, line.bar)


def retimed(line: Line, factor: float, along: bool) -> Line:
    """Return a line in longer or shorter values; the bars go along, or keep their length."""
    onset = _ordered(np.rint(line.onset * factor).astype(np.int64))
    if along:
        return Line(onset, line.pitch, line.bar)
    bar = np.floor((line.bar - 1) * factor).astype(np.int64)
    if factor > 1:  # the second half of a long bar is a bar of its own
        firsts = {int(b): int(o) for b, o in zip(line.bar[::-1], onset[::-1], strict=True)}
        length = np.median(np.diff([firsts[b] for b in sorted(firsts)])) if len(firsts) > 1 else 1.0
        begun = np.array([firsts[int(b)] for b in line.bar])
        bar = bar + ((onset - begun) >= length / 2)
    return Line(onset, line.pitch, bar + 1)


def _ordered(onset: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return onsets made to grow by at least one tick."""
    count = np.arange(len(onset))
    return np.maximum.accumulate(onset - count) + count

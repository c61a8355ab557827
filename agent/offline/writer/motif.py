"""Motifs: a bar of melody as rhythm and contour, found in exemplars or invented.

A `Figure` fills one bar. Its contour is in diatonic steps against its own first note, so it can be set on
any degree of any mode. At most `COPIED` notes of an exemplar keep both rhythm and contour; the rest of the
figure is left free. How figures are developed is in `agent.offline.writer.devices`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from agent.offline.writer.meter import Meter

COPIED = 6  # notes; a longer literal match with an exemplar counts as copying (limit of the copy check: 7)
FREE = 99  # contour value of a note whose pitch is left to the line
#: Largest misfit of a figure's mean note length, in octaves.
_MISFIT = 0.75
_SIMPLE = (
    (1,),
    (Fraction(1, 2),) * 2,
    (Fraction(3, 4), Fraction(1, 4)),
    (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)),
)
_COMPOUND = (
    (Fraction(3, 2),),
    (1, Fraction(1, 2)),
    (Fraction(1, 2),) * 3,
    (Fraction(3, 4), Fraction(1, 4), Fraction(1, 2)),
)
#: Moves of contours that are easily remembered: step runs, a gap filled back, a neighbour, a broken chord.
_GESTURES = (
    (1, 1, 1),
    (-1, -1, -1),
    (2, 2, -1),
    (4, -1, -1),
    (3, -1, -1),
    (1, -1, 2),
    (-1, 1, 2),
    (0, 1, -2),
    (2, -1, 2),
)


@dataclass(frozen=True)
class Figure:
    """One bar: durations in quarter notes, and the diatonic step of each note (None for a rest)."""

    durations: tuple[Fraction, ...]
    steps: tuple[int | None, ...]
    source: str = ""  # exemplar id; "" if invented
    bar: int = 0  # its bar in the exemplar
    device: str = "statement"
    link: int | None = None  # wanted diatonic move from the note before to the first one; None: free
    early: Fraction = Fraction(0)  # how long before the bar line the first note is anticipated

    @cached_property
    def notes(self) -> int:
        """Number of notes, rests not counted."""
        return sum(step is not None for step in self.steps)

    @cached_property
    def mean_length(self) -> float:
        """Mean note length in quarter notes."""
        return float(sum(self.durations)) / max(1, self.notes)

    @cached_property
    def shortest(self) -> Fraction:
        """Shortest value in quarter notes."""
        return min(self.durations)

    @cached_property
    def even(self) -> bool:
        """Whether all values are equal."""
        return len(set(self.durations)) == 1

    @property
    def last(self) -> int | None:
        """Contour value of the last note; None if it is free or there is none."""
        sounding = [step for step in self.steps if step is not None]
        return sounding[-1] if sounding and sounding[-1] != FREE else None


def choose(
    pool: Iterable[Figure],
    note_length: float,
    bar: Meter,
    rng: random.Random,
    *,
    even: float = 0.0,
    least: Fraction = Fraction(1, 4),
) -> Figure:
    """Return a figure that sounds like a motif at about the wanted mean note length.

    Drawn from those that fit, the better ones more often; an invented one if none fits.

    Parameters
    ----------
    note_length
        In quarter notes.
    even
        0 to 1: how welcome figures of equal values are.
    least
        Shortest value in quarter notes.
    """
    scored: list[tuple[float, int, Figure]] = []
    for figure in (one for one in pool if one.shortest >= least):
        misfit = abs(math.log2(figure.mean_length / note_length))
        if misfit < _MISFIT:
            luck = -0.3 * math.log(-math.log(min(max(rng.random(), 1e-9), 1 - 1e-9)))
            scored.append((1.3 * misfit + _dullness(figure, even) - luck, len(scored), figure))
    if scored:
        return min(scored)[2]
    return invent(bar, note_length, rng, least)


def invent(bar: Meter, note_length: float, rng: random.Random, least: Fraction = Fraction(1, 4)) -> Figure:
    """Return a figure of plain beat cells with a contour that is easily remembered."""
    durations = _rhythm(bar, note_length, rng, least)
    steps = gesture(len(durations), rng)
    return Figure(durations, steps, device="invention")


def gesture(notes: int, rng: random.Random) -> tuple[int, ...]:
    """Return a contour of so many notes, put together from gestures."""
    steps = [0]
    while len(steps) < notes:
        for move in rng.choice(_GESTURES):
            steps.append(steps[-1] + move)
        if abs(steps[-1]) > 4:  # turn back to where it began
            steps.append(steps[-1] - (1 if steps[-1] > 0 else -1))
    return tuple(steps[:notes])


def _rhythm(bar: Meter, note_length: float, rng: random.Random, least: Fraction) -> tuple[Fraction, ...]:
    """Durations of a bar in cells of its beats."""
    durations: list[Fraction] = []
    at = 0
    while at < len(bar.beats):
        room = len(bar.beats) - at
        joined = min(room, max(1, round(note_length * rng.choice((0.75, 1, 1.5)) / float(bar.beats[at]))))
        if joined > 1 and rng.random() < 0.75:
            durations.append(sum(bar.beats[at : at + joined], Fraction(0)))
            at += joined
            continue
        cells: Sequence[tuple[Fraction | int, ...]] = _SIMPLE if bar.beats[at].denominator == 1 else _COMPOUND
        scale = bar.beats[at] / sum((Fraction(part) for part in cells[0]), Fraction(0))
        cells = [cell for cell in cells if min(cell) * scale >= least] or [cells[0]]
        lengths = [float(bar.beats[at]) / len(cell) / note_length for cell in cells]
        weights = [math.exp(-2.0 * abs(math.log2(length))) for length in lengths]
        durations += [Fraction(part) * scale for part in rng.choices(cells, weights)[0]]
        at += 1
    return tuple(durations)


def _dullness(figure: Figure, even: float) -> float:
    """How little a figure is a motif: one note, one value, one pitch, or leaps all over."""
    steps = [step for step in figure.steps if step is not None and step != FREE]
    dull = 0.0
    if figure.notes < 2:
        dull += 1.2
    if figure.notes == 2:
        dull += 0.25 + (0.3 if steps and max(steps) - min(steps) > 2 else 0.0)
    if any(len(set(steps[at : at + 3])) == 1 for at in range(len(steps) - 2)):
        dull += 0.3
    if figure.notes > 2 and figure.even:
        dull += (0.7 if figure.notes < 6 else 1.2) * (1.0 - even)
    cells = set(zip(figure.durations[::2], figure.durations[1::2], strict=False))
    if len(figure.durations) >= 6 and len(cells) == 1 and len(set(figure.durations)) > 1:
        dull += 0.9 * (1.0 - even)  # one dotted cell all through
    if len(set(steps)) == 1 and len(steps) > 2:
        dull += 0.5
    if steps and max(steps) - min(steps) > 8:
        dull += 0.6
    if figure.steps[0] is None:
        dull += 0.1
    return dull + 0.1 * (1.0 - even) * max(0, figure.notes - 7)

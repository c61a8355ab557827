"""Motifs: a bar of melody as rhythm and contour, found in exemplars or invented, and developed.

A `Figure` fills one bar. Its contour is in diatonic steps against its own first note, so it can be set on
any degree of any mode. At most `COPIED` notes of an exemplar keep both rhythm and contour; the rest of the
figure is left free.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from agent.offline.writer.meter import Meter

COPIED = 6  # notes; a longer literal match with an exemplar counts as copying (limit of the copy check: 7)
FREE = 99  # contour value of a note whose pitch is left to the line
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


@dataclass(frozen=True, slots=True)
class Figure:
    """One bar: durations in quarter notes, and the diatonic step of each note (None for a rest)."""

    durations: tuple[Fraction, ...]
    steps: tuple[int | None, ...]
    source: str = ""  # exemplar id; "" if invented
    bar: int = 0  # its bar in the exemplar
    device: str = "statement"

    @property
    def notes(self) -> int:
        """Number of notes, rests not counted."""
        return sum(step is not None for step in self.steps)

    @property
    def mean_length(self) -> float:
        """Mean note length in quarter notes."""
        return float(sum(self.durations)) / max(1, self.notes)


def choose(pool: Iterable[Figure], note_length: float, bar: Meter, rng: random.Random) -> Figure:
    """Figure that sounds most like a motif at the wanted mean note length; an invented one if none fits."""
    scored: list[tuple[float, int, Figure]] = []
    for figure in pool:
        for candidate in _scaled(figure, bar):
            misfit = abs(math.log2(candidate.mean_length / note_length))
            if misfit < 0.7:
                scored.append((misfit + _dullness(candidate) + 0.35 * rng.random(), len(scored), candidate))
    if scored:
        return min(scored)[2]
    return invent(bar, note_length, rng)


def invent(bar: Meter, note_length: float, rng: random.Random) -> Figure:
    """Figure made of plain beat cells, with a small arch for contour."""
    durations: list[Fraction] = []
    at = 0
    while at < len(bar.beats):
        room = len(bar.beats) - at
        joined = min(room, max(1, round(note_length / float(bar.beats[at]))))
        if joined > 1 and rng.random() < 0.75:
            durations.append(sum(bar.beats[at : at + joined], Fraction(0)))
            at += joined
            continue
        cells = _SIMPLE if bar.beats[at].denominator == 1 else _COMPOUND
        scale = bar.beats[at] / sum((Fraction(part) for part in cells[0]), Fraction(0))
        weights = [
            math.exp(-2.0 * abs(math.log2(float(bar.beats[at]) / len(cell) / note_length))) for cell in cells
        ]
        durations += [Fraction(part) * scale for part in rng.choices(cells, weights)[0]]
        at += 1
    peak = rng.randrange(1, max(2, len(durations)))
    rising = rng.choice((1, 1, 2))
    steps = [
        rising * place if place <= peak else rising * peak - (place - peak) for place in range(len(durations))
    ]
    return Figure(tuple(durations), tuple(steps), device="invention")


def inverted(figure: Figure) -> Figure:
    """Contour upside down."""
    steps = tuple(step if step in (None, FREE) else -step for step in figure.steps)
    return replace(figure, steps=steps, device="inversion")


def freed(figure: Figure, device: str = "answer") -> Figure:
    """Return the rhythm alone, its pitches left free."""
    return replace(
        figure, steps=tuple(None if step is None else FREE for step in figure.steps), device=device
    )


def fragmented(figure: Figure, bar: Meter) -> Figure:
    """Return the first half, twice, the second time a step lower; the figure itself where it has no half."""
    head = _until(figure, bar.middle)
    if head is None or bar.middle * 2 != bar.length or all(step is None for step in head.steps):
        return replace(figure, device="sequence")
    lower = tuple(step if step in (None, FREE) else step - 1 for step in head.steps)
    return replace(figure, durations=head.durations * 2, steps=head.steps + lower, device="fragmentation")


def augmented(figure: Figure, bar: Meter) -> Figure:
    """Return the first half in doubled values; the figure itself where it has no half."""
    head = _until(figure, bar.middle)
    if head is None or bar.middle * 2 != bar.length or all(step is None for step in head.steps):
        return replace(figure, device="sequence")
    return replace(
        figure, durations=tuple(2 * d for d in head.durations), steps=head.steps, device="augmentation"
    )


def varied(figure: Figure, bar: Meter) -> Figure:
    """Return the rhythm with its longest note given to two, and free pitches from there on."""
    compound = bar.beats[0] == Fraction(3, 2)
    able = [(length, -at) for at, length in enumerate(figure.durations) if figure.steps[at] is not None]
    able = [pair for pair in able if _split(pair[0], compound)]
    if not able:
        return freed(figure, "variation")
    place = -max(able)[1]
    durations = (
        *figure.durations[:place],
        *_split(figure.durations[place], compound),
        *figure.durations[place + 1 :],
    )
    rest = tuple(None if step is None else FREE for step in figure.steps[place + 1 :])
    return replace(
        figure, durations=durations, steps=(*figure.steps[: place + 1], FREE, *rest), device="variation"
    )


def _split(length: Fraction, compound: bool) -> tuple[Fraction, ...]:
    """Two plain values that a note may be given to; none for short or odd ones."""
    if length in (1, 2, 4) or (length == 3 and compound):
        return (length / 2, length / 2)
    return (length * 2 / 3, length / 3) if length in (Fraction(3, 2), 3) else ()


def cadence(figure: Figure, bar: Meter, final: bool, breath: bool) -> Figure:
    """Bar that ends a phrase: the head of the figure, then a long note and, unless final, a breath."""
    if final or (len(bar.beats) == 1 and not breath):
        return Figure((bar.length,), (FREE,), figure.source, figure.bar, "cadence")
    if len(bar.beats) == 1:
        return Figure(
            (bar.length * 2 / 3, bar.length / 3), (FREE, None), figure.source, figure.bar, "cadence"
        )
    head = _until(figure, bar.onsets[1]) if len(bar.beats) > 2 else None
    durations, steps = (
        (head.durations, tuple(None if s is None else FREE for s in head.steps)) if head else ((), ())
    )
    left = bar.length - sum(durations, Fraction(0))
    rest = bar.beats[-1] if breath and left > bar.beats[-1] else Fraction(0)
    durations = (*durations, left - rest) + ((rest,) if rest else ())
    steps = (*steps, FREE) + ((None,) if rest else ())
    return Figure(durations, steps, figure.source, figure.bar, "cadence")


def _dullness(figure: Figure) -> float:
    """How little a figure is a motif: one note, one value, one pitch, or leaps all over."""
    steps = [step for step in figure.steps if step is not None and step != FREE]
    dull = 0.0
    if figure.notes < 2:
        dull += 1.2
    if figure.notes == 2:
        dull += 0.25 + (0.3 if steps and max(steps) - min(steps) > 2 else 0.0)
    if any(len(set(steps[at : at + 3])) == 1 for at in range(len(steps) - 2)):
        dull += 0.3
    if figure.notes > 2 and len(set(figure.durations)) == 1:
        dull += 0.7
    if len(set(steps)) == 1 and len(steps) > 2:
        dull += 0.5
    if steps and max(steps) - min(steps) > 8:
        dull += 0.6
    if figure.steps[0] is None:
        dull += 0.3
    return dull + 0.1 * max(0, figure.notes - 7)


def _scaled(figure: Figure, bar: Meter) -> list[Figure]:
    """Return the figure, and its first half in doubled values where that is possible."""
    longer = augmented(figure, bar)
    return [figure, longer] if longer.device == "augmentation" and longer.notes else [figure]


def _until(figure: Figure, time: Fraction) -> Figure | None:
    """Return the events before a time, if one of them ends exactly there."""
    total = Fraction(0)
    for kept, duration in enumerate(figure.durations, 1):
        total += duration
        if total == time:
            return replace(figure, durations=figure.durations[:kept], steps=figure.steps[:kept])
        if total > time:
            return None
    return None

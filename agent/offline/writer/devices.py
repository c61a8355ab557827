"""Devices: sequence, inversion, expansion, fragmentation, augmentation, diminution, syncopation of a figure.

Every device returns a figure that fills the same bar. One that cannot be applied gives the next best thing,
and says so in ``device``.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.meter import Meter
from agent.offline.writer.motif import FREE, Figure

_HALF = Fraction(1, 2)
#: Diatonic steps that an expanded contour may span.
_WIDEST = 7


def sequenced(figure: Figure, before: Figure, shift: int) -> Figure:
    """Return the figure so many steps from where ``before``, the bar in front of it, began."""
    link = None if before.last is None else shift - before.last
    return replace(figure, device="sequence" if shift else "repetition", link=link)


def inverted(figure: Figure) -> Figure:
    """Contour upside down."""
    steps = tuple(step if step in (None, FREE) else -step for step in figure.steps)
    return replace(figure, steps=steps, device="inversion", link=None)


def expanded(figure: Figure) -> Figure:
    """Return the contour with its steps made thirds, its thirds fifths; one that would span a ninth stays."""
    known = [step for step in figure.steps if step is not None and step != FREE]
    if not known or 2 * (max(known) - min(known)) > _WIDEST:
        return figure
    steps = tuple(step if step in (None, FREE) else 2 * step for step in figure.steps)
    return replace(figure, steps=steps, device="expansion", link=None)


def freed(figure: Figure, device: str = "answer") -> Figure:
    """Return the rhythm alone, its pitches left free."""
    steps = tuple(None if step is None else FREE for step in figure.steps)
    return replace(figure, steps=steps, device=device, link=None)


def contoured(figure: Figure, contour: tuple[int, ...]) -> Figure:
    """Return the rhythm with another contour, one step for every note."""
    given = iter(contour)
    steps = tuple(None if step is None else next(given) for step in figure.steps)
    return replace(figure, steps=steps, device="answer", link=None)


def fragmented(figure: Figure, bar: Meter, shift: int = -1) -> Figure:
    """Return the first half, twice, the second time a step away; a variation where it has no half."""
    head = half(figure, bar)
    if head is None:
        return varied(figure, bar)
    moved = tuple(step if step in (None, FREE) else step + shift for step in head.steps)
    return replace(
        figure, durations=head.durations * 2, steps=head.steps + moved, device="fragmentation", link=None
    )


def augmented(figure: Figure, bar: Meter) -> Figure:
    """Return the first half in doubled values; its strong notes alone where it has no half."""
    head = half(figure, bar)
    if head is None or head.notes < 2:
        return thinned(figure, bar)
    longer = tuple(2 * length for length in head.durations)
    return replace(figure, durations=longer, steps=head.steps, device="augmentation", link=None)


def diminished(figure: Figure, bar: Meter, shift: int = 1) -> Figure:
    """Return the whole in halved values, twice, the second time a step away; fragmented if too quick."""
    if bar.middle * 2 != bar.length or min(figure.durations) < _HALF or _triple(figure):
        return fragmented(figure, bar, shift)
    shorter = tuple(length / 2 for length in figure.durations)
    moved = tuple(step if step in (None, FREE) else step + shift for step in figure.steps)
    return replace(
        figure,
        durations=shorter * 2,
        steps=figure.steps + moved,
        device="diminution",
        link=None,
        early=Fraction(0),
    )


def varied(figure: Figure, bar: Meter) -> Figure:
    """Return the rhythm with its longest note given to two, and free pitches from there on."""
    compound = bar.beats[0] == Fraction(3, 2)
    able = [(length, -at) for at, length in enumerate(figure.durations) if figure.steps[at] is not None]
    able = [pair for pair in able if _split(pair[0], compound)]
    if not able:
        return freed(figure, "variation")
    at = -max(able)[1]
    durations = (*figure.durations[:at], *_split(figure.durations[at], compound), *figure.durations[at + 1 :])
    rest = tuple(None if step is None else FREE for step in figure.steps[at + 1 :])
    steps = (*figure.steps[: at + 1], FREE, *rest)
    return replace(figure, durations=durations, steps=steps, device="variation", link=None)


def thinned(figure: Figure, bar: Meter) -> Figure:
    """Return the notes on the strongest beats alone, each lasting to the next: a broad version."""
    kept: list[tuple[Fraction, int | None]] = []
    at = Fraction(0)
    for length, step in zip(figure.durations, figure.steps, strict=True):
        if not kept or (step is not None and bar.strength(at) >= 2):
            kept.append((at, step))
        at += length
    if len(kept) == 1 and len(bar.onsets) > 1:
        kept.append((bar.middle, FREE))
    ends = [start for start, _ in kept[1:]] + [bar.length]
    durations = tuple(end - start for (start, _), end in zip(kept, ends, strict=True))
    return replace(
        figure, durations=durations, steps=tuple(step for _, step in kept), device="broadening", link=None
    )


def syncopated(figure: Figure, bar: Meter) -> Figure:
    """Return the figure with the note on the bar's middle moved half a beat forward, held over the beat.

    A figure without such a note, or with no time before it, is anticipated at the bar line instead.
    """
    unit = _HALF if bar.beats[0] >= 1 else bar.beats[0] / 2
    at = Fraction(0)
    for place, length in enumerate(figure.durations[:-1]):
        at += length
        step = figure.steps[place + 1]
        if at == bar.middle and step is not None and length > unit and at > 0:
            after = figure.durations[place + 1] + unit
            durations = (*figure.durations[:place], length - unit, after, *figure.durations[place + 2 :])
            return replace(figure, durations=durations)
    return anticipated(figure, unit)


def anticipated(figure: Figure, unit: Fraction = _HALF) -> Figure:
    """Return the figure with its first note begun before the bar line."""
    if figure.steps[0] is None:
        return figure
    return replace(figure, early=unit)


def half(figure: Figure, bar: Meter) -> Figure | None:
    """Return the events of a bar's first half; None if there is none, or it rests."""
    head = until(figure, bar.middle)
    if head is None or bar.middle * 2 != bar.length or all(step is None for step in head.steps):
        return None
    return head


def until(figure: Figure, time: Fraction) -> Figure | None:
    """Return the events before a time, if one of them ends exactly there."""
    total = Fraction(0)
    for kept, duration in enumerate(figure.durations, 1):
        total += duration
        if total == time:
            return replace(figure, durations=figure.durations[:kept], steps=figure.steps[:kept])
        if total > time:
            return None
    return None


def _triple(figure: Figure) -> bool:
    """Whether a figure has triplets."""
    return any((length * 16).denominator != 1 for length in figure.durations)


def _split(length: Fraction, compound: bool) -> tuple[Fraction, ...]:
    """Two plain values that a note may be given to; none for short or odd ones."""
    if length in (1, 2, 4) or (length == 3 and compound):
        return (length / 2, length / 2)
    return (length * 2 / 3, length / 3) if length in (Fraction(3, 2), 3) else ()

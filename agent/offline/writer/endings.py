"""Where phrases end and begin: the bar of a cadence, with landing and breath, and the upbeat."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.devices import until
from agent.offline.writer.meter import Meter
from agent.offline.writer.motif import FREE, Figure


def ending(figure: Figure, bar: Meter, *, final: bool, breath: bool, late: bool) -> Figure:
    """Return the bar that ends a phrase: a long note on a strong beat, and a breath.

    Parameters
    ----------
    figure
        Its head leads to a note that lands late.
    final
        The end of the piece: one note, without a breath.
    breath
        The last beat is silent, where the bar has room.
    late
        Land on the bar's second strong beat, if it has one.
    """
    if final or (len(bar.beats) == 1 and not breath):
        return Figure((bar.length,), (FREE,), figure.source, figure.bar, "cadence")
    if len(bar.beats) == 1:
        return Figure(
            (bar.length * 2 / 3, bar.length / 3), (FREE, None), figure.source, figure.bar, "cadence"
        )
    landing = bar.middle if late and (len(bar.strong) > 1 or bar.middle * 2 == bar.length) else Fraction(0)
    durations, steps = _approach(figure, landing)
    left = bar.length - landing
    rest = bar.beats[-1] if breath and left > bar.beats[-1] else Fraction(0)
    if breath and not rest:  # the landing has one beat: half of it, or two thirds
        rest = left / 2 if left.denominator == 1 else left / 3
    durations = (*durations, left - rest) + ((rest,) if rest else ())
    steps = (*steps, FREE) + ((None,) if rest else ())
    return Figure(durations, steps, figure.source, figure.bar, "cadence")


def _approach(figure: Figure, landing: Fraction) -> tuple[tuple[Fraction, ...], tuple[int | None, ...]]:
    """Return what leads to the landing: the figure's own rhythm, or one note."""
    if not landing:
        return (), ()
    head = until(figure, landing)
    if head is None or head.steps[-1] is None or head.notes > 4:
        return (landing,), (FREE,)
    return head.durations, tuple(None if step is None else FREE for step in head.steps)


def upbeat(figure: Figure, bar: Meter, rng: random.Random, *, slow: bool) -> Figure:
    """Return the notes before the first bar line of a phrase, in the rhythm of the figure's own last beat.

    They rise or fall by step to what follows; a single one may leap a fourth up. ``link`` is the wanted move
    to the first note of the phrase.
    """
    beat = bar.beats[-1]
    tail = _last_beat(figure, bar)
    compound = beat == Fraction(3, 2)
    plain = (
        [(Fraction(1, 2),), (Fraction(1, 2),) * 3]
        if compound
        else [(beat,), (beat / 2, beat / 2), (beat / 2,)]
    )
    if slow and not compound:
        plain.append((beat / 2, beat / 4, beat / 4))
    durations = tail if tail and rng.random() < 0.6 else rng.choice(plain)
    move = rng.choice((1, 1, -1))
    link = 3 if len(durations) == 1 and rng.random() < 0.4 else move
    steps = tuple(move * place for place in range(len(durations)))
    return Figure(durations, steps, figure.source, figure.bar, "upbeat", link)


def _last_beat(figure: Figure, bar: Meter) -> tuple[Fraction, ...]:
    """Durations of the one to three notes in a figure's last beat; none if it has others."""
    left, tail = bar.beats[-1], list[Fraction]()
    for length, step in zip(reversed(figure.durations), reversed(figure.steps), strict=True):
        if step is None or length > left:
            return ()
        tail.insert(0, length)
        left -= length
        if not left:
            return tuple(tail) if len(tail) <= 3 and (tail[0] * 16).denominator == 1 else ()
    return ()


def silent(bar: Meter) -> Figure:
    """Return a bar of rest."""
    return Figure((bar.length,), (None,), device="silence")


def long_tone(bar: Meter, figure: Figure, *, breath: bool) -> Figure:
    """Return one long note, with a breath after it where the bar has room."""
    if not breath or len(bar.beats) < 2:
        return Figure((bar.length,), (FREE,), figure.source, figure.bar, "long tone")
    rest = bar.beats[-1]
    return Figure((bar.length - rest, rest), (FREE, None), figure.source, figure.bar, "long tone")


def echoed(figure: Figure) -> Figure:
    """Return the figure for an introduction: named as a hint of what comes."""
    return replace(figure, device="hint", link=None, early=Fraction(0))

"""Chords for a given melody: a Viterbi search over bars and half-bars.

A chord is good that holds what the melody stresses and that follows on the chord before it as chords do in
the style. How they follow is counted in progressions that the writer's own harmony makes in the same family
and mode; the hidden-Markov view of harmonising is that of Simon, Morris and Basu, MySong, CHI 2008.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from agent.offline.writer.events import Event
from agent.offline.writer.form import sections
from agent.offline.writer.harmony import Span, harmonise
from agent.offline.writer.meter import Meter, meter
from agent.offline.writer.theory import MINOR_MODES, Chord, Tone, chord, chord_scale

#: Pieces of harmony that are counted for a style.
_SAMPLES = 24
#: Bars to a phrase.
PHRASE = 4
_FOREIGN = 2.0  # cost of a quarter note foreign to the chord, on a weak beat
_STRESS = (0.6, 0.8, 1.1, 1.5)  # by metrical strength, as in `Meter.strength`
_WITHIN = 1.0  # cost of a change in mid-bar
_STILL = 3.0  # cost of a chord that goes on over a bar line, before scaling
_FULL = 0.5  # cost of each tone beyond a triad
_CADENCE = 1.5
_ANEW = 2.5  # cost of the chord that is to be avoided


def harmonise_melody(
    melody: Sequence[Event],
    bar: Meter,
    bars: int,
    home: Tone,
    mode: str,
    family: str,
    *,
    avoid: Sequence[Span] = (),
    seed: int | None = None,
) -> list[Span]:
    """Return chords for a melody, from 0 to ``bars`` without gaps.

    Parameters
    ----------
    melody
        Events in order of time; of chords, all tones count.
    family
        Family of harmony, of ``agent/offline/writer/data/progressions.json``.
    avoid
        Harmony that shall not come again, where there is another as good.
    seed
        Lets chance decide between chords that fit about equally well; None for the best.

    Returns
    -------
    list of Span
        One or two a bar; phrases of `PHRASE` bars end on a dominant or tonic, the last one on the tonic.
    """
    numerals, follow = _style(bar.name, home, mode, family)
    chords = [chord(numeral, home) for numeral in numerals]
    cells = _cells(bar, bars)
    noise = (
        np.random.default_rng(seed).normal(0, 0.5, (len(cells), len(chords))) if seed is not None else None
    )
    cost = np.array([_fit(melody, start, end, chords, bar, home, mode) for start, end in cells])
    cost = cost if noise is None else cost + noise
    cost = cost + _cadences(cells, bar, bars, chords, home, mode) + _avoided(cells, chords, avoid)
    path = _best(cost, cells, bar, follow)
    return [Span(start, end, chords[place]) for (start, end), place in zip(cells, path, strict=True)]


@lru_cache(maxsize=32)
def _style(meter_name: str, home: Tone, mode: str, family: str) -> tuple[list[str], np.ndarray]:
    """Return the chords of a style and the cost of each following each, shape (n, n)."""
    form = sections("AABA", 32)
    pairs: Counter[tuple[str, str]] = Counter()
    for number in range(_SAMPLES):
        chance = random.Random(f"harmony of {family}:{mode}:{number}")  # noqa: S311 - music, no secrets
        row = [span.chord.roman for span in harmonise(form, meter(meter_name), home, mode, family, chance)]
        pairs.update(itertools.pairwise(row))
    heard: Counter[str] = Counter()
    for (first, _), count in pairs.items():
        heard[first] += count
    numerals = sorted(name for name, count in heard.items() if count >= 3)
    cost = np.empty((len(numerals), len(numerals)))
    for i, first in enumerate(numerals):
        for j, second in enumerate(numerals):
            cost[i, j] = -math.log((pairs[first, second] + 0.3) / (heard[first] + 0.3 * len(numerals)))
    np.fill_diagonal(cost, np.maximum(np.diag(cost), _STILL))
    return numerals, cost * 0.6


def _cells(bar: Meter, bars: int) -> list[tuple[Fraction, Fraction]]:
    """Return the stretches that get a chord each: halves of long bars, else bars."""
    cuts = [Fraction(0), bar.middle] if bar.length >= 3 and 0 < bar.middle < bar.length else [Fraction(0)]
    cells = []
    for number in range(bars):
        starts = [number * bar.length + cut for cut in cuts]
        cells += list(zip(starts, [*starts[1:], (number + 1) * bar.length], strict=True))
    return cells


def _fit(
    melody: Sequence[Event],
    start: Fraction,
    end: Fraction,
    chords: Sequence[Chord],
    bar: Meter,
    home: Tone,
    mode: str,
) -> list[float]:
    """Return what each chord costs under the notes of a stretch."""
    weights: dict[int, float] = {}
    first = None
    for event in melody:
        if event.end <= start or event.start >= end:
            continue
        length = float(min(event.end, end) - max(event.start, start))
        stress = _STRESS[bar.strength(event.start % bar.length)]
        for pitch in event.pitches:
            weights[pitch % 12] = weights.get(pitch % 12, 0.0) + length * stress / len(event.tones)
        first = event.pitches[-1] % 12 if first is None and event.tones else first
    return [_misfit(weights, first, one, home, mode) for one in chords]


def _misfit(weights: Mapping[int, float], first: int | None, one: Chord, home: Tone, mode: str) -> float:
    triad = {tone.pc for tone in one.tones[:3]}
    cost = 0.0
    for pc, weight in weights.items():
        if pc not in one.pcs:
            clash = 1.6 if any((pc - tone) % 12 in (1, 11) for tone in triad) else 1.0
            cost += _FOREIGN * clash * weight
    off = sum(
        alter != plain for alter, plain in zip(chord_scale(home, mode, one), _plain(home, mode), strict=True)
    )
    cost += _FULL * (len(one.tones) - 3)
    return cost + (0.8 if first is not None and first not in one.pcs else 0.0) + 0.35 * off


@lru_cache(maxsize=64)
def _plain(home: Tone, mode: str) -> tuple[int, ...]:
    return chord_scale(home, mode, Chord("", home, "", ()))


def _cadences(
    cells: Sequence[tuple[Fraction, Fraction]],
    bar: Meter,
    bars: int,
    chords: Sequence[Chord],
    home: Tone,
    mode: str,
) -> np.ndarray:
    """Return what phrase ends ask for: dominant or tonic, at last a dominant and the tonic."""
    cost = np.zeros((len(cells), len(chords)))
    degree = [(one.root.letter - home.letter) % 7 for one in chords]
    tonics = np.array([d == 0 and one.root == home for d, one in zip(degree, chords, strict=True)])
    strong = {4, 6} if mode in MINOR_MODES | {"mixolydian"} else {4}
    dominants = np.array([d in strong for d in degree])
    for place, (start, end) in enumerate(cells):
        number = int(start // bar.length)
        last_of_bar = (end / bar.length).denominator == 1
        if number == bars - 1:
            cost[place] += np.where(tonics, 0.0, 6.0)
        elif (number + 1) % PHRASE == 0 and last_of_bar:
            cost[place] -= _CADENCE * (tonics | dominants)
        elif number == bars - 2 and last_of_bar:
            cost[place] -= _CADENCE * dominants
    if len(cells):
        cost[0] -= 1.0 * tonics
    return cost


def _avoided(
    cells: Sequence[tuple[Fraction, Fraction]], chords: Sequence[Chord], avoid: Sequence[Span]
) -> np.ndarray:
    cost = np.zeros((len(cells), len(chords)))
    for place, (start, _) in enumerate(cells[:-2] if len(cells) > 4 else []):
        old = next((span.chord for span in avoid if span.start <= start < span.end), None)
        if old is not None:
            cost[place] = [_ANEW * (one.root.pc == old.root.pc) for one in chords]
    return cost


def _best(
    cost: np.ndarray, cells: Sequence[tuple[Fraction, Fraction]], bar: Meter, follow: np.ndarray
) -> list[int]:
    """Return the cheapest row of chords."""
    count = cost.shape[1]
    total, back = cost[0].copy(), []
    for place in range(1, len(cells)):
        within = (cells[place][0] / bar.length).denominator != 1
        step = follow.copy()
        if within:
            step = step + _WITHIN
            np.fill_diagonal(step, 0.0)
        through = total[:, None] + step
        back.append(np.argmin(through, axis=0))
        total = through[back[-1], np.arange(count)] + cost[place]
    path = [int(np.argmin(total))]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]

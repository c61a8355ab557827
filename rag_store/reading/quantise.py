"""Played times brought onto a grid: per beat the simplest division that the notes of a part lie on.

Rules
-----
Onsets. In each beat of each part, the division with the least root-mean-square distance plus its cost
(`DIVISIONS`) is taken; a division on which different onsets would fall together pays for it. Lengths. A note
that fills most of the time to the next stroke of its part fills it; another one lasts the next whole step of
its beat's division, at least one step, and half a beat rather than less where that is free. Nothing is
dropped but a pitch struck twice at one place of a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag_store.reading.measures import Measure
from rag_store.reading.transcript import Sound

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Parts of a quarter note: every step of every division is a whole number of them.
TICKS = 24
#: Steps of a beat and what a division costs, in beats of root-mean-square distance.
DIVISIONS = {1: 0.0, 2: 0.002, 4: 0.006, 3: 0.012, 8: 0.03, 6: 0.025}
#: Of dotted beats: dotted, eighths, sixteenths, 32nds.
DOTTED = {1: 0.0, 3: 0.002, 6: 0.006, 12: 0.03}
#: What may divide a beat cut short by the end of its bar.
_SHORT = (1, 2, 4, 8)
#: Onsets of a part nearer than this, in quarter notes, are one stroke.
TOGETHER = 0.04
#: What each lost stroke adds to the distance, as a share of the strokes of the beat.
COLLISION = 0.25
#: Share of the time to the next stroke that a note must sound to fill it.
FILLS = 0.55


@dataclass(frozen=True, slots=True)
class Played:
    """A note as played, times in quarter notes."""

    onset: float
    end: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Quantised:
    """Notes on the grid, in order, and the absolute distance of every onset to where it was put."""

    notes: tuple[Sound, ...]
    errors: Floats  # quarter notes
    doubled: int  # notes left out because their pitch was struck twice at one place


@dataclass(frozen=True, slots=True)
class Beats:
    """Beats in `TICKS`: where each begins, how long one like it is, how long it is; the last may be short."""

    starts: Ints
    wholes: Ints
    lengths: Ints

    @property
    def dotted(self) -> NDArray[np.bool_]:
        """Whether each is of three eighths."""
        return np.asarray(self.wholes == 3 * TICKS // 2)


def beats_of(bars: Sequence[Measure]) -> Beats:
    """Return the beats of all bars: quarters, dotted ones in compound meters, the last of a bar shorter."""
    starts: list[int] = []
    wholes: list[int] = []
    for bar in bars:
        compound = bar.denominator == 8 and bar.numerator % 3 == 0 and not bar.partial
        step = 3 * TICKS // 2 if compound else TICKS
        inside = range(int(bar.start * TICKS), int(bar.end * TICKS), step)
        starts += inside
        wholes += [step] * len(inside)
    edges = np.array([*starts, int(bars[-1].end * TICKS)], dtype=np.int64)
    return Beats(edges[:-1], np.array(wholes, dtype=np.int64), np.diff(edges))


def quantised(played: Sequence[Played], beats: Beats) -> Quantised:
    """Return the notes of one part on the grid.

    Parameters
    ----------
    played
        In any order; none begins after the last beat.
    beats
        As `beats_of` gives them.
    """
    notes = sorted(played, key=lambda note: (note.onset, note.pitch))
    onsets = np.array([note.onset for note in notes]) * TICKS
    beat = _beat_at(onsets, beats)
    steps = beats.wholes // _divisions(onsets / TICKS, beat, beats)
    places = np.rint((onsets - beats.starts[beat]) / steps[beat]).astype(np.int64)
    puts = beats.starts[beat] + np.minimum(places * steps[beat], beats.lengths[beat])
    return _sounds(notes, puts, steps, beats, np.abs(puts - onsets) / TICKS)


def _beat_at(times: Floats | Ints, beats: Beats) -> Ints:
    """Return the index of the beat in which each time lies."""
    found = np.searchsorted(beats.starts, times, side="right") - 1
    return np.clip(found, 0, len(beats.starts) - 1).astype(np.int64)


def _divisions(onsets: Floats, beat: Ints, beats: Beats) -> Ints:
    """Return the division of every beat; ``onsets`` in quarter notes."""
    count = len(beats.starts)
    found, best = np.ones(count, dtype=np.int64), np.full(count, np.inf)
    starts, whole = beats.starts / TICKS, beats.wholes == beats.lengths
    for dotted, table in ((False, DIVISIONS), (True, DOTTED)):
        width = 1.5 if dotted else 1.0
        for division, cost in table.items():
            usable = (beats.dotted == dotted) & (whole | (division in _SHORT))
            score = _distance(onsets, beat, starts, width / division) + cost
            better = usable & (score < best - 1e-9)
            found[better], best[better] = division, score[better]
    return found


def _distance(onsets: Floats, beat: Ints, starts: Floats, step: float) -> Floats:
    """Return what the onsets of every beat are off the steps of a division, with what falls together."""
    many = np.maximum(np.bincount(beat, minlength=len(starts)), 1)
    inside = onsets - starts[beat]
    place = np.rint(inside / step)
    squares = np.bincount(beat, weights=(inside - place * step) ** 2, minlength=len(starts))
    apart = np.diff(onsets) > TOGETHER
    lost = np.concatenate([[False], apart & (np.diff(place) == 0) & (np.diff(beat) == 0)]).astype(np.float64)
    collisions = np.bincount(beat, weights=lost[: len(beat)], minlength=len(starts))
    return np.asarray(np.sqrt(squares / many) + COLLISION * collisions / many, dtype=np.float64)


# -- lengths ---------------------------------------------------------------------------------------------


def _sounds(notes: Sequence[Played], onsets: Ints, steps: Ints, beats: Beats, errors: Floats) -> Quantised:
    durations = _durations(np.array([note.end - note.onset for note in notes]) * TICKS, onsets, steps, beats)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for note, onset, duration in zip(notes, onsets.tolist(), durations.tolist(), strict=True):
        old = found.get((onset, note.pitch))
        if old is None or old[0] < duration:
            found[onset, note.pitch] = (duration, note.velocity)
    kept = tuple(
        Sound(_time(onset), _time(duration), pitch, velocity)
        for (onset, pitch), (duration, velocity) in sorted(found.items())
    )
    return Quantised(kept, errors, len(notes) - len(kept))


@lru_cache(maxsize=65536)
def _time(ticks: int) -> Fraction:
    return Fraction(ticks, TICKS)


def _durations(lengths: Floats, onsets: Ints, steps: Ints, beats: Beats) -> Ints:
    """Return the written lengths in `TICKS` of notes played ``lengths`` long."""
    strokes = np.unique(onsets)
    place = np.searchsorted(strokes, onsets, side="right")
    gaps = np.append(strokes, 2**40)[place] - onsets  # to the next stroke
    least = np.minimum(steps[_beat_at(onsets, beats)], TICKS // 2)
    written = np.maximum(_ends(onsets, lengths, steps, beats) - onsets, least)
    half = (onsets % (TICKS // 2) == 0) & (lengths <= TICKS // 2) & (lengths > TICKS / 5)
    written = np.where(half, TICKS // 2, written)
    written = np.where(lengths <= gaps, np.minimum(written, gaps), written)
    fills = (lengths >= FILLS * gaps) & (lengths <= gaps + least / 2)
    return np.asarray(np.where(fills, gaps, written), dtype=np.int64)


def _ends(onsets: Ints, lengths: Floats, steps: Ints, beats: Beats) -> Ints:
    """Return the nearest step of the beat in which each note ends, an eighth where nothing divides it."""
    rough = onsets + lengths
    beat = _beat_at(rough, beats)
    unit = np.minimum(steps[beat], TICKS // 2)
    return np.asarray(
        beats.starts[beat] + np.rint((rough - beats.starts[beat]) / unit).astype(np.int64) * unit
    )

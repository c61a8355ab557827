"""The best melodic line through a row of slots: a second-order Viterbi search over diatonic steps.

Costs follow what is known of good melody: small intervals, leaps that turn back (von Hippel and Huron
2000), chord tones on strong beats, non-chord tones approached and left by step, one high point, no parallel
octaves or fifths with the bass. A little noise, drawn from the seed, makes equally good lines differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from agent.offline.writer.theory import Chord, midi

Array = NDArray[np.float64]
#: Cost of moving by 0, 1, 2 ... diatonic steps; seconds are free, sevenths and ninths dear.
_MOVE = np.array([0.8, 0.0, 0.45, 1.1, 1.5, 2.2, 3.0, 4.0, 2.4, 6.0, 7.0, 8.0])
#: Cost of what must not be where there is any other way.
_FORBIDDEN = 60.0
#: Cost of a non-chord tone by metrical strength (0 off the beat .. 3 downbeat).
_DISSONANCE = (0.3, 1.2, 3.0, 4.2)


@dataclass(frozen=True, slots=True)
class Slot:
    """One note to be pitched."""

    onset: Fraction
    length: Fraction
    chord: Chord
    alters: tuple[int, ...]  # of the letters C..B: the chord-scale
    strength: int
    consonant: frozenset[int]  # pitch classes that may stand on a strong beat
    target: float  # MIDI pitch the line tends to here
    ceiling: float  # MIDI pitch kept for the climax
    move: int | None = None  # wanted diatonic move from the slot before; None: free
    after_rest: bool = False
    goal: tuple[int, ...] = ()  # letters, best first, on which a phrase ends here; empty inside a phrase
    device: str = ""
    bass: int | None = None  # MIDI pitch of the bass that sounds at the onset
    bass_before: int | None = None  # and just before it
    peak: bool = False  # the climax: ``target`` is to be reached
    against: tuple[int, ...] = ()  # MIDI pitches of a line above that sound on the beats of the slot


@dataclass(frozen=True, slots=True)
class LineStyle:
    """What kind of line: see ``data/styles.json``."""

    leaps: float = 1.0
    pentatonic: float = 0.0
    chromatic: float = 0.0
    contour: float = 1.6  # how strongly a motif's contour holds
    noise: float = 0.45
    avoided: frozenset[int] = field(default_factory=frozenset)  # letters of the fourth and seventh degree


def best_line(
    slots: list[Slot],
    low: int,
    high: int,
    style: LineStyle,
    rng: np.random.Generator,
    before: int | None,
    after: int | None = None,
) -> list[int]:
    """Diatonic step of every slot on the cheapest line.

    Parameters
    ----------
    slots
        At least one.
    low, high
        Lowest and highest diatonic step allowed, inclusive.
    before
        Step of the note before the first slot, or None.
    after
        Step of the note that follows the last slot, or None.

    Returns
    -------
    list of int, one per slot
    """
    steps = np.arange(low, high + 1)
    count = len(steps)
    pitches = [np.array([midi(int(step), slot.alters[step % 7]) for step in steps]) for slot in slots]
    turn = _turning(steps) * style.leaps
    first = _unary(slots[0], steps, pitches[0], style) + rng.normal(0, style.noise, count)
    if before is not None:
        first = first + _joint(steps, before)
    end = _joint(steps, after) if after is not None else np.zeros(count)
    if len(slots) == 1:
        return [int(steps[int(np.argmin(first + end))])]
    unary = _unary(slots[1], steps, pitches[1], style) + rng.normal(0, style.noise, count)
    cost = first[:, None] + unary[None, :] + _move(0, slots, steps, pitches, style)
    back: list[NDArray[np.intp]] = []
    for at in range(2, len(slots)):
        foreign = _foreign(slots[at - 1], pitches[at - 1])
        approach = np.abs(steps[:, None] - steps[None, :]) > 1
        bad_in = 1.6 * approach * foreign[None, :]
        bad_out = 3.0 * approach * foreign[:, None]
        through = cost[:, :, None] + (turn + bad_in[:, :, None]) * (0.3 if slots[at - 1].after_rest else 1.0)
        back.append(np.argmin(through, axis=0))
        reached = np.min(through, axis=0)
        unary = _unary(slots[at], steps, pitches[at], style) + rng.normal(0, style.noise, count)
        cost = reached + bad_out * (0.5 if slots[at].after_rest else 1.0) + unary[None, :]
        cost = cost + _move(at - 1, slots, steps, pitches, style)
    return _trace(cost + end[None, :], back, steps)


def _joint(steps: NDArray[np.int_], other: int) -> Array:
    """Cost of joining a given neighbour outside the line, shape (n,); an octave is too far."""
    size = np.abs(steps - other)
    return np.asarray(0.6 * _MOVE[np.minimum(size, 11)] + _FORBIDDEN * (size > 6), dtype=np.float64)


def _trace(cost: Array, back: list[NDArray[np.intp]], steps: NDArray[np.int_]) -> list[int]:
    """Follow the pointers back from the cheapest end."""
    left, right = np.unravel_index(int(np.argmin(cost)), cost.shape)
    path = [int(right), int(left)]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1], path[-2]]))
    return [int(steps[place]) for place in reversed(path)]


def _turning(steps: NDArray[np.int_]) -> Array:
    """Cost of three notes, shape (n, n, n): leaps should turn back by step, waves should not stall."""
    first = steps[None, :, None] - steps[:, None, None]
    second = steps[None, None, :] - steps[None, :, None]
    onward = np.sign(first) * np.sign(second) > 0
    cost = np.where((np.abs(first) >= 3) & onward & (np.abs(second) >= 2), 1.6, 0.0)
    cost = cost + np.where((np.abs(first) >= 4) & onward, 0.5, 0.0)
    cost = cost + np.where((np.abs(first) >= 3) & (np.abs(second) >= 3), 0.7, 0.0)
    cost = cost + np.where((first == -second) & (first != 0), 0.35, 0.0)
    cost = cost + np.where((first == 0) & (second == 0), 1.2, 0.0)
    return np.asarray(cost, dtype=np.float64)


def _unary(slot: Slot, steps: NDArray[np.int_], pitches: NDArray[np.int_], style: LineStyle) -> Array:
    """Cost of each step at one slot for itself, shape (n,)."""
    letters = steps % 7
    foreign = _foreign(slot, pitches)
    long_note = 2.2 if slot.length >= 1 else 0.0
    dissonance = (_DISSONANCE[slot.strength] + long_note) * (1.0 - 0.6 * style.chromatic)
    cost = foreign * dissonance + 0.06 * np.abs(pitches - slot.target) ** 1.3
    over = np.maximum(0.0, pitches - slot.ceiling)
    cost = cost + 1.5 * (over > 0) + 0.8 * over
    if slot.peak:
        cost = cost + 1.5 * np.abs(pitches - slot.target)
    for other in slot.against:
        cost = cost + _beside(pitches, other) / len(slot.against)
    if style.pentatonic and style.avoided:
        cost = cost + 0.9 * style.pentatonic * np.isin(letters, list(style.avoided)) * foreign
        cost = cost + 0.4 * style.pentatonic * np.isin(letters, list(style.avoided))
    if slot.goal:
        rank = np.full(len(steps), 9.0)
        for place, letter in reversed(list(enumerate(slot.goal))):
            rank[letters == letter] = 0.8 * place
        cost = cost + rank
    return np.asarray(cost, dtype=np.float64)


def _beside(pitches: NDArray[np.int_], other: int) -> Array:
    """Cost of sounding with another line's pitch, shape (n,): doublings and semitone clashes."""
    apart = other - pitches
    cost = 1.6 * (apart % 12 == 0) + 3.0 * np.isin(apart % 12, (1, 11)) + 1.5 * (apart == 0)
    return np.asarray(cost, dtype=np.float64)


def _foreign(slot: Slot, pitches: NDArray[np.int_]) -> Array:
    """1 where the step is foreign to the chord, else 0."""
    return np.array([float(pitch % 12 not in slot.consonant) for pitch in pitches])


def _move(
    at: int, slots: list[Slot], steps: NDArray[np.int_], pitches: list[NDArray[np.int_]], style: LineStyle
) -> Array:
    """Cost of the way from slot ``at`` on, shape (n, n): size, contour, awkward intervals, parallels."""
    there = slots[at + 1]
    difference = steps[None, :] - steps[:, None]
    size = np.minimum(np.abs(difference), 11)
    eased = 0.6 if there.after_rest else 1.0
    cost = _MOVE[size] * np.where(size >= 2, style.leaps, 1.0) * eased
    if there.move is not None:
        cost = cost * 0.35 + style.contour * np.minimum(np.abs(difference - there.move), 4)
    semitones = pitches[at + 1][None, :] - pitches[at][:, None]
    cost = cost + np.where(np.abs(semitones) > 12, _FORBIDDEN, 0.0)
    cost = cost + np.where((np.abs(semitones) == 6) & (size > 1), 1.0, 0.0)
    cost = cost + np.where((np.abs(semitones) == 3) & (size == 1), 2.5, 0.0)  # augmented second
    cost = cost + np.where((semitones == 0) & (size == 1), 3.0, 0.0)  # enharmonic stumble
    if there.bass is not None and there.bass_before is not None and there.bass != there.bass_before:
        cost = cost + _against_bass(pitches[at], pitches[at + 1], there.bass_before, there.bass)
    return np.asarray(cost, dtype=np.float64)


def _against_bass(old: NDArray[np.int_], new: NDArray[np.int_], bass_old: int, bass_new: int) -> Array:
    """Cost of parallel and direct fifths and octaves with a moving bass, shape (n, n)."""
    before, after = (old - bass_old) % 12, (new - bass_new) % 12
    perfect = np.isin(after, (0, 7))[None, :]
    same = (before[:, None] == after[None, :]) & perfect
    motion = new[None, :] - old[:, None]
    similar = np.sign(motion) == np.sign(bass_new - bass_old)
    direct = perfect & similar & (np.abs(motion) > 2)
    return np.asarray(
        np.where(same & (motion != 0), 5.0, 0.0) + np.where(direct & ~same, 2.6, 0.0), dtype=np.float64
    )

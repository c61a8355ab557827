"""The best melodic line through a row of slots: a second-order Viterbi search over diatonic steps.

Costs follow what is known of good melody: small intervals, leaps that turn back (von Hippel and Huron
2000), chord tones on strong beats, non-chord tones approached and left by step, dissonances on strong beats
that are prepared or leant on and resolve down by step, one high point, no parallel octaves or fifths with
the bass. A little noise, drawn from the seed, makes equally good lines differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from agent.offline.writer.theory import NATURAL, Chord

Array = NDArray[np.float64]
Ints = NDArray[np.int_]
#: Cost of moving by 0, 1, 2 ... diatonic steps; seconds are free, sevenths and ninths dear.
_MOVE = np.array([0.6, 0.0, 0.2, 0.8, 1.2, 1.9, 2.7, 4.0, 2.4, 6.0, 7.0, 8.0])
#: Cost of what must not be where there is any other way.
_FORBIDDEN = 60.0
#: Cost of a non-chord tone by metrical strength (0 off the beat .. 3 downbeat).
_DISSONANCE = np.array([0.3, 1.2, 3.0, 4.2])
#: Share of a strong dissonance's cost that is given back where it is prepared or leant on, and resolves.
_RESOLVED = 0.75
#: How much stronger than elsewhere the contour holds by device: a sequence is to be heard as one.
_HELD = {"sequence": 2.6, "repetition": 2.6}
#: Cost of approaching and of leaving a non-chord tone by leap.
_LEAPT_TO, _LEAPT_FROM = 1.6, 3.0


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
    repeats: float = 0.0  # what a repeated note costs beside its usual cost
    seconds: float = 0.0  # and what a step does: thirds and fourths are as idiomatic in some styles
    avoided: frozenset[int] = field(default_factory=frozenset)  # letters of the fourth and seventh degree


def best_line(
    slots: list[Slot],
    low: int,
    high: int,
    style: LineStyle,
    rng: np.random.Generator,
    before: int | None,
    after: int | None = None,
    pitch_before: int | None = None,
) -> list[int]:
    """Diatonic step of every slot on the cheapest line.

    Parameters
    ----------
    slots
        At least one.
    low, high
        Range in diatonic steps, inclusive.
    before
        Step of the note before the first slot, or None.
    after
        Step of the note that follows the last slot, or None.
    pitch_before
        MIDI pitch of the note before, if it is to be led on together with the bass.

    Returns
    -------
    list of int, one per slot
    """
    steps = np.arange(low, high + 1)
    alters = np.array([slot.alters for slot in slots])
    pitches = 12 * (steps // 7 + 1) + np.array(NATURAL)[steps % 7] + alters[:, steps % 7]
    foreign = _foreign(slots, pitches)
    single = _single(slots, steps, pitches, foreign, style)
    single += rng.normal(0, style.noise, single.shape)
    if before is not None:
        single[0] += _joint(steps, before)
    if pitch_before is not None and _bass_moves(slots[0]):
        old = np.array([pitch_before])
        single[0] += against_bass(old, pitches[0], slots[0].bass_before or 0, slots[0].bass or 0)[0]
    if after is not None:
        single[-1] += _joint(steps, after)
    if len(slots) == 1:
        return [int(steps[int(np.argmin(single[0]))])]
    pairs = _pairs(slots, steps, pitches, style)
    return _search(slots, steps, single, pairs, foreign, style)


def _search(
    slots: list[Slot], steps: Ints, single: Array, pairs: Array, foreign: Array, style: LineStyle
) -> list[int]:
    """Return the cheapest path, over states of two neighbouring slots."""
    turn = _turning(steps) * style.leaps
    leap = (np.abs(steps[:, None] - steps[None, :]) > 1).astype(float)
    leant = _leaning(steps)
    cost = single[0][:, None] + single[1][None, :] + pairs[0]
    back: list[NDArray[np.intp]] = []
    for at in range(2, len(slots)):
        middle = slots[at - 1]
        strange = foreign[at - 1]
        through = (turn + _LEAPT_TO * (leap * strange[None, :])[:, :, None]) * (
            0.3 if middle.after_rest else 1.0
        )
        out = _LEAPT_FROM * leap * strange[:, None] * (0.5 if slots[at].after_rest else 1.0)
        if middle.strength >= 2:
            gain = _RESOLVED * (_DISSONANCE[middle.strength] + _LEAPT_TO) * strange
            through = through - leant * gain[None, :, None]
        through = through + cost[:, :, None]
        back.append(np.argmin(through, axis=0))
        cost = np.min(through, axis=0) + out + single[at][None, :] + pairs[at - 1]
    return _trace(cost, back, steps)


def _trace(cost: Array, back: list[NDArray[np.intp]], steps: Ints) -> list[int]:
    """Follow the pointers back from the cheapest end."""
    left, right = np.unravel_index(int(np.argmin(cost)), cost.shape)
    path = [int(right), int(left)]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1], path[-2]]))
    return [int(steps[place]) for place in reversed(path)]


def _joint(steps: Ints, other: int) -> Array:
    """Cost of joining a given neighbour outside the line, shape (n,); an octave is too far."""
    size = np.abs(steps - other)
    return np.asarray(0.6 * _MOVE[np.minimum(size, 11)] + _FORBIDDEN * (size > 6), dtype=np.float64)


def _leaning(steps: Ints) -> Array:
    """1 where the middle of three notes is held over, stepped or leapt to from below, and resolves down."""
    first = steps[None, :, None] - steps[:, None, None]
    second = steps[None, None, :] - steps[None, :, None]
    return np.asarray((second == -1) & (first >= 0) & (first <= 5), dtype=np.float64)


def _turning(steps: Ints) -> Array:
    """Cost of three notes, shape (n, n, n): leaps should turn back by step, waves should not stall."""
    first = steps[None, :, None] - steps[:, None, None]
    second = steps[None, None, :] - steps[None, :, None]
    onward = np.sign(first) * np.sign(second) > 0
    cost = np.where((np.abs(first) >= 3) & onward & (np.abs(second) >= 2), 1.6, 0.0)
    cost = cost + np.where((np.abs(first) >= 4) & onward, 1.5, 0.0)
    cost = cost + np.where((np.abs(first) >= 4) & (second == 0), 1.0, 0.0)
    cost = cost + np.where((np.abs(first) >= 3) & (np.abs(second) >= 3), 0.7, 0.0)
    cost = cost + np.where((first == -second) & (first != 0), 0.45, 0.0)
    cost = cost + np.where((first == 0) & (second == 0), 1.2, 0.0)
    return np.asarray(cost, dtype=np.float64)


def _foreign(slots: list[Slot], pitches: Ints) -> Array:
    """1 where a step is foreign to its slot's chord, shape (slots, n)."""
    mask = np.ones((len(slots), 12))
    for row, slot in zip(mask, slots, strict=True):
        row[list(slot.consonant)] = 0.0
    return np.asarray(np.take_along_axis(mask, pitches % 12, axis=1), dtype=np.float64)


def _single(slots: list[Slot], steps: Ints, pitches: Ints, foreign: Array, style: LineStyle) -> Array:
    """Cost of each step at each slot for itself, shape (slots, n)."""
    strength = np.array([slot.strength for slot in slots])
    long_note = np.array([2.2 if slot.length >= 1 else 0.0 for slot in slots])
    target = np.array([slot.target for slot in slots])[:, None]
    ceiling = np.array([slot.ceiling for slot in slots])[:, None]
    peak = np.array([slot.peak for slot in slots])[:, None]
    dissonance = (_DISSONANCE[strength] + long_note) * (1.0 - 0.6 * style.chromatic)
    away = np.abs(pitches - target)
    over = np.maximum(0.0, pitches - ceiling)
    cost = (
        foreign * dissonance[:, None] + 0.06 * away**1.3 + 2.2 * (over > 0) + 1.1 * over + 1.5 * peak * away
    )
    if style.pentatonic and style.avoided:
        shunned = np.isin(steps % 7, list(style.avoided))
        cost = cost + style.pentatonic * shunned * (0.9 * foreign + 0.4)
    for row, slot, sounding in zip(cost, slots, pitches, strict=True):
        if slot.goal:
            row += _goal(slot.goal, steps)
        for other in slot.against:
            row += _beside(sounding, other) / len(slot.against)
    return np.asarray(cost, dtype=np.float64)


def _goal(goal: tuple[int, ...], steps: Ints) -> Array:
    """Cost of ending on each step, shape (n,)."""
    rank = np.full(7, 9.0)
    for place, letter in reversed(list(enumerate(goal))):
        rank[letter] = 0.8 * place
    return np.asarray(rank[steps % 7], dtype=np.float64)


def _beside(pitches: Ints, other: int) -> Array:
    """Cost of sounding with another line's pitch, shape (n,): doublings and semitone clashes."""
    apart = other - pitches
    cost = 1.6 * (apart % 12 == 0) + 3.0 * np.isin(apart % 12, (1, 11)) + 1.5 * (apart == 0)
    return np.asarray(cost, dtype=np.float64)


def _pairs(slots: list[Slot], steps: Ints, pitches: Ints, style: LineStyle) -> Array:
    """Cost of the way to each next slot, shape (slots - 1, n, n): size, contour, awkwardness, parallels."""
    difference = steps[None, :] - steps[:, None]
    size = np.minimum(np.abs(difference), 11)
    usual = _MOVE[size] * np.where(size >= 2, style.leaps, 1.0) + style.repeats * (size == 0)
    usual = usual + style.seconds * (size == 1)
    eased = np.array([0.6 if slot.after_rest else 1.0 for slot in slots[1:]])
    cost = usual[None] * eased[:, None, None]
    for row, slot in zip(cost, slots[1:], strict=True):
        if slot.move is not None:
            row *= 0.35
            row += style.contour * _HELD.get(slot.device, 1.0) * np.minimum(np.abs(difference - slot.move), 4)
    semitones = np.abs(pitches[1:, None, :] - pitches[:-1, :, None])
    cost += _FORBIDDEN * (semitones > 12) + 1.0 * ((semitones == 6) & (size > 1))
    cost += 2.5 * ((semitones == 3) & (size == 1))  # augmented second
    cost += 3.0 * ((semitones == 0) & (size == 1))  # enharmonic stumble
    for at, slot in enumerate(slots[1:]):
        if _bass_moves(slot):
            cost[at] += against_bass(pitches[at], pitches[at + 1], slot.bass_before or 0, slot.bass or 0)
    return np.asarray(cost, dtype=np.float64)


def _bass_moves(slot: Slot) -> bool:
    """Whether the bass moves to another pitch as the slot begins."""
    return slot.bass is not None and slot.bass_before is not None and slot.bass != slot.bass_before


def against_bass(old: Ints, new: Ints, bass_old: int, bass_new: int) -> Array:
    """Cost of parallel and direct fifths and octaves with a moving bass, shape (n, n)."""
    before, after = (old - bass_old) % 12, (new - bass_new) % 12
    perfect = np.isin(after, (0, 7))[None, :]
    motion = new[None, :] - old[:, None]
    similar = np.sign(motion) == np.sign(bass_new - bass_old)
    same = (before[:, None] == after[None, :]) & perfect & (motion != 0)
    direct = perfect & similar & (np.abs(motion) > 2)
    return np.asarray(np.where(same, 6.0, 0.0) + np.where(direct & ~same, 3.5, 0.0), dtype=np.float64)

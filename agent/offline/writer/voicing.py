"""Chord voicings that move as little as possible between chords."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from agent.offline.writer.events import Event, sounding, starts_of
from agent.offline.writer.harmony import Span
from agent.offline.writer.theory import Chord, Tone, midi

Voicing = tuple[tuple[int, int], ...]  # (step, alteration) from below


@dataclass(frozen=True, slots=True)
class Voiced:
    """A span of harmony with its voicing."""

    start: Fraction
    end: Fraction
    chord: Chord
    tones: Voicing


def voice_chords(
    spans: list[Span], melody: list[Event], low: int, high: int, voices: int, rng: random.Random
) -> list[Voiced]:
    """Voicings for every span within a MIDI range, under the melody where there is room.

    Parallel octaves and fifths with the roots cost, crossing the melody costs, moving far costs; chance
    decides between voicings that are nearly as good.
    """
    center = (low + high) / 2
    previous: Voicing | None = None
    before: Chord | None = None
    out: list[Voiced] = []
    starts = starts_of(melody)
    for span in spans:
        above = sounding(melody, starts, span.start, span.end)
        ceiling = min((e.pitches[-1] for e in above), default=127)
        sung = frozenset(e.pitches[-1] for e in above if e.length >= 1 or e.start == span.start)
        options = _options(span.chord, low, high, voices)
        costs = [
            _cost(voicing, previous, before, span.chord, center, ceiling, sung) + 1.5 * rng.random()
            for voicing in options
        ]
        best = options[costs.index(min(costs))]
        if previous is not None and before is not None and before.symbol == span.chord.symbol:
            best = previous if _pitches(previous)[-1] <= ceiling else best
        out.append(Voiced(span.start, span.end, span.chord, best))
        previous, before = best, span.chord
    return out


@lru_cache(maxsize=4096)
def _pitches(voicing: Voicing) -> tuple[int, ...]:
    return tuple(midi(step, alter) for step, alter in voicing)


def _cost(
    voicing: Voicing,
    previous: Voicing | None,
    before: Chord | None,
    now: Chord,
    center: float,
    ceiling: int,
    sung: frozenset[int],
) -> float:
    """Lower is better; in semitones of movement."""
    pitches = _pitches(voicing)
    cost = 0.25 * abs(sum(pitches) / len(pitches) - center) + 3.0 * max(0, pitches[-1] - ceiling + 1)
    for lower, upper in itertools.pairwise(pitches):
        if lower < 48 and upper - lower < 5:
            cost += 10.0  # close intervals growl in the bass
    cost += 2.5 * sum(above - pitch in (1, 13) for pitch in pitches for above in sung)
    cost += 2.0 * any(above % 12 == pitches[-1] % 12 for above in sung)  # no doubling of the melody on top
    if previous is None or before is None:
        return cost
    old = _pitches(previous)
    cost += sum(min(abs(pitch - other) for other in old) for pitch in pitches) + 0.7 * abs(
        pitches[-1] - old[-1]
    )
    if before.root != now.root:
        for left, right in zip(old, pitches, strict=False):
            interval = (left - before.root.pc) % 12
            if left != right and interval in (0, 7) and interval == (right - now.root.pc) % 12:
                cost += 2.5
    return cost


@lru_cache(maxsize=1024)
def _options(chord: Chord, low: int, high: int, voices: int) -> tuple[Voicing, ...]:
    """Close voicings and those with the second voice from the top dropped an octave."""
    tones = _essential(chord, voices)
    ladder = sorted(
        (midi(step, tone.alter), (step, tone.alter))
        for tone in tones
        for step in range(tone.letter, 77, 7)
        if low <= midi(step, tone.alter) <= high
    )
    rungs = [tone for _, tone in ladder]
    options: list[Voicing] = [tuple(rungs[at : at + voices]) for at in range(len(rungs) - voices + 1)]
    for close in list(options):
        if voices >= 3:
            dropped = (close[-2][0] - 7, close[-2][1])
            if midi(*dropped) >= low:
                options.append(tuple(sorted([dropped, *close[:-2], close[-1]], key=lambda tone: midi(*tone))))
    return tuple(options) or (tuple(rungs[-voices:] or _nearest(tones, low, high)),)


def _essential(chord: Chord, voices: int) -> tuple[Tone, ...]:
    """Return the tones that say what the chord is.

    Third and seventh before fifth and root (the bass has it).
    """
    tones = chord.tones
    if len(tones) <= voices or len(tones) <= 3:
        return tones
    root, third, fifth, *rest = tones
    ranked = [third, *rest[::-1], fifth, root] if voices >= len(rest) + 1 else [third, *rest]
    return tuple(ranked[: max(voices, 2)])


def _nearest(tones: tuple[Tone, ...], low: int, high: int) -> Voicing:
    """Return a single tone when the range is too narrow for a chord."""
    center = (low + high) // 2
    tone = tones[0]
    step = min(range(tone.letter, 77, 7), key=lambda s: abs(midi(s, tone.alter) - center))
    return ((step, tone.alter),)

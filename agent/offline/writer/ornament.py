"""Ornaments: what decorates a return, and the leaning notes that delay a consonance."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.events import Event
from agent.offline.writer.harmony import chord_at
from agent.offline.writer.setting import Setting, consonant
from agent.offline.writer.theory import chord_scale, midi

#: Most ornaments a bar of a return has, by the number of its primes.
_SHARE = {0: 0.0, 1: 0.25, 2: 0.45, 3: 0.7}


def ornamented(events: list[Event], setting: Setting, turn: int, rng: random.Random) -> list[Event]:
    """Return a returning phrase with passing notes, neighbours and anticipations, more at each return.

    Parameters
    ----------
    events
        The phrase as it was heard first.
    turn
        How often it has been varied, from 1.
    """
    chance = _SHARE[min(turn, 3)] * 2 * setting.habits.ornament
    out: list[Event] = []
    for event, following in zip(events, [*events[1:], None], strict=True):
        out += _decorated(event, following, setting, chance, rng)
    return out


def _decorated(
    event: Event, following: Event | None, setting: Setting, chance: float, rng: random.Random
) -> list[Event]:
    """Return a note, divided if it bears an ornament and luck gives it one."""
    least = Fraction(1, 2) if setting.slow else Fraction(1)
    half = event.length / 2
    joined = following is not None and following.start == event.end
    if not joined or following is None or event.length < least or (half * 8).denominator != 1:
        return [event]
    if event.length > 2 or rng.random() >= chance:
        return [event]
    gap = following.tones[0][0] - event.tones[0][0]
    if abs(gap) == 2:
        return _added(event, half, event.tones[0][0] + gap // 2, setting)
    if gap == 0:
        return _added(event, half, event.tones[0][0] + rng.choice((1, -1)), setting)
    if abs(gap) == 1 and event.length >= 1:
        return _added(event, half, following.tones[0][0] + gap, setting)
    if abs(gap) in (3, 4) and event.length >= 1:
        return _added(event, half, event.tones[0][0] + (gap // abs(gap)) * 2, setting)
    return [event]


def _added(event: Event, length: Fraction, step: int, setting: Setting) -> list[Event]:
    """Return a note that gives its second half to another step; unchanged where the range forbids it."""
    at = event.end - length
    alters = chord_scale(setting.tonic, setting.mode, chord_at(setting.spans, at))
    if not setting.low <= midi(step, alters[step % 7]) <= min(setting.high, int(setting.peak) - 1):
        return [event]
    return [replace(event, length=event.length - length), Event(at, length, ((step, alters[step % 7]),))]


def leaning(events: list[Event], setting: Setting, rng: random.Random) -> list[Event]:
    """Return the notes, some long consonances delayed by the step above: a suspension or an appoggiatura.

    It is prepared where the note before is the same step, else reached from below or by step; it always
    resolves down by step into the chord.
    """
    out: list[Event] = []
    for place, event in enumerate(events):
        before = events[place - 1] if place else None
        if rng.random() < setting.habits.lean and _can_lean(event, before, setting):
            out += _delayed(event, setting)
        else:
            out.append(event)
    return out


def _can_lean(event: Event, before: Event | None, setting: Setting) -> bool:
    """Whether a note is long, strong and consonant, and the step above it a dissonance within reach."""
    beat = setting.bar.beats[0]
    if event.length < 2 * beat or setting.bar.strength(event.start % setting.bar.length) < 2:
        return False
    if event.end >= setting.total_bars * setting.bar.length and event.length < 3 * beat:
        return False
    over = chord_at(setting.spans, event.start)
    alters = chord_scale(setting.tonic, setting.mode, over)
    step, alter = event.tones[0]
    upper = midi(step + 1, alters[(step + 1) % 7])
    fits = consonant(over, alters, blue=setting.blue)
    apart = upper - midi(step, alter)
    if before is None or before.end != event.start or not 1 <= apart <= 2 or upper > setting.peak - 1:
        return False
    gap = step + 1 - before.tones[0][0]
    return midi(step, alter) % 12 in fits and upper % 12 not in fits and -1 <= gap <= 3


def _delayed(event: Event, setting: Setting) -> list[Event]:
    """Return the dissonance for a beat, then the note."""
    beat = setting.bar.beats[0]
    alters = chord_scale(setting.tonic, setting.mode, chord_at(setting.spans, event.start))
    step = event.tones[0][0] + 1
    first = Event(event.start, beat, ((step, alters[step % 7]),), event.marks)
    return [first, Event(event.start + beat, event.length - beat, event.tones)]


def coloured(events: list[Event], setting: Setting, rng: random.Random) -> list[Event]:
    """Return the notes, some light ones a tone under the next note raised to a semitone under it.

    They are lower neighbours or passing notes from below; what is reached by leap stays as it is.
    """
    out: list[Event] = []
    for place, event in enumerate(events):
        before = out[-1] if out else None
        following = events[place + 1] if place + 1 < len(events) else None
        wanted = rng.random() < setting.habits.colour
        if (
            wanted
            and before is not None
            and following is not None
            and _can_rise(before, event, following, setting)
        ):
            step, alter = event.tones[0]
            event = replace(event, tones=((step, alter + 1),))
        out.append(event)
    return out


def _can_rise(before: Event, event: Event, following: Event, setting: Setting) -> bool:
    """Whether a note is short and light, a tone under the next, and comes from it or from its own step.

    A tone of the chord stays: raised, it would clash with those who play it.
    """
    step, alter = event.tones[0]
    light = event.length <= 1 and setting.bar.strength(event.start % setting.bar.length) <= 1
    joined = before.end == event.start and event.end == following.start
    under = following.tones[0][0] == step + 1 and following.pitches[0] - event.pitches[0] == 2
    chordal = event.pitches[0] % 12 in chord_at(setting.spans, event.start).pcs
    near = before.tones[0][0] in (step, step + 1, step + 2)
    return light and joined and under and alter < 1 and not chordal and near

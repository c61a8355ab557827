"""Harmony, pad, bass and counter voices: figures over chords."""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from agent.offline.writer.events import Event, sounding
from agent.offline.writer.form import Section
from agent.offline.writer.harmony import Span, chord_at
from agent.offline.writer.line import LineStyle, Slot, best_line
from agent.offline.writer.melody import Setting, consonant
from agent.offline.writer.meter import Meter
from agent.offline.writer.pattern import Stroke, bar_strokes, is_held, is_walking
from agent.offline.writer.theory import Chord, chord_scale, midi
from agent.offline.writer.voicing import Voiced


def figure_for(names: Sequence[str], section: Section, part: int = 0) -> str:
    """Return the fuller figure of a list for the more energetic section."""
    return names[min(len(names) - 1, int(section.energy * len(names) * 0.999 + part) % max(1, len(names)))]


def harmony_part(
    form: tuple[Section, ...],
    bar: Meter,
    voiced: list[Voiced],
    names: Sequence[str],
    *,
    single: bool,
    top: int,
    part: int = 0,
) -> list[Event]:
    """Chordal accompaniment.

    ``single`` keeps one note at a time, for instruments that have no chords; ``top`` is the player's
    highest pitch.
    """
    events: list[Event] = []
    last = form[-1].start + form[-1].bars - 1
    for section in form:
        name = figure_for(names, section, part)
        for at in range(section.bars):
            number = section.start + at
            start = number * bar.length
            if number == last:
                strokes = [Stroke(Fraction(0), bar.length, "C")]
            else:
                strokes = bar_strokes("harmony", name, bar, at)
            events += _sounded(strokes, start, voiced, single, is_held(name), top)
    return _merged(events) if all(is_held(figure_for(names, section, part)) for section in form) else events


def pad_part(
    form: tuple[Section, ...], bar: Meter, voiced: list[Voiced], *, single: bool, top: int
) -> list[Event]:
    """One long chord a span."""
    return harmony_part(form, bar, voiced, ["pad"], single=single, top=top)


def _sounded(
    strokes: list[Stroke], start: Fraction, voiced: list[Voiced], single: bool, held: bool, top: int
) -> list[Event]:
    """Strokes as notes; a stroke is cut where the chord changes under it, and sounds anew if it was held."""
    events: list[Event] = []
    for stroke in strokes:
        at, end = start + stroke.offset, start + stroke.offset + stroke.length
        while at < end:
            span = voiced[bisect.bisect_right(voiced, at, key=lambda v: v.start) - 1]
            until = min(end, span.end)
            tones = _chosen(stroke.what, span.tones, single, top)
            if tones:
                events.append(Event(at, until - at, tones, stroke.marks))
            if until < end and not held and stroke.length < 1:
                break
            at = until
    return events


def _chosen(
    what: str, tones: tuple[tuple[int, int], ...], single: bool, top: int
) -> tuple[tuple[int, int], ...]:
    """Tones that a token asks for; a digit beyond the voicing goes up an octave, where ``top`` allows it."""
    if what == "C":
        return tones[-1:] if single else tones
    if what == "U":
        return tones[-1:] if single or len(tones) == 1 else tones[1:]
    picked = []
    for digit in what:
        place = int(digit) - 1
        step, alter = tones[place % len(tones)]
        raised = step + 7 * (place // len(tones))
        picked.append((raised if midi(raised, alter) <= top else step, alter))
    return tuple(picked[:1] if single else dict.fromkeys(picked))


def _merged(events: list[Event]) -> list[Event]:
    """Neighbouring equal chords joined, at most two whole bars of four quarters long."""
    out: list[Event] = []
    for event in events:
        if (
            out
            and out[-1].tones == event.tones
            and out[-1].end == event.start
            and out[-1].length + event.length <= 8
        ):
            out[-1] = Event(out[-1].start, out[-1].length + event.length, event.tones, out[-1].marks)
        else:
            out.append(event)
    return out


def bass_part(
    form: tuple[Section, ...], setting: Setting, names: Sequence[str], low: int, high: int, rng: random.Random
) -> list[Event]:
    """Bass line: roots and fifths in a figure, or a walking line."""
    bar, spans = setting.bar, setting.spans
    events: list[Event] = []
    last = form[-1].start + form[-1].bars - 1
    root = previous = _root_near(spans[0].chord, (low + high) // 2 - 3, low, high)
    sounding: Chord | None = None
    for section in form:
        name = figure_for(names, section)
        for at in range(section.bars):
            start = (section.start + at) * bar.length
            if section.start + at == last:
                strokes = [Stroke(Fraction(0), bar.length, "R")]
            else:
                strokes = bar_strokes("bass", name, bar, at)
            for stroke in strokes:
                onset = start + stroke.offset
                here = chord_at(spans, onset)
                begins = sounding is None or here.symbol != sounding.symbol
                if begins:
                    root, sounding = _root_near(here, midi(*previous), low, high), here
                tone = _bass_tone(stroke, onset, root, begins, setting, previous, low, high, rng)
                events.append(Event(onset, stroke.length, (tone,), stroke.marks))
                previous = tone
    return _following(events, spans, low, high) if not any(map(is_walking, names)) else events


def _bass_tone(
    stroke: Stroke,
    onset: Fraction,
    root: tuple[int, int],
    begins: bool,
    setting: Setting,
    previous: tuple[int, int],
    low: int,
    high: int,
    rng: random.Random,
) -> tuple[int, int]:
    """Return step and alteration of one bass note.

    ``begins`` says that its chord is new, ``root`` is that chord's.
    """
    spans = setting.spans
    here = chord_at(spans, onset)
    what = stroke.what
    if begins and what in "FTSO":
        return root  # a new chord speaks in root position
    if what == "W":
        return root if begins else _walk(stroke, onset, spans, setting, previous, low, high, rng)
    if what == "O":
        return (root[0] + 7, root[1]) if midi(root[0] + 7, root[1]) <= high else root
    if what == "A":
        return _approach(chord_at(spans, onset + stroke.length), here, root, setting, previous, low, high)
    member = {"R": 0, "T": 1, "F": 2, "S": 3}[what]
    if member == 0:
        return root
    tones = here.tones
    if len(tones) == 2 and member == 1:  # a power chord has no third
        member = 2
    tone = tones[-1] if member == 2 and len(tones) == 2 else tones[min(member, len(tones) - 1)]
    pitch_above = min(range(tone.letter, 77, 7), key=lambda s: abs(midi(s, tone.alter) - midi(*root) - 5))
    return _into((pitch_above, tone.alter), low, high)


def _walk(
    stroke: Stroke,
    onset: Fraction,
    spans: list[Span],
    setting: Setting,
    previous: tuple[int, int],
    low: int,
    high: int,
    rng: random.Random,
) -> tuple[int, int]:
    """Next note of a walking line: root on a change, approach before one, scale or chord tones between."""
    here, nxt = chord_at(spans, onset), chord_at(spans, onset + stroke.length)
    goal = _root_near(nxt, midi(*previous), low, high)
    if nxt.root != here.root or nxt.symbol != here.symbol:
        return _approach(nxt, here, previous, setting, previous, low, high)
    alters = chord_scale(setting.tonic, setting.mode, here)
    options = []
    for move in (-2, -1, 1, 2, 3, -3):
        step = previous[0] + move
        tone = (step, alters[step % 7])
        if low <= midi(*tone) <= high:
            chordal = midi(*tone) % 12 in here.pcs
            cost = (
                abs(abs(move) - 1) * 0.6 + (0.0 if chordal else 0.5) + 0.03 * abs(midi(*tone) - midi(*goal))
            )
            options.append((cost + 0.5 * rng.random() + 0.02 * abs(midi(*tone) - (low + high) / 2), tone))
    return min(options)[1]


def _approach(
    nxt: Chord,
    here: Chord,
    root: tuple[int, int],
    setting: Setting,
    near: tuple[int, int],
    low: int,
    high: int,
) -> tuple[int, int]:
    """Scale step under or over the next root, whichever is nearer and no repetition."""
    goal = root if nxt.root == here.root else _root_near(nxt, midi(*near), low, high)
    alters = chord_scale(setting.tonic, setting.mode, here)
    if nxt.root == here.root:
        fifth = here.tones[min(2, len(here.tones) - 1)]
        step = min(range(fifth.letter, 77, 7), key=lambda s: abs(midi(s, fifth.alter) - midi(*goal) + 5))
        return _into((step, fifth.alter), low, high)
    options = [(goal[0] + move, alters[(goal[0] + move) % 7]) for move in (-1, 1)]
    options = [
        tone for tone in options if low <= midi(*tone) <= high and midi(*tone) != midi(*near)
    ] or options
    return _into(min(options, key=lambda tone: (abs(midi(*tone) - midi(*near)), tone)), low, high)


def _root_near(over: Chord, pitch: int, low: int, high: int) -> tuple[int, int]:
    """Root of a chord within the range, as near to a pitch as it goes.

    Roots about a fifth above the lowest note are preferred.
    """
    root = over.root
    inside = [s for s in range(root.letter, 77, 7) if low <= midi(s, root.alter) <= high]
    if not inside:  # a range of less than an octave: another tone of the chord, the fifth before the third
        return _other_tone(over, low, high)
    step = min(
        inside, key=lambda s: abs(midi(s, root.alter) - pitch) + 0.25 * abs(midi(s, root.alter) - low - 7)
    )
    return step, root.alter


def _other_tone(over: Chord, low: int, high: int) -> tuple[int, int]:
    """Return the chord tone in a range that stands best for the root; the nearest one if none fits."""
    order = sorted(over.tones, key=lambda tone: (over.tones.index(tone) != 2, over.tones.index(tone)))
    placed = [(step, tone.alter) for tone in order for step in range(tone.letter, 77, 7)]
    inside = [tone for tone in placed if low <= midi(*tone) <= high]
    return inside[0] if inside else min(placed, key=lambda tone: abs(midi(*tone) - (low + high) / 2))


def _into(tone: tuple[int, int], low: int, high: int) -> tuple[int, int]:
    """Return the tone moved by octaves into a range."""
    step, alter = tone
    while midi(step, alter) < low:
        step += 7
    while midi(step, alter) > high:
        step -= 7
    return step, alter


def _following(events: list[Event], spans: list[Span], low: int, high: int) -> list[Event]:
    """Bass notes that hold over a chord change are cut there, and the new root sounds."""
    out: list[Event] = []
    starts = [span.start for span in spans]
    for event in events:
        place = bisect.bisect_right(starts, event.start)
        change = spans[place] if place < len(spans) and spans[place].start < event.end else None
        if change is None:
            out.append(event)
            continue
        out.append(Event(event.start, change.start - event.start, event.tones, event.marks))
        root = _root_near(change.chord, event.pitches[0], low, high)
        out.append(Event(change.start, event.end - change.start, (root,), ()))
    return out


def counter_part(setting: Setting, melody: list[Event], low: int, high: int, seed: int) -> list[Event]:
    """Return a slow second line of chord tones, a note a chord, moving on where the melody rests or holds.

    It lies under the melody; a range that is wholly above the melody's centre makes it a descant.
    """
    descant = low > setting.center
    noise = np.random.default_rng(seed)
    style = LineStyle(leaps=1.3, noise=0.25)
    slots: list[Slot] = []
    starts = [event.start for event in melody]
    moving = frozenset(starts)
    for span in setting.spans:
        cuts = _counter_cuts(span, moving, setting.bar)
        for start, end in itertools.pairwise(cuts):
            above = min((e.pitches[0] for e in sounding(melody, starts, start, end)), default=setting.center)
            target = (low + high) / 2 if descant else min(above - 5.0, (low + high) / 2)
            ceiling = high if descant else above - 1.0
            alters = chord_scale(setting.tonic, setting.mode, span.chord)
            strength = 3 if start == span.start else 1
            tones = consonant(span.chord, alters)
            against = _beats_of(sounding(melody, starts, start, end), start, setting.bar)
            slots.append(
                Slot(
                    start, end - start, span.chord, alters, strength, tones, target, ceiling, against=against
                )
            )
    first = next(step for step in range(77) if midi(step, 0) > low)
    top = max(step for step in range(77) if midi(step, 0) < high)
    steps = best_line(slots, first, max(top, first + 4), style, noise, None)
    return [
        Event(slot.onset, slot.length, ((step, slot.alters[step % 7]),))
        for slot, step in zip(slots, steps, strict=True)
    ]


def _beats_of(above: Sequence[Event], start: Fraction, bar: Meter) -> tuple[int, ...]:
    """Return the pitches of a line at a time and at the beats that follow."""
    return tuple(
        event.pitches[0]
        for event in above
        if event.start <= start or bar.strength(event.start % bar.length) > 0
    )


def _counter_cuts(span: Span, moving: frozenset[Fraction], bar: Meter) -> list[Fraction]:
    """Where the counter line moves: at the chord, and in mid-bar when the melody stands still there."""
    cuts = [span.start]
    at = span.start
    while at < span.end:
        middle = at + bar.middle
        if middle < span.end and middle not in moving:
            cuts.append(middle)
        at += bar.length
        if at < span.end:
            cuts.append(at)
    return [*sorted(set(cuts)), span.end]

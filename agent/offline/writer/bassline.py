"""Bass lines: roots, fifths and thirds in a figure, or a walking line, with a run where a phrase ends."""

from __future__ import annotations

import bisect
import random
from collections.abc import Sequence
from fractions import Fraction

from agent.offline.writer.events import Event
from agent.offline.writer.form import Section
from agent.offline.writer.harmony import Span, chord_at
from agent.offline.writer.pattern import Stroke, bar_strokes, is_walking, runs_on
from agent.offline.writer.setting import Setting
from agent.offline.writer.theory import Chord, chord_scale, midi

#: Share of changes that a walking bass comes to by a semitone (Levine, The Jazz Theory Book, 1995, ch. 3).
_CHROMATIC = 0.5


def bass_part(
    form: tuple[Section, ...],
    setting: Setting,
    names: Sequence[str],
    low: int,
    high: int,
    rng: random.Random,
    *,
    runs: bool = False,
) -> list[Event]:
    """Bass line: the chords' bass notes and fifths in a figure, or a walking line.

    Parameters
    ----------
    names
        A figure for every section.
    low, high
        Range as MIDI pitches, inclusive.
    runs
        Two notes lead on where a phrase ends, if the figure allows it.
    """
    bar, spans = setting.bar, setting.spans
    events: list[Event] = []
    last = form[-1].start + form[-1].bars - 1
    root = previous = root_near(spans[0].chord, (low + high) // 2 - 3, low, high)
    sounding: Chord | None = None
    for section, name in zip(form, names, strict=True):
        ends = {phrase.start + phrase.bars - 1 for phrase in section.phrases}
        for at in range(section.bars):
            number = section.start + at
            start = number * bar.length
            if number == last:
                strokes = [Stroke(Fraction(0), bar.length, "R")]
            else:
                strokes = bar_strokes("bass", name, bar, at)
                strokes = _run(strokes, bar.length) if runs and number in ends and runs_on(name) else strokes
            for stroke in strokes:
                onset = start + stroke.offset
                here = chord_at(spans, onset)
                begins = sounding is None or here.symbol != sounding.symbol
                if begins:
                    root, sounding = root_near(here, midi(*previous), low, high), here
                tone = _bass_tone(stroke, onset, root, begins, setting, previous, low, high, rng)
                events.append(Event(onset, stroke.length, (tone,), stroke.marks))
                previous = tone
    return _following(events, spans, low, high) if not any(map(is_walking, names)) else events


def _run(strokes: list[Stroke], length: Fraction) -> list[Stroke]:
    """Return a bar's strokes with two steps to the next root on its last beat."""
    turn, half = length - 1, Fraction(1, 2)
    if turn < 1:
        return strokes
    kept = [stroke for stroke in strokes if stroke.offset < turn]
    kept = [Stroke(s.offset, min(s.length, turn - s.offset), s.what, s.marks) for s in kept]
    return [*kept, Stroke(turn, half, "B"), Stroke(turn + half, half, "A")]


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
        return root  # a new chord speaks from its own bass note
    if what == "W":
        return root if begins else _walk(stroke, onset, spans, setting, previous, low, high, rng)
    if what == "O":
        return (root[0] + 7, root[1]) if midi(root[0] + 7, root[1]) <= high else root
    if what in "AB":
        goal = onset + stroke.length * (1 if what == "A" else 2)
        return _approach(
            chord_at(spans, goal), here, root, setting, previous, low, high, 1 if what == "A" else 2
        )
    member = {"R": 0, "T": 1, "F": 2, "S": 3}[what]
    if member == 0:
        return root
    tones = here.tones
    if here.low != here.root and member == 2:  # over an inverted chord the root answers, not the fifth
        member = 0 if here.low in tones else 2
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
    goal = root_near(nxt, midi(*previous), low, high)
    if nxt.low != here.low or nxt.symbol != here.symbol:
        leading = _leading(goal, previous, low, high)
        if leading and rng.random() < _CHROMATIC:
            return leading
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
            options.append((cost + 0.5 * rng.random() + 0.09 * abs(midi(*tone) - (low + high) / 2), tone))
    return min(options)[1]


def _leading(goal: tuple[int, int], previous: tuple[int, int], low: int, high: int) -> tuple[int, int] | None:
    """Return the tone a semitone from the next bass note, from the side of the note before; None outside."""
    side = -1 if midi(*previous) <= midi(*goal) else 1
    step = goal[0] + side
    tone = (step, midi(*goal) + side - midi(step, 0))
    plain = abs(tone[1]) <= 1 and midi(*tone) != midi(*previous)
    return tone if plain and low <= midi(*tone) <= high else None


def _approach(
    nxt: Chord,
    here: Chord,
    root: tuple[int, int],
    setting: Setting,
    near: tuple[int, int],
    low: int,
    high: int,
    far: int = 1,
) -> tuple[int, int]:
    """Scale step under or over the next bass note, whichever is nearer and no repetition.

    It is ``far`` steps off.
    """
    goal = root if nxt.low == here.low else root_near(nxt, midi(*near), low, high)
    alters = chord_scale(setting.tonic, setting.mode, here)
    if nxt.low == here.low and far == 1:
        fifth = here.tones[min(2, len(here.tones) - 1)]
        step = min(range(fifth.letter, 77, 7), key=lambda s: abs(midi(s, fifth.alter) - midi(*goal) + 5))
        return _into((step, fifth.alter), low, high)
    options = [(goal[0] + move, alters[(goal[0] + move) % 7]) for move in (-far, far)]
    options = [
        tone for tone in options if low <= midi(*tone) <= high and midi(*tone) != midi(*near)
    ] or options
    return _into(min(options, key=lambda tone: (abs(midi(*tone) - midi(*near)), tone)), low, high)


def root_near(over: Chord, pitch: int, low: int, high: int) -> tuple[int, int]:
    """Bass note of a chord within the range, as near to a pitch as it goes.

    Notes about a fifth above the lowest one are preferred.
    """
    root = over.low
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
        root = root_near(change.chord, event.pitches[0], low, high)
        out.append(Event(change.start, event.end - change.start, (root,), ()))
    return out

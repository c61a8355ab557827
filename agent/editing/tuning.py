"""Moving music to another key, mode or register; rhythm and contour stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from agent.editing.chords import in_mode, mode_tone, transposed
from agent.editing.score import Line, Score
from agent.keys import Key, parse_key
from agent.offline.writer.events import Event
from agent.offline.writer.harmony import Span, chord_at
from agent.offline.writer.theory import Tone, midi, scale, tonic
from notation import Instrument, instrument


def in_key(score: Score, key: Key, direction: int = 0) -> Score:
    """Return the score in another key: transposed to its tonic, then turned into its mode.

    Parameters
    ----------
    direction
        1 up, -1 down, 0 whichever way is shorter and keeps the players within their ranges.
    """
    old = parse_key(score.plan.key)
    middle = Key(key.tonic, old.mode)
    moved = _transposed(score, old, middle, direction)
    return _turned(moved, middle, key) if key.mode != old.mode else moved


def _transposed(score: Score, old: Key, new: Key, direction: int) -> Score:
    """Return the score with every tone moved by the interval between two tonics."""
    here, there = tonic(old.tonic), tonic(new.tonic)
    semitones = (there.pc - here.pc) % 12
    letters = (there.letter - here.letter) % 7
    if semitones == 0 and letters == 0:
        return _in_plan(score, new)
    ways = {1: (letters, semitones), -1: (letters - 7, semitones - 12)}
    if direction == 0:
        direction = min(ways, key=lambda way: (_outside(score, ways[way][1]), abs(ways[way][1])))
    steps, moved = ways[direction]
    spans = tuple(
        Span(span.start, span.end, transposed(span.chord, steps % 7, moved % 12, there))
        for span in score.spans
    )
    lines = [replace(line, events=_shifted(line.events, steps, moved)) for line in score.lines]
    return _in_plan(with_lines(replace(score, spans=spans), lines), new)


def _shifted(events: Sequence[Event], letters: int, semitones: int) -> tuple[Event, ...]:
    """Return the events moved by an interval; a tone that would need three signs is spelled otherwise."""
    out = []
    for event in events:
        tones = tuple(_spelled(step + letters, midi(step, alter) + semitones) for step, alter in event.tones)
        out.append(replace(event, tones=tones))
    return tuple(out)


def _spelled(step: int, pitch: int) -> tuple[int, int]:
    """Return a pitch on a diatonic step, or on a neighbour where that would take more than two signs."""
    for other in (step, step + 1, step - 1):
        if abs(pitch - midi(other, 0)) <= 2:
            return other, pitch - midi(other, 0)
    raise AssertionError("an interval moves letters and semitones together")


def _outside(score: Score, semitones: int) -> int:
    """Count the notes of a transposition that their players do not have."""
    count = 0
    for line in score.lines:
        player = instrument(line.part.instrument)
        for event in line.events:
            count += sum(not player.low <= pitch + semitones <= player.high for pitch in event.pitches)
    return count


def _turned(score: Score, old: Key, new: Key) -> Score:
    """Return the score in another mode on the same tonic."""
    over = [(span, in_mode(span.chord, old, new)) for span in score.spans]
    spans = tuple(Span(span.start, span.end, chord) for span, chord in over)
    lines = [
        replace(
            line, events=tuple(_turned_event(event, score.spans, spans, old, new) for event in line.events)
        )
        for line in score.lines
    ]
    return _in_plan(with_lines(replace(score, spans=spans), lines), new)


def _turned_event(event: Event, before: Sequence[Span], after: Sequence[Span], old: Key, new: Key) -> Event:
    if before:
        over = chord_at(list(before), event.start), chord_at(list(after), event.start)
        tones = tuple(mode_tone(step, alter, over, old, new) for step, alter in event.tones)
    else:
        moved = dict(zip(scale(tonic(old.tonic), old.mode), scale(tonic(new.tonic), new.mode), strict=True))
        tones = tuple(_degree(step, alter, moved) for step, alter in event.tones)
    return replace(event, tones=tuple(sorted(tones)))


def _degree(step: int, alter: int, moved: dict[Tone, Tone]) -> tuple[int, int]:
    """Return a tone on the same degree; a chromatic one stays as it is."""
    found = moved.get(Tone(step % 7, alter))
    return (step, alter) if found is None else (step, found.alter)


def _in_plan(score: Score, key: Key) -> Score:
    return replace(score, plan=score.plan.model_copy(update={"key": key.name}))


def with_lines(score: Score, lines: Sequence[Line]) -> Score:
    """Return the score with other voices, each moved by octaves into its player's range."""
    return replace(score, lines=tuple(in_range(line) for line in lines))


def in_range(line: Line) -> Line:
    """Return a voice within its player's range: moved by whole octaves, what is then outside by itself."""
    player = instrument(line.part.instrument)
    if line.part.role == "percussion" or not line.events:
        return line
    ways = sorted(range(-3, 4), key=lambda octaves: (_misfit(line.events, octaves, player), abs(octaves)))
    events = raised(line.events, ways[0])
    return replace(line, events=tuple(_folded(event, player) for event in events))


def _misfit(events: Sequence[Event], octaves: int, player: Instrument) -> float:
    """Count what an octave shift leaves outside the range, and a little for what is uncomfortable."""
    total = 0.0
    for event in events:
        for pitch in event.pitches:
            moved = pitch + 12 * octaves
            total += not player.low <= moved <= player.high
    return total


def raised(events: Sequence[Event], octaves: int) -> tuple[Event, ...]:
    """Return the events some octaves higher."""
    return tuple(
        replace(event, tones=tuple((step + 7 * octaves, alter) for step, alter in event.tones))
        for event in events
    )


def _folded(event: Event, player: Instrument) -> Event:
    """Return an event with each tone in the player's range, by octaves; one-note players keep the top."""
    if event.letters:
        return event
    placed = []
    for step, alter in event.tones:
        while midi(step, alter) > player.high and midi(step - 7, alter) >= player.low:
            step -= 7
        while midi(step, alter) < player.low and midi(step + 7, alter) <= player.high:
            step += 7
        placed.append((step, alter))
    tones = tuple(sorted(dict.fromkeys(placed)))
    return replace(event, tones=tones if player.polyphonic else tones[-1:])


def mean_pitch(events: Sequence[Event]) -> float:
    """Return the mean pitch of the top notes, weighted by length; 60 without any."""
    total = sum((event.length for event in events if event.tones), Fraction(0))
    if not total:
        return 60.0
    return float(sum(event.pitches[-1] * event.length for event in events if event.tones) / total)

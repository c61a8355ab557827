"""Played notes brought into writing: times on a grid of sixteenths and triplets, pitches spelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from agent.keys import Key
from agent.offline.writer.events import Event
from agent.offline.writer.theory import midi

#: Onset, length, MIDI pitch; quarter notes.
Note = tuple[Fraction, Fraction, int]
_STRAIGHT, _TRIPLET = Fraction(1, 4), Fraction(1, 3)
#: How much nearer a triplet must be for a beat to be one, in quarter notes a note.
_DOUBT = 0.02
#: Place of each letter C..B on the line of fifths.
_FIFTHS = (0, 2, 4, -1, 1, 3, 5)


@dataclass(frozen=True, slots=True)
class Raw:
    """What a file says of a melody."""

    notes: tuple[Note, ...]
    meter: tuple[int, int]
    key: Key | None
    tempo: float | None
    pickup: Fraction = Fraction(0)  # length of an incomplete first bar
    spelling: dict[tuple[Fraction, int], tuple[tuple[int, int], ...]] = field(default_factory=dict)


def quantised(notes: Sequence[Note]) -> list[Note]:
    """Return a single line of notes on the grid, beat by beat on sixteenths or on triplets.

    Of notes that fall together the highest stays; a note ends where the next begins, and a gap of less than a
    sixteenth is closed.
    """
    beats: dict[int, list[Note]] = {}
    for note in sorted(notes, key=lambda one: (one[0], -one[2])):
        beats.setdefault(int(note[0] + Fraction(1, 8)), []).append(note)
    grid = {beat: _grid(inside, beat) for beat, inside in beats.items()}
    placed: dict[Fraction, Note] = {}
    for beat, inside in beats.items():
        for start, length, pitch in inside:
            at = max(Fraction(0), beat + round((start - beat) / grid[beat]) * grid[beat])
            end = at + max(_STRAIGHT, round(length / _STRAIGHT) * _STRAIGHT)
            if at.denominator == 3:
                end = min(at + max(_TRIPLET, round(length / _TRIPLET) * _TRIPLET), Fraction(beat + 1))
            elif grid[beat] == _TRIPLET and length < Fraction(5, 6):
                end = at + max(_TRIPLET, round(length / _TRIPLET) * _TRIPLET)
            old = placed.get(at)
            if old is None or pitch > old[2]:
                placed[at] = (at, end - at, pitch)
    return _joined([placed[at] for at in sorted(placed)])


def _grid(inside: Sequence[Note], beat: int) -> Fraction:
    """Return the grid that the onsets of a beat are nearer to."""

    def error(grid: Fraction) -> float:
        places = [float((start - beat) / grid) for start, _, _ in inside]
        return sum(abs(place - round(place)) for place in places) * float(grid)

    return _TRIPLET if error(_TRIPLET) + _DOUBT * len(inside) < error(_STRAIGHT) else _STRAIGHT


def _joined(notes: Sequence[Note]) -> list[Note]:
    out: list[Note] = []
    for (start, length, pitch), following in zip(notes, [*notes[1:], None], strict=True):
        if following is not None:
            gap = following[0] - (start + length)
            length = following[0] - start if gap < _STRAIGHT else length
        out.append((start, length, pitch))
    return out


def cut_overlaps(events: Iterable[Event]) -> list[Event]:
    """Return a line in order of time in which each note ends where the next begins, if not before."""
    ordered = sorted(events, key=lambda event: event.start)
    out = []
    for event, following in zip(ordered, [*ordered[1:], None], strict=True):
        end = event.end if following is None else min(event.end, following.start)
        if end > event.start:
            out.append(replace(event, length=end - event.start))
    return out


def spelled(pitch: int, key: Key) -> tuple[tuple[int, int], ...]:
    """Return the tone of a pitch as it is spelled in a key: nearest to the key on the line of fifths."""
    center = key.fifths + (3 if key.minor_third else 2)
    options = []
    for alter in (-1, 0, 1):
        for step in range(77):
            if midi(step, alter) == pitch:
                options.append((abs(_FIFTHS[step % 7] + 7 * alter - center), -alter, step, alter))
    _, _, step, alter = min(options)
    return ((step, alter),)

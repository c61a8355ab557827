"""Originality: no stretch of the melody may be an exemplar's, note for note."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction

from agent.offline.writer.events import Event
from notation import Tune

#: Most consecutive notes that may agree with an exemplar in interval and rhythm.
LONGEST_MATCH = 7
#: Onset, length, MIDI pitch.
Line = list[tuple[Fraction, Fraction, int]]


def line_of(tune: Tune) -> Line:
    """Return the highest notes of a tune's first pitched voice, tied ones joined, grace notes left out."""
    voice = next((voice for voice in tune.voices if not voice.percussion and voice.notes), None)
    line: Line = []
    held: set[tuple[Fraction, int]] = set()
    for note in sorted(voice.notes if voice else (), key=lambda note: (note.onset, -note.pitch)):
        if note.grace or (line and line[-1][0] == note.onset):
            continue
        if note.tie_stop and line and (note.onset, note.pitch) in held:
            onset, length, pitch = line[-1]
            line[-1] = (onset, length + note.duration, pitch)
        else:
            line.append((note.onset, note.duration, note.pitch))
        if note.tie_start:
            held.add((note.onset + note.duration, note.pitch))
    return line


def shapes(line: Line, notes: int) -> set[tuple[object, ...]]:
    """Return every stretch of that many notes as intervals with rhythm, whatever its height.

    Rhythm counts twice, as lengths of notes and as times between onsets: either makes a tune known again.
    """
    found: set[tuple[object, ...]] = set()
    for at in range(len(line) - notes + 1):
        inside = line[at : at + notes]
        moves = tuple(b[2] - a[2] for a, b in itertools.pairwise(inside))
        found.add(("lengths", moves, tuple(length for _, length, _ in inside)))
        found.add(("onsets", moves, tuple(b[0] - a[0] for a, b in itertools.pairwise(inside))))
    return found


def copies(melody: Sequence[Event], sources: Iterable[Line]) -> bool:
    """Return whether a melody takes more than `LONGEST_MATCH` consecutive notes from one of the sources."""
    own = shapes([(event.start, event.length, event.pitches[0]) for event in melody], LONGEST_MATCH + 1)
    return any(not own.isdisjoint(shapes(source, LONGEST_MATCH + 1)) for source in sources)

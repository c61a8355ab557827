"""Times that no notation here can hold, moved to the nearest that it can."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from rag_store.reading.measures import measures
from rag_store.reading.transcript import Part, Sound, Transcript
from rag_store.reading.values import FINEST, notatable

#: Where times of a cell need more than one tuplet, they are moved to this part of a quarter note.
COARSE = Fraction(1, 24)


def snapped(transcript: Transcript) -> Transcript:
    """Return the transcript with every time in reach of the notation.

    In each quarter note (eighth in meters of eighths), the times of a part have to fit one tuplet of 3, 5, 7
    or 9, or none, down to 1/32 of a quarter. Where they do not, they are moved to the nearest 24th of a
    quarter note, and a note lasts at least that long. What readers of files give is not changed.
    """
    hard = [not all(_easy(note) for note in part.notes) for part in transcript.parts]
    if not any(hard):
        return transcript
    cells = _cells(transcript)
    pairs = zip(transcript.parts, hard, strict=True)
    return replace(transcript, parts=tuple(_part(part, cells) if moved else part for part, moved in pairs))


def _easy(note: Sound) -> bool:
    """Whether a note's times are 16ths of a quarter note, or triplets of them: any cell can hold those."""
    return 48 % note.onset.denominator == 0 and 48 % note.duration.denominator == 0


def _cells(transcript: Transcript) -> list[tuple[Fraction, Fraction]]:
    """Return beginning and length of all cells."""
    found = []
    for bar in measures(transcript):
        length = Fraction(1) if bar.denominator <= 4 else Fraction(4, bar.denominator)
        rest = bar.length % length
        if rest:
            found.append((bar.start, rest))
        count = int(bar.length / length)
        found += [(bar.start + rest + index * length, length) for index in range(count)]
    return found


def _part(part: Part, cells: list[tuple[Fraction, Fraction]]) -> Part:
    times = sorted({time for note in part.notes for time in (note.onset, note.onset + note.duration)})
    moved: dict[Fraction, Fraction] = {}
    place = 0
    for start, length in cells:
        inside = []
        while place < len(times) and times[place] < start + length:
            inside.append(times[place])
            place += 1
        moved.update(_cell(inside, start, length))
    notes = {}
    for note in part.notes:
        onset, end = (
            moved.get(note.onset, note.onset),
            moved.get(note.onset + note.duration, note.onset + note.duration),
        )
        if end <= onset:
            end = onset + COARSE if onset != note.onset or end != note.onset + note.duration else end
        notes[onset, note.pitch] = replace(note, onset=onset, duration=end - onset)
    return replace(part, notes=tuple(notes[place] for place in sorted(notes)))


def _cell(times: Iterable[Fraction], start: Fraction, length: Fraction) -> dict[Fraction, Fraction]:
    """Return where the times of one cell go."""
    inside = list(times)
    below = math.lcm(length.denominator, *((time - start).denominator for time in inside)) * FINEST
    ticks = [int((time - start) * below) for time in inside]
    fine = all(_fine(time - start, length) for time in inside)
    if fine and notatable(ticks, int(length * below)):
        return {}
    return {time: start + round((time - start) / COARSE) * COARSE for time in inside}


def _fine(time: Fraction, length: Fraction) -> bool:
    """Whether a time is no finer than a 32nd of a quarter, or of a tuplet of its cell."""
    below = (time / length).denominator
    return (below & -below) <= FINEST

"""The two hands of a keyboard part that was recorded on one track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from rag_store.reading.measures import quarters
from rag_store.reading.transcript import Part, Sound

#: General MIDI programs of pianos and organs.
KEYBOARDS = (*range(8), *range(16, 21))
#: A part is divided if at least this share of its strokes reaches above `MIDDLE`, and as many below it.
LEAST_SHARE = 0.15
MIDDLE = 60
#: Semitones one hand holds.
SPAN = 14


def hands(part: Part) -> list[Part]:
    """Return a keyboard part as right hand and left hand, or any other part as it is.

    At each stroke the notes are divided at the widest gap between neighbours if they span more than a hand,
    else they go together to the hand whose last notes lie nearer.
    """
    if part.program not in KEYBOARDS or part.drums:
        return [part]
    ordered = sorted(part.notes, key=lambda note: (quarters(note.onset), note.pitch))
    strokes = [list(notes) for _, notes in groupby(ordered, key=lambda note: quarters(note.onset))]
    if not _two_staves(strokes):
        return [part]
    right, left = _divided(strokes)
    if not right or not left:
        return [part]
    return [
        replace(part, name=f"{part.name} right hand", notes=tuple(right)),
        replace(part, name=f"{part.name} left hand", notes=tuple(left)),
    ]


def _two_staves(strokes: Sequence[Sequence[Sound]]) -> bool:
    high = sum(1 for notes in strokes if max(note.pitch for note in notes) > MIDDLE + 2)
    low = sum(1 for notes in strokes if min(note.pitch for note in notes) < MIDDLE - 5)
    return min(high, low) >= max(4, LEAST_SHARE * len(strokes))


def _divided(strokes: Sequence[Sequence[Sound]]) -> tuple[list[Sound], list[Sound]]:
    right: list[Sound] = []
    left: list[Sound] = []
    places = [MIDDLE + 9.0, MIDDLE - 12.0]  # where the hands lie
    for notes in strokes:
        cut = _cut(notes, places)
        for hand, own, side in ((0, notes[cut:], right), (1, notes[:cut], left)):
            if own:
                mean = sum(note.pitch for note in own) / len(own)
                places[hand] = 0.6 * places[hand] + 0.4 * mean
                side += own
    return right, left


def _cut(notes: Sequence[Sound], places: Sequence[float]) -> int:
    """Return how many of the notes, from below, the left hand takes."""
    pitches = [note.pitch for note in notes]
    between = (places[0] + places[1]) / 2
    if pitches[-1] - pitches[0] <= SPAN:
        mean = sum(pitches) / len(pitches)
        return 0 if mean >= between else len(pitches)
    gaps = [
        (above - below - abs((above + below) / 2 - between) / 4, index)
        for index, (below, above) in enumerate(pairwise(pitches), 1)
    ]
    return max(gaps)[1]

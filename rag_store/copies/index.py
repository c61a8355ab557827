"""The copy check: whether a melody comes from a tune of the store, and from which.

The index is a list of segments that are never changed, the larger ones first. What is added makes a new one;
neighbours of like size are joined, so that there are few and every tune is sorted again only now and then
(O'Neil et al. 1996, "The log-structured merge-tree"). A segment of `LARGEST` notes is left as it is, so that
joining needs no more memory in a large store than in a small one.
"""

from __future__ import annotations

import pathlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from notation import Tune
from rag_store.copies import files
from rag_store.copies.likeness import Likeness, similar
from rag_store.copies.segment import Entry, Segment
from rag_store.lines import Ints, Line, melody_line
from rag_store.originality import Match

#: Notes from which on a segment is not joined to another.
LARGEST = 4_000_000
#: Tunes that are indexed at a time.
BATCH = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class CopyIndex:
    """Index of the melodic lines of many tunes. It is a value: what adds or removes returns another."""

    segments: tuple[Segment, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> CopyIndex:
        """Return the index of some tunes, each given as (id, title, lines).

        Ids are not checked; in the order of their ids, the first of several equal agreements is found that
        `rag_store.originality` finds.
        """
        return cls().add(entries)

    def __len__(self) -> int:
        """Count the tunes."""
        return sum(len(segment.names) for segment in self.segments)

    def add(self, entries: Iterable[Entry]) -> CopyIndex:
        """Return the index with tunes added; of ids that it has already, `remove` the old ones first."""
        rows, segments = iter(entries), list(self.segments)
        while batch := list(islice(rows, BATCH)):
            segments.append(Segment.of(batch))
            segments = _tidied(segments)
        return CopyIndex(tuple(segments))

    def remove(self, ids: Collection[str]) -> CopyIndex:
        """Return the index without the tunes of some ids; ids that it does not have do not matter."""
        gone, left = frozenset(ids), []
        for segment in self.segments:
            mask = np.array([identity in gone for identity, _ in segment.names.all()], dtype=np.bool_)
            left.append(segment.without(mask) if mask.any() else segment)
        return CopyIndex(tuple(_tidied([segment for segment in left if len(segment.names)])))

    def runs(self, melody: Line) -> Ints:
        """How many notes from every note of a melody on agree with some tune, shape (n_notes - 1,)."""
        runs = np.ones(max(0, len(melody) - 1), np.int64)
        for segment in self.segments:
            runs = np.maximum(runs, segment.shapes.longest(melody)[0])
        return runs

    def longest(self, melody: Line | Tune) -> Match:
        """Return the longest exact agreement, of several the first in the melody: `rag_store.originality`."""
        line = melody if isinstance(melody, Line) else melody_line(melody)
        best = Match("", "", 0, 0, 0)
        begins = len(line)
        for segment in self.segments:
            notes, places = segment.shapes.longest(line)
            if not len(notes) or not segment.notes:
                continue
            first = int(notes.argmax())
            if int(notes[first]) > best.notes or (int(notes[first]) == best.notes and first < begins):
                place, begins = int(places[first]), first
                name, title = segment.names[int(np.searchsorted(segment.note_ends, place, side="right"))]
                best = Match(name, title, int(notes[first]), int(line.bar[first]), int(segment.bars[place]))
        return best

    def similar(self, melody: Line | Tune, k: int = 5) -> list[Likeness]:
        """Return the ``k`` tunes that share most with a melody, ornaments and note values aside, best first.

        Only the verdicts "copy" and "kin" say something; the others are what chance gives.
        """
        return similar(melody if isinstance(melody, Line) else melody_line(melody), self.segments, k)

    def save(self, folder: pathlib.Path, content: str) -> None:
        """Write the index of a store's content into a folder; segments that are there are not written again.

        Raises
        ------
        InputError
            If it cannot be written; the index that was there before stays whole.
        """
        files.save(self.segments, folder, content)

    @classmethod
    def load(cls, folder: pathlib.Path, content: str) -> CopyIndex | None:
        """Return the index written for this content, mapped; None if there is none, or a broken one."""
        segments = files.load(folder, content)
        return None if segments is None else cls(tuple(segments))


def _tidied(segments: list[Segment]) -> list[Segment]:
    """Join the last segments while the one before is not twice as large, and neither is too large."""
    while len(segments) > 1:
        before, last = segments[-2:]
        if before.notes > 2 * last.notes or before.notes + last.notes > LARGEST:
            break
        segments = [*segments[:-2], Segment.joined([before, last])]
    return segments

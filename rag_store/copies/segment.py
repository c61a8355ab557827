"""A segment: what the copy check knows of some tunes, in arrays that are written once and never changed.

Two indexes side by side. The shapes of all lines with their suffixes in order (`rag_store.shapes`) tell the
longest exact agreement. The skeletons of all lines with their seeds in order tell where a melody that was
ornamented may come from. All arrays can be mapped from files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_store.copies.grid import Bars, own_parts, sampled
from rag_store.copies.names import Names
from rag_store.copies.seeds import seeds
from rag_store.lines import Line
from rag_store.shapes import Shapes

#: A tune as it is added: id, title, and its lines.
Entry = tuple[str, str, Sequence[Line]]
#: Written bars beyond this are counted as this one.
_LAST_BAR = 32_000

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Arrays of some tunes; tunes, lines, notes and samples are in the order in which they were added."""

    names: Names
    shapes: Shapes
    bars: NDArray[np.int16]  # written bar of every note place
    note_ends: NDArray[np.int64]  # of every tune, in note places
    samples: NDArray[np.int8]  # skeletons of all lines
    sample_bars: NDArray[np.int16]
    line_ends: NDArray[np.int64]  # of every line, in samples
    line_tunes: NDArray[np.int32]  # tune of every line
    keys: NDArray[np.uint32]  # seeds, in order
    places: NDArray[np.uint32]  # sample with which each begins

    @property
    def notes(self) -> int:
        """Number of note places."""
        return len(self.bars)

    @property
    def whole(self) -> bool:
        """Whether the arrays belong together, as far as their lengths tell."""
        notes, samples = int(self.note_ends[-1:].sum()), int(self.line_ends[-1:].sum())
        return (
            len(self.shapes.stream) == 2 * notes
            and len(self.shapes.order) == len(self.bars) == notes
            and len(self.samples) == len(self.sample_bars) == samples
            and len(self.line_tunes) == len(self.line_ends)
            and len(self.keys) == len(self.places)
            and len(self.note_ends) == len(self.names)
            and int(self.names.ends[-1:].sum()) == len(self.names.text)
        )

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Segment:
        """Return the segment of some tunes."""
        tunes = list(entries)
        lines = [line for _, _, group in tunes for line in group]
        owners = np.repeat(np.arange(len(tunes)), [len(group) for _, _, group in tunes])
        sizes = [sum(max(0, len(line) - 1) for line in group) for _, _, group in tunes]
        shapes = Shapes.of(lines)
        bars = _joined([line.bar[:-1] for line in lines], np.int64)
        return cls(
            Names.of((identity, title) for identity, title, _ in tunes),
            shapes, np.minimum(bars, _LAST_BAR).astype(np.int16), np.cumsum(sizes, dtype=np.int64),
            *_skeletons(lines, owners),
        )  # fmt: skip

    def without(self, gone: NDArray[np.bool_]) -> Segment:
        """Return the segment without some tunes, shape (n_tunes,); what is left keeps its order."""
        kept = ~gone
        notes = np.repeat(kept, np.diff(self.note_ends, prepend=0))
        lines = kept[self.line_tunes]
        samples = np.repeat(lines, np.diff(self.line_ends, prepend=0))
        order, seeded = notes[self.shapes.order], samples[self.places]
        return Segment(
            Names.of(name for name, stays in zip(self.names.all(), kept.tolist(), strict=True) if stays),
            Shapes(
                self.shapes.stream[np.repeat(notes, 2)], _moved(notes, self.shapes.order[order], np.int32)
            ),
            self.bars[notes],
            np.cumsum(np.diff(self.note_ends, prepend=0)[kept]),
            self.samples[samples],
            self.sample_bars[samples],
            np.cumsum(np.diff(self.line_ends, prepend=0)[lines]),
            _moved(kept, self.line_tunes[lines], np.int32),
            self.keys[seeded],
            _moved(samples, self.places[seeded], np.uint32),
        )

    @classmethod
    def joined(cls, segments: Sequence[Segment]) -> Segment:
        """Return one segment of the tunes of several, in their order."""
        keys = np.concatenate([one.keys for one in segments])
        places = _shifted([one.places for one in segments], [len(one.samples) for one in segments])
        order = np.argsort(keys, kind="stable")
        return cls(
            Names(
                np.concatenate([one.names.text for one in segments]),
                _shifted([one.names.ends for one in segments], [len(one.names.text) for one in segments]),
            ),
            Shapes.of_stream(np.concatenate([one.shapes.stream for one in segments])),
            np.concatenate([one.bars for one in segments]),
            _shifted([one.note_ends for one in segments], [one.notes for one in segments]),
            np.concatenate([one.samples for one in segments]),
            np.concatenate([one.sample_bars for one in segments]),
            _shifted([one.line_ends for one in segments], [len(one.samples) for one in segments]),
            _shifted([one.line_tunes for one in segments], [len(one.names) for one in segments]).astype(
                np.int32
            ),
            keys[order],
            places[order].astype(np.uint32),
        )

    def arrays(self) -> dict[str, Array]:
        """Return all arrays by name, as they are kept in files."""
        return {
            "text": self.names.text, "ends": self.names.ends,
            "stream": self.shapes.stream, "order": self.shapes.order,
            **{name: getattr(self, name) for name in _PLAIN},
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Segment:
        """Return the segment of what `arrays` returned."""
        names, shapes = Names(arrays["text"], arrays["ends"]), Shapes(arrays["stream"], arrays["order"])
        return cls(names, shapes, **{name: arrays[name] for name in _PLAIN})


_PLAIN = (
    "bars", "note_ends", "samples", "sample_bars", "line_ends", "line_tunes", "keys", "places",
)  # fmt: skip
#: Names of all arrays of a segment.
FIELDS = ("text", "ends", "stream", "order", *_PLAIN)


def _skeletons(lines: Sequence[Line], owners: NDArray[np.int64]) -> tuple[Array, ...]:
    """Return the arrays of a segment from ``samples`` on."""
    pitches, bars, keys, places, sizes, kept = [], [], [], [], [0], []
    for line, owner in zip(lines, owners.tolist(), strict=True):
        if not len(line):
            continue
        grid = Bars.of(line)
        skeleton = sampled(line, grid, own_parts(line, grid))
        key, place = seeds(skeleton.pitch)
        pitches.append(skeleton.pitch)
        bars.append(skeleton.bar)
        keys.append(key)
        places.append(place + sizes[-1])
        sizes.append(sizes[-1] + len(skeleton))
        kept.append(owner)
    key, place = _joined(keys, np.uint32), _joined(places, np.int64)
    order = np.argsort(key, kind="stable")
    return (
        _joined(pitches, np.int16).astype(np.int8), _joined(bars, np.int16),
        np.array(sizes[1:], np.int64), np.array(kept, np.int32),
        key[order], place[order].astype(np.uint32),
    )  # fmt: skip


def _joined(parts: Sequence[Array], kind: type[np.generic]) -> Array:
    return np.concatenate([np.zeros(0, kind), *parts])


def _shifted(parts: Sequence[Array], sizes: Sequence[int]) -> NDArray[np.int64]:
    """Join numbers of places, each part counted on from the ones before."""
    begins = np.cumsum([0, *sizes[:-1]])
    return np.concatenate([part.astype(np.int64) + begin for part, begin in zip(parts, begins, strict=True)])


def _moved(kept: NDArray[np.bool_], places: Array, kind: type[np.generic]) -> Array:
    """Return places as they are numbered when only the kept ones are left."""
    return (np.cumsum(kept) - 1)[places].astype(kind)

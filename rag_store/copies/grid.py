"""The skeleton of a line: the pitch that sounds just after every beat, whatever lies between.

Ornaments are put between the beats, swing moves what lies between them, and other note values move the beats
along: so the skeleton of a copy is nearly that of the original. A line does not know its meter; its bars do.
Every written bar is sampled at equal parts, so that a bar that is short, or played unevenly, does not push
the ones after it out of place. Which parts is chosen for a stored line once, by its onsets; a melody that is
looked up is sampled in all of `PARTS`, since its note values may be those of the original times two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_store.lines import TICKS, Ints, Line

#: Parts of a bar at which a melody that is looked up is sampled, and how late in every second of them.
PARTS = (
    (1.5, 0.3), (2, 0.3), (2, 0.65), (3, 0.3), (4, 0.3), (4, 0.65), (4.5, 0.3), (6, 0.3), (8, 0.3), (8, 0.65),
    (9, 0.3), (12, 0.3), (18, 0.3),
)  # fmt: skip
#: How far into its part a sample is taken: a short note on the beat is an ornament of the one after it.
LATE = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """Samples of a line, in order: MIDI pitches and the written bars they were taken in."""

    pitch: NDArray[np.int16]
    bar: NDArray[np.int16]

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.pitch)


@dataclass(frozen=True, slots=True)
class Bars:
    """Where the bars of a line begin, in ticks; one more for the end of the last."""

    starts: Ints
    numbers: Ints

    @classmethod
    def of(cls, line: Line) -> Bars:
        """Return the bars of a line that has notes.

        A bar begins at its first note, unless that is later than the length of the bars before tells: then
        it begins with a rest or a tied note.
        """
        first = np.flatnonzero(np.diff(line.bar, prepend=line.bar[0] - 1))
        numbers, onsets = line.bar[first], line.onset[first]
        length = _usual_length(numbers, onsets, line)
        starts, names = [int(onsets[0])], [int(numbers[0])]
        for number, onset in zip(numbers[1:].tolist(), onsets[1:].tolist(), strict=True):
            while names[-1] + 1 < number and starts[-1] + length < onset:
                starts.append(starts[-1] + length)
                names.append(names[-1] + 1)
            due = starts[-1] + length
            starts.append(onset if onset - due < length // 16 else due)
            names.append(number)
        end = max(starts[-1] + length, int(line.onset[-1]) + 1)
        return cls(np.array([*starts, end], np.int64), np.array(names, np.int64))

    @property
    def length(self) -> int:
        """Median length of a bar in ticks."""
        return int(np.median(np.diff(self.starts)))


def _usual_length(numbers: Ints, onsets: Ints, line: Line) -> int:
    """Return the commonest length of a bar, reckoned from the first notes of bars up to four apart.

    Lengths in whole sixteenth notes count twice: the others come from first notes that are missing.
    """
    reach = range(1, min(5, len(onsets)))
    times = [(onsets[k:] - onsets[:-k]) // (numbers[k:] - numbers[:-k]) for k in reach]
    if not times:
        return max(int(line.onset[-1] - line.onset[0]) + 1, 1)
    values, counts = np.unique(np.concatenate(times), return_counts=True)
    return max(int(values[(counts * (1 + (values % (TICKS // 4) == 0))).argmax()]), 1)


def sampled(line: Line, bars: Bars, parts: float, off_beat: float = LATE) -> Skeleton:
    """Return the skeleton of a line that has notes, ``parts`` samples a bar.

    Parameters
    ----------
    line, bars
        The line and its bars.
    parts
        Samples in a bar of usual length, 1 or more; with a half, they run on over two bars.
    off_beat
        How far into its part every second sample is taken: late where the second notes of swung pairs are
        meant.
    """
    starts, numbers = bars.starts, bars.numbers
    unit = bars.length / parts
    if parts != int(parts):
        starts, numbers = np.append(starts[:-1:2], starts[-1]), numbers[::2]
    lengths = np.diff(starts)
    counts = np.maximum(np.rint(lengths / unit), 1).astype(np.int64)
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    late = np.where(inside % 2 == 1, off_beat, LATE)
    at = np.repeat(starts[:-1], counts) + (inside + late) * np.repeat(lengths / counts, counts)
    sounding = np.searchsorted(line.onset, at, side="right") - 1
    return Skeleton(
        line.pitch[np.maximum(sounding, 0)].astype(np.int16), np.repeat(numbers, counts).astype(np.int16)
    )


def own_parts(line: Line, bars: Bars) -> float:
    """Return the parts of a bar at which a stored line is sampled: its beats, as its onsets show them."""
    place = np.searchsorted(bars.starts, line.onset, side="right") - 1
    place = np.clip(place, 0, len(bars.numbers) - 1)
    share = (line.onset - bars.starts[place]) / max(bars.length, 1)
    half, thirds = _near(share, (1 / 2,)), _near(share, (1 / 3, 2 / 3))
    quarters, sixths = _near(share, (1 / 4, 3 / 4)), _near(share, (1 / 6, 5 / 6))
    ninths = _near(share, (1 / 9, 2 / 9, 4 / 9, 5 / 9, 7 / 9, 8 / 9))
    if max(thirds, sixths, ninths) <= max(half, quarters) and quarters >= sixths:
        return 4.0
    if ninths > sixths + half:
        return 9.0
    return 6.0 if sixths > len(line) // 10 else 3.0


def _near(share: NDArray[np.float64], points: tuple[float, ...]) -> int:
    return sum(int((np.abs(share - point) < 0.006).sum()) for point in points)

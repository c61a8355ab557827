"""What the metrics see of a piece: its notes, its bars, its length; of a tune, a MIDI file or a score alike.

Conventions
-----------
Times in quarter notes from the start of the performance. ``notes`` is the array of `notation.events`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.grid import Notes
from evaluation.melody import top_line
from notation import KeyChange, Tune, bar_starts, events


@dataclass(frozen=True, slots=True)
class Sample:
    """One piece, or an excerpt of one."""

    notes: Notes  # shape (n_notes,), dtype `notation.EVENT`
    starts: NDArray[np.float64]  # onsets of the bars, shape (n_bars,)
    length: float  # played length in quarter notes, rests at the end included
    seconds: float  # played length in seconds
    measure: float  # length of a bar in quarter notes (the first meter's; in MIDI files most bars')
    key: KeyChange | None = None  # as written; None where the source names none
    name: str = ""


def sample_of(tune: Tune, name: str = "") -> Sample:
    """Return what the metrics see of a tune as it is played."""
    meter = tune.meter
    whole = meter.numerator and meter.denominator
    return Sample(
        notes=events(tune),
        starts=bar_starts(tune),
        length=float(tune.performance.duration),
        seconds=tune.performance.seconds(tune.performance.duration),
        measure=meter.numerator * 4.0 / meter.denominator if whole else 4.0,
        key=tune.key,
        name=name or tune.title,
    )


def as_sample(piece: Tune | Sample) -> Sample:
    """Return the sample of a tune; a sample is returned as it is."""
    return piece if isinstance(piece, Sample) else sample_of(piece)


def melody_only(piece: Tune | Sample) -> Sample:
    """Return the melody alone: the top voice's line (`top_line`), as one voice without percussion.

    What is compared with tune books, which print a melody and nothing else. Notes that overlap the next one
    are cut where it begins, so that the line is of one voice.
    """
    sample = as_sample(piece)
    line = top_line(sample.notes).copy()
    following = np.append(line["onset"][1:], np.inf)
    line["duration"] = np.minimum(line["duration"], following - line["onset"])
    line["voice"] = 0
    return dataclasses.replace(sample, notes=line)


def excerpt(sample: Sample, bars: int, first: int = 0) -> Sample:
    """Return the bars ``first`` to ``first + bars - 1`` as a piece of their own.

    Notes that begin in them are kept, cut at the end; ``seconds`` is the whole's share by length.
    """
    first = min(max(first, 0), len(sample.starts) - 1)
    starts = sample.starts[first : first + bars]
    begin = float(starts[0])
    after = first + bars
    end = float(sample.starts[after]) if after < len(sample.starts) else max(sample.length, begin)
    inside = (sample.notes["onset"] >= begin - 1e-9) & (sample.notes["onset"] < end - 1e-9)
    notes = sample.notes[inside].copy()
    notes["duration"] = np.minimum(notes["duration"], end - notes["onset"])
    notes["onset"] -= begin
    notes["bar"] -= first
    share = (end - begin) / sample.length if sample.length > 0 else 0.0
    return dataclasses.replace(
        sample, notes=notes, starts=starts - begin, length=end - begin, seconds=sample.seconds * share
    )


def from_first_note(sample: Sample) -> Sample:
    """Return the sample without the empty bars before its first note."""
    if not len(sample.notes):
        return sample
    first = int(sample.notes["bar"].min())
    return excerpt(sample, len(sample.starts), first) if first > 0 else sample

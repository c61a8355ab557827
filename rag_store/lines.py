"""Melodic lines: what originality is measured on.

A line is the highest notes of one pitched voice as written (repeats not played out), tied notes joined, grace
notes left out. Bars are the written ones, a pickup is bar 0.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notation import Note, Tune

#: Parts of a quarter note; tuplets of 3, 5, 7 and 9 down to 1/32 notes are exact.
TICKS = 10080

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Arrays of one length: onsets in `TICKS`, MIDI pitches, written bars."""

    onset: Ints
    pitch: Ints
    bar: Ints

    def __len__(self) -> int:
        """Count the notes."""
        return len(self.pitch)


def line(onsets: Iterable[Fraction | float], pitches: Iterable[int], bars: Iterable[int]) -> Line:
    """Return a line of onsets in quarter notes, MIDI pitches and bars."""
    ticks = [_ticks(onset) for onset in onsets]
    return Line(_ints(ticks), _ints(list(pitches)), _ints(list(bars)))


def _ticks(onset: Fraction | float) -> int:
    numerator, denominator = onset.as_integer_ratio()
    whole, rest = divmod(numerator * TICKS, denominator)
    return whole if not rest else round(onset * TICKS)


def tune_lines(tune: Tune) -> list[Line]:
    """Return the line of every pitched voice that has notes, in the order of the voices."""
    return [_line_of(voice.notes) for voice in tune.voices if not voice.percussion and voice.notes]


def melody_line(tune: Tune) -> Line:
    """Return the line of the first pitched voice that has notes; empty if none has."""
    pitched = next((voice for voice in tune.voices if not voice.percussion and voice.notes), None)
    return _line_of(pitched.notes if pitched else [])


def _line_of(notes: Sequence[Note]) -> Line:
    top: list[tuple[int, Note]] = []
    held: set[tuple[Fraction, int]] = set()
    timed = [(_ticks(note.onset), -note.pitch, note) for note in notes]
    for onset, _, note in sorted(timed, key=itemgetter(0, 1)):
        if note.grace or (top and top[-1][0] == onset):
            continue
        tied = note.tie_stop and (note.onset, note.pitch) in held
        if note.tie_start:
            held.add((note.onset + note.duration, note.pitch))
        if not tied:
            top.append((onset, note))
    ticks, kept = zip(*top, strict=True) if top else ((), ())
    return Line(_ints(list(ticks)), _ints([note.pitch for note in kept]), _ints([note.bar for note in kept]))


def pack(groups: Sequence[Sequence[Line]]) -> dict[str, NDArray[Any]]:
    """Return lines of several tunes as arrays that compress well.

    ``lines`` counts the lines of every tune, ``notes`` the notes of every line; ``steps`` numbers the rows of
    ``table``, the times between onsets; ``bars`` are differences.
    """
    flat = [one for group in groups for one in group]
    times = _joined([np.diff(one.onset, prepend=0) for one in flat])
    table, steps = np.unique(times, return_inverse=True)
    return {
        "lines": np.array([len(group) for group in groups], np.uint16),
        "notes": np.array([len(one) for one in flat], np.uint32),
        "pitches": _joined([one.pitch for one in flat]).astype(np.uint8),
        "table": table.astype(np.int64),
        "steps": steps.astype(np.uint16),
        "bars": _joined([np.diff(one.bar, prepend=0) for one in flat]).astype(np.int16),
    }


def unpack(packed: dict[str, NDArray[Any]]) -> list[list[Line]]:
    """Return what `pack` packed."""
    ends = np.cumsum(packed["notes"].astype(np.int64))[:-1]
    times = np.split(packed["table"][packed["steps"]], ends)
    pitches = np.split(packed["pitches"].astype(np.int64), ends)
    bars = np.split(packed["bars"].astype(np.int64), ends)
    made = zip(times, pitches, bars, strict=True)
    flat = iter([Line(np.cumsum(time), pitch, np.cumsum(bar)) for time, pitch, bar in made])
    return [[next(flat) for _ in range(count)] for count in packed["lines"].tolist()]


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else _ints([])


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def to_bytes(group: Sequence[Line]) -> bytes:
    """Return the lines of one tune as a short text of bytes, for a database."""
    counts = np.array([len(group), *map(len, group)], np.uint32)
    parts = [counts.tobytes()]
    for one in group:
        parts += [
            np.diff(one.onset, prepend=0).astype(np.int32).tobytes(),
            one.pitch.astype(np.uint8).tobytes(),
            one.bar.astype(np.int16).tobytes(),
        ]
    return zlib.compress(b"".join(parts), 1)


def from_bytes(data: bytes) -> list[Line]:
    """Return what `to_bytes` was given."""
    raw = zlib.decompress(data)
    (groups,) = np.frombuffer(raw, np.uint32, 1)
    sizes = np.frombuffer(raw, np.uint32, int(groups), 4).tolist()
    at, lines = 4 * (1 + len(sizes)), []
    for size in sizes:
        steps = np.frombuffer(raw, np.int32, size, at)
        pitches = np.frombuffer(raw, np.uint8, size, at + 4 * size)
        bars = np.frombuffer(raw, np.int16, size, at + 5 * size)
        lines.append(Line(np.cumsum(steps, dtype=np.int64), pitches.astype(np.int64), bars.astype(np.int64)))
        at += 7 * size
    return lines

"""A Standard MIDI file as a sample.

Conventions
-----------
A voice is what one track plays on one channel; channel 10 is percussion. Played timing is drawn to `GRID`
steps a quarter note, so that a chord whose notes a player struck one after the other is one onset, as on
paper. The key signature is not read: most files leave it at C major.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError
from evaluation.grid import Notes
from evaluation.sample import Sample
from notation import EVENT

#: Steps a quarter note that played notes are drawn to: sixteenths, eighth and sixteenth triplets.
GRID = 12
#: The most notes and bars of a file.
MOST_NOTES, MOST_BARS = 100_000, 20_000
_DRUMS = 9


@dataclass
class _Read:
    """What the messages of a file say, times in ticks."""

    rows: list[tuple[float, float, int, int, int, int, bool]] = field(default_factory=list)
    tempi: list[tuple[int, int]] = field(default_factory=lambda: [(0, 500_000)])
    meters: list[tuple[int, float]] = field(default_factory=list)
    end: int = 0


def midi_sample(data: bytes, name: str = "") -> Sample:
    """Return the sample of a Standard MIDI file.

    Raises
    ------
    InputError
        If it is not one that can be read, or holds more than `MOST_NOTES` notes.
    """
    import mido

    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except Exception as error:  # mido lets through whatever a broken file leads to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{name!r} is not a readable MIDI file: {reason[:120]}; export it anew") from error
    ticks = file.ticks_per_beat
    if file.type == 2 or not 0 < ticks < 0x8000:
        raise InputError(
            f"{name!r} is a MIDI file of type {file.type} with division {ticks}; export it as type 1"
        )
    read = _read(file.tracks, name)
    starts, measure = _bars(read.meters, ticks, max(read.end / ticks, 1e-6), name)
    notes = _notes(read, ticks, starts)
    return Sample(
        notes=notes,
        starts=starts,
        length=_drawn(read.end, ticks),
        seconds=_seconds(read.tempi, read.end, ticks),
        measure=measure,
        name=name,
    )


def _read(tracks: Sequence[Any], name: str) -> _Read:
    """Collect notes, tempi and meters of all tracks."""
    read, voices = _Read(), dict[tuple[int, int], int]()
    for number, track in enumerate(tracks):
        now, program = 0, [0] * 16
        open_: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for message in track:
            now += message.time
            if message.type == "set_tempo":
                read.tempi.append((now, max(message.tempo, 1)))
            elif message.type == "time_signature":
                read.meters.append((now, message.numerator * 4.0 / message.denominator))
            elif message.type == "program_change":
                program[message.channel] = message.program
            elif message.type in ("note_on", "note_off"):
                place = (message.channel, message.note)
                if open_.get(place) and (message.type == "note_off" or message.velocity == 0):
                    begun, velocity = open_[place].pop(0)
                    voice = voices.setdefault((number, message.channel), len(voices))
                    row = (begun, now, message.note, velocity, voice, program[message.channel])
                    read.rows.append((*row, message.channel == _DRUMS))
                    read.end = max(read.end, now)
                elif message.type == "note_on" and message.velocity:
                    open_.setdefault(place, []).append((now, message.velocity))
        if len(read.rows) > MOST_NOTES:
            raise InputError(f"{name!r} has more than {MOST_NOTES:,} notes; give a shorter piece")
    read.tempi.sort(key=lambda change: change[0])
    read.meters.sort(key=lambda change: change[0])
    return read


def _drawn(tick: float, ticks: int) -> float:
    """Quarter notes of a tick, on the grid."""
    return round(tick / ticks * GRID) / GRID


def _notes(read: _Read, ticks: int, starts: NDArray[np.float64]) -> Notes:
    """Event array of the rows; a note is at least one step long."""
    notes = np.zeros(len(read.rows), dtype=EVENT)
    for row, (begun, ended, pitch, velocity, voice, program, drum) in zip(notes, read.rows, strict=True):
        onset = _drawn(begun, ticks)
        row["onset"], row["duration"] = onset, max(_drawn(ended, ticks) - onset, 1 / GRID)
        row["pitch"], row["velocity"], row["voice"] = pitch, velocity, voice
        row["program"], row["drum"] = program, drum
    notes["bar"] = np.maximum(np.searchsorted(starts, notes["onset"] + 1e-9, side="right") - 1, 0)
    ordered: Notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    return ordered


def _bars(
    meters: list[tuple[int, float]], ticks: int, length: float, name: str
) -> tuple[NDArray[np.float64], float]:
    """Onsets of the bars, and the length of most of them; a change of meter begins a bar.

    Raises
    ------
    InputError
        If there are more than `MOST_BARS`.
    """
    changes = {round(tick / ticks * GRID) / GRID: bar for tick, bar in meters if bar > 0}
    if 0.0 not in changes:
        changes[0.0] = 4.0
    onsets = sorted(changes)
    starts: list[float] = []
    for onset, following in zip(onsets, [*onsets[1:], length], strict=True):
        if (following - onset) / changes[onset] + len(starts) > MOST_BARS:
            raise InputError(f"{name!r} has more than {MOST_BARS:,} bars; give a shorter piece")
        if onset < length:
            starts += np.arange(onset, min(following, length) - 1e-9, changes[onset]).tolist()
    bars = np.array(starts or [0.0])
    lengths, counts = np.unique(np.diff(np.append(bars, bars[-1] + changes[onsets[-1]])), return_counts=True)
    return bars, float(lengths[counts.argmax()])


def _seconds(tempi: list[tuple[int, int]], end: int, ticks: int) -> float:
    """Seconds from the start to a tick."""
    total = 0.0
    for (tick, tempo), following in zip(tempi, [*(t for t, _ in tempi[1:]), end], strict=True):
        total += max(min(following, end) - tick, 0) * tempo / ticks / 1e6
    return total

"""Whether MIDI files survive being written as ABC: ``python -m benchmarks.round_trip PATH... [--renders N]``.

Every file (folders are searched, the music in Doom WADs too) is read onto its grid, written as ABC as a
whole, checked, rendered to MIDI and compared with what was read: the multiset of beginnings and pitches of
all notes, the total time (the end of the last bar in quarter notes, and in seconds within `SECONDS`), the
time signatures. With more pitched voices than MIDI has channels, voices share some and a unison sounds once;
there the notes are compared as the ABC plays them. ``--renders`` adds renders of built-in exemplars. Printed
are the shares and every failure with its reason; files that are refused are listed apart.
Exit code 1 if less than 95 % of the files that were read are equal, or a time signature is lost.
"""

from __future__ import annotations

import argparse
import io
import pathlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import mido
import numpy as np

import render
from chiaroscore import ChiaroscoreError, InputError
from notation import Tune, check, parse
from rag_store.builtin import builtin_exemplars
from rag_store.reading.abc_text import to_abc
from rag_store.reading.excerpt import excerpt
from rag_store.reading.measures import measures
from rag_store.reading.midi import read_midi
from rag_store.reading.transcript import Tempo, Transcript
from rag_store.reading.wad import midi_lumps

#: Share of files that must be equal; how far seconds may differ.
LEAST_EQUAL, SECONDS = 0.95, 0.02
#: Pitched channels of a MIDI file.
CHANNELS = 15
#: Onset in quarter notes, pitch, whether a drum.
_Note = tuple[Fraction, int, bool]


@dataclass(frozen=True, slots=True)
class Trip:
    """What became of one file."""

    name: str
    reason: str = ""  # why it is not equal, "" if it is
    meters_kept: bool = True
    refused: bool = False
    seconds: float = 0.0  # that reading, taking an excerpt and writing it took


def main() -> int:
    """Print the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=pathlib.Path)
    parser.add_argument("--renders", type=int, default=0, help="renders of built-in exemplars")
    options = parser.parse_args()
    trips = [trip(name, data) for name, data in [*files(options.paths), *renders(options.renders)]]
    return report(trips)


def files(paths: list[pathlib.Path]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of all MIDI files."""
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            if file.suffix.lower() == ".wad":
                yield from ((f"{file.name}:{name}", data) for name, data in midi_lumps(file))
            elif file.suffix.lower() in (".mid", ".midi") and file.is_file():
                yield file.name, file.read_bytes()


def renders(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield renders of built-in exemplars, spread over the store."""
    exemplars = builtin_exemplars() if count else []
    step = max(len(exemplars) // max(count, 1), 1)
    for exemplar in exemplars[::step][:count]:
        yield exemplar.id, render.midi(exemplar.abc)


def trip(name: str, data: bytes) -> Trip:
    """Return what becomes of a file."""
    begun = time.process_time()
    try:
        transcript = read_midi(data)
        to_abc(excerpt(transcript))
    except InputError as error:
        return Trip(name, str(error), refused=True)
    took = time.process_time() - begun
    try:
        abc = to_abc(transcript)
        reason, kept = compared(transcript, parse(abc), abc)
    except ChiaroscoreError as error:
        return Trip(name, str(error)[:160], meters_kept=False, seconds=took)
    return Trip(name, reason, kept, seconds=took)


def compared(transcript: Transcript, tune: Tune, abc: str) -> tuple[str, bool]:
    """Return why the render of a tune is not what was read, "" if it is, and whether the meters are."""
    errors = [problem for problem in check(abc) if problem.severity == "error"]
    file = mido.MidiFile(file=io.BytesIO(render.midi(tune)))
    wanted = Counter((n.onset, n.pitch, part.drums) for part in transcript.parts for n in part.notes)
    found, meters, length = _played(file)
    if sum(not voice.percussion for voice in tune.voices) > CHANNELS:
        notes = tune.performance.notes
        found = Counter((n.onset, n.pitch, tune.voices[n.voice].percussion) for n in notes)
    lost, new = wanted - found, found - wanted
    bars = measures(transcript)
    named = [(bar.start, bar.numerator, bar.denominator) for bar in bars if bar.fresh]
    reasons = [f"check: {errors[0]}"] if errors else []
    if lost or new:
        reasons.append(
            f"{lost.total()} notes lost and {new.total()} new of {wanted.total()}, e.g. {_shown(lost, new)}"
        )
    if length != bars[-1].end:
        reasons.append(f"{float(length):g} quarter notes, not {float(bars[-1].end):g}")
    seconds, played = _seconds(transcript.tempi, length), tune.performance.seconds(length)
    if abs(played - seconds) > SECONDS * seconds:
        reasons.append(f"{played:.1f} s, not {seconds:.1f}")
    if meters != named:
        reasons.append(f"time signatures {meters[:4]}, not {named[:4]}")
    return "; ".join(reasons), meters == named


def _shown(lost: Counter[_Note], new: Counter[_Note]) -> str:
    return ", ".join(f"{pitch} at {float(onset):g}" for onset, pitch, _ in sorted(lost or new)[:2])


def _played(file: mido.MidiFile) -> tuple[Counter[_Note], list[tuple[Fraction, int, int]], Fraction]:
    """Return the notes, time signatures and length of a MIDI file, exactly."""
    notes: Counter[_Note] = Counter()
    meters: list[tuple[Fraction, int, int]] = []
    end = Fraction(0)
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            at = Fraction(tick, file.ticks_per_beat)
            if message.type == "note_on" and message.velocity:
                notes[at, message.note, message.channel == 9] += 1
            elif message.type == "time_signature":
                meters.append((at, message.numerator, message.denominator))
        end = max(end, Fraction(tick, file.ticks_per_beat))
    return notes, meters, end


def _seconds(tempi: tuple[Tempo, ...], length: Fraction) -> float:
    """Return how long so many quarter notes take."""
    changes = [*tempi] or [Tempo(Fraction(0), 120.0)]
    total = 0.0
    for index, tempo in enumerate(changes):
        start = tempo.onset if index else Fraction(0)
        stop = changes[index + 1].onset if index + 1 < len(changes) else length
        total += max(float(min(stop, length) - start), 0.0) * 60.0 / tempo.qpm
    return total


def report(trips: list[Trip]) -> int:
    """Print the table and every failure; returns the exit code."""
    read = [trip for trip in trips if not trip.refused]
    equal = [trip for trip in read if not trip.reason]
    took = np.array([trip.seconds for trip in read] or [0.0])
    print(f"{'files':<40}{len(trips):>8}")
    print(f"{'refused':<40}{len(trips) - len(read):>8}")
    print(f"{'read':<40}{len(read):>8}")
    print(f"{'notes, time and meter equal':<40}{len(equal):>8}  {len(equal) / max(len(read), 1):.1%}")
    print(f"{'time signature kept':<40}{sum(trip.meters_kept for trip in read):>8}")
    print(f"{'read + excerpt, s (p50, p99)':<40}{np.median(took):>8.3f}  {np.percentile(took, 99):.3f}")
    for trip in trips:
        if trip.reason:
            print(f"  {'refused' if trip.refused else 'differs'}  {trip.name}: {trip.reason}")
    return int(len(equal) < LEAST_EQUAL * len(read) or not all(trip.meters_kept for trip in read))


if __name__ == "__main__":
    sys.exit(main())

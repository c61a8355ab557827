"""The messages of a Standard MIDI File sorted into notes, names, meters, tempi and keys, in ticks."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import mido

from chiaroscore import InputError

#: Larger files are refused; the largest of 151 game pieces has 98 kB.
MAX_BYTES = 2_000_000
MAX_NOTES = 60_000
#: Names that programs give to files and tracks nobody named.
_UNNAMED = re.compile(
    r"(?i)(midi |new |tempo |conductor )*(track|staff|voice|channel|sequence|song|untitled|part)?[ _#.:-]*\d*"
)
DRUM_CHANNEL = 9
_KEY_SIGNATURE = re.compile(rb"\xff\x59\x02(..)", re.DOTALL)


@dataclass(slots=True)
class Tracks:
    """What stands in the tracks; times in ticks."""

    #: By channel, program and track: onset, end, pitch, velocity.
    notes: dict[tuple[int, int, int], list[tuple[int, int, int, int]]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    meters: list[tuple[int, int, int]] = field(default_factory=list)
    tempi: list[tuple[int, float]] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    bends: bool = False
    count: int = 0


def file_bytes(source: str | os.PathLike[str] | bytes) -> tuple[bytes, str]:
    """Return the bytes of a MIDI file, and what to call it in messages.

    Raises
    ------
    InputError
        If it cannot be read or is too large.
    """
    if isinstance(source, bytes):
        data, name = source[: MAX_BYTES + 1], "the MIDI file"
    else:
        path = pathlib.Path(source)
        name = f"MIDI file {path.name[:80]!r}"
        try:
            with path.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise InputError(f"{name} cannot be read: {error}"[:200]) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; give a shorter one")
    return data, name


def parsed(data: bytes, name: str) -> mido.MidiFile:
    """Return the messages of a MIDI file.

    Raises
    ------
    InputError
        If it is broken, of format 2, or in SMPTE time.
    """
    if len(data) > 14 and data[:4] == b"MThd" and data[12] & 0x80:
        raise InputError(f"{name} counts in SMPTE frames, not in beats; export it with a metrical division")
    try:
        file = mido.MidiFile(file=io.BytesIO(_mended(data)), clip=True)
    except Exception as error:  # whatever a broken file makes mido do, the file is what is wrong
        reason = str(error) or type(error).__name__
        raise InputError(f"{name} is broken or no MIDI file ({reason[:100]}); export it again") from None
    if file.type not in (0, 1):
        raise InputError(f"{name} is of format {file.type}, several pieces in one; only 0 and 1 are read")
    if file.ticks_per_beat <= 0:
        raise InputError(f"{name} has a division of {file.ticks_per_beat}; export it again")
    return file


def _mended(data: bytes) -> bytes:
    """Return the file with impossible key signatures made texts: mido refuses the whole file for one."""

    def text(match: re.Match[bytes]) -> bytes:
        fifths, mode = match[1]
        good = mode in (0, 1) and (fifths <= 7 or fifths >= 249)
        return match[0] if good else b"\xff\x01\x02" + b"  "

    return _KEY_SIGNATURE.sub(text, data)


def tracks_of(file: mido.MidiFile, name: str) -> Tracks:
    """Return what stands in the tracks of a file.

    Raises
    ------
    InputError
        If there are too many notes.
    """
    raw = Tracks()
    for number, track in enumerate(file.tracks):
        _read_track(raw, number, track)
        if raw.count > MAX_NOTES:
            raise InputError(f"{name} has more than {MAX_NOTES:,} notes; give a shorter one")
    return raw


def _read_track(raw: Tracks, number: int, track: Iterable[mido.Message | mido.MetaMessage]) -> None:
    at = 0
    programs = [0] * 16
    down: dict[tuple[int, int], tuple[int, int, int]] = {}
    for message in track:
        at += message.time
        kind = message.type
        if kind == "note_on" or kind == "note_off":
            place = (message.channel, message.note)
            if place in down:
                _release(raw, number, place, down.pop(place), at)
            if kind == "note_on" and message.velocity:
                down[place] = (at, message.velocity, programs[message.channel])
        elif kind == "program_change":
            programs[message.channel] = message.program
        elif kind == "pitchwheel":
            raw.bends = raw.bends or message.pitch != 0
        elif message.is_meta:
            _read_meta(raw, number, at, message)
    for place, struck in down.items():
        _release(raw, number, place, struck, at)


def _release(raw: Tracks, track: int, place: tuple[int, int], struck: tuple[int, int, int], at: int) -> None:
    channel, pitch = place
    start, velocity, program = struck
    key = (channel, 0 if channel == DRUM_CHANNEL else program, track)
    raw.notes.setdefault(key, []).append((start, max(at, start), pitch, velocity))
    raw.count += 1


def _read_meta(raw: Tracks, number: int, at: int, message: mido.MetaMessage) -> None:
    if message.type == "time_signature":
        raw.meters.append((at, message.numerator, message.denominator))
    elif message.type == "set_tempo" and message.tempo > 0:
        raw.tempi.append((at, 60e6 / message.tempo))
    elif message.type == "key_signature":
        raw.keys.append((at, message.key))
    elif message.type == "track_name" and number not in raw.names:
        raw.names[number] = _text(message.name)


def _text(name: str) -> str:
    """Return a name, "" for one that says nothing: mido reads Latin-1, many files hold UTF-8."""
    with contextlib.suppress(UnicodeError):
        name = name.encode("latin-1").decode("utf-8")
    name = "".join(letter if letter.isprintable() else " " for letter in name).strip()
    return "" if _UNNAMED.fullmatch(name) else name

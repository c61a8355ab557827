"""When each message of a Standard MIDI File happens, in exact arithmetic."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import mido

from chiaroscore import InputError, RenderError

#: Longer pieces are refused before anything is computed.
MAX_SECONDS = 20 * 60
#: A MIDI file of twenty minutes is a few hundred kilobytes.
MAX_BYTES = 8_000_000
#: Tempo until the file names one: 120 quarter notes a minute, by the MIDI specification.
_DEFAULT_TEMPO = 500_000


@dataclass(frozen=True, slots=True)
class Timeline:
    """Channel messages of all tracks, in playing order with their time, and the length, in seconds."""

    messages: tuple[tuple[Fraction, mido.Message], ...]
    seconds: Fraction


def timeline(midi_bytes: bytes) -> Timeline:
    """Return what a Standard MIDI File plays, and when; tempo changes are followed exactly.

    Messages of one tick keep the order of the file: track by track, and in each track as written.

    Raises
    ------
    InputError
        If the bytes are not a MIDI file of format 0 or 1 with a metrical division, or are more than 8 MB.
    RenderError
        If the file lasts more than twenty minutes.
    """
    file = _read(midi_bytes)
    merged: list[tuple[int, mido.Message | mido.MetaMessage]] = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            merged.append((tick, message))
    merged.sort(key=lambda item: item[0])
    scale = file.ticks_per_beat * 1_000_000
    elapsed, before, tempo = 0, 0, _DEFAULT_TEMPO
    played: list[tuple[Fraction, mido.Message]] = []
    for tick, message in merged:
        elapsed += (tick - before) * tempo
        before = tick
        if elapsed > MAX_SECONDS * scale:
            raise RenderError(
                f"the piece lasts longer than {MAX_SECONDS // 60} minutes; take a faster tempo or fewer bars"
            )
        if message.type == "set_tempo":
            tempo = message.tempo
        elif not message.is_meta:
            played.append((Fraction(elapsed, scale), message))
    return Timeline(tuple(played), Fraction(elapsed, scale))


def _read(midi_bytes: bytes) -> mido.MidiFile:
    """Parse the bytes with mido."""
    if len(midi_bytes) > MAX_BYTES:
        raise InputError(f"a MIDI file of {len(midi_bytes)} bytes; the limit is {MAX_BYTES}")
    try:
        file = mido.MidiFile(file=io.BytesIO(midi_bytes), clip=True)
    except (OSError, EOFError, ValueError, LookupError) as error:
        raise InputError(
            f"not a MIDI file ({error or type(error).__name__}); give the bytes that midi() returns"
        ) from error
    if file.type not in (0, 1) or file.ticks_per_beat <= 0:
        raise InputError(
            f"a MIDI file of format {file.type} and division {file.ticks_per_beat}; "
            "only formats 0 and 1 in ticks are read"
        )
    return file

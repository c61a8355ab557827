"""Melodies out of MIDI and MusicXML files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from agent.editing.theme_notes import Note, Raw
from agent.keys import Key, parse_key
from agent.offline.writer.theory import LETTERS
from chiaroscore import ControlError, InputError

#: Most messages of a MIDI file, most bytes of a MusicXML document.
_MESSAGES, _DOCUMENT = 200_000, 16 * 2**20
_LIKE_A_MELODY = ("melody", "lead", "vocal", "voice", "solo", "theme", "sopran")


@dataclass(slots=True)
class _Track:
    """One channel of one track."""

    name: str
    notes: list[Note] = field(default_factory=list)

    def like_a_melody(self, most: int) -> float:
        """Return how much it is like a melody: by its name, height, and notes that do not overlap."""
        pitches = [pitch for _, _, pitch in self.notes]
        overlapping = sum(
            left[0] + left[1] > right[0] + Fraction(1, 8)
            for left, right in zip(self.notes, self.notes[1:], strict=False)
        )
        named = any(word in self.name.lower() for word in _LIKE_A_MELODY)
        few = len(self.notes) < 0.25 * most
        return sum(pitches) / len(pitches) - 14 * overlapping / len(self.notes) + 40 * named - 30 * few


def raw_of_midi(data: bytes, name: str) -> Raw:
    """Return the melody of a Standard MIDI file: the track most like one, its highest notes.

    Raises
    ------
    InputError
        If it is no MIDI file, has no notes but drums, or too many messages.
    """
    import mido

    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except Exception as error:  # mido raises whatever its decoding runs into
        raise InputError(f"theme {name!r} is no MIDI file that can be read: {_plain(error)}") from None
    if not 1 <= file.ticks_per_beat <= 0x7FFF:
        raise InputError(f"theme {name!r} counts in seconds, not in beats; save it with a tempo")
    if sum(len(track) for track in file.tracks) > _MESSAGES:
        raise InputError(f"theme {name!r} has more than {_MESSAGES:,} messages; give a shorter one")
    tracks: list[_Track] = []
    meta: dict[str, Any] = {}
    for track in file.tracks:
        tracks += _tracks(track, file.ticks_per_beat, meta)
    tracks = [track for track in tracks if track.notes]
    if not tracks:
        raise InputError(f"theme {name!r} has no pitched notes; give a melody")
    most = max(len(track.notes) for track in tracks)
    best = max(tracks, key=lambda track: track.like_a_melody(most))
    return Raw(
        tuple(_skyline(best.notes)), meta.get("meter", (4, 4)), _key(meta.get("key")), meta.get("tempo")
    )


def _tracks(track: Any, ticks: int, meta: dict[str, Any]) -> list[_Track]:
    """Return the pitched channels of a track; the first tempo, meter and key go into ``meta``."""
    at, name = 0, ""
    open_notes: dict[tuple[int, int], int] = {}
    channels: dict[int, _Track] = {}
    for message in track:
        at += message.time
        if message.type == "track_name":
            name = message.name
        elif message.type == "set_tempo" and message.tempo > 0:
            meta.setdefault("tempo", round(60_000_000 / message.tempo, 3))
        elif message.type == "time_signature":
            meta.setdefault("meter", (message.numerator, message.denominator))
        elif message.type == "key_signature":
            meta.setdefault("key", message.key)
        elif message.type in ("note_on", "note_off") and message.channel != 9:
            place = (message.channel, message.note)
            start = open_notes.pop(place, None)
            if start is not None and at > start:
                notes = channels.setdefault(message.channel, _Track(name)).notes
                notes.append((Fraction(start, ticks), Fraction(at - start, ticks), message.note))
            if message.type == "note_on" and message.velocity > 0:
                open_notes[place] = at
    for one in channels.values():
        one.notes.sort(key=lambda note: (note[0], -note[2]))
        one.name = name
    return list(channels.values())


def _skyline(notes: Sequence[Note]) -> list[Note]:
    """Return the highest of the notes that sound together."""
    out: list[Note] = []
    for start, length, pitch in sorted(notes, key=lambda note: (note[0], -note[2])):
        if out and start - out[-1][0] < Fraction(1, 16):
            continue
        held = out and out[-1][0] + out[-1][1] > start + Fraction(1, 8) and out[-1][2] > pitch + 4
        if not held:
            out.append((start, length, pitch))
    return out


def _key(text: object) -> Key | None:
    try:
        return parse_key(str(text)) if text else None
    except ControlError:
        return None


def raw_of_musicxml(data: bytes, name: str) -> Raw:
    """Return the highest notes of the first part of a MusicXML document, plain or compressed.

    Raises
    ------
    InputError
        If it cannot be read or its first part has no notes.
    """
    from music21 import converter, meter, stream, tempo

    try:
        score = converter.parseData(_document(data, name), format="musicxml")
    except InputError:
        raise
    except Exception as error:  # music21 raises whatever its parser runs into
        raise InputError(f"theme {name!r} is no MusicXML that can be read: {_plain(error)}") from None
    parts = list(score.parts) if isinstance(score, stream.Score) else [score]
    part = next((part for part in parts if part.flatten().notes), None)
    if part is None:
        raise InputError(f"theme {name!r} has no notes; give a melody")
    flat = part.flatten()
    signature = next(iter(flat.getElementsByClass(meter.TimeSignature)), None)
    mark = next(iter(score.flatten().getElementsByClass(tempo.MetronomeMark)), None)
    notes, spelling = _xml_notes(part.stripTies().flatten())
    top, bottom = (signature.numerator, signature.denominator) if signature is not None else (4, 4)
    return Raw(
        tuple(notes),
        (top, bottom),
        _xml_key(flat),
        _qpm(mark),
        _pickup(part, Fraction(top * 4, bottom)),
        spelling,
    )


def _document(data: bytes, name: str) -> bytes:
    """Return the XML of a MusicXML file, taken out of its archive if it is compressed."""
    if not data.startswith(b"PK"):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = [
                one
                for one in archive.namelist()
                if one.endswith((".xml", ".musicxml")) and "META-INF" not in one
            ]
            if not inside:
                raise InputError(f"theme {name!r} is an archive without a score")
            with archive.open(inside[0]) as file:
                document = file.read(_DOCUMENT + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"theme {name!r} is no archive that can be read: {_plain(error)}") from None
    if len(document) > _DOCUMENT:
        raise InputError(
            f"theme {name!r} is larger than {_DOCUMENT // 2**20} MB unpacked; give a shorter one"
        )
    return document


def _xml_notes(
    flat: Any,
) -> tuple[list[Note], dict[tuple[Fraction, int], tuple[tuple[int, int], ...]]]:
    """Return the highest notes of a part with their spelling."""
    found: dict[Fraction, tuple[Fraction, Any]] = {}
    for element in flat.notes:
        length = Fraction(element.quarterLength).limit_denominator(48)
        pitches = getattr(element, "pitches", ())
        if not length or not pitches:  # grace notes, unpitched strokes
            continue
        start = Fraction(element.offset).limit_denominator(48)
        top = max(pitches, key=lambda pitch: pitch.midi)
        if start not in found or found[start][1].midi < top.midi:
            found[start] = (length, top)
    notes = [(start, length, int(top.midi)) for start, (length, top) in sorted(found.items())]
    spelling: dict[tuple[Fraction, int], tuple[tuple[int, int], ...]] = {}
    for start, (_, top) in found.items():
        alter = int(top.alter)
        if abs(alter) <= 2 and top.octave is not None:
            spelling[start, int(top.midi)] = ((top.octave * 7 + LETTERS.index(top.step), alter),)
    return notes, spelling


def _xml_key(flat: Any) -> Key | None:
    """Return the key that a part names with its mode, None if it names only a signature."""
    from music21 import key

    found = next(iter(flat.getElementsByClass(key.Key)), None)
    return None if found is None else _key(f"{found.tonic.name.replace('-', 'b')} {found.mode}")


def _qpm(mark: Any) -> float | None:
    number = mark.getQuarterBPM() if mark is not None else None
    return None if number is None else float(number)


def _pickup(part: Any, length: Fraction) -> Fraction:
    """Return the length of an incomplete first bar, 0 for a full one."""
    bars = list(part.getElementsByClass("Measure"))
    if len(bars) < 2:
        return Fraction(0)
    first = Fraction(bars[1].offset - bars[0].offset).limit_denominator(48)
    return first if 0 < first < length else Fraction(0)


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__

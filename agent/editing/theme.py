"""A theme to go on from: a melody read from ABC, MIDI or MusicXML, in whole bars."""

from __future__ import annotations

import hashlib
import math
import os
import pathlib
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from agent.editing.score import played_events
from agent.editing.theme_notes import Raw, cut_overlaps, quantised, spelled
from agent.keys import Key, key_near, parse_key
from agent.lengths import TEMPO
from agent.offline.writer.events import Event
from agent.tempo import METERS, bar_quarters
from chiaroscore import ControlError, InputError, NotationError
from notation import Tune, parse

#: Most bytes of a theme's file, most bars that are taken, fewest notes that make a theme.
MAX_BYTES = 2 * 2**20
MAX_BARS = 16
LEAST_NOTES = 3
_MIDI, _XML = (".mid", ".midi"), (".musicxml", ".xml", ".mxl")


@dataclass(frozen=True, slots=True)
class Theme:
    """A melody in whole bars, from 0."""

    name: str
    sha256: str
    events: tuple[Event, ...]  # single notes in order of time
    bars: int
    key: Key
    meter: str
    tempo: float | None  # quarter notes per minute, None if the source names none
    remarks: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return what the manifest keeps of it; JSON types only."""
        return {
            "name": self.name, "sha256": self.sha256, "bars": self.bars, "key": self.key.name,
            "meter": self.meter, "tempo": self.tempo,
        }  # fmt: skip


def read_theme(source: str | os.PathLike[str]) -> Theme:
    """Read a theme.

    Parameters
    ----------
    source
        Path of an ``.abc``, ``.mid``, ``.musicxml`` or ``.mxl`` file, or the text of a tune in ABC. Of
        several voices the melody is taken: of ABC and MusicXML the first, of MIDI the track most like one.

    Returns
    -------
    Theme
        At most `MAX_BARS` bars; a pickup is written out as a bar that begins with a rest.

    Raises
    ------
    InputError
        If it cannot be read, is too large, has too few notes, or stands in a meter that is not written.
    """
    if isinstance(source, str) and "\n" in source:
        return _from_abc(source.encode(), "theme")
    try:
        path = pathlib.Path(source)
        data = _read(path)
    except TypeError:
        raise InputError(f"a theme is a path or ABC text, not {type(source).__name__}") from None
    kind = path.suffix.lower()
    if kind == ".abc":
        return _from_abc(data, path.name)
    if kind in _MIDI:
        from agent.editing.theme_files import raw_of_midi

        return _from_raw(raw_of_midi(data, path.name), data, path.name)
    if kind in _XML:
        from agent.editing.theme_files import raw_of_musicxml

        return _from_raw(raw_of_musicxml(data, path.name), data, path.name)
    raise InputError(
        f"theme {path.name[:80]!r} is no .abc, .mid, .musicxml or .mxl file; convert it to one of them"
    )


def _read(path: pathlib.Path) -> bytes:
    name = path.name[:80]
    try:
        if not path.is_file():
            raise InputError(
                f"theme {str(path)[:120]!r} is not a file; give the path of an .abc, .mid or .musicxml"
            )
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"theme {name!r} cannot be read: {error}"[:200]) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"theme {name!r} is larger than {MAX_BYTES // 2**20} MB; give a shorter one")
    return data


def _from_abc(data: bytes, name: str) -> Theme:
    try:
        tune = parse(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, NotationError) as error:
        raise InputError(f"theme {name!r} is not ABC: {' '.join(str(error).split())[:160]}") from None
    voice = next((voice for voice in tune.voices if voice.notes and not voice.percussion), None)
    if voice is None:
        raise InputError(f"theme {name!r} has no voice with notes; give a melody")
    meter = _meter(tune.meter.numerator, tune.meter.denominator, name)
    length = Fraction(bar_quarters(meter))
    first = voice.bars[0].duration if voice.bars else length
    shift = length - first if first < length and len(voice.bars) > 1 else Fraction(0)
    events = [
        Event(event.start + shift, event.length, event.tones[-1:])
        for event in played_events(voice)
        if event.tones
    ]
    key = _abc_key(tune) or estimated_key(events)
    tempo = tune.tempo.qpm if "Q" in tune.headers else None
    return _theme(name, data, cut_overlaps(events), key, meter, tempo)


def _abc_key(tune: Tune) -> Key | None:
    """Return the key that a tune names, None for none or one that is not written."""
    try:
        return parse_key(f"{tune.key.tonic} {tune.key.mode}") if tune.key.tonic else None
    except ControlError:
        return None


def _from_raw(raw: Raw, data: bytes, name: str) -> Theme:
    meter = _meter(*raw.meter, name)
    notes = quantised(raw.notes)
    rough = [Event(start, length, spelled(pitch, Key("C", "major"))) for start, length, pitch in notes]
    key = raw.key if raw.key is not None and _fits(rough, raw.key) else estimated_key(rough)
    written = raw.spelling
    events = [
        Event(start, length, written.get((start, pitch)) or spelled(pitch, key))
        for start, length, pitch in notes
    ]
    length = Fraction(bar_quarters(meter))
    shift = (length - raw.pickup) % length if raw.pickup else Fraction(0)
    return _theme(name, data, [replace(e, start=e.start + shift) for e in events], key, meter, raw.tempo)


def _theme(name: str, data: bytes, events: list[Event], key: Key, meter: str, tempo: float | None) -> Theme:
    """Return the theme in whole bars: silence before it left out, at most `MAX_BARS`."""
    if len(events) < LEAST_NOTES:
        raise InputError(f"theme {name!r} has {len(events)} notes; {LEAST_NOTES} are needed for a melody")
    length = Fraction(bar_quarters(meter))
    silent = (events[0].start // length) * length
    events = [replace(event, start=event.start - silent) for event in events]
    total = math.ceil(events[-1].end / length)
    remarks = []
    if total > MAX_BARS:
        remarks.append(f"the theme {name!r} has {total} bars, of which the first {MAX_BARS} were taken")
    bars = min(total, MAX_BARS)
    end = bars * length
    kept = tuple(replace(e, length=min(e.end, end) - e.start) for e in events if e.start < end)
    if len(kept) < LEAST_NOTES:
        raise InputError(
            f"theme {name!r} has {len(kept)} notes in its first {bars} bars; give a denser melody"
        )
    if tempo is not None and not TEMPO[0] <= tempo <= TEMPO[1]:
        near = min(max(tempo, TEMPO[0]), TEMPO[1])
        remarks.append(f"the theme's tempo of {tempo:g} was brought to {near:g} quarter notes a minute")
        tempo = near
    digest = hashlib.sha256(data).hexdigest()
    return Theme(name, digest, kept, bars, key, meter, tempo, tuple(remarks))


def _meter(top: int, bottom: int, name: str) -> str:
    if not top or not bottom:
        raise InputError(f"theme {name!r} names no meter; give it one, such as a line M:4/4 above its K:")
    meter = f"{top}/{bottom}"
    if meter not in METERS:
        raise InputError(
            f"theme {name!r} stands in {meter}, which is not written; meters are {', '.join(METERS)}"
        )
    return meter


def _fits(events: list[Event], key: Key) -> bool:
    """Whether a key that a file names holds most of its notes."""
    inside = sum(event.pitches[-1] % 12 in key.pitch_classes for event in events)
    return inside >= 0.85 * len(events)


def estimated_key(events: list[Event]) -> Key:
    """Return the key of a melody by the profiles of Temperley (2007) as music21 has them."""
    from music21 import note, stream
    from music21.analysis.discrete import TemperleyKostkaPayne

    line: Any = stream.Stream()
    for event in events:
        line.append(note.Note(event.pitches[-1], quarterLength=float(event.length)))
    found = TemperleyKostkaPayne().getSolution(line)
    key = key_near(found.tonic.pitchClass, found.mode)
    assert key is not None  # noqa: S101  # every pitch class has a spelling within seven signs
    return key

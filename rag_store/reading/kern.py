"""Humdrum **kern through music21's reader; also a music21 score of any origin as a `Transcript`."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from chiaroscore import InputError
from rag_store.reading.bar_lines import WrittenBar, meters_of
from rag_store.reading.tempo_words import tempo_of
from rag_store.reading.transcript import Part, Signature, Sound, Tempo, Transcript

if TYPE_CHECKING:
    from music21.stream.base import Score

#: Bytes of a file; music21 takes about half a millisecond a note, six seconds for this much.
MOST_BYTES = 300_000
_RECORD = re.compile(r"^!!!([A-Z]{3})\d?(?:@+[A-Z]+)?:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_CODES = re.compile(r"^\*I[a-z]")
_RIGHTS = ("YEC", "YEM", "YER", "YOE")


def read_kern(path: pathlib.Path) -> Transcript:
    """Return the score in a ``.krn`` file.

    Raises
    ------
    InputError
        If it is too large, is no **kern, or music21 cannot read it.
    """
    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            f"{path.name!r} has {path.stat().st_size:,} bytes, the limit is {MOST_BYTES:,}; split it"
        )
    text = _decoded(path.read_bytes())
    if "**kern" not in text:
        raise InputError(f"{path.name!r} has no **kern spine; it is not a kern score")
    from music21.converter import parseData
    from music21.stream import Score

    try:
        score = parseData(text, format="humdrum")
    except Exception as error:  # music21 raises whatever its reader stumbles over
        raise InputError(
            f"{path.name!r}: music21 cannot read it ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(score, Score):
        raise InputError(f"{path.name!r} holds {type(score).__name__.lower()} music, not one score; split it")
    records = dict(reversed(_RECORD.findall(text)))  # the first of each kind holds
    rights = " ".join(value for name, value in _RECORD.findall(text) if name in _RIGHTS)
    words = records.get("OMD", "")
    return from_music21(
        score,
        title=records.get("OTL", ""),
        composer=records.get("COM", ""),
        year=_year(records.get("ODT", "")),
        rights=rights,
        words=words,
        programs=_programs(text),
    )


def from_music21(
    score: Score,
    *,
    title: str = "",
    composer: str = "",
    year: int = 0,
    rights: str = "",
    words: str = "",
    programs: Sequence[int] = (),
) -> Transcript:
    """Return a music21 score as a transcript, at sounding pitch, grace notes left out.

    ``words`` are those of its tempo; ``programs`` those of its parts, if they are as many.

    Raises
    ------
    InputError
        If it has no notes, or bars that no meter can write.
    """
    sounding = score.toSoundingPitch()
    parts = [_part(part) for part in sounding.parts]
    if len(programs) == len(parts):
        parts = [replace(part, program=program) for part, program in zip(parts, programs, strict=True)]
    if not any(part.notes for part in parts):
        raise InputError("the score has no notes")
    meters, pickup = meters_of(_bars(sounding))
    graces = sum(1 for note in sounding.recurse().notes if note.duration.isGrace)
    return Transcript(
        parts=tuple(part for part in parts if part.notes),
        meters=meters,
        tempi=_tempi(sounding, words),
        signatures=_signatures(sounding.parts[0]),
        pickup=pickup,
        title=title,
        composer=composer,
        year=year,
        remarks=(f"{graces} grace note(s) left out",) if graces else (),
        rights=rights,
    )


def _part(part: Any) -> Part:
    player = part.getInstrument(returnDefault=True)
    program = player.midiProgram if player.midiProgram is not None else 0
    flat = part.stripTies().flatten()
    longest: dict[tuple[Fraction, int], Fraction] = {}  # of unisons of two voices the longer sounds
    for note in flat.notes:
        if not note.duration.isGrace and hasattr(note, "pitches"):
            onset, length = _exact(note.offset), _exact(note.quarterLength)
            for pitch in note.pitches:
                longest[onset, pitch.midi] = max(length, longest.get((onset, pitch.midi), length))
    notes = [Sound(onset, length, pitch) for (onset, pitch), length in sorted(longest.items()) if length > 0]
    return Part(str(part.partName or player.instrumentName or ""), int(program), False, tuple(notes))


def _bars(score: Any) -> list[WrittenBar]:
    """Return the bars of the first part; a bar is as long as the next one's offset says."""
    measures = list(score.parts[0].getElementsByClass("Measure"))
    if not measures:
        raise InputError("the score has no bars")
    starts = [_exact(measure.offset) for measure in measures]
    end = max(_exact(part.highestTime) for part in score.parts)
    bars: list[WrittenBar] = []
    meter = (4, 4)
    for measure, start, following in zip(measures, starts, [*starts[1:], end], strict=True):
        if measure.timeSignature is not None:
            meter = (int(measure.timeSignature.numerator), int(measure.timeSignature.denominator))
        if following > start:
            bars.append(WrittenBar(following - start, meter))
    return bars


def _signatures(part: Any) -> tuple[Signature, ...]:
    found: list[Signature] = []
    for key in part.recurse().getElementsByClass("KeySignature"):
        mode = str(getattr(key, "mode", "") or "")
        entry = (int(key.sharps), mode if mode in ("major", "minor") else "")
        if not found or (found[-1].fifths, found[-1].mode) != entry:
            found.append(Signature(_exact(key.getOffsetInHierarchy(part)), *entry))
    return tuple(found)


def _tempi(score: Any, words: str) -> tuple[Tempo, ...]:
    found = {
        _exact(mark.getOffsetInHierarchy(score)): float(mark.getQuarterBPM() or 0)
        for mark in score.recurse().getElementsByClass("MetronomeMark")
    }
    named = tuple(Tempo(onset, qpm) for onset, qpm in sorted(found.items()) if 10 <= qpm <= 600)
    meant = tempo_of(words)
    return named or ((Tempo(Fraction(0), meant),) if meant else ())


def _programs(text: str) -> list[int]:
    """Return the programs that the ``*I`` codes of the kern spines mean, in the order of music21's parts.

    A kern file has its lowest part first, music21 the highest.
    """
    lines = text.splitlines()
    kinds = next((line.split("\t") for line in lines if line.startswith("**")), [])
    codes = next((line.split("\t") for line in lines if _CODES.match(line)), [])
    if len(codes) != len(kinds):
        return []
    named = [code.removeprefix("*I") for code, kind in zip(codes, kinds, strict=True) if kind == "**kern"]
    return [_table().get(name, 0) for name in reversed(named)]


@cache
def _table() -> dict[str, int]:
    """Return programs by code, ``data/kern_instruments.json``."""
    text = resources.files("rag_store").joinpath("data/kern_instruments.json").read_text("utf-8")
    return {str(code): int(program) for code, program in json.loads(text)["programs"].items()}


def _exact(value: Any) -> Fraction:
    """Return a time as a fraction; music21 gives floats for what binary numbers hold exactly."""
    return Fraction(value).limit_denominator(10080)


def _year(date: str) -> int:
    years: Iterable[str] = re.findall(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b", date)
    return int(next(iter(years), 0))


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")

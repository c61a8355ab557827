"""From staves to ABC: fields, voices, systems of four bars, dynamics, chord symbols.

The text follows one layout that abcjs and abc2midi read alike; `agent.offline.writer.engraving` writes the
bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from agent.offline.writer.engraving import bar_texts
from agent.offline.writer.events import Event
from agent.offline.writer.meter import Meter
from agent.offline.writer.theory import QUALITIES

BARS_A_LINE = 4
#: Chord qualities that abc2midi does not know by itself; they are declared, or it would report an error.
_DECLARED = frozenset({"add9", "madd9", "sus2", "m7b5"})
#: Meters in which abc2midi lets a tune be called a hornpipe.
_HORNPIPE = ("2/4", "4/4")
#: Drum letters of the kit and their General MIDI keys; see `notation.percussion`.
KIT = {
    "F": 36,
    "c": 38,
    "g": 42,
    "b": 46,
    "D": 44,
    "a": 49,
    "f": 51,
    "A": 45,
    "d": 47,
    "e": 50,
    "B": 37,
    "E": 70,
    "G": 54,
    "C": 75,
}


@dataclass(frozen=True, slots=True)
class Staff:
    """One voice to be written out."""

    id: str
    name: str
    clef: str
    program: int
    events: Sequence[Event]
    percussion: bool = False
    dynamics: dict[Fraction, str] = field(
        default_factory=dict
    )  # at a time in quarter notes: "mf", "crescendo(" ...
    chords: dict[Fraction, str] = field(default_factory=dict)
    texts: dict[Fraction, str] = field(default_factory=dict)  # words over the staff: "rit."


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands above the music."""

    title: str
    composer: str
    tempo: float  # quarter notes per minute
    tempo_text: str
    key: str  # as in K:, "Ddor"
    signature: tuple[int, ...]  # alteration of each letter C..B
    bar: Meter
    bars: int
    rhythm: str = ""  # R:


def abc(sheet: Sheet, staves: Sequence[Staff]) -> str:
    """Return the whole tune as ABC text, ending in a newline."""
    return page(sheet, staves, {staff.id: _bars(staff, sheet) for staff in staves})


def page(sheet: Sheet, staves: Sequence[Staff], written: Mapping[str, Sequence[str]]) -> str:
    """Return the whole tune with the music of each voice given, a text a bar.

    Of the staves only the header, the MIDI lines and the closing bar lines are made; their events say which
    drums are played.
    """
    lines = header(sheet, staves)
    for first in range(0, sheet.bars, BARS_A_LINE):
        for staff in staves:
            lines.append(f"V:{staff.id}")
            if first == 0:
                lines += _voice_start(staff)
            bars = written[staff.id][first : first + BARS_A_LINE]
            closing = "|]" if first + BARS_A_LINE >= sheet.bars else "|"
            start = "[K:C clef=perc] " if staff.percussion and first == 0 else ""
            lines.append(start + " | ".join(bars) + " " + closing)
    return "\n".join(lines) + "\n"


def header(sheet: Sheet, staves: Sequence[Staff]) -> list[str]:
    """Return the lines above the music."""
    lines = ["X:1", f"T:{_clean(sheet.title)}", f"C:{_clean(sheet.composer)}"]
    if sheet.rhythm and not (sheet.rhythm == "hornpipe" and sheet.bar.name not in _HORNPIPE):
        lines.append(f"R:{_clean(sheet.rhythm)}")
    lines += [f"M:{sheet.bar.name}", "L:1/8", _tempo(sheet)]
    lines += _chord_names(staves)
    lines.append("%%score " + " ".join(staff.id for staff in staves))
    lines += [f'V:{staff.id} name="{_clean(staff.name)}" clef={staff.clef}' for staff in staves]
    return [*lines, f"K:{sheet.key}"]


def _chord_names(staves: Sequence[Staff]) -> list[str]:
    """Return declarations of the less common chord qualities in use."""
    symbols = {symbol for staff in staves for symbol in staff.chords.values()}
    used = {symbol[1:].lstrip("#b") if symbol[1:2] in "#b" else symbol[1:] for symbol in symbols}
    return [
        f"%%MIDI chordname {quality} " + " ".join(str(semitones) for _, semitones in QUALITIES[quality])
        for quality in sorted(used & _DECLARED)
    ]


def _clean(text: str) -> str:
    """Text that cannot break out of its field: one line, no quotes, backslashes or percent signs."""
    return " ".join(text.replace('"', "'").replace("\\", " ").replace("%", " ").split())[:120]


def _tempo(sheet: Sheet) -> str:
    """``Q:`` in the beat a musician counts, where that number is whole."""
    text = f'"{_clean(sheet.tempo_text)}" ' if sheet.tempo_text else ""
    compound = sheet.bar.beats[0] == Fraction(3, 2) and len(set(sheet.bar.beats)) == 1
    dotted = sheet.tempo / 1.5
    if compound and abs(dotted - round(dotted)) < 1e-9:
        return f"Q:{text}3/8={round(dotted)}"
    return f"Q:{text}1/4={sheet.tempo:g}"


def _voice_start(staff: Staff) -> list[str]:
    """MIDI lines at a voice's first music."""
    if not staff.percussion:
        # in the header, gchordoff silences the first voice's chord symbols alone
        return [f"%%MIDI program {staff.program}"] + (["%%MIDI gchordoff"] if staff.chords else [])
    used = {letter for event in staff.events for letter in event.letters}
    return ["%%MIDI channel 10"] + [
        f"%%MIDI drummap {letter} {key}" for letter, key in KIT.items() if letter in used
    ]


def _bars(staff: Staff, sheet: Sheet) -> list[str]:
    """Music of one voice, a string a bar."""
    times = {*staff.dynamics, *staff.texts, *staff.chords}
    words = {time: _words_at(time, staff) for time in times}
    return bar_texts(staff.events, words, sheet.signature, sheet.bar, sheet.bars)


def _words_at(time: Fraction, staff: Staff) -> str:
    """Dynamics, words and chord symbol at a time."""
    dynamic = staff.dynamics.get(time, "")
    symbol = staff.chords.get(time, "")
    words = f'"^{_clean(staff.texts[time])}"' if time in staff.texts else ""
    return "".join(f"!{mark}!" for mark in dynamic.split()) + words + (f'"{symbol}"' if symbol else "")

"""From events to ABC: bars, ties, accidentals, beams, tuplets, dynamics, chord symbols.

Music stands in systems of four bars. The text follows one layout that abcjs and abc2midi read alike.
Accidentals are written so that every reading of their reach (same octave or all octaves) gives the same
pitches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.offline.writer.events import Event
from agent.offline.writer.meter import Meter
from agent.offline.writer.theory import LETTERS, QUALITIES
from chiaroscore.rational import Fraction

UNIT = Fraction(1, 2)  # L:1/8 in quarter notes
BARS_A_LINE = 4
_NOTATABLE = tuple(Fraction(n, 8) for n in (48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1))
_DOTTED = (Fraction(6), Fraction(3), Fraction(3, 2))  # values that keep the beats of compound meters in sight
_DIVIDED = ("5/4", "7/8")  # meters of two unequal halves, which no value hides
_ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
#: Chord qualities that abc2midi does not know by itself; they are declared, or it would report an error.
_DECLARED = frozenset({"add9", "madd9", "sus2", "m7b5"})
#: Meters in which abc2midi lets a tune be called a hornpipe.
_HORNPIPE = ("2/4", "4/4")
_MARKS = {"staccato": ".", "accent": "L", "fermata": "!fermata!"}
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
    lines = ["X:1", f"T:{_clean(sheet.title)}", f"C:{_clean(sheet.composer)}"]
    if sheet.rhythm and not (sheet.rhythm == "hornpipe" and sheet.bar.name not in _HORNPIPE):
        lines.append(f"R:{_clean(sheet.rhythm)}")
    lines += [f"M:{sheet.bar.name}", "L:1/8", _tempo(sheet)]
    lines += _chord_names(staves)
    lines.append("%%score " + " ".join(staff.id for staff in staves))
    lines += [f'V:{staff.id} name="{_clean(staff.name)}" clef={staff.clef}' for staff in staves]
    lines.append(f"K:{sheet.key}")
    written = {staff.id: _bars(staff, sheet) for staff in staves}
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
    cut = _cut(_timeline(staff.events, sheet.bar.length * sheet.bars), sheet.bar.length, sheet.bars)
    return [_bar(inside, number * sheet.bar.length, staff, sheet) for number, inside in enumerate(cut)]


@dataclass(frozen=True, slots=True)
class _Piece:
    """An event or rest, or the part of one that lies in a bar."""

    start: Fraction
    length: Fraction
    event: Event | None
    tied: bool = False  # goes on in the next piece
    continued: bool = False


def _timeline(events: Sequence[Event], total: Fraction) -> list[_Piece]:
    """Events with the rests between them; overlapping tails are cut."""
    pieces: list[_Piece] = []
    at = Fraction(0)
    ordered = sorted(events, key=lambda event: event.start)
    for event, following in zip(ordered, [*ordered[1:], None], strict=True):
        if event.start > at:
            pieces.append(_Piece(at, event.start - at, None))
        end = min(event.end, following.start if following else total, total)
        if end > event.start:
            pieces.append(_Piece(event.start, end - event.start, event))
            at = end
    if at < total:
        pieces.append(_Piece(at, total - at, None))
    return pieces


def _cut(pieces: list[_Piece], length: Fraction, bars: int) -> list[list[_Piece]]:
    """Pieces of every bar, ties marked where they cross its lines."""
    out: list[list[_Piece]] = [[] for _ in range(bars)]
    for piece in pieces:
        left, last = piece.start, piece.start + piece.length
        while left < last:
            number = left // length
            right = min(last, (number + 1) * length)
            sounding = piece.event is not None
            out[number].append(
                _Piece(
                    left,
                    right - left,
                    piece.event,
                    sounding and right < last,
                    sounding and left > piece.start,
                )
            )
            left = right
    return out


def _bar(pieces: list[_Piece], start: Fraction, staff: Staff, sheet: Sheet) -> str:
    """One bar of music."""
    if all(piece.event is None for piece in pieces):
        return _marks_at(start, staff) + "Z"
    explicit: dict[int, dict[int, int]] = {}
    out: list[str] = []
    place = 0
    while place < len(pieces):
        group = _tuplet(pieces, place)
        if group:
            inside = "".join(
                _token(piece, piece.length * Fraction(3, 2), staff, sheet, explicit, first=True)
                for piece in group
            )
            out.append(_space(pieces[place].start - start, sheet.bar) + f"(3:2:{len(group)}{inside}")
            place += len(group)
            continue
        for at, part in enumerate(_parts(pieces[place], start, sheet.bar)):
            text = _token(part, part.length, staff, sheet, explicit, first=at == 0)
            out.append(_space(part.start - start, sheet.bar) + text)
        place += 1
    return "".join(out).strip()


def _tuplet(pieces: list[_Piece], place: int) -> list[_Piece]:
    """Pieces from ``place`` that together make a triplet; empty if none starts here."""
    if (pieces[place].length * 16).denominator == 1:
        return []
    total, group = Fraction(0), []
    for piece in pieces[place:]:
        total += piece.length
        group.append(piece)
        if (total * 16).denominator == 1:
            return group
    return []


def _parts(piece: _Piece, bar_start: Fraction, bar: Meter) -> list[_Piece]:
    """Return a piece as written values: split at beats where a single value would hide them."""
    parts: list[_Piece] = []
    at, end = piece.start, piece.start + piece.length
    while at < end:
        length = _value(at - bar_start, end - at, bar, rest=piece.event is None)
        last = at + length >= end
        tied = piece.event is not None and (not last or piece.tied)
        parts.append(_Piece(at, length, piece.event, tied, piece.continued or bool(parts)))
        at += length
    return parts


def _value(offset: Fraction, left: Fraction, bar: Meter, *, rest: bool) -> Fraction:
    """Longest written value that may start here."""
    limit = left
    on_beat = bar.strength(offset) > 0
    later = [beat for beat in (*bar.onsets, bar.length) if beat > offset]
    if not on_beat and (rest or left > later[0] - offset + bar.beats[0]):
        limit = min(limit, later[0] - offset)
    elif not on_beat and offset < bar.middle < offset + left and bar.name in ("4/4", "2/2", "12/8"):
        limit = min(limit, bar.middle - offset)
    elif rest and bar.strength(offset) == 1:
        limit = min(limit, later[0] - offset)
    if bar.name in _DIVIDED and offset < bar.middle < offset + limit:
        limit = bar.middle - offset
    if on_beat and limit >= Fraction(3, 2) and set(bar.beats) == {Fraction(3, 2)}:
        return max(value for value in _DOTTED if value <= limit)
    for value in _NOTATABLE:
        if value <= limit:
            return value
    return limit


def _space(offset: Fraction, bar: Meter) -> str:
    """Return a space where a beam is broken: at every beat."""
    return " " if bar.strength(offset) > 0 else ""


def _marks_at(time: Fraction, staff: Staff) -> str:
    """Dynamics, words and chord symbol at a time."""
    dynamic = staff.dynamics.get(time, "")
    symbol = staff.chords.get(time, "")
    words = f'"^{_clean(staff.texts[time])}"' if time in staff.texts else ""
    return "".join(f"!{mark}!" for mark in dynamic.split()) + words + (f'"{symbol}"' if symbol else "")


def _token(
    piece: _Piece,
    length: Fraction,
    staff: Staff,
    sheet: Sheet,
    explicit: dict[int, dict[int, int]],
    *,
    first: bool,
) -> str:
    """One note, chord, stroke or rest with everything attached to it."""
    marks = _marks_at(piece.start, staff) if first else ""
    if piece.event is None:
        return marks + "z" + _length(length)
    kept = [mark for mark in piece.event.marks if not (piece.tied and mark == "staccato")]
    signs = "" if piece.continued else "".join(_MARKS.get(mark, "") for mark in kept)
    begins = "(" if "slur(" in piece.event.marks and not piece.continued else ""
    ends = ")" if "slur)" in piece.event.marks and not piece.tied else ""
    if piece.event.letters:
        names = list(piece.event.letters)
    else:
        names = [
            _note(step, alter, sheet.signature, explicit, piece.continued)
            for step, alter in piece.event.tones
        ]
    tie = "-" if piece.tied and not piece.event.letters else ""
    body = names[0] if len(names) == 1 else "[" + "".join(names) + "]"
    return marks + begins + signs + body + _length(length) + tie + ends


def _note(
    step: int, alter: int, signature: tuple[int, ...], explicit: dict[int, dict[int, int]], continued: bool
) -> str:
    """Letter with octave and, where any reader could be in doubt, its accidental."""
    letter, octave = step % 7, step // 7
    seen = explicit.get(letter, {})
    plain = alter == signature[letter] if not seen else set(seen.values()) == {alter} and octave in seen
    sign = "" if plain and not (continued and alter != signature[letter]) else _ACCIDENTALS[alter]
    if sign:
        explicit.setdefault(letter, {})[octave] = alter
    name = LETTERS[letter]
    return sign + (name.lower() + "'" * (octave - 5) if octave >= 5 else name + "," * (4 - octave))


def _length(length: Fraction) -> str:
    """ABC length of a duration in quarter notes."""
    units = length / UNIT
    if units.denominator == 1:
        return "" if units == 1 else str(units.numerator)
    top = "" if units.numerator == 1 else str(units.numerator)
    return f"{top}/{units.denominator}"

"""Chord symbols, lyrics, dynamics, annotations, slurs and hairpins for `notation.to_music21`."""

from __future__ import annotations

import re

from music21 import dynamics, expressions, harmony, note, spanner, stream
from music21.exceptions21 import Music21Exception

from notation.stream_bars import Placed
from notation.tune import Mark, Voice

_HAIRPINS = {"crescendo": dynamics.Crescendo, "diminuendo": dynamics.Diminuendo}
_HAIRPIN_NAMES = {"<": "crescendo", "cresc": "crescendo", ">": "diminuendo", "dim": "diminuendo"}
_LOUDNESS = (
    "ppppp",
    "pppp",
    "ppp",
    "pp",
    "p",
    "mp",
    "mf",
    "f",
    "ff",
    "fff",
    "ffff",
    "sf",
    "sfz",
    "fp",
    "fz",
    "rfz",
)
#: ABC's ways to write a chord quality that music21 reads otherwise or not at all.
_QUALITIES = (
    (re.compile(r"^(maj|Maj|MAJ|M|Δ)(7|9|11|13)"), r"maj\2"),
    (re.compile(r"^(min|Min|MIN|mi|-)(?!or)"), "m"),
    (re.compile(r"^(°|o)7?"), "dim"),
    (re.compile(r"^ø7?"), "m7b5"),
)
_CHORD = re.compile(r"^([A-G])([#b♯♭]?)([^/]*)(?:/([A-G])([#b♯♭]?))?$")


def add_marks(part: stream.Part, voice: Voice, measures: list[Placed]) -> None:
    """Put everything that hangs on a point in time into the measures it belongs to."""
    chords, annotations = _by_bar(voice.chords), _by_bar(voice.annotations)
    lyrics, loudness = _by_bar(voice.lyrics), _by_bar(voice.dynamics)
    for placed in measures:
        number = placed.bar.number
        for mark in chords.get(number, ()):
            placed.stream.insert(mark.onset - placed.bar.onset, chord_symbol(mark.text))
        for mark in annotations.get(number, ()):
            placed.stream.insert(mark.onset - placed.bar.onset, _text(mark.text))
        for mark in lyrics.get(number, ()):
            shown = placed.at(mark.onset)
            if shown is not None:
                shown.addLyric(mark.text)
        for mark in loudness.get(number, ()):
            if mark.text in _LOUDNESS:
                placed.stream.insert(mark.onset - placed.bar.onset, dynamics.Dynamic(mark.text))
    _add_hairpins(part, loudness, measures)


def chord_symbol(text: str) -> harmony.ChordSymbol | harmony.NoChord | expressions.TextExpression:
    """Return a chord symbol that does not sound; plain text where music21 does not know the symbol."""
    if text.strip().upper().replace(".", "") in ("NC", "N C"):
        return harmony.NoChord()
    found = _CHORD.match(text.strip())
    if found is None:
        return _text(text)
    root, sign, kind, bass, bass_sign = found.groups()
    for pattern, plain in _QUALITIES:
        kind = pattern.sub(plain, kind)
    figure = root + _sign(sign) + kind + (f"/{bass}{_sign(bass_sign)}" if bass else "")
    try:
        symbol = harmony.ChordSymbol(figure)
    except (Music21Exception, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return _text(text)  # music21 raises all of these on odd figures
    if not symbol.chordKind:
        return _text(text)
    symbol.writeAsChord = False
    return symbol


def add_slurs(part: stream.Part, measures: list[Placed]) -> None:
    """Slurs by their parentheses: an end closes the slur opened last before this note."""
    open_slurs: list[note.NotRest] = []
    for placed in measures:
        for written, shown in placed.notes:
            for _ in range(min(written.slur_stop, len(open_slurs))):
                start = open_slurs.pop()
                if start is not shown:
                    part.insert(0, spanner.Slur(start, shown))
            open_slurs += [shown] * written.slur_start


def _by_bar(marks: tuple[Mark, ...]) -> dict[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.bar, []).append(mark)
    return found


def _text(text: str) -> expressions.TextExpression:
    shown = expressions.TextExpression(text)
    shown.placement = "above"
    return shown


def _sign(sign: str | None) -> str:
    return {"#": "#", "♯": "#", "b": "-", "♭": "-"}.get(sign or "", "")


def _add_hairpins(part: stream.Part, loudness: dict[int, list[Mark]], measures: list[Placed]) -> None:
    """Wedges from the first note at or after their start to the last note at or before their end."""
    starts: dict[str, note.NotRest] = {}
    for placed in measures:
        for mark in loudness.get(placed.bar.number, ()):
            name = mark.text.rstrip("()")
            name = _HAIRPIN_NAMES.get(name, name)
            shown = _nearest(placed, mark)
            if name not in _HAIRPINS or shown is None:
                continue
            if mark.text.endswith("("):
                starts[name] = shown
            elif mark.text.endswith(")") and name in starts and starts[name] is not shown:
                part.insert(0, _HAIRPINS[name](starts.pop(name), shown))


def _nearest(placed: Placed, mark: Mark) -> note.NotRest | None:
    """Return the note at the mark, else the last before it, else the first of the bar."""
    sounding = [(written, shown) for written, shown in placed.notes if not written.grace]
    before = [shown for written, shown in sounding if written.onset <= mark.onset]
    return before[-1] if before else sounding[0][1] if sounding else None

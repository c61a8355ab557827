"""Chord symbols, lyrics, dynamics, annotations, slurs and hairpins for `notation.to_music21`."""

from __future__ import annotations

from music21 import dynamics, note, spanner, stream

from notation.stream_bars import Placed
from notation.stream_chords import chord_symbol, plain_text
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


def add_marks(part: stream.Part, voice: Voice, measures: list[Placed]) -> None:
    """Put everything that hangs on a point in time into the measures it belongs to."""
    chords, annotations = _by_bar(voice.chords), _by_bar(voice.annotations)
    lyrics, loudness = _by_bar(voice.lyrics), _by_bar(voice.dynamics)
    for placed in measures:
        number = placed.bar.number
        for mark in chords.get(number, ()):
            placed.stream.insert(mark.onset - placed.bar.onset, chord_symbol(mark.text))
        for mark in annotations.get(number, ()):
            placed.stream.insert(mark.onset - placed.bar.onset, plain_text(mark.text))
        for mark in lyrics.get(number, ()):
            shown = placed.at(mark.onset)
            if shown is not None:
                shown.addLyric(mark.text)
        for mark in loudness.get(number, ()):
            if mark.text in _LOUDNESS:
                placed.stream.insert(mark.onset - placed.bar.onset, dynamics.Dynamic(mark.text))
    _add_hairpins(part, loudness, measures)


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


def _add_hairpins(part: stream.Part, loudness: dict[int, list[Mark]], measures: list[Placed]) -> None:
    """Wedges from the note at their start to the last note before their end."""
    starts: dict[str, note.NotRest] = {}
    latest: note.NotRest | None = None
    for placed in measures:
        sounding = [(written.onset, shown) for written, shown in placed.notes if not written.grace]
        for mark in loudness.get(placed.bar.number, ()):
            name = _HAIRPIN_NAMES.get(mark.text[:-1], mark.text[:-1])
            if name in _HAIRPINS and mark.text.endswith("("):
                following = [shown for onset, shown in sounding if onset >= mark.onset]
                starts.update({name: following[0]} if following else {})
            elif name in starts and mark.text.endswith(")"):
                before = [shown for onset, shown in sounding if onset < mark.onset]
                last = before[-1] if before else latest
                first = starts.pop(name)
                if last is not None and last is not first:
                    part.insert(0, _HAIRPINS[name](first, last))
        latest = sounding[-1][1] if sounding else latest

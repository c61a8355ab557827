"""A transcript as ABC 2.1: one tune, a voice a part, in the house's layout.

What is kept
------------
Every note's beginning and pitch, bars, meters, keys, tempo. A note's length is kept but for the rules of
`rag_store.reading.layers`; a second layer stands behind ``&`` in the bars that need one. The tune ends with
the bar of its last note. Tempo is written at bar lines, as the mean of a bar, where it moves by more than
`TEMPO_STEP`; loudness where the mean velocity of a part's bar comes near another dynamic mark.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from chiaroscore import InputError
from notation.instruments import instrument
from rag_store.reading.bar_text import BarLine, bar_text, drum_bar_text
from rag_store.reading.drum_letters import drum_letters
from rag_store.reading.layers import Chord, layers, strokes_of
from rag_store.reading.loudness import dynamics
from rag_store.reading.measures import Measure, measures
from rag_store.reading.snap import snapped
from rag_store.reading.spelling import WrittenKey, keys
from rag_store.reading.tempo_marks import DEFAULT_QPM, tempo_marks
from rag_store.reading.transcript import Part, Transcript
from rag_store.reading.values import FINEST, Piece, grid_of

BARS_A_LINE = 4
#: Below this middle pitch a part stands in the bass clef.
BASS_BELOW = 56


@dataclass(frozen=True, slots=True)
class _Page:
    """What all voices share; times in ticks."""

    quarter: int
    bars: tuple[Measure, ...]
    starts: tuple[int, ...]  # of the bars, and the end of the last
    keys: tuple[WrittenKey, ...]  # of every bar
    tempi: dict[int, str]  # by bar, what ``Q:`` says


def to_abc(transcript: Transcript) -> str:
    """Return a transcript as the text of one ABC tune, ending in a newline.

    `notation.check` finds no error in it. Parts without notes are left out.

    Raises
    ------
    InputError
        If there are no notes.
    """
    transcript = snapped(transcript)
    parts = [part for part in transcript.parts if part.notes]
    if not parts:
        raise InputError("the piece has no notes; there is nothing to write as ABC")
    page = _page(transcript)
    voices = [_voice(part, page) for part in parts]
    lines = _header(transcript, parts, page)
    for first in range(0, len(page.bars), BARS_A_LINE):
        for number, (part, bars) in enumerate(zip(parts, voices, strict=True), 1):
            lines.append(f"V:{number}")
            lines += _sound(part) if first == 0 else []
            opening = "[K:C clef=perc] " if part.drums and first == 0 else ""
            lines.append(opening + _line_of(bars, first, page, number == 1, part.drums))
    return "\n".join(lines) + "\n"


def clean(text: str, most: int = 120) -> str:
    """Return text that cannot break out of its field: one line, printable, no quotes, backslash, percent."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.replace('"', "'").replace("\\", " ").replace("%", " ").split())[:most].strip()


def _page(transcript: Transcript) -> _Page:
    bars = measures(transcript)
    below = {16, *(bar.start.denominator for bar in bars), *(bar.length.denominator for bar in bars)}
    for part in transcript.parts:
        for note in part.notes:
            below |= {note.onset.denominator, note.duration.denominator}
    quarter = math.lcm(*below) * FINEST * 2
    starts = tuple(_ticks(bar.start, quarter) for bar in bars)
    named = keys(transcript)
    places = [onset for onset, _ in named]
    of_bars = tuple(named[bisect.bisect_right(places, bar.start) - 1][1] for bar in bars)
    return _Page(
        quarter, bars, (*starts, _ticks(bars[-1].end, quarter)), of_bars, tempo_marks(transcript, bars)
    )


def _ticks(time: Fraction, quarter: int) -> int:
    return time.numerator * (quarter // time.denominator)


# -- header ----------------------------------------------------------------------------------------------


def _header(transcript: Transcript, parts: Sequence[Part], page: _Page) -> list[str]:
    first = page.bars[0]
    lines = ["X:1", f"T:{clean(transcript.title) or 'Untitled'}"]
    lines += [f"C:{clean(transcript.composer)}"] if clean(transcript.composer) else []
    lines += [f"M:{first.numerator}/{first.denominator}", "L:1/8"]
    lines += [f"Q:{page.tempi.get(0, f'1/4={DEFAULT_QPM}')}"] if transcript.tempi else []
    lines.append("%%score " + " ".join(str(number) for number in range(1, len(parts) + 1)))
    lines += [f'V:{number} name="{_name(part)}" clef={_clef(part)}' for number, part in enumerate(parts, 1)]
    return [*lines, f"K:{page.keys[0].name}"]


def _name(part: Part) -> str:
    return clean(part.name, 40) or ("Drum Kit" if part.drums else instrument(part.program).name)


def _clef(part: Part) -> str:
    if part.drums:
        return "perc"
    pitches = sorted(note.pitch for note in part.notes)
    return "bass" if pitches[len(pitches) // 2] < BASS_BELOW else "treble"


def _sound(part: Part) -> list[str]:
    """Return the MIDI lines at a voice's first music."""
    if not part.drums:
        return [f"%%MIDI program {part.program}"]
    letters = drum_letters(note.pitch for note in part.notes)
    return ["%%MIDI channel 10", *(f"%%MIDI drummap {letter} {key}" for key, letter in letters.items())]


def _line_of(bars: list[str], first: int, page: _Page, leads: bool, drums: bool) -> str:
    """Return the bars of a line with the changes of meter, key and tempo.

    A change stands after the bar line, at the end of a line too: some readers overlook an inline field at the
    beginning of a voice's line.
    """
    out: list[str] = []
    stop = min(first + BARS_A_LINE, len(bars))
    for number in range(first, stop):
        out += [bars[number], "|" if number + 1 < len(bars) else "|]"]
        change = _change(number + 1, page, leads, drums) if number + 1 < len(bars) else ""
        out += [change] if change else []
    return " ".join(out)


def _change(number: int, page: _Page, leads: bool, drums: bool) -> str:
    bar = page.bars[number]
    meter = f"[M:{bar.numerator}/{bar.denominator}]" if bar.fresh else ""
    fresh_key = page.keys[number] != page.keys[number - 1] and not drums
    tempo = f"[Q:{page.tempi[number]}]" if leads and number in page.tempi else ""
    return meter + (f"[K:{page.keys[number].name}]" if fresh_key else "") + tempo


# -- music -----------------------------------------------------------------------------------------------


def _voice(part: Part, page: _Page) -> list[str]:
    """Return the music of a part, a text a bar."""
    spans = [
        (start := _ticks(note.onset, page.quarter), start + _ticks(note.duration, page.quarter), note.pitch)
        for note in part.notes
    ]
    marks = dynamics(part, page.bars)
    if part.drums:
        letters = drum_letters(pitch for _, _, pitch in spans)
        inside = _in_bars(strokes_of(spans, _all_beats(page)), page)
        return [
            drum_bar_text(inside[number], _line(number, page), letters, marks.get(number, ""))
            for number in range(len(page.bars))
        ]
    found = [_in_bars(layer, page) for layer in layers(spans, page.quarter, polyphonic=_holds(part))]
    return [
        bar_text([layer[number] for layer in found], _line(number, page), marks.get(number, ""))
        for number in range(len(page.bars))
    ]


def _holds(part: Part) -> bool:
    return instrument(part.program).polyphonic


def _line(number: int, page: _Page) -> BarLine:
    bar = page.bars[number]
    whole = Fraction(4 * bar.numerator, bar.denominator)
    missing = _ticks(whole - bar.length, page.quarter)
    grid = grid_of(bar.numerator, bar.denominator, page.quarter, missing)
    return BarLine(grid, page.keys[number], missing > 0)


def _all_beats(page: _Page) -> list[int]:
    """Return where every beat begins, and the end."""
    found = []
    for number, start in enumerate(page.starts[:-1]):
        found += [start + beat for beat in _line(number, page).grid.beats[:-1]]
    return [*found, page.starts[-1]]


def _in_bars(chords: Sequence[Chord], page: _Page) -> list[list[Piece]]:
    """Return the chords of a layer by bar, in ticks from its beginning, cut and tied at bar lines."""
    found: list[list[Piece]] = [[] for _ in page.bars]
    edges = list(pairwise(page.starts))
    for chord in chords:
        number, at = bisect.bisect_right(page.starts, chord.start) - 1, chord.start
        while at < chord.end:
            start, end = edges[number]
            until = min(end, chord.end)
            piece = Piece(at - start, until - at, chord.pitches, until < chord.end, at > chord.start)
            found[number].append(piece)
            at, number = until, number + 1
    return found

"""Bach's four-part chorales, from the MusicXML in the installed music21 corpus to ABC.

Only plain chorales are taken: four parts of one voice each, the same bars in all, no voltas. Notes, rests,
ties, fermatas, pickups, repeats, key and meter changes are kept; words and ornaments are not. The MusicXML is
read directly (a hundred times faster than music21's stream); the tests compare every note with music21's own
reading.
"""

from __future__ import annotations

import pathlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree  # files of the installed music21 package, not of users

from rag_store.keys import table, tonic_of

#: The house names of the four voices.
VOICES = (("S", "Soprano", "treble"), ("A", "Alto", "treble"), ("T", "Tenor", "bass"), ("B", "Bass", "bass"))
PROGRAM = 52  # General MIDI Choir Aahs, 0-based
BARS_PER_LINE = 4
ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


@dataclass(slots=True)
class _Element:
    """A note or rest of one part; ``step`` is "" for a rest. ``duration`` in quarter notes."""

    duration: Fraction
    step: str = ""
    alter: int = 0
    octave: int = 4
    tie: bool = False
    fermata: bool = False


@dataclass(slots=True)
class _Bar:
    """One measure of one part."""

    elements: list[_Element] = field(default_factory=list)
    fifths: int = 0
    meter: tuple[int, int] = (4, 4)
    left: str = ""
    right: str = "|"

    @property
    def duration(self) -> Fraction:
        return sum((element.duration for element in self.elements), Fraction(0))


class NotPlain(Exception):
    """Inner signal: this piece is not a plain four-part chorale; the reader leaves it out."""


def read_chorales(folder: pathlib.Path, titles: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield ``(catalogue number, title, abc)`` of the plain chorales in a folder of .mxl files, by name."""
    for path in sorted(folder.glob("bwv*.mxl")):
        number = path.stem.removeprefix("bwv")
        title = titles.get(number) or titles.get(number.partition("-")[0]) or f"Chorale BWV {number}"
        try:
            yield path.stem, title, chorale_abc(path, title)
        except NotPlain:
            continue


def chorale_abc(path: pathlib.Path, title: str) -> str:
    """Return the ABC of one chorale file.

    Raises
    ------
    NotPlain
        If it has other than four one-voice parts, voltas, chords, graces or bars that differ between parts.
    """
    parts = [_bars(part) for part in _root(path).findall("part")]
    if len(parts) != 4:
        raise NotPlain(f"{len(parts)} parts")
    for bars in zip(*parts, strict=False):
        if len({bar.duration for bar in bars}) != 1 or len({(bar.fifths, bar.meter) for bar in bars}) != 1:
            raise NotPlain("the parts differ in length, key or meter")
    if len({len(part) for part in parts}) != 1 or not parts[0]:
        raise NotPlain("the parts have different numbers of bars")
    for bars in zip(*parts, strict=True):  # one part may carry the repeat sign for all
        left = next((bar.left for bar in bars if bar.left), "")
        right = next((bar.right for bar in bars if bar.right != "|"), "|")
        for bar in bars:
            bar.left, bar.right = left, right
    _join_split_bars(parts)
    return _write(title, path.stem, parts, _mode(parts))


def _join_split_bars(parts: list[list[_Bar]]) -> None:
    """Join the two halves of a bar that the engraver split at a fermata, so that every bar adds up again."""
    index = 0
    while index + 1 < len(parts[0]):
        bar, after = parts[0][index], parts[0][index + 1]
        whole = (
            bar.duration + after.duration == _length(bar)
            and bar.meter == after.meter
            and bar.fifths == after.fifths
        )
        if whole and index and bar.right in ("|", "||") and not after.left:
            for bars in parts:
                following = bars.pop(index + 1)
                bars[index].elements += following.elements
                bars[index].right = following.right
        index += 1


def _root(path: pathlib.Path) -> ElementTree.Element:
    with zipfile.ZipFile(path) as archive:
        names = [
            n
            for n in archive.namelist()
            if not n.startswith("META-INF") and n.endswith((".xml", ".musicxml"))
        ]
        if not names:
            raise NotPlain("no score in the archive")
        return ElementTree.fromstring(archive.read(names[0]))  # noqa: S314 - see the import


def _bars(part: ElementTree.Element) -> list[_Bar]:
    """Read the measures of a part."""
    divisions, fifths, meter = Fraction(1), 0, (4, 4)
    bars: list[_Bar] = []
    for measure in part.findall("measure"):
        bar = _Bar()
        for child in measure:
            if child.tag == "attributes":
                divisions = Fraction(child.findtext("divisions") or divisions)
                fifths = int(child.findtext("key/fifths") or fifths)
                if child.find("time") is not None:
                    meter = (
                        int(child.findtext("time/beats") or 4),
                        int(child.findtext("time/beat-type") or 4),
                    )
            elif child.tag == "note":
                bar.elements.append(_element(child, divisions))
            elif child.tag == "forward":
                bar.elements.append(_Element(Fraction(child.findtext("duration") or 0) / divisions))
            elif child.tag == "barline":
                _barline(bar, child)
            elif child.tag == "backup":
                raise NotPlain("a part of several voices")
        bar.fifths, bar.meter = fifths, meter
        if bar.elements:
            bars.append(bar)
    return bars


def _element(note: ElementTree.Element, divisions: Fraction) -> _Element:
    if (
        note.find("chord") is not None
        or note.find("grace") is not None
        or note.find("time-modification") is not None
    ):
        raise NotPlain("a chord, grace note or tuplet in a voice")
    element = _Element(Fraction(note.findtext("duration") or 0) / divisions)
    pitch = note.find("pitch")
    if pitch is not None:
        element.step = pitch.findtext("step") or "C"
        element.alter = int(pitch.findtext("alter") or 0)
        element.octave = int(pitch.findtext("octave") or 4)
        element.tie = any(tie.get("type") == "start" for tie in note.findall("tie"))
    element.fermata = note.find("notations/fermata") is not None
    return element


def _barline(bar: _Bar, barline: ElementTree.Element) -> None:
    if barline.find("ending") is not None:
        raise NotPlain("voltas")
    repeat = barline.find("repeat")
    style = barline.findtext("bar-style") or "regular"
    if repeat is not None and repeat.get("direction") == "forward":
        bar.left = "|:"
    elif repeat is not None:
        bar.right = ":|"
    elif barline.get("location") != "left":
        bar.right = {"light-heavy": "|]", "light-light": "||"}.get(style, "|")


def _mode(parts: list[list[_Bar]]) -> str:
    """Mode by the last bass note: chorales end on their tonic, whatever mode the file claims."""
    final = next(e for bar in reversed(parts[3]) for e in reversed(bar.elements) if e.step)
    name = final.step + {-1: "b", 0: "", 1: "#"}.get(final.alter, "")
    fifths = parts[3][-1].fifths
    for mode in ("major", "minor", "dorian", "mixolydian", "phrygian", "lydian"):
        if tonic_of(fifths, mode) == name:
            return mode
    return "major"


def _write(title: str, stem: str, parts: list[list[_Bar]], mode: str) -> str:
    first = parts[0][0]
    lines = ["X:1", f"T:{title}", "C:Johann Sebastian Bach", f"N:{stem.replace('bwv', 'BWV ')}", "R:chorale"]
    lines += [f"M:{first.meter[0]}/{first.meter[1]}", "L:1/8", "%%score [S A T B]"]
    lines += [f'V:{v} name="{name}" clef={clef}' for v, name, clef in VOICES]
    lines.append(f"K:{tonic_of(first.fifths, mode)}{'' if mode == 'major' else ' ' + mode}")
    started = 0 if first.duration >= _length(first) else 1  # a pickup shares the first line
    cuts = [0, *range(started + BARS_PER_LINE, len(parts[0]), BARS_PER_LINE), len(parts[0])]
    for begin, end in pairwise(cuts):
        for (voice, _, _), bars in zip(VOICES, parts, strict=True):
            lines.append(f"V:{voice}")
            if begin == 0:
                lines.append(f"%%MIDI program {PROGRAM}")
            lines.append(_line(bars, begin, end, mode))
    return "\n".join(lines) + "\n"


def _length(bar: _Bar) -> Fraction:
    """Length of a full bar of the meter, in quarter notes."""
    return Fraction(4 * bar.meter[0], bar.meter[1])


def _line(bars: list[_Bar], begin: int, end: int, mode: str) -> str:
    """Write bars ``begin`` to ``end`` of one voice."""
    text = ""
    for index in range(begin, end):
        bar, before = bars[index], bars[index - 1] if index else bars[index]
        if bar.left and not (index and before.right == ":|" and text):
            text = text.rstrip("|") + "|:" if text.endswith("|") else text + "|:"
        elif bar.left:
            text += "|:"
        if bar.fifths != before.fifths:
            text += f"[K:{tonic_of(bar.fifths, mode)} {mode}]"
        if bar.meter != before.meter:
            text += f"[M:{bar.meter[0]}/{bar.meter[1]}]"
        last = index == len(bars) - 1
        text += _bar_text(bar) + (" |]" if last and bar.right == "|" else f" {bar.right}")
    return text


def _bar_text(bar: _Bar) -> str:
    """Write the notes of a bar, beamed by the beat; accidentals stand wherever a reader could doubt."""
    plain = _signature(bar.fifths)
    marked: set[str] = set()
    at, text = Fraction(0), ""
    for element in bar.elements:
        text += " " if at % 1 == 0 or element.duration >= 1 else ""
        text += "!fermata!" if element.fermata else ""
        if element.step:
            if element.alter != plain.get(element.step, 0) or element.step in marked:
                text += ACCIDENTALS[element.alter]
                marked.add(element.step)
            text += _letter(element.step, element.octave)
        else:
            text += "z"
        text += _duration(element.duration * 2) + ("-" if element.tie else "")
        at += element.duration
    return text


def _signature(fifths: int) -> dict[str, int]:
    """Alterations of a signature: 2 gives F and C sharp."""
    names = [name[0] for name in table()["letters"][7:14]]  # F C G D A E B
    return dict.fromkeys(names[:fifths], 1) if fifths > 0 else dict.fromkeys(names[::-1][: -fifths or 0], -1)


def _letter(step: str, octave: int) -> str:
    """``C4`` is C, ``C5`` is c, ``C6`` is c', ``C3`` is C, (with a comma)."""
    return step.lower() + "'" * (octave - 5) if octave >= 5 else step + "," * (4 - octave)


def _duration(eighths: Fraction) -> str:
    if eighths == 1:
        return ""
    return (
        str(eighths.numerator)
        if eighths.denominator == 1
        else f"{eighths.numerator if eighths.numerator > 1 else ''}/{eighths.denominator}"
    )

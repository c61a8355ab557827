"""One part of a MusicXML score, bar by bar."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from chiaroscore import InputError
from notation.loudness import table
from notation.quick import added, fraction
from rag_store.part_names import program_of

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
#: Quarter notes of the note values that a metronome mark may count.
_VALUES = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25}
#: MusicXML gives loudness as percent of forte, which is MIDI velocity 90.
_FORTE = 90
DRUM_CHANNEL = 10


@dataclass(frozen=True, slots=True)
class Written:
    """A note head: ``offset`` in quarter notes from the beginning of its bar, ``pitch`` as it sounds."""

    offset: Fraction
    duration: Fraction
    pitch: int
    velocity: int
    staff: int
    tie_start: bool
    tie_stop: bool
    name: str
    program: int
    drums: bool


@dataclass(slots=True)
class ReadBar:
    """A bar of one part."""

    meter: tuple[int, int]
    key: tuple[int, str] | None = None
    length: Fraction = Fraction(0)
    notes: list[Written] = field(default_factory=list)
    tempi: list[tuple[Fraction, float]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    ending_begins: bool = False
    ending_ends: bool = False


@dataclass(frozen=True, slots=True)
class _Player:
    """An instrument of the part list; ``key`` is the percussion key of an unpitched one, 0 for none."""

    name: str
    program: int
    drums: bool
    key: int


class PartReader:
    """Reads the bars of a part; holds what lasts over a bar line: divisions, meter, key, loudness."""

    def __init__(self, declared: Element, root: Element) -> None:
        self._players = _players(declared)
        self._divisions = Fraction(1)
        self._meter = (4, 4)
        self._key: tuple[int, str] | None = None
        self._transpose = 0
        self._velocity = int(table()["unmarked"])
        self._at, self._chord_at = Fraction(0), Fraction(0)

    def bars(self, part: Element) -> list[ReadBar]:
        """Return the bars of the part.

        Raises
        ------
        InputError
            If a number in it is none.
        """
        try:
            return [self._bar(measure) for measure in part.findall("measure")]
        except (ValueError, ZeroDivisionError, OverflowError) as error:
            raise InputError(
                f"a part of the score has a number that is none ({error}); export it again"
            ) from error

    def _bar(self, measure: Element) -> ReadBar:
        self._at = Fraction(0)
        bar = ReadBar(self._meter)
        for child in measure:
            if child.tag == "note":
                self._note(child, bar)
            elif child.tag == "backup":
                self._at = max(Fraction(0), self._at - self._duration(child))
            elif child.tag == "forward":
                self._at = added(self._at, self._duration(child))
            elif child.tag == "attributes":
                self._attributes(child)
            elif child.tag in ("direction", "sound"):
                self._direction(child, bar)
            elif child.tag == "barline":
                _ending(child, bar)
            if self._at > bar.length:
                bar.length = self._at
        bar.meter, bar.key = self._meter, self._key
        return bar

    def _duration(self, element: Element) -> Fraction:
        text = (element.findtext("duration") or "0").strip()
        count = fraction(int(text), 1) if text.isascii() and text.isdigit() else Fraction(text)
        return fraction(
            count.numerator * self._divisions.denominator, count.denominator * self._divisions.numerator
        )

    def _attributes(self, attributes: Element) -> None:
        divisions = attributes.findtext("divisions")
        if divisions:
            self._divisions = Fraction(divisions.strip())
            if self._divisions <= 0:
                raise ValueError(f"divisions {divisions!r}")
        self._meter = _meter(attributes.find("time")) or self._meter
        transpose = attributes.find("transpose")
        if transpose is not None:
            octaves = int(transpose.findtext("octave-change") or 0)
            self._transpose = int(float(transpose.findtext("chromatic") or 0)) + 12 * octaves
        fifths = attributes.findtext("key/fifths")
        if fifths:
            mode = (attributes.findtext("key/mode") or "").strip().lower()
            self._key = (_sounding(int(fifths), self._transpose), mode if mode in ("major", "minor") else "")

    def _note(self, note: Element, bar: ReadBar) -> None:
        if note.find("grace") is not None or note.find("cue") is not None:
            bar.dropped.append("grace or cue note(s)")
            if note.find("grace") is None and note.find("chord") is None:
                self._at += self._duration(note)
            return
        duration = self._duration(note)
        if note.find("chord") is None:
            self._chord_at = self._at
            self._at = added(self._at, duration)
        if note.find("rest") is not None or not duration:
            return
        player = self._player(note)
        pitch = self._pitch(note, player)
        if pitch is None or not 0 <= pitch <= 127:
            bar.dropped.append("note(s) without a pitch")
            return
        ties = {tie.get("type") for tie in note.findall("tie")}
        drums = player.drums or note.find("unpitched") is not None
        bar.notes.append(
            Written(
                self._chord_at, duration, pitch, self._velocity, int(note.findtext("staff") or 1),
                "start" in ties, "stop" in ties, player.name, 0 if drums else player.program, drums,
            )
        )  # fmt: skip

    def _player(self, note: Element) -> _Player:
        named = note.find("instrument")
        first = next(iter(self._players.values()))
        return first if named is None else self._players.get(named.get("id") or "", first)

    def _pitch(self, note: Element, player: _Player) -> int | None:
        """Return the sounding pitch, or the percussion key; None where the file names none."""
        pitch = note.find("pitch")
        if pitch is None:
            return player.key or None
        alter = float(pitch.findtext("alter") or 0)
        step = _STEPS.get((pitch.findtext("step") or "").strip())
        if step is None or not math.isfinite(alter):
            return None
        written = step + 12 * (int(pitch.findtext("octave") or 4) + 1) + round(alter)
        return player.key or written if player.drums else written + self._transpose

    def _direction(self, direction: Element, bar: ReadBar) -> None:
        """Read tempo and loudness; words are kept for scores that give their tempo in words only."""
        sound = direction if direction.tag == "sound" else direction.find("sound")
        qpm = float(sound.get("tempo") or 0) if sound is not None else 0.0
        qpm = qpm or _metronome(direction.find("direction-type/metronome"))
        if 10 <= qpm <= 600:
            bar.tempi.append((self._at, qpm))
        bar.words += [word.text for word in direction.findall("direction-type/words") if word.text]
        marks = direction.find("direction-type/dynamics")
        level = table()["levels"].get(marks[0].tag) if marks is not None and len(marks) else None
        if level is not None:
            self._velocity = int(level)
        elif sound is not None and sound.get("dynamics"):
            self._velocity = max(1, min(127, round(float(sound.get("dynamics") or 0) * _FORTE / 100)))


def _players(declared: Element) -> dict[str, _Player]:
    """Return the instruments of a part by id; at least one."""
    name = " ".join((declared.findtext("part-name") or "").split())[:60]
    name = "" if name == "MusicXML Part" else name
    players: dict[str, _Player] = {}
    for one in declared.findall("score-instrument") or [declared]:
        identity = one.get("id") or ""
        midi = next((m for m in declared.findall("midi-instrument") if m.get("id") == identity), None)
        called = " ".join((one.findtext("instrument-name") or name).split())[:60]
        program = _number(midi, "midi-program") - 1
        players[identity] = _Player(
            name or called,
            program if 0 <= program <= 127 else _guessed(called, name),
            _number(midi, "midi-channel") == DRUM_CHANNEL,
            max(0, _number(midi, "midi-unpitched") - 1),
        )
    return players


def _number(element: Element | None, tag: str) -> int:
    text = (element.findtext(tag) or "").strip() if element is not None else ""
    return int(text) if text.isdigit() and len(text) < 5 else 0


def _guessed(*names: str) -> int:
    """Return the program that a name means, the piano's if none does."""
    return next((program for name in names if (program := program_of(name)) is not None), 0)


def _meter(time: Element | None) -> tuple[int, int] | None:
    """Return a meter; ``3+2`` counts as 5, several fractions of one kind are added."""
    if time is None or time.find("beats") is None:
        return None
    beats = [sum(int(part) for part in (b.text or "4").split("+")) for b in time.findall("beats")]
    kinds = [int(kind.text or 4) for kind in time.findall("beat-type")]
    unit = max(kinds, default=4)
    if unit not in (1, 2, 4, 8, 16, 32) or any(kind <= 0 or unit % kind for kind in kinds):
        raise ValueError(f"beat type {kinds}")
    count = sum(n * (unit // kind) for n, kind in zip(beats, kinds, strict=False))
    if not 0 < count <= 64:
        raise ValueError(f"{count} beats in a bar")
    return count, unit


def _sounding(fifths: int, transpose: int) -> int:
    """Fifths of a transposing instrument's signature as it sounds: a semitone is seven fifths, mod twelve."""
    if not -11 <= fifths <= 11:
        raise ValueError(f"{fifths} fifths")
    if transpose % 12 == 0:
        return fifths
    return (fifths + 7 * transpose + 5) % 12 - 5


def _metronome(mark: Element | None) -> float:
    if mark is None:
        return 0.0
    value = _VALUES.get((mark.findtext("beat-unit") or "").strip(), 0.0)
    value = value * 1.5 if mark.find("beat-unit-dot") is not None else value
    number = (mark.findtext("per-minute") or "").strip()
    try:
        return float(number) * value
    except ValueError:
        return 0.0


def _ending(barline: Element, bar: ReadBar) -> None:
    kind = next((ending.get("type") for ending in barline.findall("ending")), None)
    bar.ending_begins |= kind == "start"
    bar.ending_ends |= kind in ("stop", "discontinue")

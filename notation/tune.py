"""What a parsed tune is: plain frozen dataclasses.

Conventions
-----------
Times are exact `fractions.Fraction` quarter notes from the start of the tune *as written* (repeats not
expanded). Bars are numbered from 1 in each voice; a pickup (anacrusis) is bar 0. ``span`` is ``(start, end)``
in characters of the ABC text, end exclusive. Pitches are MIDI numbers *as they sound* (``transpose=`` and
octave clefs applied); ``spelled`` is the written name in scientific form, ``C#4``,
``Bb3``, ``F##5``, of the same sounding octave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Note:
    """One note head as written (a chord is several notes of the same onset and span)."""

    pitch: int
    spelled: str
    onset: Fraction
    duration: Fraction  # quarter notes as notated: tuplet ratio applied, ties not merged; grace notes: 0
    bar: int
    tie_start: bool = False
    tie_stop: bool = False
    grace: bool = False
    tuplet: tuple[int, int] | None = None  # (3, 2): three in the time of two
    decorations: tuple[str, ...] = ()  # "staccato", "accent", "fermata", "trill" ...; not dynamics
    slur_start: int = 0
    slur_stop: int = 0
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Rest:
    """A rest as written; ``visible`` is False for ``x``."""

    onset: Fraction
    duration: Fraction
    bar: int
    visible: bool = True
    tuplet: tuple[int, int] | None = None
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of one voice, from its opening to its closing bar line."""

    number: int
    onset: Fraction
    duration: Fraction  # what the notes and rests in it add up to
    meter: tuple[int, int]
    left: str = ""  # bar lines as ABC: "|:", "|", "||" ...
    right: str = "|"
    ending: str = ""  # "1", "2", "1,3": the volta that starts at this bar; "" if none
    ending_stop: bool = False
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Mark:
    """A text or sign at a point in time: chord symbol, lyric syllable, dynamic, annotation."""

    text: str
    onset: Fraction
    bar: int
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class TempoChange:
    """A tempo from ``onset`` on."""

    onset: Fraction
    qpm: float  # quarter notes per minute
    text: str = ""  # "Andante"
    beat: Fraction = Fraction(1)  # the written beat unit in quarter notes: 3/2 for "Q:3/8=60"
    bpm: float = 0.0  # the written number of beats per minute


@dataclass(frozen=True, slots=True)
class MeterChange:
    """A meter from ``onset`` on; free meter (``M:none``) is ``(0, 0)``."""

    onset: Fraction
    numerator: int
    denominator: int
    symbol: str = ""  # "C", "C|", "2+3/8" as written, if it was not a plain fraction


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key from ``onset`` on."""

    onset: Fraction
    tonic: str  # "D", "Bb", "F#"; "" for K:none
    mode: str  # "major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian", or "none"
    accidentals: tuple[tuple[str, int], ...] = ()  # (("F", 1), ("C", 1)): letter and alteration in semitones


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of the tune."""

    id: str
    name: str = ""
    clef: str = "treble"
    program: int | None = None  # General MIDI program 0-127, None if the tune names none
    percussion: bool = False
    transpose: int = 0
    notes: tuple[Note, ...] = ()
    rests: tuple[Rest, ...] = ()
    bars: tuple[Bar, ...] = ()
    chords: tuple[Mark, ...] = ()  # chord symbols, "Dm7"
    lyrics: tuple[Mark, ...] = ()
    dynamics: tuple[Mark, ...] = ()  # "p", "mf", "crescendo(", "crescendo)", "diminuendo(", "diminuendo)"
    annotations: tuple[Mark, ...] = ()
    meters: tuple[MeterChange, ...] = ()
    keys: tuple[KeyChange, ...] = ()

    @property
    def duration(self) -> Fraction:
        """Written length in quarter notes."""
        return self.bars[-1].onset + self.bars[-1].duration if self.bars else Fraction(0)


@dataclass(frozen=True, slots=True)
class Sounding:
    """One note as it is played: repeats expanded, ties merged, graces sounded."""

    pitch: int
    onset: Fraction  # quarter notes from the start of the performance
    duration: Fraction
    velocity: int
    voice: int  # index into Tune.voices
    bar: int  # the written bar it comes from
    span: Span = (0, 0)
    grace: bool = False


@dataclass(frozen=True, slots=True)
class Performance:
    """A tune as it is played.

    ``notes`` are sorted by onset, voice, pitch; ``tempi`` and ``meters`` are in played time; ``duration`` is
    the played length in quarter notes, trailing rests included.
    """

    notes: tuple[Sounding, ...]
    tempi: tuple[TempoChange, ...]
    meters: tuple[MeterChange, ...]
    duration: Fraction

    def seconds(self, quarters: Fraction | float) -> float:
        """Seconds from the start at a point given in quarter notes, following every tempo change."""
        total, at = 0.0, Fraction(0)
        for tempo, following in zip(self.tempi, (*self.tempi[1:], None), strict=True):
            end = quarters if following is None else min(Fraction(quarters), following.onset)
            if end > at:
                total += float(end - at) * 60.0 / tempo.qpm
                at = Fraction(end)
        return total


@dataclass(frozen=True, slots=True)
class Tune:
    """A parsed tune: everything the text says, as written, and how it is played."""

    abc: str
    headers: dict[str, str]  # "X", "T", "C", "R" ... as written; several T: lines joined by newline
    title: str
    composer: str
    unit: Fraction  # L: in quarter notes
    meter: MeterChange
    key: KeyChange
    tempo: TempoChange
    voices: tuple[Voice, ...]
    tempi: tuple[TempoChange, ...]
    performance: Performance = field(repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about an ABC text. ``line`` and ``column`` count from 1; 0 means the text as a whole."""

    severity: str  # "error": it would play or draw wrongly; "warning": it is readable, but look at it
    line: int
    column: int
    message: str
    hint: str
    code: str = ""  # stable short name: "prose", "missing-key", "bar-length", "voice-length", "range" ...

    def __str__(self) -> str:
        """Return ``error 7:25 message (hint)``."""
        return f"{self.severity} {self.line}:{self.column} {self.message} ({self.hint})"

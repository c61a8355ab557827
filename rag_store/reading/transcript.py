"""What a reader of MIDI, MusicXML or kern hands on: parts of notes on an exact grid, and what governs them.

Times are quarter notes from the beginning of the first full or partial bar, exact fractions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Sound:
    """One note."""

    onset: Fraction
    duration: Fraction
    pitch: int  # MIDI; of a drum part the General MIDI percussion key
    velocity: int = 80


@dataclass(frozen=True, slots=True)
class Part:
    """The notes of one player, by onset and pitch; chords and overlaps are allowed."""

    name: str
    program: int  # General MIDI, 0 to 127; of drums 0
    drums: bool
    notes: tuple[Sound, ...]


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature from ``onset`` on, which is the beginning of a bar."""

    onset: Fraction
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Tempo:
    """Quarter notes a minute from ``onset`` on."""

    onset: Fraction
    qpm: float


@dataclass(frozen=True, slots=True)
class Signature:
    """A key signature from ``onset`` on: fifths (sharps positive), and "major", "minor" or "" if unsaid."""

    onset: Fraction
    fifths: int
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A piece."""

    parts: tuple[Part, ...]
    meters: tuple[Meter, ...]  # at least one, the first at 0
    tempi: tuple[Tempo, ...] = ()  # none if the file names none
    signatures: tuple[Signature, ...] = ()  # none if the file names none
    pickup: Fraction = Fraction(0)  # length of the partial bar at the beginning, 0 for none
    title: str = ""
    composer: str = ""
    year: int = 0
    remarks: tuple[str, ...] = field(default=())  # what could not be kept, for the report
    rights: str = ""  # what the file says of its terms, as it says it

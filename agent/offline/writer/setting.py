"""The setting of a melody: harmony, bass, range and habits that it is written against."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

import numpy as np

from agent.offline.writer.events import Event, as_float, starts_of
from agent.offline.writer.harmony import Span
from agent.offline.writer.line import LineStyle, against_bass
from agent.offline.writer.meter import Meter
from agent.offline.writer.pattern import table
from agent.offline.writer.theory import NATURAL, Chord, Tone

#: Seconds that a melody note lasts at least.
QUICKEST = 0.112


def shortest_value(tempo: float) -> Fraction:
    """Return the shortest note value of a melody that lasts long enough to be played and heard.

    ``tempo`` in quarter notes per minute.
    """
    values = (Fraction(1, 4), Fraction(1, 2), Fraction(1))
    return next((value for value in values if float(value) * 60 / tempo >= QUICKEST), values[-1])


@dataclass(frozen=True, slots=True)
class Habits:
    """How melodies of a genre are made: see ``data/melody.json``. Probabilities in [0, 1]."""

    schemes: tuple[tuple[str, float], ...] = (("period", 1.0), ("sequence", 1.0), ("sentence", 1.0))
    upbeat: float = 0.5  # phrases begin before the bar line
    syncopation: float = 0.0  # notes come before the beat
    late: float = 0.3  # cadences land on the second strong beat
    lean: float = 0.2  # long notes begin with a dissonance that resolves by step
    ornament: float = 0.4  # returns are decorated
    colour: float = 0.0  # lower neighbours are raised to a semitone
    pace: float = 1.0  # scales the length of notes
    even: float = 0.0  # 1: figures of equal values are motifs as good as others
    least: float = 0.0  # shortest value of a figure in quarter notes

    @classmethod
    def of(cls, genre: str) -> Habits:
        """Return the habits of a genre; the usual ones of one that has no entry."""
        record = dict(table("melody")["genres"].get(genre, {}))
        schemes = tuple(record.pop("schemes", {}).items())
        return cls(schemes, **record) if schemes else cls(**record)


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a melody is written against."""

    bar: Meter
    tonic: Tone
    mode: str
    spans: list[Span]
    low: int  # MIDI range of the instrument
    high: int
    center: int
    note_length: float
    style: LineStyle
    breath: bool  # the player needs air, or the tempo leaves time for it
    total_bars: int
    blue: bool = False  # blue notes may stand
    climax: int = 0  # bar of the one high point, from 0
    bass: tuple[Event, ...] = ()  # the bass line, if it is written first
    habits: Habits = field(default_factory=Habits)
    shortest: Fraction = Fraction(1, 4)  # shortest note in quarter notes that the tempo leaves time for
    alone: bool = False  # nobody plays while the melody rests
    bass_starts: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """List the starts of the bass line once."""
        object.__setattr__(self, "bass_starts", starts_of(self.bass))

    def bass_around(self, time: Fraction) -> tuple[int | None, int | None]:
        """MIDI pitch of the bass at a time and just before it.

        Where it rests, what sounded last; None before all.
        """
        at_time = as_float(time)
        now = bisect.bisect_right(self.bass_starts, at_time) - 1
        before = bisect.bisect_left(self.bass_starts, at_time) - 1
        at, earlier = (self.bass[place].pitches[0] if place >= 0 else None for place in (now, before))
        return at, earlier

    def clash(self, old: int, new: int, time: Fraction) -> float:
        """Cost of two melody pitches against the bass, the second at a time; see `against_bass`."""
        bass, before = self.bass_around(time)
        if bass is None or before is None or bass == before:
            return 0.0
        return float(against_bass(np.array([old]), np.array([new]), before, bass)[0, 0])

    @property
    def least(self) -> Fraction:
        """Shortest value of a figure in quarter notes: by tempo and by genre."""
        return max(self.shortest, Fraction(self.habits.least))

    @property
    def slow(self) -> bool:
        """Whether sixteenths are no trouble."""
        return self.shortest <= Fraction(1, 4)

    @property
    def width(self) -> float:
        """Semitones that the line moves about its centre."""
        return min(7.0, (self.high - self.low) / 3.4)

    @property
    def peak(self) -> float:
        """MIDI pitch of the climax, about."""
        return min(self.high - 1.0, self.center + 1.65 * self.width)


@lru_cache(maxsize=4096)
def consonant(over: Chord, alters: tuple[int, ...], *, blue: bool = False) -> frozenset[int]:
    """Pitch classes that may stand on a strong beat over a chord.

    A power chord lets its scale's third and seventh stand as well; the blues its flat third and seventh.
    """
    pcs = set(over.pcs)
    if over.quality in ("maj7", "maj9"):
        pcs.discard(over.root.pc)  # a semitone over the seventh
    if over.quality == "5":
        pcs |= {
            (NATURAL[letter] + alters[letter]) % 12 for letter in ((over.root.letter + n) % 7 for n in (2, 6))
        }
    if blue:
        pcs |= {(over.root.pc + 3) % 12, (over.root.pc + 10) % 12}
    return frozenset(pcs)

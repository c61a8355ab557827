"""Register: where the melody lies, as a word, a note name or a MIDI number.

Conventions
-----------
Pitches are MIDI numbers as they sound; C4 is 60. What is asked for is the mean pitch of the melody's notes,
each counted by its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.values import is_number, shown, whole
from chiaroscore import ControlError
from notation import Instrument

#: Centres of a melody that can be asked for: C2 to C7.
CENTRE = (36, 96)
#: Semitones by which the melody's mean pitch may miss a centre.
TOLERANCE = 4.0
#: Words -> lowest and highest mean pitch, and the centre to write around.
WORDS = {"low": (36.0, 59.0, 55), "middle": (59.0, 71.0, 65), "high": (71.0, 96.0, 76)}
#: Semitones that a melody needs on either side of its centre.
ROOM = 7
_SAME = {"deep": "low", "bass": "low", "medium": "middle", "mid": "middle", "treble": "high"}
_NOTE = re.compile(r"\s*([A-Ga-g])(#|♯|b|♭)?(-?\d)\s*")
_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, slots=True)
class Register:
    """A register that was asked for: a mean pitch from ``low`` to ``high`` meets it."""

    asked: str
    centre: int
    low: float
    high: float

    def centre_for(self, player: Instrument) -> int | None:
        """Return the centre that a player can sing around, None if its range has no room there."""
        bottom, top = player.low + ROOM, player.high - ROOM
        if self.asked not in WORDS:
            return self.centre if bottom <= self.centre <= top else None
        nearest = min(max(self.centre, bottom), top)
        return nearest if self.low + 2 <= nearest <= self.high - 2 else None


def parse_register(value: object) -> Register:
    """Read a register: "low", "middle", "high", a note name such as "C5", or a MIDI number.

    Raises
    ------
    ControlError
        If it is none of these, or out of range.

    Examples
    --------
    >>> parse_register("Bb4").centre, parse_register("72").centre
    (70, 72)
    """
    if isinstance(value, Register):
        return value
    if isinstance(value, str) and not is_number(value):
        plain = value.strip().lower()[:40]
        word = _SAME.get(plain, plain)
        if word in WORDS:
            low, high, centre = WORDS[word]
            return Register(word, centre, low, high)
        return _around(_pitch(value), value.strip())
    pitch = whole("register", value, *CENTRE)
    return _around(pitch, str(pitch))


def _pitch(text: str) -> int:
    match = _NOTE.fullmatch(text[:40])
    if match is None:
        raise ControlError(
            f"register {shown(text)} is unknown; give low, middle, high, a note such as C5, "
            f"or a MIDI number from {CENTRE[0]} to {CENTRE[1]}"
        )
    letter, sign, octave = match.groups()
    shift = {"#": 1, "♯": 1, "b": -1, "♭": -1, None: 0}[sign]
    pitch = 12 * (int(octave) + 1) + _CLASSES[letter.upper()] + shift
    if not CENTRE[0] <= pitch <= CENTRE[1]:
        raise ControlError(f"register {shown(text)} is out of range; give C2 to C7")
    return pitch


def _around(pitch: int, asked: str) -> Register:
    return Register(asked, pitch, pitch - TOLERANCE, pitch + TOLERANCE)

"""Keys: reading them as people write them, and what they hold.

Conventions
-----------
Pitch classes are 0-11 from C. ``fifths`` counts the sharps of the signature, flats being negative.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chiaroscore import ControlError
from notation import MODES

_LETTER = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FIFTHS = "FCGDAEB"

#: Sharps of a mode's signature beyond those of the major key on the same tonic.
_SHIFT = {"lydian": 1, "major": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "phrygian": -4, "locrian": -5}
_SUFFIX = {"major": "", "minor": "m"} | {mode: mode[:3] for mode in MODES if mode not in ("major", "minor")}
_WORDS = {"": "major", "maj": "major", "ionian": "major", "ion": "major", "dur": "major"}
_WORDS |= {"m": "minor", "min": "minor", "mi": "minor", "aeolian": "minor", "aeo": "minor", "moll": "minor"}
_WORDS |= (
    {mode: mode for mode in MODES} | {mode[:3]: mode for mode in MODES} | {mode[:4]: mode for mode in MODES}
)
_TEXT = re.compile(r"^\s*([A-Ga-g])\s*[- ]?\s*(#|♯|b|♭|sharp|flat)?[\s-]*([A-Za-z]*)\s*$")
_LONGEST = 40
_HOW = 'write it like "D dorian", "Bb major" or "F#m"'


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic and a mode whose signature has at most seven sharps or flats."""

    tonic: str  # "D", "Bb", "F#"
    mode: str  # a name of `MODES`

    @property
    def name(self) -> str:
        """``D dorian``, ``Bb major``."""
        return f"{self.tonic} {self.mode}"

    @property
    def abc(self) -> str:
        """Value of an ABC ``K:`` field: ``Ddor``, ``Bb``, ``F#m``."""
        return self.tonic + _SUFFIX[self.mode]

    @property
    def tonic_class(self) -> int:
        """Pitch class of the tonic."""
        return (_LETTER[self.tonic[0]] + _sharps(self.tonic)) % 12

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The seven pitch classes, from the tonic up."""
        return tuple((self.tonic_class + step) % 12 for step in MODES[self.mode])

    @property
    def fifths(self) -> int:
        """Sharps of the signature; flats are negative."""
        return _fifths(self.tonic) + _SHIFT[self.mode]

    @property
    def accidentals(self) -> tuple[tuple[str, int], ...]:
        """Signature as letters with their alteration, in the order they are engraved."""
        if self.fifths >= 0:
            return tuple((letter, 1) for letter in _FIFTHS[: self.fifths])
        return tuple((letter, -1) for letter in _FIFTHS[::-1][: -self.fifths])

    @property
    def minor_third(self) -> bool:
        """Whether the third above the tonic is minor."""
        return MODES[self.mode][2] == 3


def parse_key(text: str | Key) -> Key:
    """Return the key that a text names: ``"D dorian"``, ``"Bb"``, ``"F#m"``, ``"c minor"``.

    Raises
    ------
    ControlError
        If the text is no key, or its signature would need more than seven sharps or flats.

    Examples
    --------
    >>> parse_key("c minor").abc, parse_key("F#m").name, parse_key("Ddor").fifths
    ('Cm', 'F# minor', 0)
    """
    if isinstance(text, Key):
        return text
    match = _TEXT.match(text) if isinstance(text, str) and len(text) <= _LONGEST else None
    if match is None:
        raise ControlError(f"key {_shown(text)} is not a key{_german(text)}; {_HOW}")
    letter, sign, word = match.groups()
    mode = _WORDS.get(word if word in ("m", "M") else word.lower())
    if word == "M":
        mode = "major"
    if mode is None:
        raise ControlError(
            f"key {_shown(text)} has the unknown mode {word[:20]!r}; modes are {', '.join(MODES)}"
        )
    sharp = {"#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b", None: ""}[sign]
    return _allowed(letter.upper() + sharp, mode, text)


def key_near(tonic_class: int, mode: str, most: int = 7) -> Key | None:
    """Return the key on a pitch class spelled with the fewer accidentals, None if that is over ``most``."""
    spelled = [Key(name, mode) for name in _spellings(tonic_class)]
    best = min(spelled, key=lambda key: (abs(key.fifths), key.fifths > 0))
    return best if abs(best.fifths) <= most else None


def _allowed(tonic: str, mode: str, text: str) -> Key:
    key = Key(tonic, mode)
    if abs(key.fifths) <= 7:
        return key
    other = key_near(key.tonic_class, mode)
    assert other is not None  # noqa: S101  # every pitch class has a spelling within seven
    raise ControlError(
        f"key {_shown(text)} would need {abs(key.fifths)} {'sharps' if key.fifths > 0 else 'flats'}; "
        f'ask for "{other.name}", which sounds the same'
    )


def _spellings(tonic_class: int) -> list[str]:
    names = [letter + sign for letter in _LETTER for sign in ("", "#", "b")]
    return [name for name in names if (_LETTER[name[0]] + _sharps(name)) % 12 == tonic_class % 12]


def _sharps(tonic: str) -> int:
    return tonic.count("#") - tonic[1:].count("b")


def _fifths(tonic: str) -> int:
    """Sharps of the major key on a tonic: C is 0, each step along F C G D A E B one more."""
    return _FIFTHS.index(tonic[0]) - 1 + 7 * _sharps(tonic)


def _german(text: object) -> str:
    hint = isinstance(text, str) and text.strip()[:1] in ("H", "h")
    return " (German H is B in English)" if hint else ""


def _shown(text: object) -> str:
    return repr(text if not isinstance(text, str) else text[:40])[:60]

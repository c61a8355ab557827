"""Keys, scales and chords as spelled pitches.

Conventions
-----------
A *step* is a diatonic index: octave * 7 + letter (C = 0 ... B = 6), so C4 (MIDI 60)
is 28. An *alteration* is in semitones against the natural letter. Roman numerals are relative to the major
scale of the tonic whatever the mode (``bVI`` is the flat sixth in major and in minor); case and suffix give
the quality, as in popular-music analysis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from notation import MODES

LETTERS = "CDEFGAB"
NATURAL = (0, 2, 4, 5, 7, 9, 11)
MINOR_MODES = frozenset({"minor", "dorian", "phrygian", "locrian"})

#: Quality -> ((letters above the root, semitones above the root), ...).
QUALITIES: dict[str, tuple[tuple[int, int], ...]] = {
    "": ((0, 0), (2, 4), (4, 7)),
    "m": ((0, 0), (2, 3), (4, 7)),
    "dim": ((0, 0), (2, 3), (4, 6)),
    "aug": ((0, 0), (2, 4), (4, 8)),
    "5": ((0, 0), (4, 7)),
    "sus2": ((0, 0), (1, 2), (4, 7)),
    "sus4": ((0, 0), (3, 5), (4, 7)),
    "7sus4": ((0, 0), (3, 5), (4, 7), (6, 10)),
    "6": ((0, 0), (2, 4), (4, 7), (5, 9)),
    "m6": ((0, 0), (2, 3), (4, 7), (5, 9)),
    "7": ((0, 0), (2, 4), (4, 7), (6, 10)),
    "maj7": ((0, 0), (2, 4), (4, 7), (6, 11)),
    "m7": ((0, 0), (2, 3), (4, 7), (6, 10)),
    "m7b5": ((0, 0), (2, 3), (4, 6), (6, 10)),
    "dim7": ((0, 0), (2, 3), (4, 6), (6, 9)),
    "add9": ((0, 0), (2, 4), (4, 7), (1, 14)),
    "madd9": ((0, 0), (2, 3), (4, 7), (1, 14)),
    "9": ((0, 0), (2, 4), (4, 7), (6, 10), (1, 14)),
    "maj9": ((0, 0), (2, 4), (4, 7), (6, 11), (1, 14)),
    "m9": ((0, 0), (2, 3), (4, 7), (6, 10), (1, 14)),
    "7b9": ((0, 0), (2, 4), (4, 7), (6, 10), (1, 13)),
}
#: Qualities whose usual symbol the common ABC programs cannot read are shown by the plainer chord they
#: contain.
_SYMBOL = {"7b9": "7"}
_DEGREES = {"i": 0, "ii": 1, "iii": 2, "iv": 3, "v": 4, "vi": 5, "vii": 6}
_MAJOR = MODES["major"]
_ROMAN = re.compile(r"^([b#]?)([IViv]+)(.*)$")


@dataclass(frozen=True, slots=True)
class Tone:
    """A letter (0-6) with its alteration in semitones."""

    letter: int
    alter: int

    @property
    def pc(self) -> int:
        """Pitch class, 0-11."""
        return (NATURAL[self.letter] + self.alter) % 12

    @property
    def name(self) -> str:
        """``C``, ``F#``, ``Bb``."""
        return LETTERS[self.letter] + ("#" * self.alter if self.alter > 0 else "b" * -self.alter)

    def above(self, letters: int, semitones: int) -> Tone:
        """Tone that many letters and semitones higher, spelled by its letter."""
        letter = (self.letter + letters) % 7
        alter = (self.pc + semitones - NATURAL[letter] + 6) % 12 - 6
        return Tone(letter, alter)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: its tones from the root up, and its symbol."""

    roman: str
    root: Tone
    quality: str
    tones: tuple[Tone, ...]
    bass: Tone | None = None  # of an inversion or over a pedal; None: the root

    @property
    def low(self) -> Tone:
        """Tone in the bass."""
        return self.bass or self.root

    @property
    def symbol(self) -> str:
        """Chord symbol such as ``F#m7`` or ``C/E``."""
        over = f"/{self.bass.name}" if self.bass is not None and self.bass != self.root else ""
        return self.root.name + _SYMBOL.get(self.quality, self.quality) + over

    @property
    def pcs(self) -> frozenset[int]:
        """Pitch classes of all tones."""
        return frozenset(tone.pc for tone in self.tones)


def tonic(name: str) -> Tone:
    """Tone of a tonic name such as ``Bb`` or ``F#``."""
    return Tone(LETTERS.index(name[0].upper()), name.count("#") - name[1:].count("b"))


@lru_cache(maxsize=1024)
def midi(step: int, alter: int) -> int:
    """MIDI pitch of a diatonic step with an alteration."""
    return 12 * (step // 7 + 1) + NATURAL[step % 7] + alter


@lru_cache(maxsize=512)
def scale(tonic_tone: Tone, mode: str) -> tuple[Tone, ...]:
    """Seven tones of a mode, from its tonic."""
    return tuple(tonic_tone.above(degree, semitones) for degree, semitones in enumerate(MODES[mode]))


@lru_cache(maxsize=4096)
def chord(roman: str, tonic_tone: Tone) -> Chord:
    """Chord of a Roman numeral over a tonic; ``V7/ii`` is the dominant of the second degree.

    After a colon stands what is in the bass: ``I:3`` the chord's third, ``V7:7`` its seventh, ``IV:i`` the
    key's tonic and ``IV:v`` its dominant, as pedals. After an at sign stands the key that the numeral is of,
    if it is not the home key: ``IV@V``. A root of two sharps or flats is spelled by its neighbour.

    Raises
    ------
    ValueError
        If the numeral cannot be read (a fault in a data file, not in a user's input).
    """
    inside, _, region = roman.partition("@")
    if region:
        return replace(chord(inside, region_of(roman, tonic_tone)[0]), roman=roman)
    plain, _, below = roman.partition(":")
    head, _, applied = plain.partition("/")
    match = _ROMAN.match(head)
    if match is None or match.group(2).lower() not in _DEGREES:
        raise ValueError(f"unreadable Roman numeral {roman!r}")
    accidental, numeral, suffix = match.groups()
    base = chord(applied, tonic_tone).root if applied else tonic_tone
    degree = _DEGREES[numeral.lower()]
    root = base.above(degree, _MAJOR[degree] + {"b": -1, "#": 1, "": 0}[accidental])
    quality = _quality(numeral.islower(), suffix, roman)
    root = _plainly(root, QUALITIES[quality])
    tones = tuple(root.above(letters, semitones) for letters, semitones in QUALITIES[quality])
    return Chord(roman, root, quality, tones, _bass(below, tones, tonic_tone, roman))


def _plainly(root: Tone, shape: tuple[tuple[int, int], ...], most: int = 2) -> Tone:
    """Return a root spelled by the neighbouring letter if it or a tone over it has too many signs."""
    signs = max(abs(root.above(letters, semitones).alter) for letters, semitones in shape)
    if abs(root.alter) < 2 and signs <= most:
        return root
    return root.above(1 if root.alter > 0 else -1, 0)


def mode_of(region: str) -> str:
    """Return the mode of a region, named by the numeral of its key: major or minor."""
    return "minor" if region.lstrip("b#").islower() else "major"


@lru_cache(maxsize=512)
def region_of(roman: str, tonic_tone: Tone) -> tuple[Tone, str]:
    """Return tonic and mode of the region that a numeral names after its at sign.

    A key of double signs is spelled by its enharmonic neighbour.
    """
    region = roman.partition("@")[2]
    mode = mode_of(region)
    return _plainly(chord(region, tonic_tone).root, tuple(enumerate(MODES[mode])), 1), mode


def _bass(below: str, tones: tuple[Tone, ...], tonic_tone: Tone, roman: str) -> Tone | None:
    """Tone that a numeral puts into the bass: a member of its chord, or a pedal; None for the root."""
    if not below:
        return None
    if below in ("i", "v"):
        return tonic_tone if below == "i" else tonic_tone.above(4, 7)
    place = {"3": 1, "5": 2, "7": 3}.get(below, len(tones))
    if place >= len(tones):
        raise ValueError(f"no such bass in Roman numeral {roman!r}")
    return tones[place]


def _quality(minor: bool, suffix: str, roman: str) -> str:
    """Quality name from the case and suffix of a numeral."""
    known = {"o": "dim", "o7": "dim7", "ø7": "m7b5", "+": "aug"}
    quality = known.get(suffix, suffix)
    if minor and suffix not in {*known, "5"}:
        quality = "m" + quality
    if quality not in QUALITIES:
        raise ValueError(f"unknown chord quality in {roman!r}")
    return quality


@lru_cache(maxsize=4096)
def chord_scale(tonic_tone: Tone, mode: str, over: Chord) -> tuple[int, ...]:
    """Alteration of each letter C..B when ``over`` sounds: the mode, with the chord's own tones in place.

    In a region the mode is the region's.

    Returns
    -------
    tuple of 7 ints
    """
    alters = [0] * 7
    if "@" in over.roman:
        tonic_tone, mode = region_of(over.roman, tonic_tone)
    for tone in scale(tonic_tone, mode):
        alters[tone.letter] = tone.alter
    for tone in over.tones:
        alters[tone.letter] = tone.alter
    return tuple(alters)

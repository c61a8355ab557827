"""Staff positions, accidentals and keys as pitches with names.

Conventions
-----------
A *step* counts white keys from middle C: 0 is C4, 7 is C5, -1 is B3. An *alteration* counts semitones: 1 is a
sharp.
"""

from __future__ import annotations

from functools import lru_cache

LETTERS = "CDEFGAB"
_NATURAL = (0, 2, 4, 5, 7, 9, 11)
#: Letters moved by a transposition of 0-11 semitones: the diatonic size of the interval a musician would
#: write.
_STEPS_OF = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)
ALTERATION = {
    "sharp": 1,
    "flat": -1,
    "natural": 0,
    "dblsharp": 2,
    "dblflat": -2,
    "quartersharp": 0,  # no MIDI pitch between two keys: played as the natural
    "quarterflat": 0,
}
_MODES = {
    "": "major",
    "maj": "major",
    "ion": "major",
    "m": "minor",
    "min": "minor",
    "aeo": "minor",
    "dor": "dorian",
    "phr": "phrygian",
    "lyd": "lydian",
    "mix": "mixolydian",
    "loc": "locrian",
}


def mode_name(mode: str) -> str:
    """Return ``major``, ``dorian`` ... for abcjs's ``""``, ``Dor`` ..."""
    return _MODES.get(mode.lower()[:3], "major")


@lru_cache(maxsize=4096)
def sounding(step: int, alteration: int, transpose: int) -> tuple[int, str]:
    """MIDI pitch and scientific name of a staff position, transposed by semitones.

    Returns
    -------
    (int, str)
        For example ``(61, "C#4")``. A name that would need more than two accidentals is respelled.
    """
    pitch = 60 + 12 * (step // 7) + _NATURAL[step % 7] + alteration + transpose
    octaves, semitones = divmod(transpose, 12)
    named = step + 7 * octaves + _STEPS_OF[semitones]
    moved = pitch - (60 + 12 * (named // 7) + _NATURAL[named % 7])
    if abs(moved) > 2:
        named += 1 if moved > 0 else -1
        moved = pitch - (60 + 12 * (named // 7) + _NATURAL[named % 7])
    sign = "#" * moved if moved > 0 else "b" * -moved
    return pitch, f"{LETTERS[named % 7]}{sign}{4 + named // 7}"

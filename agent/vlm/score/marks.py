"""Which decorations and chord symbols may stand in a score."""

from __future__ import annotations

import re

from agent.offline.writer.theory import QUALITIES

#: Dynamics and hairpins, by every name they go by in ABC 2.1.
DYNAMICS = {name: name for name in ("pp", "p", "mp", "mf", "f", "ff")}
HAIRPINS = {
    "crescendo(": "crescendo(", "<(": "crescendo(", "crescendo)": "crescendo)", "<)": "crescendo)",
    "diminuendo(": "diminuendo(", ">(": "diminuendo(", "diminuendo)": "diminuendo)", ">)": "diminuendo)",
}  # fmt: skip
#: Articulations and ornaments; a single letter or dot is the short form that the writer uses.
SIGNS = {
    "accent": "L", ">": "L", "emphasis": "L", "L": "L", ".": ".", "staccato": ".", "fermata": "fermata",
    "H": "fermata", "tenuto": "tenuto", "trill": "trill", "T": "trill", "~": "turn", "turn": "turn",
    "mordent": "mordent", "lowermordent": "mordent", "M": "mordent", "uppermordent": "uppermordent",
    "pralltriller": "uppermordent", "P": "uppermordent", "wedge": "wedge", "marcato": "marcato",
    "^": "marcato", "arpeggio": "arpeggio", "u": "upbow", "upbow": "upbow", "v": "downbow",
    "downbow": "downbow",
}  # fmt: skip

_SYMBOL = re.compile(r"\s*([A-Ga-g])([#b]?)([^/]{0,12})(?:/([A-Ga-g])([#b]?)|/[0-9]{1,2})?\s*")
#: What may follow a known quality: alterations and additions, which are left out.
_MORE = re.compile(r"[#b0-9+-]|add|alt|omit|no|sus")
#: Other ways to write a quality of `QUALITIES`; longer ones are tried first.
_WAYS = {
    "maj": "", "M": "", "major": "", "min": "m", "-": "m", "minor": "m", "min7": "m7", "-7": "m7",
    "mi7": "m7", "M7": "maj7", "major7": "maj7", "Maj7": "maj7", "o": "dim", "o7": "dim7", "+": "aug",
    "sus": "sus4", "min6": "m6", "min9": "m9", "M9": "maj9", "2": "sus2", "4": "sus4", "7sus": "7sus4",
    "dom7": "7", "7b9": "7", "maj6": "6",
}  # fmt: skip
_KNOWN = {**{quality: quality for quality in QUALITIES}, **_WAYS}


def mark(name: str) -> str:
    """Return a decoration as the score has it, ``"!mf!"`` or ``"."``; "" if it is not allowed."""
    found = DYNAMICS.get(name) or HAIRPINS.get(name) or SIGNS.get(name, "")
    return found if len(found) == 1 and found not in DYNAMICS else f"!{found}!" if found else ""


def for_rests(found: str) -> bool:
    """Return whether a decoration, as `mark` gives it, may stand over a rest."""
    name = found.strip("!")
    return name in DYNAMICS or name in HAIRPINS or name == "fermata"


def symbol(text: str) -> str:
    """Return a chord symbol in our spelling; an unknown quality becomes the chord that it begins with.

    "" if the text is no chord symbol.

    Examples
    --------
    >>> symbol("F#min7"), symbol("C7#9"), symbol("Bbmaj7/D"), symbol("N.C.")
    ('F#m7', 'C7', 'Bbmaj7/D', '')
    """
    match = _SYMBOL.fullmatch(text.replace("\u266d", "b"))
    if not match:
        return ""
    root, sign, quality, over, bent = match.groups()
    quality = re.sub(r"[\s()]", "", quality)
    known = next(n for n in range(len(quality), -1, -1) if quality[:n] in _KNOWN)
    if (quality[known:] and not _MORE.match(quality[known:])) or (root.islower() and len(quality) > known):
        return ""
    bass = f"/{over.upper()}{bent}" if over else ""
    return root.upper() + sign + _KNOWN[quality[:known]] + bass

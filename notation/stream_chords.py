"""Chord symbols for `notation.to_music21`: the kind of chord, and the writer's own spelling of it."""

from __future__ import annotations

import importlib.resources
import json
import re
from functools import cache

from music21 import expressions, harmony
from music21.exceptions21 import Music21Exception

_CHORD = re.compile(r"^([A-G])([#b♯♭]?)((?:[^/]|/(?=9))*)(?:/([A-G])([#b♯♭]?))?$")
_NO_CHORD = re.compile(r"^N\.?\s?C\.?$", re.IGNORECASE)
#: Ways to write a quality, and the one that ``data/chords.json`` knows, to be replaced in this order.
_QUALITIES = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"[\s(),/]", ""),
        (r"♭", "b"),
        (r"♯", "#"),
        (r"^(?:minor|min|Min|MIN|mi|-)", "m"),
        (r"^(m?)(?:Δ|∆|△|\^)7?", r"\1maj7"),
        (r"^(m?)(?:major|Maj|MAJ|Ma|ma(?=\d|$)|M)", r"\1maj"),
        (r"^(?:°|º|o)", "dim"),
        (r"^(?:ø|Ø|0)7?", "m7b5"),
        (r"^aug", "+"),
        (r"^dom", ""),
    )
)
#: What ABC's typewriter signs for a half-diminished and a major seventh chord stand for.
_SIGNS = str.maketrans({"0": "ø", "^": "Δ"})
_STEPS = re.compile(r"(add|no|omit)?([b#]?)(2|4|5|6|7|9|11|13|3)")
_MOST_LETTERS = 24


def chord_symbol(text: str) -> harmony.ChordSymbol | harmony.NoChord | expressions.TextExpression:
    """Return a chord symbol that does not sound; plain text above the staff if it is none we know.

    Its ``chordKindStr`` is the quality as written, so that programs print ``Cmaj7`` or ``CM7`` as the writer
    did. Added and altered steps are in its pitches, its figure and that text only: MusicXML would carry them
    once more as degrees, which programs print after the text, whether they are told to or not.
    """
    written = text.strip()
    if _NO_CHORD.match(written):
        return harmony.NoChord()
    found = _CHORD.match(written) if len(written) <= _MOST_LETTERS else None
    if found is None:
        return plain_text(text)
    root, sign, quality, bass, bass_sign = found.groups()
    known = _kind(_plain(quality))
    if known is None:
        return plain_text(text)
    below = bass + _sign(bass_sign) if bass else ""
    try:
        symbol = _symbol(root + _sign(sign), below, *known)
    except (Music21Exception, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return plain_text(text)  # music21 raises all of these on steps that a chord does not have
    symbol.chordKindStr = quality.strip().translate(_SIGNS) if quality[:1] in "0^" else quality.strip()
    symbol._figure = root + _sign(sign) + _plain(quality) + (f"/{below}" if below else "")
    symbol.writeAsChord = False
    return symbol


def plain_text(text: str) -> expressions.TextExpression:
    """Return words above the staff."""
    shown = expressions.TextExpression(text)
    shown.placement = "above"
    return shown


@cache
def _kinds() -> dict[str, tuple[str, str]]:
    text = (importlib.resources.files("notation") / "data" / "chords.json").read_text("utf-8")
    return {quality: (kind, steps) for quality, (kind, steps) in json.loads(text)["kinds"].items()}


def _plain(quality: str) -> str:
    for pattern, plain in _QUALITIES:
        quality = pattern.sub(plain, quality)
    return quality


def _kind(quality: str) -> tuple[str, str] | None:
    """Return music21's kind of a quality and the steps it adds or alters; None for no quality we know."""
    for length in range(len(quality), -1, -1):
        known, rest = _kinds().get(quality[:length]), quality[length:]
        if known and re.fullmatch(f"(?:{_STEPS.pattern})*", rest):
            return known[0], known[1] + rest
    return None


def _symbol(root: str, bass: str, kind: str, steps: str) -> harmony.ChordSymbol:
    symbol = harmony.ChordSymbol(root=root, bass=bass or None, kind=kind)
    for change, sign, number in _STEPS.findall(steps):
        name = {"add": "add", "": "alter"}.get(change, "subtract")
        alteration = {"b": -1, "#": 1}.get(sign, 0)
        symbol.addChordStepModification(harmony.ChordStepModification(name, int(number), alteration))
    symbol.chordStepModifications = []
    for pitch in symbol.pitches:
        if (
            pitch.accidental is not None
        ):  # or music21 would find signs for the whole part anew, these with them
            pitch.accidental.displayStatus = False
    return symbol


def _sign(sign: str | None) -> str:
    return {"#": "#", "♯": "#", "b": "-", "♭": "-"}.get(sign or "", "")

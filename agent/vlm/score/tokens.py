"""The signs of ABC music that are known, as one pattern; every other character falls under "junk".

Every alternative is bounded, so that a text is read in time proportional to its length.
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction

from agent.vlm.score.elements import ALTERATIONS, Tone

_LENGTH = r"[0-9]{0,4}(?:\.[0-9]{1,3})?(?:/{1,4}[0-9]{0,3})?(?:/[0-9]{0,3})?"
_HEAD = r"[_^=]{0,4}[A-Ga-g][#\u266d]{0,2}[,']{0,6}"
_VOLTA = r"[1-9](?:[,-][1-9]){0,3}"

TOKEN = re.compile(
    rf"""
    (?P<comment>%.*)
  | (?P<space>\s+)
  | (?P<field>\[[A-Za-z]:[^\]\n]{{0,200}}\]?)
  | (?P<quoted>"[^"|\n]{{0,60}}")
  | (?P<quote>"(?:[A-G][#b]?[a-z0-9]{{0,5}}(?=\s))?)
  | (?P<deco>!(?P<name>[^!|\n]{{1,30}})!|\+[a-z()<>]{{1,20}}\+)
  | (?P<grace>\{{[^}}|\n]{{0,80}}\}})
  | (?P<bar>(?:\[\|[\]:|]*|:{{1,4}}\|[|:\]]*|\|[|:\]]*|::)
      (?:\s{{0,4}}\[(?P<volta>{_VOLTA})(?![0-9/])|(?P<volta2>{_VOLTA})(?![0-9/]))?)
  | (?P<ending>\[(?P<volta3>{_VOLTA})(?=[\s"A-Ga-gzx_^=(\[{{!.]))
  | (?P<tuplet>\([ ]?(?P<p>[2-9])(?::(?P<q>[1-9]?))?(?::(?P<r>[1-9]?))?)
  | (?P<chord>\[(?P<heads>[^\]\[|"\n]{{1,80}})\](?P<length>{_LENGTH}))
  | (?P<open>\[(?P<loose>(?:{_HEAD}){{2,8}})(?P<length2>{_LENGTH})(?=[\s|]|$))
  | (?P<word>[A-Za-z]{{0,15}}[hijklmnopqrstwIJKNOQRSUVWY][A-Za-z]{{0,30}})
  | (?P<sign>[.~LHTMPuv](?=[.~LHTMPuv]{{0,4}}(?:\{{|\(|\[|[_^=]{{0,4}}[A-Ga-g])))
  | (?P<note>(?P<head>{_HEAD})(?P<length3>{_LENGTH})(?P<late>'{{1,4}}|,{{1,4}}(?=[A-Ga-gzx\[|]))?)
  | (?P<rest>[zx](?P<length4>{_LENGTH}))
  | (?P<bars>[ZX](?P<count>[0-9]{{0,3}}))
  | (?P<broken>>{{1,3}}|<{{1,3}})
  | (?P<tie>\.?-)
  | (?P<slur>\.?\()
  | (?P<unslur>\))
  | (?P<overlay>&)
  | (?P<layout>[\\`$;*y])
  | (?P<junk>.)
    """,
    re.VERBOSE,
)
_PITCH = re.compile(r"(?P<sign>[_^=]{0,4})(?P<letter>[A-Ga-g])(?P<late>[#\u266d]{0,2})(?P<octave>[,']{0,6})")
_SIZED = re.compile(rf"({_HEAD})({_LENGTH})")

#: Longest and shortest note that is read, in eighth notes.
LONGEST, SHORTEST = Fraction(64), Fraction(1, 8)


@functools.lru_cache(maxsize=4096)
def tone(text: str) -> tuple[Tone, bool]:
    """Return the note head of a text such as ``^c'``, and whether it was spelled as ABC spells it."""
    match = _PITCH.match(text)
    if not match:
        raise ValueError(f"{text!r} is no note head")
    sign, letter, late, marks = match.group("sign", "letter", "late", "octave")
    octave = (5 if letter.islower() else 4) + marks.count("'") - marks.count(",")
    found = sign or late.replace("#", "^").replace("\u266d", "_")
    clean = found in ALTERATIONS or not found
    octave_clean = min(max(octave, 0), 9)
    accidental = found if clean else found[-1]
    return Tone(letter.upper(), octave_clean, accidental), clean and not late and octave == octave_clean


def heads(text: str) -> list[tuple[Tone, bool, str]]:
    """Return the note heads in the brackets of a chord or grace group, each with its own length's text."""
    return [(*tone(head), length) for head, length in _SIZED.findall(text)]


@functools.lru_cache(maxsize=1024)
def length(text: str) -> tuple[Fraction, bool]:
    """Return a length in units, and whether it was written as ABC writes it.

    Lengths that no note value has are brought to the nearest quarter of a unit.
    """
    if not text:
        return Fraction(1), True
    whole, _, below = text.partition("/")
    above = Fraction(whole) if whole.strip("0.") else Fraction(1)
    slashes = len(below) - len(below.lstrip("/")) + 1
    digits = re.match(r"/*([0-9]*)", below)
    divisor = int(digits[1]) if digits and digits[1].strip("0") else 2**slashes
    value = above / divisor if "/" in text else above
    clean = not re.search(r"\.|/[0-9]*/[0-9]|^0|/0", text)
    if value.denominator & (value.denominator - 1):
        value, clean = Fraction(round(value * 4), 4), False
    bounded = min(max(value, SHORTEST), LONGEST)
    return bounded, clean and bounded == value

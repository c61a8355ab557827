"""Which drum a written letter means, and what the drums are called."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

_SIGNS = {"sharp": "^", "flat": "_", "natural": "=", "dblsharp": "^^", "dblflat": "__"}


@functools.cache
def drum_keys() -> dict[int, tuple[str, bool]]:
    """Return General MIDI percussion key -> name and whether its note head is a cross."""
    text = resources.files("notation").joinpath("data/percussion.json").read_text(encoding="utf-8")
    return {int(number): (row["name"], row["cross"]) for number, row in json.loads(text)["keys"].items()}


def letter_of(step: int) -> str:
    """Return the letter of a staff position: capital up to B4, small above; octave marks do not count."""
    letter = "CDEFGAB"[step % 7]
    return letter if step < 7 else letter.lower()


def drum_key(
    step: int, sign: str, found: Any, drummap: dict[str, int], percmap: dict[str, Any]
) -> int | None:
    """Return the General MIDI percussion key of a written note, or None if no map names it.

    abcjs has looked the letter up already if it knew the clef (``found[3]``); ``%%MIDI drummap`` and
    ``%%percmap`` are asked next, with the accidental and then without.
    """
    if found and found[3] is not None:
        return int(found[3])
    letter = letter_of(step)
    for name in (_SIGNS.get(sign, "") + letter, letter):
        key = drummap.get(name)
        if key is None and isinstance(percmap.get(name), dict):
            key = percmap[name].get("sound")
        if isinstance(key, int) and 0 <= key <= 127:
            return key
    return None

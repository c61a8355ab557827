"""Tempo words, and what a beat is in each meter.

Conventions
-----------
``qpm`` is quarter notes per minute. A beat is a dotted quarter in 6/8, 9/8 and 12/8, the whole bar in
3/8, a half note in 2/2, else a quarter note (in 7/8 too, whose beats are unequal).
"""

from __future__ import annotations

import difflib
import functools
import json
from importlib import resources
from typing import Any

from chiaroscore import ControlError

#: Meters that can be asked for.
METERS = ("2/4", "3/4", "4/4", "5/4", "2/2", "3/8", "6/8", "7/8", "9/8", "12/8")


def beat_quarters(meter: str) -> float:
    """Length of a beat in quarter notes."""
    if meter in ("3/8", "6/8", "9/8", "12/8"):
        return 1.5
    return 2.0 if meter == "2/2" else 1.0


def bar_quarters(meter: str) -> float:
    """Length of a bar in quarter notes."""
    top, bottom = meter.split("/")
    return int(top) * 4.0 / int(bottom)


def tempo_word(qpm: float, meter: str) -> str:
    """Return the Italian word for a tempo, by the beats of the meter.

    Examples
    --------
    >>> tempo_word(84, "4/4"), tempo_word(168, "6/8")
    ('Andante', 'Allegretto')
    """
    beats = qpm / beat_quarters(meter)
    return next(str(word) for limit, word in _data()["named_for_a_tempo"] if beats < limit)


def tempo_range(word: str) -> tuple[float, float, float]:
    """Return low, usual and high beats per minute of a canonical tempo word."""
    low, usual, high = _data()["words"][word]
    return float(low), float(usual), float(high)


def parse_tempo_word(text: str) -> str:
    """Return the canonical tempo word: ``"andante"`` gives ``"Andante"``, ``"fast"`` gives ``"Allegro"``.

    Raises
    ------
    ControlError
        If the word names no tempo; the message names the nearest.
    """
    words: dict[str, list[float]] = _data()["words"]
    plain = text.strip().lower()[:40]
    found = {word.lower(): word for word in words} | _data()["synonyms"]
    if plain in found:
        return str(found[plain])
    near = difflib.get_close_matches(plain, list(found), n=2, cutoff=0.0)
    raise ControlError(
        f"tempo {text[:40]!r} is neither a number nor a tempo word; nearest: {', '.join(near)}; "
        "give quarter notes per minute from 20 to 300, or a word such as Andante"
    )


@functools.cache
def _data() -> dict[str, Any]:
    text = resources.files("agent").joinpath("data/tempo_words.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded

"""The twelve mood words, their synonyms, and where they lie on the circumplex of valence and arousal."""

from __future__ import annotations

import difflib
import functools
import json
import math
from dataclasses import dataclass
from importlib import resources

from chiaroscore import ControlError

#: Ratings of single photographs lie about this much nearer to neutral than mood words do.
_OUTWARDS = 1.6


@dataclass(frozen=True, slots=True)
class Mood:
    """A canonical mood word and its place; valence and arousal in [-1, 1]."""

    name: str
    valence: float
    arousal: float
    synonyms: tuple[str, ...]


def mood(word: str | Mood) -> Mood:
    """Return the mood that a word names, itself or as a synonym.

    Raises
    ------
    ControlError
        If the word names no mood; the message names the nearest words.

    Examples
    --------
    >>> mood("Serene").name
    'calm'
    """
    if isinstance(word, Mood):
        return word
    if not isinstance(word, str):
        raise ControlError(f"mood {word!r} is not a word; choose one of {', '.join(m.name for m in moods())}")
    found = find_mood(word)
    if found is not None:
        return found
    near = difflib.get_close_matches(word.strip().lower()[:40], list(_words()), n=3, cutoff=0.0)
    raise ControlError(
        f"mood {word[:40]!r} is unknown; nearest: {', '.join(near)}; "
        f"or choose one of {', '.join(m.name for m in moods())}"
    )


def find_mood(word: str) -> Mood | None:
    """Return the mood of a word, or None if it names none."""
    return _words().get(word.strip().lower())


def nearest_mood(valence: float, arousal: float, *, seen: bool = True) -> Mood:
    """Return the mood nearest to a place on the circumplex, direction counting more than strength.

    Moods are full-blooded and pictures rarely are, so a place that was ``seen`` is first moved outwards by
    `_OUTWARDS`; one that was asked for is taken as it is.
    """
    outwards = _OUTWARDS if seen else 1.0
    x, y = outwards * valence, outwards * arousal
    return min(moods(), key=lambda one: math.hypot(one.valence - x, one.arousal - y))


@functools.cache
def moods() -> tuple[Mood, ...]:
    """Return the twelve moods in the order of the table."""
    text = resources.files("agent").joinpath("data/moods.json").read_text(encoding="utf-8")
    return tuple(
        Mood(name, row["valence"], row["arousal"], tuple(row["synonyms"]))
        for name, row in json.loads(text)["moods"].items()
    )


@functools.cache
def _words() -> dict[str, Mood]:
    return {word: one for one in moods() for word in (one.name, *one.synonyms)}

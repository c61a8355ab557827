"""Colour of harmony: progressions drawn by how bright and how tense they are, and chords borrowed for it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from agent.offline.writer.pattern import table

#: How strongly valence and tension weigh when a progression is drawn.
_PULL = 1.1
_NUMERAL = re.compile(r"^([b#]?)([IViv]+)(.*)$")

Progression = tuple[str, ...]


def drawn(choices: Sequence[Sequence[str]], valence: float, tension: float, rng: random.Random) -> list[str]:
    """Return one of several progressions: a dark plan tends to dark chords, a tense one to chromatic ones.

    The chance of each is proportional to ``exp(1.1 * (valence * b + tension * t))`` with its brightness b and
    tension t as z-scores among the choices.

    Parameters
    ----------
    choices
        Progressions of four bars of numerals.
    valence, tension
        Of the plan, in [-1, 1].
    """
    known = [tuple(choice) for choice in choices]
    bright = _scored([brightness(one) for one in known])
    tense = _scored([chromaticism(one) for one in known])
    weights = [math.exp(_PULL * (valence * b + tension * t)) for b, t in zip(bright, tense, strict=True)]
    return list(rng.choices(known, weights)[0])


def _scored(values: Sequence[float]) -> list[float]:
    """Return z-scores; zeros where all values are the same."""
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / spread if spread > 1e-9 else 0.0 for value in values]


@lru_cache(maxsize=4096)
def brightness(progression: Progression) -> float:
    """Return how bright a progression is: mean over its chords, 1 major, -1 minor, -1.5 diminished.

    A root on the flat side of the major scale takes half a point (Temperley 2007 on sharp and flat
    shadings).
    """
    return _mean(progression, _bright)


@lru_cache(maxsize=4096)
def chromaticism(progression: Progression) -> float:
    """Return how tense a progression is: mean over its chords.

    A point for an applied, diminished or altered chord, a sharpened root or bII; half a point for a
    suspension, a seventh in the bass or a pedal.
    """
    return _mean(progression, _tense)


def _mean(progression: Progression, value: Callable[[str], float]) -> float:
    """Return the mean of a chord's value over the bars."""
    numerals = [numeral for bar in progression for numeral in bar.split()]
    return sum(map(value, numerals)) / len(numerals)


def _bright(numeral: str) -> float:
    match = _NUMERAL.match(numeral.split("/")[0].split(":")[0])
    if match is None:
        return 0.0
    accidental, degree, suffix = match.groups()
    quality = -1.5 if suffix.startswith(("o", "ø")) else -1.0 if degree.islower() else 1.0
    return quality - (0.5 if accidental == "b" else 0.0)


def _tense(numeral: str) -> float:
    altered = "/" in numeral or "b9" in numeral or "o" in numeral or "ø" in numeral
    strong = altered or numeral.startswith(("bII", "#"))
    return 1.0 if strong else 0.5 if "sus" in numeral or (":" in numeral and numeral[-1] in "7iv") else 0.0


def coloured(
    bars: Sequence[str], family: str, *, minor: bool, valence: float, tension: float, rng: random.Random
) -> list[str]:
    """Return bars of numerals with some chords replaced after ``data/colours.json``; the last bar stays.

    Parameters
    ----------
    bars
        Numerals of a phrase, one string a bar.
    family
        Harmony family of the genre.
    minor
        Whether the key's third is minor.
    valence, tension
        Of the plan, in [-1, 1].
    """
    out = list(bars)
    for rule in table("colours")["rules"]:
        if family not in rule["families"] or rule["mode"] == ("major" if minor else "minor"):
            continue
        if not (rule["valence"][0] <= valence <= rule["valence"][1]):
            continue
        if not (rule["tension"][0] <= tension <= rule["tension"][1]):
            continue
        for at in range(len(out) - 1):
            here, following = out[at].split(), out[at + 1].split()
            fits = here[-1] in rule["from"] and following[0] in rule["next"]
            if fits and rng.random() < rule["chance"]:
                out[at] = _written(here, rule["to"])
    return out


def _written(here: Sequence[str], new: str) -> str:
    """Return a bar with the rule's chord in place of its last one; half a bar takes the rule's last chord."""
    if len(here) == 1:
        first, *rest = new.split()
        return " ".join([here[0], *rest]) if rest else first
    return f"{here[0]} {new.split()[-1]}"

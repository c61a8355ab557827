"""Form of a finished score: whether its sections are alike and different where their letters say so."""

from __future__ import annotations

import itertools

import numpy as np

from agent.checks.heard import Heard, Obeyed, Part
from agent.forms import Form

#: Least likeness of two sections with the same letter, of two of which one is varied, and most of two with
#: different letters. In 306 pairs of 60 pieces the first lay at 0.38 and more (median 0.83), the last at 0.33
#: and less (median 0.16).
ALIKE, VARIED, DIFFERENT = 0.38, 0.34, 0.38


def form(heard: Heard, asked: Form) -> Obeyed:
    """Check the form: the letters of the sections, and their melodies compared pair by pair."""
    letters = [part.letter for part in heard.sections if part.letter not in ("intro", "coda")]
    wanted = [letter for letter, _ in asked.letters]
    edges = [name for name in ("intro", "coda") if any(part.letter == name for part in heard.sections)]
    right = letters == wanted and edges == ["intro"] * asked.intro + ["coda"] * asked.coda
    wrong = [] if asked.layers else _faults(heard, asked)
    how = (
        "melodies of the sections compared bar by bar (Dice's share of notes in common, transposition "
        "allowed): "
        f"the same letter at least {ALIKE:.0%} alike ({VARIED:.0%} where it is varied), different ones at "
        f"most {DIFFERENT:.0%}"
    )
    if asked.layers:
        how = "number of voices that sound in each section: they do not all play throughout"
        wrong = [] if _layered(heard) else ["all voices play throughout"]
    measured = " ".join(_shown(part) for part in heard.sections) or "no sections"
    return Obeyed(
        "form", asked.name, measured + "".join(f"; {one}" for one in wrong[:3]), right and not wrong, how
    )


def likeness(heard: Heard, one: Part, other: Part) -> float:
    """Return how alike the melodies of two sections are, 0 to 1.

    Twice the number of notes that both have at the same place, bar by bar, over the notes of both (Dice's
    coefficient), at the transposition for which it is highest. The shorter section says how many bars are
    compared.
    """
    bars = min(one.bars, other.bars)
    first, second = (_onsets(heard, part.start, bars) for part in (one, other))
    together = len(first) + len(second)
    if not together:
        return 1.0
    shared = [second[at] - first[at] for at in first if at in second]
    best = max((shared.count(move) for move in set(shared)), default=0)
    return 2 * best / together


def _onsets(heard: Heard, start: int, bars: int) -> dict[tuple[int, float], int]:
    """Melody notes of some bars: (bar from the first, place in it) -> pitch."""
    line = heard.melody
    inside = line[(line["bar"] >= start) & (line["bar"] < start + bars)]
    meter = heard.tune.meter
    length = 4 * meter.numerator / (meter.denominator or 4)
    return {
        (int(row["bar"]) - start, round(float(row["onset"] % length), 4)): int(row["pitch"]) for row in inside
    }


def _faults(heard: Heard, asked: Form) -> list[str]:
    """Say which pairs of sections are not as their letters want them."""
    parts = [part for part in heard.sections if part.letter not in ("intro", "coda")]
    if len(parts) != asked.sections:
        return [f"{len(parts)} sections"]
    named = list(zip(parts, asked.letters, strict=True))
    found = []
    for (one, (letter, primes)), (other, (second, more)) in itertools.combinations(named, 2):
        like = likeness(heard, one, other)
        least = VARIED if primes != more or more else ALIKE
        if letter == second and like < least:
            found.append(f"{letter} returns only {like:.0%} alike")
        if letter != second and like > DIFFERENT:
            found.append(f"{letter} and {second} are {like:.0%} alike")
    return found


def _layered(heard: Heard) -> bool:
    """Whether the number of sounding voices changes from section to section."""
    counts = [
        len(np.unique(rows["voice"]))
        for part in heard.sections
        for rows in [
            heard.rows[(heard.rows["bar"] >= part.start) & (heard.rows["bar"] < part.start + part.bars)]
        ]
    ]
    return len(set(counts)) > 1


def _shown(part: Part) -> str:
    return f"{part.letter}({part.bars})"

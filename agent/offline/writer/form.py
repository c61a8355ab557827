"""Form: sections from letters, phrases in sections, a cadence for every phrase, an energy along the piece."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Cadence = Literal["open", "closed", "bridge", "final"]
_LETTER = re.compile(r"([A-Z])(['’]*)")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase: its bars (0-based start) and how it ends."""

    start: int
    bars: int
    cadence: Cadence
    index: int  # place within its section


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the form."""

    letter: str
    varied: bool  # a returning section, or one written with a prime
    start: int
    bars: int
    phrases: tuple[Phrase, ...]
    energy: float  # 0 quiet .. 1 full


def sections(form: str, bars: int) -> tuple[Section, ...]:
    """Lay a form out over a number of bars.

    Sections take whole four-bar phrases while the length allows; what is left over lengthens the last
    phrase. A piece too short for its form keeps the form's beginning and ends on a return of the first
    letter.

    Returns
    -------
    tuple of Section
        Their bars add up to ``bars`` exactly; the last phrase always has the cadence ``"final"``.
    """
    letters = _letters(form)
    units = max(1, bars // 4)
    if units < len(letters):
        letters = letters[:units]
        if units >= 3:
            letters[-1] = (letters[0][0], True)
    lengths = _shares(len(letters), units)
    built, start, seen = [], 0, set[str]()
    for place, ((letter, prime), length) in enumerate(zip(letters, lengths, strict=True)):
        last = place == len(letters) - 1
        size = bars - start if last else 4 * length
        phrases = _phrases(start, size, letter, last)
        built.append(Section(letter, prime or letter in seen, start, size, phrases, 0.0))
        seen.add(letter)
        start += size
    return tuple(_with_energy(built))


def _letters(form: str) -> list[tuple[str, bool]]:
    """Letters of a form with whether each carries a prime; anything without letters is through-composed."""
    name = form.strip()
    if re.fullmatch(r"[A-Z'’\s-]+", name):
        return [(letter, bool(prime)) for letter, prime in _LETTER.findall(name)]
    named = {"rondo": "ABACA", "ternary": "ABA'", "binary": "AB", "strophic": "AA'A'", "layers": "AA'A'A'"}
    return _letters(named.get(name.lower(), "ABCD"))


def _shares(count: int, units: int) -> list[int]:
    """Share phrase units among sections as evenly as they go, earlier ones first."""
    base, extra = divmod(units, count)
    return [base + (1 if place < extra else 0) for place in range(count)]


def _phrases(start: int, size: int, letter: str, last: bool) -> tuple[Phrase, ...]:
    """Four-bar phrases; a remainder goes to the last one."""
    count = max(1, size // 4)
    phrases = []
    for index in range(count):
        length = 4 if index < count - 1 else size - 4 * (count - 1)
        phrases.append(Phrase(start + 4 * index, length, _cadence(index, count, letter, last), index))
    return tuple(phrases)


def _cadence(index: int, count: int, letter: str, last: bool) -> Cadence:
    """Inner phrases end open; a section closes, but a contrasting one leads back with an open end."""
    if index < count - 1:
        return "bridge" if letter != "A" and index == 0 else "open"
    if last:
        return "final"
    if letter == "A":
        return "closed"
    return "open" if count > 1 else "bridge"


def climax_bar(form: tuple[Section, ...]) -> int:
    """Return the bar (0-based) on which the melody's one high point falls.

    It lies in the third quarter of a phrase, as near to two thirds of the piece as phrases allow; a phrase
    that is heard for the first time, and only once, goes before one that returns.
    """
    total = form[-1].start + form[-1].bars
    heard = [(section.letter, phrase.index) for section in form for phrase in section.phrases]
    costs: list[tuple[float, int]] = []
    for section in form:
        for phrase in section.phrases:
            name = (section.letter, phrase.index)
            bar = phrase.start + round(0.6 * (phrase.bars - 1))
            place = (bar + 0.5) / total
            fresh = all(other.start >= section.start for other in form if other.letter == section.letter)
            cost = abs(place - 0.64) + (0.0 if 0.36 <= place <= 0.78 else 1.0)
            costs.append((cost + (0.0 if fresh else 0.5) + (0.1 if heard.count(name) > 1 else 0.0), bar))
    return min(costs)[1]


def _with_energy(built: list[Section]) -> list[Section]:
    """Energy rises to about two thirds of the piece (the golden section), and falls a little at the end."""
    total = sum(section.bars for section in built)
    out = []
    for section in built:
        middle = (section.start + section.bars / 2) / total
        energy = 0.35 + 0.65 * max(0.0, 1 - abs(middle - 0.66) / 0.66)
        out.append(
            Section(
                section.letter, section.varied, section.start, section.bars, section.phrases, round(energy, 3)
            )
        )
    return out

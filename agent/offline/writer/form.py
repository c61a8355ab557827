"""Form: sections from letters, phrases in sections, a cadence for every phrase, an energy along the piece."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agent.forms import Form, parse_form

Cadence = Literal["open", "closed", "bridge", "final"]
Kind = Literal["intro", "theme", "layer", "coda"]
#: Fewest bars of a section, of an introduction and of a coda.
LEAST_SECTION = 2
#: Bars of a phrase where the length allows.
PHRASE = 4
#: Lengths of an introduction and of a coda, the usual one first.
_EDGES = {"intro": (4, 2, 3), "coda": (4, 2, 3, 5)}
#: Which idea each phrase of a section takes up (0: the first one again): period, contrast, double period ...
_SCHEMES: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((0,),),
    2: ((0, 0), (0, 1)),
    3: ((0, 0, 1), (0, 1, 0), (0, 1, 1)),
    4: ((0, 1, 0, 1), (0, 1, 0, 2), (0, 0, 1, 0), (0, 0, 1, 2)),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase: its bars (0-based start), how it ends, and which idea of its section it takes up."""

    start: int
    bars: int
    cadence: Cadence
    index: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the form; ``letter`` is "intro" or "coda" for those."""

    letter: str
    varied: bool  # a returning section, or one written with a prime
    start: int
    bars: int
    phrases: tuple[Phrase, ...]
    energy: float  # 0 quiet .. 1 full
    kind: Kind = "theme"
    turn: int = 0  # how often it has been varied before: its primes, or one for a plain return


def least_bars(form: str) -> int:
    """Return the fewest bars in which every section of a form is heard: two each, and four in all.

    Raises
    ------
    ControlError
        If the form is unknown.
    """
    read = parse_form(form)
    return max(PHRASE, LEAST_SECTION * (read.sections + read.intro + read.coda))


def usual_bars(form: str, section: int) -> int:
    """Return the bars of a form whose sections have ``section`` bars each, with its introduction and coda."""
    read = parse_form(form)
    edge = 4 if section >= 8 else 2
    return read.sections * section + edge * (read.intro + read.coda)


def sections(form: str, bars: int, rng: random.Random | None = None) -> tuple[Section, ...]:
    """Lay a form out over a number of bars.

    Sections take whole four-bar phrases while the length allows; what is left over lengthens the last
    phrase. A piece shorter than `least_bars` keeps the form's beginning and ends on a return of the first
    letter.

    Parameters
    ----------
    form
        As `agent.forms.parse_form` reads it.
    bars
        At least 4.
    rng
        Draws the scheme of phrases in each letter's sections; without one, the first scheme is taken.

    Returns
    -------
    tuple of Section
        Their bars add up to ``bars`` exactly; the last phrase always has the cadence ``"final"``.

    Raises
    ------
    ControlError
        If the form is unknown.
    """
    read = _shortened(parse_form(form), bars)
    intro, coda = _edges(read, bars)
    body = _body(read, bars - intro - coda, intro, rng)
    built = [_edge("intro", 0, intro)] if intro else []
    built += body
    if coda:
        built.append(_edge("coda", bars - coda, coda))
    return tuple(_with_energy(_closed(built), read.layers))


def _shortened(read: Form, bars: int) -> Form:
    """Return the form without what there is no room for: coda, introduction, then the last sections."""
    need = LEAST_SECTION * (read.sections + read.intro + read.coda)
    if read.coda and need > bars:
        read, need = replace(read, coda=False), need - LEAST_SECTION
    if read.intro and need > bars:
        read, need = replace(read, intro=False), need - LEAST_SECTION
    room = max(1, bars // LEAST_SECTION)
    if read.sections <= room:
        return read
    letters = list(read.letters[:room])
    if room >= 3:
        letters[-1] = (letters[0][0], 1)
    return replace(read, letters=tuple(letters))


def _edges(read: Form, bars: int) -> tuple[int, int]:
    """Bars of introduction and coda that leave whole phrases, evenly shared, to the sections."""

    def misfit(pair: tuple[int, int]) -> tuple[float, ...]:
        body = bars - sum(pair)
        if body < LEAST_SECTION * read.sections:
            return (9, body)
        long = max(pair) > body / read.sections  # an edge longer than a section
        return (float(long), float(body % (PHRASE * read.sections) != 0), float(body % PHRASE), -sum(pair))

    intros = _EDGES["intro"] if read.intro else (0,)
    codas = _EDGES["coda"] if read.coda else (0,)
    return min(itertools.product(intros, codas), key=misfit)


def _body(read: Form, bars: int, start: int, rng: random.Random | None) -> list[Section]:
    """Sections between introduction and coda; a letter that returns keeps its scheme of phrases."""
    lengths = _shares(read.sections, bars)
    schemes: dict[tuple[str, int], tuple[int, ...]] = {}
    built: list[Section] = []
    seen: dict[str, int] = {}
    for (letter, primes), size in zip(read.letters, lengths, strict=True):
        count = max(1, size // PHRASE)
        scheme = schemes.setdefault((letter, count), _scheme(count, rng))
        phrases = _phrases(start, size, letter, scheme, layered=read.layers)
        back = letter in seen
        turn = max(primes, 1 if back else 0)
        kind: Kind = "layer" if read.layers else "theme"
        built.append(Section(letter, bool(primes) or back, start, size, phrases, 0.0, kind, turn))
        seen[letter] = turn
        start += size
    return built


def _shares(count: int, bars: int) -> list[int]:
    """Share bars among sections: whole phrases as evenly as they go, what is left over to the last."""
    unit = PHRASE if bars // PHRASE >= count else LEAST_SECTION
    base, extra = divmod(bars // unit, count)
    lengths = [unit * (base + (1 if place < extra else 0)) for place in range(count)]
    lengths[-1] += bars - sum(lengths)
    return lengths


def _scheme(count: int, rng: random.Random | None) -> tuple[int, ...]:
    """Which idea each of a section's phrases takes up; long sections repeat groups of four."""
    if count <= PHRASE:
        return rng.choice(_SCHEMES[count]) if rng else _SCHEMES[count][0]
    first = _scheme(4, rng)
    other = tuple(3 + idea for idea in _scheme(4, rng))
    return tuple(itertools.islice(itertools.cycle(first + other), count))


def _phrases(
    start: int, size: int, letter: str, scheme: Sequence[int], *, layered: bool
) -> tuple[Phrase, ...]:
    """Four-bar phrases; a remainder goes to the last one."""
    count = len(scheme)
    phrases = []
    for place, idea in enumerate(scheme):
        length = PHRASE if place < count - 1 else size - PHRASE * (count - 1)
        cadence = "open" if layered else _cadence(place, count, letter)
        phrases.append(Phrase(start + PHRASE * place, length, cadence, idea))
    return tuple(phrases)


def _cadence(place: int, count: int, letter: str) -> Cadence:
    """Inner phrases end open; a section closes, but a contrasting one leads back with an open end."""
    if place < count - 1:
        if count >= PHRASE and place % 4 == 1 and letter == "A":
            return "open"
        return "closed" if place % 4 == 3 else "bridge" if letter != "A" and place == 0 else "open"
    if letter == "A":
        return "closed"
    return "open" if count > 1 else "bridge"


def _edge(kind: Literal["intro", "coda"], start: int, bars: int) -> Section:
    """Introduction, which ends open, or coda."""
    cadence: Cadence = "open" if kind == "intro" else "final"
    return Section(kind, False, start, bars, (Phrase(start, bars, cadence, 0),), 0.0, kind)


def _closed(built: list[Section]) -> list[Section]:
    """Return the sections, the last phrase of all final and the one before a coda closed."""
    cadences: dict[int, Cadence] = {len(built) - 1: "final"}
    if built[-1].kind == "coda" and built[-2].kind == "theme":
        cadences[len(built) - 2] = "closed"
    for place, cadence in cadences.items():
        phrases = built[place].phrases
        ended = (*phrases[:-1], replace(phrases[-1], cadence=cadence))
        built[place] = replace(built[place], phrases=ended)
    return built


def climax_bar(form: tuple[Section, ...]) -> int:
    """Return the bar (0-based) on which the melody's one high point falls.

    It lies in the third quarter of a phrase, as near to two thirds of the piece as phrases allow; a phrase
    that is heard for the first time, and only once, goes before one that returns. Introduction and coda
    have none.
    """
    total = form[-1].start + form[-1].bars
    themes = [section for section in form if section.kind in ("theme", "layer")]
    heard = [(section.letter, phrase.index) for section in themes for phrase in section.phrases]
    costs: list[tuple[float, int]] = []
    for section in themes:
        for phrase in section.phrases:
            name = (section.letter, phrase.index)
            bar = phrase.start + round(0.6 * (phrase.bars - 1))
            place = (bar + 0.5) / total
            fresh = all(other.start >= section.start for other in themes if other.letter == section.letter)
            cost = abs(place - 0.64) + (0.0 if 0.36 <= place <= 0.78 else 1.0)
            costs.append((cost + (0.0 if fresh else 0.5) + (0.1 if heard.count(name) > 1 else 0.0), bar))
    return min(costs)[1]


def _with_energy(built: list[Section], layered: bool) -> list[Section]:
    """Energy rises to about two thirds of the piece (the golden section), and falls a little at the end.

    Introduction and coda are quiet; layers grow to the middle and thin out again.
    """
    total = sum(section.bars for section in built)
    low, top, peak = (0.15, 0.6, 0.55) if layered else (0.35, 1.0, 0.66)
    out = []
    for section in built:
        middle = (section.start + section.bars / 2) / total
        energy = low + (top - low) * max(0.0, 1 - abs(middle - peak) / peak)
        if section.kind in ("intro", "coda"):
            energy = 0.25 if section.kind == "intro" else 0.3
        out.append(replace(section, energy=round(energy, 3)))
    return out

"""Scoring: who plays when, and which figure in which section, so that a texture grows with the form.

An introduction has a thin figure, a first statement leaves the second line out for a phrase, a contrasting
section has another figure, the climax the fullest one (Adler, The Study of Orchestration, 4th ed. 2016, ch.
15-16; Schoenberg, Fundamentals of Musical Composition, 1967, ch. 9).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from agent.offline.writer.form import Section

#: Energy from which a section is scored in full.
FULL = 0.85
#: Share of bars inside phrases in which a figure leaves a stroke out.
_HELD = 0.6
#: Energy from which a pad joins those who move.
_PADDED = 0.75
#: Share of phrases at whose end an accompaniment eases off.
_EASED = 0.5


def figures_for(
    names: Sequence[str], form: tuple[Section, ...], drive: float, rng: random.Random
) -> list[str]:
    """Return a figure for every section.

    Parameters
    ----------
    names
        Figures of the genre, from sparse to full.
    drive
        0 for a quiet plan .. 1 for a busy one: where among ``names`` the first section lies.
    rng
        Moves that place by one at most, where there are names enough.
    """
    top = len(names) - 1
    base = min(top, round(drive * top))
    if top >= 3:
        base = min(top, max(0, base + rng.choice((-1, 0, 0, 1))))
    letters = list(dict.fromkeys(section.letter for section in form if section.kind in ("theme", "layer")))
    out = []
    for section in form:
        if section.letter not in letters:  # an introduction or a coda
            out.append(names[max(0, base - 1)])
            continue
        place = letters.index(section.letter)
        other = (0, 1 if base < top else -1, -1 if 0 < base < top else 0)[place % 3]
        more = 1 if section.energy > FULL or (section.turn and place == 0) else 0
        out.append(names[min(top, base + 1, max(0, base + other + more))])
    return out


def eased_bars(form: tuple[Section, ...], rng: random.Random) -> frozenset[int]:
    """Return the last bars of about every second phrase, in which an accompaniment lets the others end."""
    ends = [phrase.start + phrase.bars - 1 for section in form for phrase in section.phrases]
    return frozenset(bar for bar in ends[:-1] if rng.random() < _EASED)


def held_bars(form: tuple[Section, ...], rng: random.Random) -> dict[int, float]:
    """Return bars in which a figure leaves one stroke out, and which one of them: 0 the first .. 1 the last.

    The bars in which a phrase begins keep the figure whole, so that it is heard for what it is; a letter that
    returns has it as before.
    """
    drawn: dict[tuple[str, int], tuple[float, float]] = {}
    out: dict[int, float] = {}
    for section in form:
        for at in range(section.bars):
            chance, place = drawn.setdefault((section.letter, at), (rng.random(), rng.random()))
            if chance < _HELD and not any(section.start + at == phrase.start for phrase in section.phrases):
                out[section.start + at] = place
    return out


def silent_bars(role: str, nth: int, form: tuple[Section, ...], roles: Sequence[str]) -> frozenset[int]:
    """Return the bars (0-based) of the first statement in which a part keeps back.

    The second line waits for the second phrase; a pad joins where the music grows.

    Parameters
    ----------
    role, nth
        The part: its role, and its place among the parts of that role.
    form
        The sections.
    roles
        Roles of all parts: a small ensemble plays throughout.
    """
    themes = [section for section in form if section.kind == "theme"]
    if len(roles) < 3 or not themes or (len(themes[0].phrases) < 2 and len(themes) < 3):
        return frozenset()
    first = themes[0]
    if role == "pad" and "harmony" in roles and len(themes) > 1:
        quiet = [section for section in themes if section is first or section.energy < _PADDED]
        return frozenset(bar for one in quiet for bar in range(one.start, one.start + one.bars))
    if role == "counter" or (role == "harmony" and nth):
        return frozenset(range(first.start, first.phrases[0].start + first.phrases[0].bars))
    return frozenset()

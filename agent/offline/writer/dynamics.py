"""Dynamic marks: the plan's level, the energy of sections, the arch of phrases; the melody in front."""

from __future__ import annotations

from fractions import Fraction

from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.meter import Meter

LEVELS = ("pp", "p", "mp", "mf", "f", "ff")
#: Fewest bars of a phrase that swells and falls.
_ARCHED = 4


def marks(
    level: str, role: str, form: tuple[Section, ...], bar: Meter, silent: frozenset[int] = frozenset()
) -> dict[Fraction, str]:
    """Return marks by time for one part, each at the start of a bar.

    A section that changes the level gets its mark; every part grows into one that is louder than the last. In
    between, the melody swells to the third bar of a phrase and falls to its end (Todd 1992, The dynamics of
    dynamics). Accompaniment is a level softer than the melody, so that the melody carries.

    Parameters
    ----------
    level
        The plan's dynamic mark.
    silent
        Bars (0-based) in which the part rests: no hairpin stands there.
    """
    base = LEVELS.index(level) - (0 if role == "melody" else 1)
    out: dict[Fraction, str] = {}
    levels = [max(0, min(5, base + _more(section))) for section in form]
    before: int | None = None
    for section, now, following in zip(form, levels, [*levels[1:], levels[-1]], strict=True):
        start = section.start * bar.length
        if now != before:
            out[start] = " ".join([*out.get(start, "").split(), LEVELS[now]])
        grows = following > now and section.bars >= 2
        end = section.start + section.bars
        if grows and not silent & {end - 2, end - 1}:
            _between(out, "crescendo", end - 2, end, bar)
        if role == "melody":
            for phrase in section.phrases:
                last = phrase.start + phrase.bars == end
                if not (last and grows) and phrase.bars >= _ARCHED and phrase.index % 2 == 0 and now < 5:
                    _arch(out, phrase, bar)
        before = now
    return out


def _more(section: Section) -> int:
    """Return by how many levels a section is louder than the plan."""
    return 1 if section.energy > 0.85 else -1 if section.energy < 0.45 else 0


def _between(out: dict[Fraction, str], kind: str, first: int, stop: int, bar: Meter) -> None:
    """Add a hairpin from one bar line to another."""
    for number, sign in ((first, "("), (stop, ")")):
        at = number * bar.length
        out[at] = " ".join([*out.get(at, "").split(), kind + sign])


def _arch(out: dict[Fraction, str], phrase: Phrase, bar: Meter) -> None:
    """Add the hairpins of a phrase that swells to its third bar and falls to its last."""
    top, last = phrase.start + 2, phrase.start + phrase.bars - 1
    _between(out, "crescendo", phrase.start, top, bar)
    _between(out, "diminuendo", top, last, bar)

"""Regions: the keys that contrasting sections go to and come back from (``data/regions.json``).

A numeral of a region carries its key after an at sign: ``V7@vi`` is the relative minor's dominant seventh.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.pattern import table
from agent.offline.writer.theory import MINOR_MODES


def regions(form: Sequence[Section], mode: str, family: str, rng: random.Random) -> dict[str, str]:
    """Return the key of every section letter that leaves home: letter -> numeral of the home key.

    The first letter stays at home, and so does a letter whose only phrase is the piece's last.
    """
    record = table("regions")["families"].get(family)
    if record is None or mode not in ("major", "minor"):
        return {}
    themes = [section for section in form if section.kind == "theme"]
    letters = list(dict.fromkeys(section.letter for section in themes))[1:]
    out: dict[str, str] = {}
    for letter in letters:
        away = rng.random() < record["chance"]
        key = rng.choices(list(record[mode]), list(record[mode].values()))[0]
        if away and key not in out.values() and _room(letter, themes):
            out[letter] = key
    return out


def _room(letter: str, themes: Sequence[Section]) -> bool:
    """Whether a section has a phrase to spend away from home."""
    last = themes[-1].letter == letter
    return all(len(section.phrases) > last for section in themes if section.letter == letter)


def at_home(section: Section, phrase: Phrase, form: Sequence[Section]) -> bool:
    """Whether a phrase of a section that is away is at home: the last one of a piece's last letter is."""
    themes = [one for one in form if one.kind == "theme"]
    closes = bool(themes) and section.letter == themes[-1].letter
    return closes and phrase == section.phrases[-1]


def leaves(section: Section, phrase: Phrase, form: Sequence[Section]) -> bool:
    """Whether home follows on a phrase of a section that is away."""
    after = next((other for other in section.phrases if other.start > phrase.start), None)
    return after is None or at_home(section, after, form)


def away(bars: Sequence[str], region: str, mode: str, *, back: bool) -> list[str]:
    """Return bars of numerals as those of a region; where it ends, the home dominant leads back.

    Parameters
    ----------
    bars
        Numerals of the region's own key, one string a bar.
    region
        Its key, as a numeral of the home key.
    mode
        Of the home key.
    back
        Whether the region ends with these bars.
    """
    out = [" ".join(f"{numeral}@{region}" for numeral in bar.split()) for bar in bars]
    if back:
        last = out[-1].split()
        home = "V7" if mode in MINOR_MODES or mode == "major" else "V"
        out[-1] = f"{last[0]} {home}" if len(last) > 1 else home
    return out


def raised(bars: Sequence[str], family: str) -> list[str]:
    """Return bars of a modal phrase with its minor dominant raised before the tonic, where the style does."""
    if family not in table("regions")["ficta"]:
        return list(bars)
    numerals = [bar.split() for bar in bars]
    flat = [(at, place) for at, bar in enumerate(numerals) for place in range(len(bar))]
    for (at, place), (after, nth) in itertools.pairwise(flat):
        if numerals[at][place] == "v" and numerals[after][nth] in ("i", "I"):
            numerals[at][place] = "V"
        elif numerals[at][place] == "bVII" and numerals[after][nth] == "i":
            numerals[at][place] = "V:3"
    return [" ".join(bar) for bar in numerals]

"""The genre of a piece that users bring: from the source's words, else from what plays.

The rules are data, ``data/genre_words.json``; every genre they give is one of the genre table's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from rag_store.traits import Traits
from rag_store.words import genre_names

#: Tempo that rules about slow and fast take for granted where a piece names none.
USUAL_TEMPO = 100.0
_FAMILY = "+"
_LONGEST = 300


def genre_of_words(words: str, traits: Traits) -> str:
    """Return the genre that words such as "electronic, classical" or a file name mean, "" if they mean none.

    The first word that is in the table decides.
    """
    text = _plain(words)
    return text if text in genre_names() else _by_words(text, _patterns("tags"), traits)


def genre_of_title(title: str, traits: Traits) -> str:
    """Return the genre that a title or a file's name gives away, "" if it gives none away."""
    return _by_words(_plain(title), _patterns("title_words"), traits)


def _plain(words: str) -> str:
    return re.sub(r"[_\W]+", " ", words[:_LONGEST].lower()).strip()


def _by_words(text: str, patterns: Sequence[tuple[re.Pattern[str], str]], traits: Traits) -> str:
    found = [
        (match.start(), order, genre)
        for order, (pattern, genre) in enumerate(patterns)
        if (match := pattern.search(text)) is not None
    ]
    return _resolved(min(found)[2], traits) if found else ""


def genre_of_traits(traits: Traits) -> str:
    """Return the genre nearest to what plays: instruments, drum pattern, meter, tempo."""
    return _first(table()["rules"], traits)


def _resolved(genre: str, traits: Traits) -> str:
    """Narrow a wide word ("+classical") down by its family's rules."""
    return _first(table()["families"][genre[1:]], traits) if genre.startswith(_FAMILY) else genre


def _first(rules: Sequence[Mapping[str, Any]], traits: Traits) -> str:
    return _resolved(next(str(rule["genre"]) for rule in rules if _holds(rule, traits)), traits)


def _holds(rule: Mapping[str, Any], traits: Traits) -> bool:
    tempo = USUAL_TEMPO if math.isnan(traits.tempo) else traits.tempo
    return (
        traits.drums >= rule.get("drums", False)
        and traits.swung >= rule.get("swung", False)
        and traits.backbeat >= rule.get("backbeat", False)
        and traits.four_on_floor >= rule.get("four_on_floor", False)
        and (not rule.get("solo") or len(traits.programs) == 1)
        and traits.voices >= rule.get("voices", 0)
        and (not rule.get("meters") or traits.meter in rule["meters"])
        and tempo < rule.get("slower", math.inf)
        and tempo >= rule.get("faster", 0.0)
        and ("any" not in rule or bool(set(traits.programs) & set(table()["instruments"][rule["any"]])))
    )


@cache
def table() -> dict[str, Any]:
    """Return ``data/genre_words.json``."""
    loaded: dict[str, Any] = json.loads(
        resources.files("rag_store").joinpath("data/genre_words.json").read_text("utf-8")
    )
    return loaded


@cache
def _patterns(part: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"\b(?:{pattern})\b"), str(genre)) for pattern, genre in table()[part])

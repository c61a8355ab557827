"""What a search asks for besides its text: attributes given outright, and those its words name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from chiaroscore import ControlError
from rag_store.keys import table
from rag_store.words import TEMPO_CLASSES, genre_names, genre_table, matches, mood_names, mood_table

#: How much each attribute counts when targeted candidates are ordered: genre decides most, tempo class least
#: (a tune is easily played faster; its mode and meter are in its notes).
WEIGHTS = {"genre": 4, "mood": 2, "mode": 2, "meter": 2, "tempo_class": 1}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Attributes asked for; None asks nothing. ``read`` names those that were read from the text."""

    genre: str | None = None
    mood: str | None = None
    meter: str | None = None
    mode: str | None = None
    tempo_class: str | None = None
    read: frozenset[str] = frozenset()

    def asked(self) -> dict[str, str]:
        """Return the attributes that are asked for, in the order of `WEIGHTS`."""
        return {name: str(value) for name in WEIGHTS if (value := getattr(self, name)) is not None}

    def met(self, metadata: Mapping[str, Any]) -> list[str]:
        """Names of the asked attributes that a row has; the word "fast" is also met by "very fast"."""
        loose = {"very fast"} if self.tempo_class == "fast" and "tempo_class" in self.read else set()
        return [
            name
            for name, value in self.asked().items()
            if metadata.get(name) == value or (name == "tempo_class" and metadata.get(name) in loose)
        ]


def checked(wanted: Wanted) -> Wanted:
    """Return the same attributes if all are known.

    Raises
    ------
    ControlError
        If a genre, mood, mode or tempo class is not in the tables, or the meter is no fraction.
    """
    known = {
        "genre": genre_names(),
        "mood": mood_names(),
        "mode": tuple(table()["modes"]),
        "tempo_class": tuple(name for name, _ in TEMPO_CLASSES),
    }
    for name, values in known.items():
        value = getattr(wanted, name)
        if value is not None and value not in values:
            raise ControlError(f"unknown {name.replace('_', ' ')} {value!r}; use one of: {', '.join(values)}")
    if wanted.meter is not None and not re.fullmatch(r"\d{1,2}/(1|2|4|8|16|32)", wanted.meter):
        raise ControlError(f"meter {wanted.meter!r} is not a fraction such as 3/4 or 6/8")
    return wanted


def read_words(text: str, wanted: Wanted) -> Wanted:
    """Fill what is not asked outright from the words of the text, where they name exactly one value."""
    found = {
        "genre": _only({genre for words, genre in _genre_words() if matches(words, text)}),
        "mood": _only(
            {mood for mood, entry in mood_table()["moods"].items() if matches("|".join(entry["say"]), text)}
        ),
        "mode": _only({mode for mode in table()["modes"] if matches(mode, text)}),
        "meter": _only(set(re.findall(r"(?<!\S)\d{1,2}/(?:2|4|8|16)(?![\w/])", text))),
        "tempo_class": _tempo(text),
    }
    new = {
        name: value for name, value in found.items() if value is not None and getattr(wanted, name) is None
    }
    return replace(
        wanted, read=frozenset(new), **{f.name: new[f.name] for f in fields(wanted) if f.name in new}
    )


def _genre_words() -> list[tuple[str, str]]:
    named = [(genre, genre) for genre in genre_names()]
    spoken = [(word, genre) for genre, entry in genre_table()["genres"].items() for word in entry["also"]]
    return named + spoken


def _tempo(text: str) -> str | None:
    """Name the one tempo class in a text; "very fast" is not also "fast"."""
    spoken = text.lower().replace("-", " ")
    if "very fast" in spoken:
        return "very fast"
    return _only({name for name, _ in TEMPO_CLASSES if matches(name, spoken)})


def _only(found: set[str]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None

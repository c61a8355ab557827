"""Wishes: attributes that a search would like, given outright or read from its text or snippet of music."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from chiaroscore import ControlError
from notation import instrument
from rag_store.keys import table
from rag_store.words import TEMPO_CLASSES, genre_names, genre_table, matches, mood_names, mood_table

#: How much each wish counts: genre decides most, tempo class least of the words (a tune is easily played
#: faster; its mode and meter are in its notes). Measured numbers count as much as the tempo class.
WEIGHTS = {
    "genre": 4, "mood": 2, "mode": 2, "meter": 2, "tempo_class": 1,
    "instruments": 2, "tonic": 1, "tempo": 1, "density": 1, "valence": 1, "arousal": 1,
}  # fmt: skip
#: Wishes that a row meets or does not.
NAMED = ("genre", "mood", "mode", "meter", "tempo_class", "tonic")
#: Wishes that are met by degrees: 1 where the number is the wish, falling to 0 at this distance; of those in
#: `OCTAVES` it is a distance in doublings, else a difference.
REACH = {"tempo": 0.5, "density": 1.0, "valence": 0.5, "arousal": 0.5}
OCTAVES = ("tempo", "density")
_METER = r"\d{1,2}/(1|2|4|8|16|32)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Attributes wished for; None asks nothing. ``read`` names those that were read, not given outright."""

    genre: str | None = None
    mood: str | None = None
    meter: str | None = None
    mode: str | None = None
    tempo_class: str | None = None
    tonic: str | None = None
    tempo: float | None = None  # quarter notes per minute
    density: float | None = None  # sounding notes per quarter note
    valence: float | None = None  # [-1, 1]
    arousal: float | None = None  # [-1, 1]
    instruments: tuple[str, ...] = ()
    read: frozenset[str] = frozenset()

    def asked(self) -> dict[str, Any]:
        """Return the wishes that there are, in the order of `WEIGHTS`."""
        return {name: value for name in WEIGHTS if (value := getattr(self, name)) not in (None, ())}

    def weights(self) -> dict[str, float]:
        """Return the weight of every wish; what was read weighs half beside what was given outright."""
        asked = self.asked()
        outright = set(asked) - self.read
        return {name: WEIGHTS[name] * (0.5 if outright and name in self.read else 1.0) for name in asked}

    def accepts(self, name: str) -> tuple[str, ...]:
        """Return the values that meet a named wish; the word "fast" is also met by "very fast"."""
        value = str(getattr(self, name))
        loose = name == "tempo_class" and value == "fast" and name in self.read
        return (value, "very fast") if loose else (value,)


def vocabulary() -> dict[str, tuple[str, ...]]:
    """Return the values that named attributes may have: genre, mood, mode, tempo_class, tonic."""
    return {
        "genre": genre_names(),
        "mood": mood_names(),
        "mode": tuple(table()["modes"]),
        "tempo_class": tuple(name for name, _ in TEMPO_CLASSES),
        "tonic": tuple(table()["letters"]),
    }


def known(name: str, value: str) -> str:
    """Return a value of a named attribute if there is such a one.

    Raises
    ------
    ControlError
        If it is in no table, or a meter is no fraction.
    """
    if name == "meter":
        if not re.fullmatch(_METER, value):
            raise ControlError(f"meter {value!r} is not a fraction such as 3/4 or 6/8")
        return value
    values = vocabulary()[name]
    if value not in values:
        raise ControlError(f"unknown {name.replace('_', ' ')} {value!r}; use one of: {', '.join(values)}")
    return value


def checked(wanted: Wanted) -> Wanted:
    """Return the same wishes if all can be met, instruments by the names of the General MIDI table.

    Raises
    ------
    ControlError
        If a genre, mood, mode, tonic, tempo class or instrument is not in the tables, the meter is no
        fraction, or a number is out of range.
    """
    for name in NAMED:
        if (value := getattr(wanted, name)) is not None:
            known(name, value)
    for name in REACH:
        if (value := getattr(wanted, name)) is not None:
            _check_number(name, value)
    return replace(wanted, instruments=tuple(instrument(name).name for name in wanted.instruments))


def read_words(text: str, wanted: Wanted) -> Wanted:
    """Fill what is not asked outright from the words of the text, where they name exactly one value."""
    spoken = text.lower()
    found = {
        "genre": _only({g for word, whole, g in _genre_words() if word in spoken and whole.search(text)}),
        "mood": _only({mood for words, mood in _mood_words() if words.search(text)}),
        "mode": _only({mode for mode in table()["modes"] if matches(mode, text)}),
        "meter": _only(set(re.findall(r"(?<!\S)\d{1,2}/(?:2|4|8|16)(?![\w/])", text))),
        "tempo_class": _tempo(text),
    }
    return with_read(wanted, found)


def with_read(wanted: Wanted, found: Mapping[str, Any]) -> Wanted:
    """Fill the wishes that are still open from what was read; they are marked as read."""
    new = {
        field.name: found[field.name]
        for field in fields(wanted)
        if found.get(field.name) is not None and getattr(wanted, field.name) is None
    }
    return replace(wanted, read=wanted.read | frozenset(new), **new)


def _check_number(name: str, value: float) -> None:
    if name in OCTAVES and not (value > 0 and math.isfinite(value)):
        raise ControlError(f"{name} {value!r} is out of range; give a number above 0")
    if name not in OCTAVES and not -1 <= value <= 1:
        raise ControlError(f"{name} {value!r} is out of range; give a number from -1 to 1")


@cache
def _genre_words() -> list[tuple[str, re.Pattern[str], str]]:
    """Return every word for a genre, in small letters and as a pattern, and the genre.

    Words that are no genre's own name stand in its entry's "also".
    """
    named = [(genre, genre) for genre in genre_names()]
    spoken = [(word, genre) for genre, entry in genre_table()["genres"].items() for word in entry["also"]]
    return [(word.lower(), _whole(re.escape(word)), genre) for word, genre in named + spoken]


@cache
def _mood_words() -> list[tuple[re.Pattern[str], str]]:
    return [(_whole("|".join(entry["say"])), mood) for mood, entry in mood_table()["moods"].items()]


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


def _tempo(text: str) -> str | None:
    """Name the one tempo class in a text; "very fast" is not also "fast"."""
    spoken = text.lower().replace("-", " ")
    if "very fast" in spoken:
        return "very fast"
    return _only({name for name, _ in TEMPO_CLASSES if matches(name, spoken)})


def _only(found: set[str]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None

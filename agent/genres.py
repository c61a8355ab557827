"""The genre table: where each genre lies on the circumplex, its meters, tempi, modes, forms and players.

Conventions
-----------
Tempi are quarter notes per minute in the genre's first meter. Valence and arousal lie in [-1, 1]. The table,
with its sources, is ``agent/data/genres.json``.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from chiaroscore import ControlError


@dataclass(frozen=True, slots=True)
class Lineup:
    """Players of a genre: ``(instrument, role)`` pairs, and the themes or characters they are for."""

    parts: tuple[tuple[str, str], ...]
    suits: tuple[str, ...]  # themes of agent/data/themes.json, or "bright", "dark", "soft"


@dataclass(frozen=True, slots=True)
class Genre:
    """One record of the genre table. Tuples of meters, modes and forms are in falling order of use."""

    name: str
    group: str
    meters: tuple[str, ...]
    tempo: tuple[float, float, float]  # low, usual, high
    modes: tuple[str, ...]
    forms: tuple[str, ...]
    section: tuple[int, ...]  # bars that one letter of the form may have
    percussion: bool
    valence: float
    arousal: float
    spread: float  # distance on the circumplex at which the fit has fallen to exp(-1/2)
    topical: float  # 0 .. 1: how much the genre needs to be called for by something seen
    swing: float
    articulation: Literal["legato", "normal", "staccato"]
    note_length: float  # usual melody note, quarter notes
    density: float  # sounding notes of all voices per quarter note
    loudness: float  # -1 soft .. 1 loud
    most_accidentals: int  # of a key signature its players take without trouble
    calls: dict[str, float]  # theme -> how strongly it calls for the genre
    words: dict[str, float]  # word of movement or colour -> how far it leans to the genre
    rhythm: tuple[str, ...]
    mood: tuple[str, ...]
    lineups: tuple[Lineup, ...]
    source: str


def genre(name: str | Genre) -> Genre:
    """Return the genre of a name, in any case, with or without hyphens.

    Raises
    ------
    ControlError
        If there is no such genre; the message names the nearest.

    Examples
    --------
    >>> genre("Bossa-Nova").meters
    ('4/4', '2/4')
    """
    if isinstance(name, Genre):
        return name
    if not isinstance(name, str):
        raise ControlError(f"genre {name!r} is not a name; choose one of {', '.join(_genres())}")
    wanted = re.sub(r"[\W_]+", " ", name[:80].lower()).strip()
    for form in (wanted, wanted.removesuffix("s"), _OTHER_NAMES.get(wanted, "")):
        if form in _genres():
            return _genres()[form]
    near = difflib.get_close_matches(wanted, [*_genres(), *_OTHER_NAMES], n=3, cutoff=0.0)
    nearest = ", ".join(dict.fromkeys(_OTHER_NAMES.get(one, one) for one in near))
    raise ControlError(f"genre {name[:40]!r} is unknown; nearest: {nearest}; all: {', '.join(_genres())}")


def genres() -> tuple[Genre, ...]:
    """Return all genres in the order of the table."""
    return tuple(_genres().values())


_OTHER_NAMES = {
    "slow air": "air",
    "barcarolle": "nocturne",
    "blues shuffle": "blues",
    "bossa": "bossa nova",
    "cinematic": "film",
    "cradle song": "lullaby",
    "edm": "electronic",
    "film score": "film",
    "hymn": "chorale",
    "jazz": "swing",
    "menuet": "minuet",
    "minimalism": "minimal",
    "minimalist": "minimal",
    "pastoral": "pastorale",
    "rag": "ragtime",
    "rock and roll": "rock",
    "siciliana": "pastorale",
    "soundtrack": "film",
    "techno": "electronic",
    "valse": "waltz",
}


@functools.cache
def _genres() -> dict[str, Genre]:
    text = resources.files("agent").joinpath("data/genres.json").read_text(encoding="utf-8")
    return {name: _genre(name, row) for name, row in json.loads(text)["genres"].items()}


def _genre(name: str, row: dict[str, Any]) -> Genre:
    lineups = tuple(
        Lineup(tuple((player, role) for player, role in one["parts"]), tuple(one["for"]))
        for one in row["lineups"]
    )
    tempo = (row["tempo"]["low"], row["tempo"]["usual"], row["tempo"]["high"])
    lists = {key: tuple(row[key]) for key in ("meters", "modes", "forms", "section", "rhythm", "mood")}
    return Genre(**{**row, **lists, "name": name, "tempo": tempo, "lineups": lineups})

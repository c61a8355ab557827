"""From a tune that users bring to an `Exemplar`: its source's words first, then the rules of `describe`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from notation import Tune
from rag_store.caption import caption
from rag_store.describe import (
    Measured,
    danced,
    feel_of,
    genre_of_rhythm,
    measure,
    meter_of,
    mood_of,
    onset_rate,
    values_of,
)  # fmt: skip
from rag_store.exemplar import Exemplar
from rag_store.genre_rules import genre_of_title, genre_of_traits, genre_of_words
from rag_store.mood_rules import mood_of_caption, mood_of_words
from rag_store.traits import Traits, traits
from rag_store.words import genre_table, matches

#: Characters of a caption: of the source's own words, and of these and the analysis together. The text
#: encoder reads about 1,000.
LONGEST_OWN, LONGEST_CAPTION = 700, 900
LONGEST_TITLE = 100
_AN = re.compile(r"\b([Aa])(?= [aeiou])")


@dataclass(frozen=True, slots=True)
class Known:
    """What is said of a piece; empty where nothing is."""

    id: str
    abc: str
    title: str
    source: str
    licence: str
    year: int = 0
    rhythm: str = ""  # R: of a tune
    genre: str = ""  # words, any
    mood: str = ""
    caption: str = ""
    name: str = ""  # of the file, whose words may name a genre


def describe_item(tune: Tune, known: Known) -> tuple[Exemplar, float]:
    """Return the exemplar of a tune, analysed and captioned, and the share of its notes that fit its key.

    Raises
    ------
    NotationError
        If the tune has no pitched notes or no key.
    """
    measured = measure(tune)
    played = traits(tune, measured.tempo)
    genre = find_item_genre(known, tune, played, measured)
    felt = feel_of(tune, measured, genre)
    said = plain(known.caption, LONGEST_OWN)
    values = values_of(tune, measured, {
        "id": known.id, "abc": known.abc, "genre": genre,
        "title": plain(known.title, LONGEST_TITLE) or "Untitled",
        "mood": _mood(known) or mood_of(known.title, genre, *felt, measured.melody_range),
        "source": plain(known.source, LONGEST_TITLE), "licence": known.licence, "year": known.year,
    })  # fmt: skip
    names = [re.sub(r" \d$", "", name) for name in values["instruments"]]
    made = _AN.sub(r"\1n", caption(values, measured.melody_range, onset_rate(values, measured), names, ""))
    text = made if not said else said if len(said) + len(made) >= LONGEST_CAPTION else f"{said} {made}"
    return Exemplar(**values, caption=text), measured.key.fit


def find_item_genre(known: Known, tune: Tune, played: Traits, measured: Measured) -> str:
    """Return the genre: by R:, the source's words, the title, the file's name, else by what plays."""
    bare = (
        not played.programs and not played.drums and played.voices == 1
    )  # a tune in a book says nothing else
    by_title = (
        next((str(g) for p, g in genre_table()["titles"] if matches(p, known.title)), "") if bare else ""
    )
    found = (
        genre_of_rhythm(known.rhythm)
        or genre_of_words(known.genre, played)
        or by_title
        or genre_of_title(known.title, played)
        or genre_of_title(known.name, played)
        or genre_of_words(known.caption, played)
    )
    if found:
        return danced(found, meter_of(tune), measured.tempo)
    if bare:
        by_meter = str(genre_table()["meters"].get(meter_of(tune), "air"))
        return danced(by_meter, meter_of(tune), measured.tempo)
    return genre_of_traits(played)


def _mood(known: Known) -> str:
    return mood_of_words(known.mood) or mood_of_caption(known.caption)


def plain(text: str, most: int) -> str:
    """Return text on one line without control characters, cut at a word."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else line[: most - 1].rsplit(" ", 1)[0] + "…"


def title_of_file(stem: str) -> str:
    """Return a title for the name of a file, "" for a hash.

    ``"13-Stephenson-blues"`` gives ``"Stephenson blues"``.
    """
    if re.fullmatch(r"[0-9a-fA-F]{16,}|Qm[0-9A-Za-z]{30,}|\d+", stem):
        return ""
    words = re.sub(r"[-_+.\s]+", " ", re.sub(r"^\d{1,4}[-_ .]+", "", stem)).strip()
    return words[:1].upper() + words[1:]

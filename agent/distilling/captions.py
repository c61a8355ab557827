"""Captions of others, read for what they say: things, colours, feelings, movement, light.

Conventions
-----------
A file has one caption a line, or is a CSV file with a column "caption" or "text". Words are looked up in the
tables of the project (themes, label groups, colour names, moods) and in ``data/caption_words.json``; what is
not there is not understood, and a caption in which nothing is understood is passed over. Every caption is its
own kin, but for captions of one picture where the file says so (a column "image_id").
"""

from __future__ import annotations

import csv
import functools
import hashlib
import importlib.resources
import json
import os
import pathlib
import random
import re
from typing import Any

from agent.distilling.imagined import classes_of
from agent.moods import find_mood
from agent.offline.labels import group_of
from agent.offline.reading import theme_table
from agent.offline.tables import table
from chiaroscore import InputError
from mapper.scenes import Telling

#: Longest caption that is read, in characters, and largest file, in bytes.
LONGEST, MOST_BYTES = 1000, 500_000_000
#: Share of a picture that the colours named in its caption cover: they are of a thing, not of the whole.
COVERAGE = 0.35
_WORD = re.compile(r"[a-z][a-z'-]*")


def read_captions(
    path: str | os.PathLike[str], limit: int | None = None, seed: int = 0
) -> tuple[Telling, ...]:
    """Return what the captions of a file say, at most ``limit`` of them, drawn by chance.

    Raises
    ------
    InputError
        If the file cannot be read, or nothing in it is understood.
    """
    file = pathlib.Path(path)
    rows = list(dict.fromkeys(_rows(file)))
    random.Random(seed).shuffle(rows)  # noqa: S311  # repeatable, not secret
    found: list[Telling] = []
    for text, picture in rows:
        if limit is not None and len(found) >= limit:
            break
        one = telling_of(text, source=f"captions: {file.name}", picture=picture)
        if one is not None:
            found.append(one)
    if not found:
        raise InputError(
            f"no caption in {str(path)!r} is understood; give a text file of English captions, one a line"
        )
    return tuple(found)


def telling_of(text: str, source: str = "a caption", picture: str = "") -> Telling | None:
    """Return what a caption says, None if no thing in it is known.

    Examples
    --------
    >>> said = telling_of("A black dog runs along the beach")
    >>> said.objects, said.colours, said.setting
    (('dog', 'beach'), ('black',), 'coast')
    """
    plain = re.sub(r"\b(?:women|men)\b", lambda match: match.group()[:-2] + "an", text.lower())
    words = _WORD.findall(plain)
    things = _things(plain)
    if not things:
        return None
    feelings = tuple(
        dict.fromkeys(word for word in words if find_mood(word) is not None and word not in _colours())
    )
    leaning = [place for word in words if (place := _verb(word)) is not None]
    leaning += [(mood.valence, mood.arousal) for word in feelings if (mood := find_mood(word)) is not None]
    valence, arousal = _felt(leaning)
    light = sum(_table()["light"].get(word, 0.0) for word in words)
    busy = [_table()["busy"][word] for word in words if word in _table()["busy"]]
    return Telling(
        text=text.strip(), kin=f"caption:{picture or hashlib.sha256(plain.encode()).hexdigest()[:16]}", 
        family=source,
        objects=things, setting=next((group for thing in things if (group := _where(thing))), ""),
        colours=tuple(dict.fromkeys(word for word in words if word in _colours())), feelings=feelings[:3],
        valence=valence, arousal=arousal, light=max(-1.0, min(1.0, light)),
        busyness=busy[0] if busy else None, coverage=COVERAGE,
    )  # fmt: skip


def _rows(file: pathlib.Path) -> list[tuple[str, str]]:
    """Return captions with the picture they belong to, "" where none is named."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError(f"{str(file)!r} is larger than {MOST_BYTES:,} bytes; give a part of it")
        with file.open(encoding="utf-8", newline="") as lines:
            if file.suffix.lower() != ".csv":
                return [(line.strip()[:LONGEST], "") for line in lines if line.strip()]
            reader = csv.DictReader(lines)
            column = next((name for name in ("caption", "text") if name in (reader.fieldnames or ())), None)
            if column is None:
                raise InputError(
                    f"{str(file)!r} has no column 'caption' or 'text'; add one, or give a text file"
                )
            return [((row[column] or "")[:LONGEST], row.get("image_id") or "") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read the captions in {str(file)!r}: {error}; give text in UTF-8") from error


def _things(plain: str) -> tuple[str, ...]:
    """Return the things named, in the order they come: themes by their words, then classes and kinds."""
    found: dict[str, int] = {}
    for name, pattern in _theme_patterns().items():
        seen = pattern.search(plain)
        if seen:
            found[name] = seen.start()
    for match in _WORD.finditer(plain):
        word = match.group().removesuffix("s")
        if word not in found and group_of(word) and (classes_of(word) or word in theme_table()):
            found[word] = match.start()
    return tuple(sorted(found, key=lambda name: (found[name], name)))[:6]


def _where(thing: str) -> str:
    """Return the group of a thing, or of what its theme implies most."""
    implied = theme_table().get(thing, {}).get("implies", {})
    best = max(implied, key=lambda name: float(implied[name]), default="")
    return group_of(thing) or group_of(best)


def _felt(leaning: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the feeling of some leanings together: drawn towards an ordinary picture."""
    ordinary, weight = _table()["ordinary"], _table()["weight"]
    if not leaning:
        return ordinary["valence"], ordinary["arousal"]
    valence, arousal = (sum(place[axis] for place in leaning) / len(leaning) for axis in (0, 1))
    return (
        round(weight * valence + (1 - weight) * ordinary["valence"], 3),
        round(weight * arousal + (1 - weight) * ordinary["arousal"], 3),
    )


def _verb(word: str) -> tuple[float, float] | None:
    """Return the leaning of a word by its stem."""
    places = _table()["feel"]
    for ending in ("", "s", "es", "ed", "ing", "d"):
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            for form in (stem, stem[:-1] if stem[-2:-1] == stem[-1:] else stem, f"{stem}e"):
                if form in places:
                    return float(places[form][0]), float(places[form][1])
    return None


@functools.cache
def _theme_patterns() -> dict[str, re.Pattern[str]]:
    """Return what shows each theme inside a sentence; a theme's forbidden words forbid it."""
    patterns = {}
    for name, row in theme_table().items():
        words = "|".join(re.escape(word) for word in (name, *row["words"]) if word[0] not in "=-")
        never = "|".join(re.escape(word[1:]) for word in row["words"] if word[0] == "-")
        start = rf"(?<!\w)(?!(?:{never})\b)" if never else r"(?<!\w)"
        patterns[name] = re.compile(rf"{start}(?:{words})(?:s|es)?(?!\w)")
    return patterns


@functools.cache
def _colours() -> frozenset[str]:
    """Return the colour names of one word."""
    return frozenset(row["name"] for row in table("colour_names")["colours"] if " " not in row["name"])


@functools.cache
def _table() -> dict[str, Any]:
    text = (
        importlib.resources.files("agent.distilling").joinpath("data/caption_words.json").read_text("utf-8")
    )
    found: dict[str, Any] = json.loads(text)
    return found

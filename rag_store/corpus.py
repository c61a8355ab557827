"""Reading the built-in sources: ABC books and chorales of the installed music21 corpus, our own exemplars.

A `RawTune` is cleaned text and hints, not yet parsed. Cleaning drops comments, page layout, words and
editorial fields, puts the header in standard order and keeps the transcriber's name (Z:); it never touches a
note.
"""

from __future__ import annotations

import importlib.util
import json
import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from chiaroscore import MissingPartError

#: Header fields that are kept, in the order they are written. X: comes first, K: last.
KEPT = "TCRZMLQ"
#: Tempo words that O'Neill's transcribers put into N: lines, in quarter notes a minute (our reading of them).
TEMPO_WORDS = {
    "slow": 60,
    "very slow": 50,
    "moderate": 92,
    "moderately": 92,
    "animated": 116,
    "lively": 126,
    "spirited": 120,
}
_COMMENT = re.compile(r"(?<!\\)%.*")
#: What a chord symbol looks like; other quoted text is a fingering, a dynamic in words or an editor's remark.
_CHORD = re.compile(r"[A-G][#b]?(?:maj|min|m|dim|aug|sus|add|[0-9#b()+-])*(?:/[A-G][#b]?)?")
#: Signs that Ryan's transcribers defined for themselves (k and U: bowings); no reader knows them.
_PRIVATE = re.compile(r"[kU](?=[~.HLMOPSTuv]*[\^_={(\[A-Ga-g])")
_MAIL = re.compile(r"\s*=(20)?\s*$")  # what quoted-printable mail left at line ends
_FIELD = re.compile(r"^([A-Za-z]):(.*)")
_STATED = re.compile(r"^%\s*(genre|mood|licence)\s*:\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RawTune:
    """Text and hints of one tune, before analysis."""

    id: str
    abc: str
    title: str
    source: str  # key of the source table
    rhythm: str = ""  # R: or the title's "-- Reel"
    number: int = 0  # number in the book
    stated: dict[str, str] = field(default_factory=dict)  # genre, mood, licence as the file says


@cache
def sources() -> dict[str, dict[str, Any]]:
    """Return the source table (``data/sources.json``), key -> entry."""
    return {entry["key"]: entry for entry in source_file()["sources"]}


@cache
def licences() -> dict[str, dict[str, str]]:
    """Return the known licences, name -> ``{"commercial": "yes" | "no" | "unstated", "note": ...}``."""
    return dict(source_file()["licences"])


def read_builtin() -> Iterator[RawTune]:
    """Yield every tune of every built-in source, in a fixed order, ids unique.

    Raises
    ------
    MissingPartError
        If music21 or its corpus is not installed.
    """
    for key, entry in sources().items():
        if key == "chiaroscore":
            yield from read_original(_data("exemplars"))
        elif key == "bach":
            yield from _read_bach(corpus_folder() / entry["folder"])
        else:
            yield from read_book(corpus_folder() / entry["folder"], key)


def corpus_folder() -> pathlib.Path:
    """Folder of the corpus inside the installed music21, found without importing it."""
    found = importlib.util.find_spec("music21")
    folder = pathlib.Path(found.origin).parent / "corpus" if found and found.origin else None
    if folder is None or not (folder / "ryansMammoth").is_dir():
        raise MissingPartError(
            f"music21's corpus is not installed (looked in {str(folder)!r}); "
            "run: pip install --force-reinstall music21"
        )
    return folder


def read_original(folder: pathlib.Path) -> Iterator[RawTune]:
    """Yield the exemplars written for Chiaroscore, one a file, text as it is."""
    for path in sorted(folder.glob("*.abc")):
        abc = path.read_text("utf-8")
        stated = dict(_STATED.findall(abc))
        yield RawTune(
            f"chiaroscore:{path.stem}", abc, _first(abc, "T"), "chiaroscore", _first(abc, "R"), 0, stated
        )


def read_book(place: pathlib.Path, key: str) -> Iterator[RawTune]:
    """Yield the tunes of an ABC file, or of all ABC files of a folder."""
    taken: set[str] = set()
    for path in sorted(place.glob("*.abc")) if place.is_dir() else [place]:
        tunes = list(split_book(_decode(path.read_bytes())))
        for text in tunes:
            number = int((re.findall(r"\d+", _first(text, "X")) or ["0"])[0])
            name = path.stem if len(tunes) == 1 and key == "ryans" else f"{number:04d}"
            unique = next(
                n for n in (name + mark for mark in ("", *"bcdefghijklmnopqrstuvwxyz")) if n not in taken
            )
            taken.add(unique)
            raw = _first(text, "T")
            title, suffix = tidy_title(raw)
            yield RawTune(
                f"{key}:{unique}", tidy(text, title), title, key, _first(text, "R") or suffix, number
            )


def split_book(text: str) -> Iterator[str]:
    """Yield the tunes of a tune book: from an X: line to the first empty line after its K:."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("X:"):
            if any(kept.startswith("K:") for kept in lines):
                yield "\n".join(lines)
            lines = [line]
        elif lines and not line.strip() and any(kept.startswith("K:") for kept in lines):
            yield "\n".join(lines)
            lines = []
        elif lines and line.strip():
            lines.append(line)
    if any(kept.startswith("K:") for kept in lines):
        yield "\n".join(lines)


def tidy(text: str, title: str) -> str:
    """Return a tune as standard ABC: clean header, no comments, layout, words or remarks; the same notes."""
    header: dict[str, str] = {}
    body: list[str] = []
    key = ""
    for raw in text.splitlines():
        found = _FIELD.match(raw)
        if not key and found:
            letter, value = found[1], _COMMENT.sub("", found[2]).strip()
            if letter == "K":
                key = value
            elif letter in KEPT and value:
                header.setdefault(letter, value)
            elif letter == "N" and "Q" not in header and _tempo_word(value):
                header["Q"] = _tempo_word(value)
        elif key and not raw.startswith("%"):
            line = raw if found is None or found[1] in "KMLQV" else ""
            line = strip_comment(line).rstrip()
            if line:
                body.append(line if found else _tidy_music(line))
    header["T"] = title
    fields = [f"{letter}:{header[letter]}" for letter in KEPT if header.get(letter)]
    return "\n".join(["X:1", *fields, f"K:{key}", *body]) + "\n"


def tidy_title(raw: str) -> tuple[str, str]:
    """Return ``(title, rhythm)``: ``"SILVER SPEAR, THE -- REEL."`` gives ``("The Silver Spear", "reel")``."""
    title, _, suffix = " ".join(raw.split()).partition(" -- ")
    title = title.strip(" .")
    moved = re.fullmatch(r"(.+?)\.?, (The|An|A|Da)", title, re.IGNORECASE)
    title = f"{moved[2]} {moved[1]}" if moved else title
    if title.upper() == title:
        title = re.sub(r"[A-Z][A-Z']*", lambda m: m[0].capitalize(), title)
    return title[:1].upper() + title[1:] or "Untitled", suffix.strip(" .").lower()


def _read_bach(folder: pathlib.Path) -> Iterator[RawTune]:
    from rag_store.chorales import read_chorales

    for number, title, abc in read_chorales(folder, title_table()):
        yield RawTune(f"bach:{number}", abc, title, "bach", "chorale")


@cache
def title_table() -> dict[str, str]:
    """Return ``data/chorale_titles.json``: number in the Bach catalogue -> title (from music21's table)."""
    path = _data("chorale_titles.json")
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def _first(text: str, letter: str) -> str:
    found = re.search(rf"^{letter}:[ \t]*(.*)$", text, re.MULTILINE)
    return _COMMENT.sub("", found[1]).strip() if found else ""


def _tempo_word(note: str) -> str:
    """``'"Slow" "1st Setting."'`` gives ``'"Slow" 1/4=60'``; other notes give ``""``."""
    word = (re.findall(r'"([^"]+)"', note) or [""])[0].strip(" .").lower()
    return f'"{word.capitalize()}" 1/4={TEMPO_WORDS[word]}' if word in TEMPO_WORDS else ""


def strip_comment(line: str) -> str:
    """Drop a trailing comment; a percent sign inside a quoted text is no comment."""
    quoted = False
    for at, char in enumerate(line):
        quoted ^= char == '"'
        if char == "%" and not quoted and line[at - 1 : at] != "\\":
            return line[:at]
    return line


def _tidy_music(line: str) -> str:
    """Drop remarks, private signs and mail leftovers from a line of music; leave doubtful quoting alone."""
    if line.count('"') % 2 or '["' in line:
        return line
    line = re.sub(r'"([^"]*)"', lambda quoted: quoted[0] if _CHORD.fullmatch(quoted[1]) else "", line)
    return _PRIVATE.sub("", _MAIL.sub("", line)).rstrip()


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:  # the old books are Latin-1
        return data.decode("latin-1")


def _data(name: str) -> pathlib.Path:
    return pathlib.Path(str(resources.files("rag_store").joinpath(f"data/{name}")))


@cache
def source_file() -> dict[str, Any]:
    """Return ``data/sources.json``: sources, licences, unfit titles, with notes on each."""
    loaded: dict[str, Any] = json.loads(_data("sources.json").read_text("utf-8"))
    return loaded

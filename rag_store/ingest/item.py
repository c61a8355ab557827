"""What goes through an ingest: an `Item` found by a source, and what became of it."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from rag_store.exemplar import Exemplar
from rag_store.lines import Line


@dataclass(frozen=True, slots=True)
class Facts:
    """What a source knows of a piece besides its notes; empty where it says nothing."""

    title: str = ""
    caption: str = ""
    genre: str = ""  # as the source says it; mapped to the genre table when it is described
    mood: str = ""
    licence: str = ""  # SPDX id, "PD" or "" for unstated
    source: str = ""  # "MidiCaps", "PDMX", the name of the folder
    year: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One piece to read; can be sent to another process.

    ``id`` is the exemplar's id to be, stable between runs: ``"<collection>:<path in it>[#part]"``.
    """

    id: str
    path: pathlib.Path
    kind: str  # "abc", "midi", "musicxml", "kern", "wad"
    part: str = ""  # number of the tune in a book, name of the lump in a WAD, member of an archive
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A piece that was read, analysed and captioned."""

    exemplar: Exemplar
    print: str  # transposition-invariant fingerprint, "" if it has none
    lines: tuple[Line, ...]  # for the copy check


@dataclass(frozen=True, slots=True)
class Refused:
    """A piece that cannot be used, and why, in words for a user; ``kind`` groups reasons for counting."""

    kind: str  # "unreadable", "no notes", "too short", "copy", "licence" ...
    reason: str

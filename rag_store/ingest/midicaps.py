"""MidiCaps: a JSON-lines file of captions and tags beside the folder of MIDI files it describes.

The fields are those of the data set's card (huggingface.co/datasets/amaai-lab/MidiCaps): ``location`` (path
in the archive of MIDI), ``caption``, ``genre``, ``mood`` and others that our own analysis takes the place of.
Melechovsky, Roy & Herremans (2024), MidiCaps: A large-scale MIDI dataset with text captions. Its terms are
CC-BY-SA-4.0.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

from rag_store.ingest.item import Facts, Item, Refused
from rag_store.ingest.tables import cell, inside, words

LICENCE, SOURCE = "CC-BY-SA-4.0", "MidiCaps"
#: Folders beside the table in which the archive may have been unpacked.
ROOTS = ("", "midicaps", "MidiCaps", "midi")
#: Bytes of a line; the longest of the data set, with all its chords, has under 100 kB.
_LONGEST_LINE = 2_000_000
_HEAD = 65_536


def is_midicaps(path: pathlib.Path) -> pathlib.Path | None:
    """Return the table if the path is one or a folder with one (``train.json``), else None."""
    if path.is_dir():
        tables = sorted([*path.glob("*.json"), *path.glob("*.jsonl")])
        return next((table for table in tables if is_midicaps(table) is not None), None)
    if path.suffix.lower() not in (".json", ".jsonl"):
        return None
    with path.open("rb") as file:
        head = file.readline(_HEAD)
    return path if head.lstrip().startswith(b"{") and b'"location"' in head and b'"caption"' in head else None


def midicaps(table: pathlib.Path, collection: str) -> Iterator[Item | tuple[pathlib.Path, Refused]]:
    """Yield the pieces of a table whose MIDI is there."""
    with table.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if line.strip():
                yield _piece(table, collection, number, line)


def _piece(
    table: pathlib.Path, collection: str, number: int, line: bytes
) -> Item | tuple[pathlib.Path, Refused]:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):
        return table, Refused("unreadable", f"line {number} of {table.name!r} is no JSON")
    location = cell(row.get("location")) if isinstance(row, dict) else ""
    path = next(
        (found for root in ROOTS if (found := inside(table.parent / root, location)) is not None), None
    )
    if path is None:
        return table, Refused("missing", f"{table.name!r} names {location[:200]!r}, which is not beside it")
    facts = Facts(
        caption=cell(row.get("caption")), genre=words(row.get("genre")), mood=words(row.get("mood")),
        licence=LICENCE, source=SOURCE,
    )  # fmt: skip
    return Item(f"{collection}:{location}", path, "midi", facts=facts)

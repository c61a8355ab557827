"""What searches work on: the columns and vectors of a catalogue, in memory.

Of a large store they are kept in files beside the catalogue, which later processes map instead of reading
100,000 rows again. The files are of one content and are made anew when that has changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_store.catalogue import Catalogue
from rag_store.columns import NUMBERS, TEXTS, Coded, Columns
from rag_store.embed import Vectors

#: Rows from which files are worth it: below, SQLite is as quick.
LARGE = 10_000
#: Name of the folder of files, before the digest of the content.
PREFIX = "resident-"


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """Columns and the vectors of every space, rows by genre and id."""

    content: str
    columns: Columns
    vectors: Mapping[str, Vectors]  # space -> (n, dim); rows of exemplars without a vector are nan


def resident(folder: pathlib.Path, catalogue: Catalogue, spaces: Mapping[str, tuple[str, int]]) -> Resident:
    """Return what is to be searched, from files if they are there and of this content."""
    content = catalogue.content
    place = folder / f"{PREFIX}{content}"
    with contextlib.suppress(OSError, ValueError, KeyError):
        return _load(place, content, spaces)
    columns = catalogue.columns()
    made = Resident(
        content, columns, {space: catalogue.vectors(space, dim) for space, (_, dim) in spaces.items()}
    )
    if len(columns) >= LARGE and catalogue.content == content:
        with contextlib.suppress(OSError):  # a store that may only be read has it in memory
            _save(place, made)
    return made


def _save(place: pathlib.Path, made: Resident) -> None:
    scratch = place.with_name(f".{place.name}-{uuid.uuid4().hex[:8]}")
    scratch.mkdir()
    try:
        columns = made.columns
        coded = {**columns.texts, "instruments": columns.instruments}
        names = {name: list(column.names) for name, column in coded.items()}
        (scratch / "names.json").write_text(json.dumps({"ids": list(columns.ids), **names}), "utf-8")
        arrays: dict[str, Any] = {name: column.codes for name, column in coded.items()}
        arrays |= dict(columns.numbers) | {"characters": columns.characters}
        arrays |= {f"space.{space}": rows for space, rows in made.vectors.items()}
        for name, array in arrays.items():
            np.save(scratch / f"{name}.npy", array, allow_pickle=False)
        for old in place.parent.glob(PREFIX + "*"):
            shutil.rmtree(old, ignore_errors=True)
        os.replace(scratch, place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _load(place: pathlib.Path, content: str, spaces: Mapping[str, tuple[str, int]]) -> Resident:
    names = json.loads((place / "names.json").read_text("utf-8"))

    def array(name: str) -> Any:
        return np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    ids = tuple(names["ids"])
    columns = Columns(
        ids,
        {identity: i for i, identity in enumerate(ids)},
        {name: Coded(array(name), tuple(names[name])) for name in TEXTS},
        {name: array(name) for name in NUMBERS},
        Coded(array("instruments"), tuple(names["instruments"])),
        array("characters"),
    )
    return Resident(content, columns, {space: array(f"space.{space}") for space in spaces})

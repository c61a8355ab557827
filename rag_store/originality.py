"""Originality: the longest stretch of a melody that any exemplar of the store has too.

What counts
-----------
``n`` consecutive notes agree if their intervals in semitones agree and so do the times between their onsets,
up to one common factor: a copy in another key, at another tempo or in other note values is a copy. Rests are
part of the time between onsets. Compared are the melody, the top line of a tune's first pitched voice, with
the top lines of *all* pitched voices of all exemplars, as written. There is no exception for scale runs or
repeated notes: eight even notes up a scale agree with hundreds of tunes and count as eight.
"""

from __future__ import annotations

import contextlib
import pathlib
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError, StoreError, write_bytes
from rag_store.arrays import npz_bytes
from rag_store.builtin import data_folder
from rag_store.catalogue import Catalogue
from rag_store.lines import Ints, Line, unpack
from rag_store.shapes import Shapes

#: Most consecutive notes of a melody that may agree with an exemplar.
LONGEST_MATCH = 7
#: File of the index, in the folder of the store's generation, and its format.
NAME, FORMAT = "originality.npz", 1


@dataclass(frozen=True, slots=True)
class Match:
    """The longest agreement of a melody with the store; without any, 0 notes and empty texts."""

    exemplar_id: str
    title: str
    notes: int  # consecutive notes that agree in interval and rhythm
    bar: int  # written bar of the melody in which they begin
    exemplar_bar: int  # and of the exemplar


@dataclass(frozen=True, slots=True, eq=False)
class Originality:
    """Index of the lines of some exemplars."""

    shapes: Shapes
    bars: NDArray[np.int16]  # written bar of every note place
    owners: NDArray[np.int32]  # exemplar of every note place
    names: tuple[tuple[str, str], ...]  # id and title of every exemplar

    @classmethod
    def of(cls, held: Iterable[tuple[str, str, Sequence[Line]]]) -> Originality:
        """Return the index of some exemplars: id, title and lines of each, in order of their ids."""
        ordered = sorted(held, key=lambda one: one[0])
        lines = [one for _, _, group in ordered for one in group]
        sizes = [sum(max(0, len(one) - 1) for one in group) for _, _, group in ordered]
        bars = [one.bar[:-1] for one in lines]
        return cls(
            Shapes.of(lines),
            np.concatenate([np.zeros(0, np.int64), *bars]).astype(np.int16),
            np.repeat(np.arange(len(ordered)), sizes).astype(np.int32),
            tuple((identity, title) for identity, title, _ in ordered),
        )

    def runs(self, melody: Line) -> Ints:
        """How many notes from every note of a melody on agree with some exemplar, shape (n_notes - 1,)."""
        return self.shapes.longest(melody)[0]

    def longest(self, melody: Line) -> Match:
        """Return the longest agreement; of several the first in the melody."""
        notes, places = self.shapes.longest(melody)
        if not len(notes) or not len(self.bars):
            return Match("", "", 0, 0, 0)
        first = int(notes.argmax())
        place = int(places[first])
        name, title = self.names[int(self.owners[place])]
        return Match(name, title, int(notes[first]), int(melody.bar[first]), int(self.bars[place]))

    def save(self, path: pathlib.Path, content: str) -> None:
        """Write the index of a store's content, whole or not at all.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        names = "\n".join(f"{identity}\t{_one_line(title)}" for identity, title in self.names)
        arrays = {
            "format": np.array(FORMAT), "content": np.array(content),
            "stream": self.shapes.stream, "order": self.shapes.order, "bars": self.bars,
            "owners": self.owners, "names": np.frombuffer(names.encode(), np.uint8),
        }  # fmt: skip
        write_bytes(path, npz_bytes(arrays, level=0))

    @classmethod
    def load(cls, path: pathlib.Path, content: str) -> Originality | None:
        """Return the index that was written for this content; None if there is none, or a broken one."""
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                found: dict[str, NDArray[Any]] = dict(file.items())
            if int(found["format"]) != FORMAT or str(found["content"]) != content:
                return None
            rows = found["names"].tobytes().decode().split("\n")
            names = tuple((row.partition("\t")[0], row.partition("\t")[2]) for row in rows)
            return cls(Shapes(found["stream"], found["order"]), found["bars"], found["owners"], names)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None


def index_of(catalogue: Catalogue, folder: pathlib.Path) -> Originality:
    """Make the index of a catalogue and keep it in a folder, where that can be written."""
    made = Originality.of(catalogue.lines())
    with contextlib.suppress(InputError):  # a store that may only be read has it in memory
        made.save(folder / NAME, catalogue.content)
    return made


@lru_cache(maxsize=1)
def shipped_lines() -> dict[str, list[Line]]:
    """Lines of the built-in exemplars by the digest of their text: parsing them takes half a minute.

    Raises
    ------
    StoreError
        If the file is broken.
    """
    path = data_folder() / "lines.npz"
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            packed = dict(file.items())
        digests = [digest.decode() for digest in packed.pop("texts").tolist()]
        return dict(zip(digests, unpack(packed), strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"{str(path)!r} is broken ({error}); reinstall chiaroscore") from error


def _one_line(title: str) -> str:
    return " ".join(title.split())

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

import zipfile
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chiaroscore import StoreError
from rag_store.builtin import data_folder
from rag_store.lines import Line, unpack

#: Most consecutive notes of a melody that may agree with an exemplar.
LONGEST_MATCH = 7


@dataclass(frozen=True, slots=True)
class Match:
    """The longest agreement of a melody with the store; without any, 0 notes and empty texts."""

    exemplar_id: str
    title: str
    notes: int  # consecutive notes that agree in interval and rhythm
    bar: int  # written bar of the melody in which they begin
    exemplar_bar: int  # and of the exemplar


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

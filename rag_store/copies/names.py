"""Ids and titles of many tunes as two arrays: a mapped file of them is read only where it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """UTF-8 of all ids and titles, ``id TAB title`` each, and where each ends."""

    text: NDArray[np.uint8]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, names: Iterable[tuple[str, str]]) -> Names:
        """Return the names of tunes, given as (id, title)."""
        rows = [f"{identity}\t{' '.join(title.split())}".encode() for identity, title in names]
        text = np.frombuffer(b"".join(rows), np.uint8)
        return cls(text, np.cumsum([len(row) for row in rows], dtype=np.int64))

    def __len__(self) -> int:
        """Count the tunes."""
        return len(self.ends)

    def __getitem__(self, number: int) -> tuple[str, str]:
        """Return id and title of a tune."""
        begin = int(self.ends[number - 1]) if number else 0
        identity, _, title = self.text[begin : int(self.ends[number])].tobytes().decode().partition("\t")
        return identity, title

    def all(self) -> list[tuple[str, str]]:
        """Return the ids and titles of all tunes."""
        return [self[number] for number in range(len(self))]

"""The attributes of all exemplars as arrays: what filters and re-ranking work on.

Texts of few values are codes into a table of names, so that a comparison is one of integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Floats = NDArray[np.float32]

#: Attributes of text and of number, by their names in `Exemplar`.
TEXTS = ("genre", "mood", "meter", "tonic", "mode", "tempo_class", "source", "licence")
NUMBERS = ("tempo", "density", "low", "high", "voices", "bars", "valence", "arousal", "year")


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of texts: codes, shape (n,), into names; a code is -1 for a name that is not there."""

    codes: Codes
    names: tuple[str, ...]

    def code(self, name: str) -> int:
        """Return the code of a name, -1 if no row has it."""
        return self.names.index(name) if name in self.names else -1

    def equals(self, name: str) -> NDArray[np.bool_]:
        """Return which rows have this text, shape (n,)."""
        return np.asarray(self.codes == self.code(name))

    def among(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows have one of these texts, shape (n,)."""
        return np.isin(self.codes, [self.code(name) for name in names if name in self.names])

    @classmethod
    def of(cls, values: Sequence[str]) -> Coded:
        """Return the column of some texts."""
        names, codes = np.unique(np.asarray(values, dtype=object), return_inverse=True)
        return cls(codes.astype(np.int32), tuple(str(name) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """All attributes, row by row; row ``i`` everywhere is the exemplar ``ids[i]``."""

    ids: tuple[str, ...]
    place: Mapping[str, int]  # id -> row
    texts: Mapping[str, Coded]  # of TEXTS
    numbers: Mapping[str, Floats]  # of NUMBERS
    instruments: Coded  # sets of instruments, each joined by "|" in order
    characters: NDArray[np.int32]  # length of the ABC, from which a prompt's budget is reckoned

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ids)

    def row(self, i: int) -> dict[str, Any]:
        """Return the attributes of a row by name."""
        texts = {name: column.names[column.codes[i]] for name, column in self.texts.items()}
        numbers = {name: float(column[i]) for name, column in self.numbers.items()}
        return texts | numbers | {"instruments": self.instruments.names[self.instruments.codes[i]]}

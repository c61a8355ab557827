"""Why a result is there: in which tracks, how near, which wishes it meets and misses, what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_store.columns import Columns
from rag_store.searching.targeted import degrees
from rag_store.searching.wanted import Wanted

#: A wish that is met by degrees is said to be met from here on.
MET = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in a track; ranks count from 1."""

    space: str  # "text", "music", "image"
    rank: int
    cosine: float

    def __str__(self) -> str:
        """Return it in words."""
        name = "broad" if self.space == "text" else self.space
        return f"{name}: rank {self.rank}, cosine {self.cosine:.2f}"


def reasons(
    columns: Columns,
    row: int,
    wanted: Wanted,
    places: Sequence[Place],
    targeted_rank: int,
    filtered: Mapping[str, str],
) -> tuple[str, ...]:
    """Return why a row is among the results, a line for each track and one for the filter.

    Parameters
    ----------
    wanted
        The wishes, with those that were read.
    places
        Of the row in the broad tracks.
    targeted_rank
        Of the row in the targeted track, from 1; 0 if it is not in it.
    filtered
        The conditions, in words.
    """
    said = [str(place) for place in places]
    if targeted_rank and wanted.asked():
        said.append(f"targeted: rank {targeted_rank}, {_wishes(columns, row, wanted)}")
    if filtered:
        said.append("filter: " + "; ".join(f"{name} {value}" for name, value in filtered.items()))
    return tuple(said)


def _wishes(columns: Columns, row: int, wanted: Wanted) -> str:
    """Say which wishes a row meets and which not: "genre tango, meter 4/4 (not mood sad)"."""
    one = np.array([row], dtype=np.int64)
    degree = {name: float(met[0]) for name, met in degrees(columns, one, wanted).items()}
    met, has = [name for name, value in degree.items() if value >= MET], columns.row(row)
    said = ", ".join(_attribute(name, has) for name in met)
    missed = [_attribute(name, wanted.asked()) for name in degree if name not in met]
    read = " [read from the text]" if set(met) <= wanted.read else ""
    return (said + (f" (not {', '.join(missed)})" if missed else "")).strip() + read


def _attribute(name: str, values: Mapping[str, Any]) -> str:
    value = values[name]
    if name == "instruments":
        value = " and ".join(value.split("|") if isinstance(value, str) else value)
    return f"{name.replace('_', ' ')} {f'{value:.3g}' if isinstance(value, float) else value}"

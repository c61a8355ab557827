"""Hard conditions on attributes, as exact masks over all rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError
from notation import instrument
from rag_store.columns import Coded, Columns
from rag_store.searching.licences import EVERYTHING, STANDARD, Allowed, licensed
from rag_store.searching.nearness import Mask
from rag_store.searching.wanted import Wanted, known

#: Both ends are within; None leaves an end open.
Range = tuple[float | None, float | None]

#: Conditions by the column that they look at.
TEXTS = {
    "genres": "genre", "moods": "mood", "meters": "meter", "modes": "mode", "tonics": "tonic",
    "tempo_classes": "tempo_class",
}  # fmt: skip
RANGES = ("tempo", "density", "bars", "voices", "valence", "arousal", "year")


@dataclass(frozen=True, slots=True)
class Filter:
    """What every result has to meet; an empty or None condition asks nothing."""

    genres: tuple[str, ...] = ()  # one of these, and so for all the texts
    moods: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    tonics: tuple[str, ...] = ()
    tempo_classes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # whole names or parts of them, in capitals or not
    any_instruments: tuple[str, ...] = ()  # at least one of these plays
    all_instruments: tuple[str, ...] = ()  # all of these play
    tempo: Range | None = None  # quarter notes per minute
    density: Range | None = None  # sounding notes per quarter note
    bars: Range | None = None
    voices: Range | None = None
    valence: Range | None = None
    arousal: Range | None = None
    year: Range | None = None  # rows whose year is unknown are out
    licences: Allowed = STANDARD

    def asked(self) -> dict[str, str]:
        """Return the conditions that there are, in words; licences only if they are not the standard ones."""
        said: dict[str, str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in RANGES and value is not None:
                said[field.name] = _said(value)
            elif field.name == "licences":
                said |= {"licences": value.said} if value not in (STANDARD, EVERYTHING) else {}
            elif value:
                said[field.name.replace("_", " ")] = (" and " if "all" in field.name else " or ").join(value)
        return said


def checked_filter(asked: Filter) -> Filter:
    """Return the same filter if its conditions can be met, instruments by their names in the table.

    Raises
    ------
    ControlError
        If a text is in no table, an instrument is unknown, or a range is empty.
    """
    for field, column in TEXTS.items():
        for value in getattr(asked, field):
            known(column, value)
    for name in RANGES:
        _check_range(name, getattr(asked, name))
    return replace(
        asked,
        any_instruments=tuple(instrument(name).name for name in asked.any_instruments),
        all_instruments=tuple(instrument(name).name for name in asked.all_instruments),
    )


def demanded(wanted: Wanted, asked: Filter) -> Filter:
    """Return a filter with named wishes as conditions, too: what a strict search asks."""
    wishes: dict[str, Any] = {field: getattr(wanted, column) for field, column in TEXTS.items()}
    named: dict[str, Any] = {field: (value,) for field, value in wishes.items() if value is not None}
    return replace(asked, **named)


def mask(columns: Columns, asked: Filter) -> Mask:
    """Return which rows meet all conditions, shape (n,).

    Raises
    ------
    ControlError
        If no row at all is of a source that is asked for.
    """
    found = licensed(columns, asked.licences).copy()
    for field, column in TEXTS.items():
        if values := getattr(asked, field):
            found &= _among(columns.texts[column], values)
    if asked.sources:
        found &= _of_sources(columns.texts["source"], asked.sources)
    if asked.any_instruments:
        found &= np.any([holds(columns.instruments, name) for name in asked.any_instruments], axis=0)
    for name in asked.all_instruments:
        found &= holds(columns.instruments, name)
    for name in RANGES:
        if (bounds := getattr(asked, name)) is not None:
            _narrow(found, columns, name, bounds)
    return found


@lru_cache(maxsize=128)
def holds(column: Coded, name: str) -> Mask:
    """Return which rows of a column of sets have a member, shape (n,), not to be written to."""
    sets = np.zeros(len(column.names), np.bool_)
    sets[_members(column).get(name, [])] = True
    found: Mask = sets[column.codes]
    found.flags.writeable = False
    return found


@lru_cache(maxsize=2)
def _members(column: Coded) -> dict[str, list[int]]:
    """Return the codes of the sets that each member is in."""
    found: dict[str, list[int]] = {}
    for code, joined in enumerate(column.names):
        for name in joined.split("|"):
            found.setdefault(name, []).append(code)
    return found


def _among(column: Coded, values: tuple[str, ...]) -> Mask:
    """Return which rows have one of some texts; by a table of the codes, which is quicker than a search."""
    return np.array([name in values for name in column.names], np.bool_)[column.codes]


def _of_sources(column: Coded, asked: tuple[str, ...]) -> Mask:
    wanted = [part.casefold() for part in asked]
    chosen = np.array([any(part in name.casefold() for part in wanted) for name in column.names], np.bool_)
    if not chosen.any():
        raise ControlError(
            f"no exemplar is of the source {' or '.join(map(repr, asked))}; "
            f"there are: {', '.join(column.names)}"
        )
    return chosen[column.codes]


def _narrow(found: NDArray[np.bool_], columns: Columns, name: str, bounds: Range) -> None:
    values, (low, high) = columns.numbers[name], bounds
    if low is not None:
        found &= values >= np.float32(low)
    if high is not None:
        found &= values <= np.float32(high)
    if name == "year":
        found &= values > 0


def _check_range(name: str, bounds: Range | None) -> None:
    if bounds is None:
        return
    low, high = bounds
    if any(end is not None and math.isnan(end) for end in bounds) or (
        low is not None and high is not None and low > high
    ):
        raise ControlError(f"the range {bounds} of {name} holds no number; give the lower end first")


def _said(bounds: Range) -> str:
    low, high = bounds
    if low is None or high is None:
        return "any" if low is high else f"to {high:g}" if low is None else f"from {low:g}"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"

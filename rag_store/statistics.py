"""What a store holds, counted: by attribute, over the ranges of numbers, and on the plane of emotion."""

from __future__ import annotations

import os
import pathlib
from collections import Counter
from typing import Any

import numpy as np

from rag_store.columns import Coded, Columns

#: Attributes that are counted by value.
COUNTED = ("genre", "mood", "mode", "meter", "tempo_class", "source", "licence")
#: Ends of the classes of numbers; a number belongs to the class that it is the lower end of.
TEMPI = tuple(range(30, 241, 10))  # quarter notes per minute; beyond them the first and the last class
BARS = (1, 5, 9, 13, 17, 25, 33, 49, 65, 97, 129)
FEELING = tuple(round(-1 + 0.2 * i, 1) for i in range(11))


def counts(columns: Columns) -> dict[str, Any]:
    """Return the numbers of exemplars as plain values.

    Returns
    -------
    dict
        ``genre``, ``mood``, ``mode``, ``meter``, ``tempo_class``, ``source``, ``licence``, ``decade``
        ("1880s", "unknown") and ``instruments`` ("unstated"; an exemplar counts for each of its instruments)
        as name -> number, most first; ``tempo`` and ``bars`` with ``low``, ``median``, ``high``, ``mean`` and
        the classes ``edges``, ``counts``; ``emotion`` with ``edges`` and ``counts``, rows by valence, columns
        by arousal.
    """
    return {
        **{name: _by_name(columns.texts[name]) for name in COUNTED},
        "decade": _decades(columns),
        "instruments": _instruments(columns.instruments),
        "tempo": _spread(columns.numbers["tempo"], TEMPI),
        "bars": _spread(columns.numbers["bars"], BARS),
        "emotion": _emotion(columns),
    }


def size(folder: str | os.PathLike[str]) -> int:
    """Return the bytes of all files under a folder; those that go meanwhile are left out."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (pathlib.Path(place) / name).stat().st_size
            except OSError:
                continue
    return total


def _by_name(column: Coded) -> dict[str, int]:
    found = np.bincount(column.codes, minlength=len(column.names))
    return _most_first(dict(zip(column.names, map(int, found), strict=True)))


def _most_first(found: dict[str, int]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _decades(columns: Columns) -> dict[str, int]:
    years, found = np.unique(columns.numbers["year"].astype(int) // 10 * 10, return_counts=True)
    return {f"{year}s" if year else "unknown": int(n) for year, n in zip(years.tolist(), found, strict=True)}


def _instruments(column: Coded) -> dict[str, int]:
    found: Counter[str] = Counter()
    for joined, count in _by_name(column).items():
        found.update(dict.fromkeys(joined.split("|") if joined else ["unstated"], count))
    return _most_first(found)


def _spread(values: Any, edges: tuple[int, ...]) -> dict[str, Any]:
    """Return mean, median, extremes, and how many are in each class; the outer ones hold all beyond."""
    known = np.asarray(values, np.float64)
    ends = np.array(edges, np.float64)
    inside = np.clip(np.searchsorted(ends, known, side="right") - 1, 0, len(ends) - 2)
    low, median, high = np.percentile(known, (0, 50, 100)) if len(known) else (np.nan, np.nan, np.nan)
    return {
        "low": round(float(low), 2), "median": round(float(median), 2), "high": round(float(high), 2),
        "mean": round(float(known.mean()), 2) if len(known) else float("nan"), "edges": list(edges),
        "counts": np.bincount(inside, minlength=len(ends) - 1).tolist(),
    }  # fmt: skip


def _emotion(columns: Columns) -> dict[str, Any]:
    # to four digits: as 32-bit numbers -0.2 and 0.6 lie just beside the edges that they are
    valence, arousal = (
        np.clip(columns.numbers[name].astype(np.float64).round(4), -1, 1) for name in ("valence", "arousal")
    )
    grid, _, _ = np.histogram2d(valence, arousal, bins=(np.array(FEELING), np.array(FEELING)))
    return {"edges": list(FEELING), "counts": grid.astype(int).tolist()}

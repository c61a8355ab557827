"""The small vocabularies of the store: genres, moods, tempo classes, and the rules that find them."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

#: Upper bounds of the tempo classes in quarter notes per minute, as `Exemplar.tempo_class` documents them.
TEMPO_CLASSES = (("slow", 76.0), ("moderate", 112.0), ("fast", 150.0), ("very fast", float("inf")))


@cache
def genre_table() -> dict[str, Any]:
    """Return ``data/genres.json``: genres with default tempi, and the rules that find them."""
    return _load("genres.json")


@cache
def mood_table() -> dict[str, Any]:
    """Return ``data/moods.json``: moods, their words, and the rules that find them, with their source."""
    return _load("moods.json")


def genre_names() -> tuple[str, ...]:
    """Names of all genres, in the order of the table."""
    return tuple(genre_table()["genres"])


def mood_names() -> tuple[str, ...]:
    """Names of all moods, in the order of the table."""
    return tuple(mood_table()["moods"])


def tempo_class(qpm: float) -> str:
    """Return "slow" below 76 quarters a minute, "moderate" below 112, "fast" below 150, else "very fast"."""
    return next(name for name, below in TEMPO_CLASSES if qpm < below)


def matches(pattern: str, text: str) -> bool:
    """Whether a rule's pattern occurs in a text as whole words, case ignored."""
    return re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE) is not None


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        resources.files("rag_store").joinpath(f"data/{name}").read_text("utf-8")
    )
    return loaded

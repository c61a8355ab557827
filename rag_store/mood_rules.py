"""The mood that a source's words mean, from ``data/mood_words.json``."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

_WORD = re.compile(r"[a-z]+")
_LONGEST = 1000


def mood_of_words(words: str) -> str:
    """Return the mood of the first of some tags that means one, "" if none does."""
    return _first(words, frozenset())


def mood_of_caption(text: str) -> str:
    """Return the mood of the first word in a sentence that means one; words of sound and use do not count."""
    return _first(text, frozenset(_table()["not_in_captions"]))


def _first(words: str, without: frozenset[str]) -> str:
    found = (_table()["words"].get(w) for w in _WORD.findall(words[:_LONGEST].lower()) if w not in without)
    return str(next((mood for mood in found if mood), ""))


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        resources.files("rag_store").joinpath("data/mood_words.json").read_text("utf-8")
    )
    return loaded

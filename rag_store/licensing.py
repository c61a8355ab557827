"""What licence a file's own words mean."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

#: Words further on in a text are not read.
_LONGEST = 4000
_VERSION = re.compile(r"\b([1-4]\.[05])\b")
UNSTATED = "unstated"


def licence_of(words: str) -> str:
    """Return the SPDX name of the licence that words state, "PD" or "all rights reserved"; "" for no words.

    Words about rights that name no licence ("Copyright 1994") give "unstated".
    """
    text = " ".join(words[:_LONGEST].split())
    if not text:
        return ""
    for pattern, name in _patterns():
        found = pattern.search(text)
        if found:
            return _versioned(name, text[found.end() :]) if name.startswith("CC-BY") else name
    return UNSTATED


def _versioned(name: str, after: str) -> str:
    version = _VERSION.search(after[:40])
    return f"{name}-{version[1] if version else '4.0'}"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the patterns and names of ``data/licence_words.json``."""
    loaded = json.loads(resources.files("rag_store").joinpath("data/licence_words.json").read_text("utf-8"))
    return tuple((re.compile(pattern, re.IGNORECASE), str(name)) for pattern, name in loaded["patterns"])

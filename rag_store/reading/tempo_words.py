"""What tempo the words over a score mean, in quarter notes a minute."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from rag_store.words import matches

#: Words are read from this many characters on; the rest is a remark.
_LONGEST = 80


def tempo_of(words: str) -> float:
    """Return the tempo that words such as "Allegro ma non troppo" mean, 0 if they mean none."""
    text = words[:_LONGEST]
    return next((tempo for pattern, tempo in _table() if matches(pattern, text)), 0.0)


@cache
def _table() -> tuple[tuple[str, float], ...]:
    """Return patterns and tempi of ``data/tempo_words.json``, in the order they are tried."""
    loaded = json.loads(resources.files("rag_store").joinpath("data/tempo_words.json").read_text("utf-8"))
    return tuple((str(pattern), float(tempo)) for pattern, tempo in loaded["words"])

"""Letters for the drums of a part, as ``%%MIDI drummap`` declares them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from importlib import resources
from typing import Any

_PLAIN = "CDEFGABcdefgab"


@functools.cache
def _table() -> dict[str, Any]:
    text = resources.files("rag_store").joinpath("data/drum_letters.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def drum_letters(keys: Iterable[int]) -> dict[int, str]:
    """Return a letter for every General MIDI percussion key, by key.

    The common drums have letters of their own, so that one letter means one drum in most pieces; drums like
    them take those where they are not played; the others take what is free, plain letters first, then those
    with a sharp.
    """
    wanted = sorted(set(keys))
    letters = {key: letter for letter, key in _table()["letters"].items() if key in wanted}
    for key, letter in ((key, _table()["instead"].get(str(key))) for key in wanted):
        if letter and key not in letters and letter not in letters.values():
            letters[key] = letter
    plain = [letter for letter in _PLAIN if letter not in letters.values()]
    free = iter([*plain, *(sign + letter for sign in ("^", "_") for letter in _PLAIN)])
    for key in wanted:
        if key not in letters:
            letters[key] = next(free, _PLAIN[0])  # beyond 42 drums: a letter that is taken
    return {key: letters[key] for key in wanted}

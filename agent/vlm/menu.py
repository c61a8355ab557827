"""What a model may choose from, as its prompt lists it: genres, players, modes, meters, forms, moods.

The list is short, for small models have short contexts: what the genre table plays with stands for all
instruments. The schema holds the whole.
"""

from __future__ import annotations

import functools
from collections import Counter

from agent.controls import Controls
from agent.genres import genres
from agent.vlm import constraints
from notation import MODES, instrument

#: Line-ups of the genre table from which a player is listed.
_OFTEN = 2


def choices(controls: Controls) -> str:
    """Return what the prompt of the plan lists, a line a kind; a request leaves one choice.

    Examples
    --------
    >>> choices(Controls.parse(genre="waltz", meter="3/4")).splitlines()[:2]
    ['genre: waltz', 'meter: 3/4']
    """
    bounds = constraints.narrowing(controls)
    genre = controls.genre.name if controls.genre else _with_words(bounds["genre.value"]["enum"])
    players = ", ".join(one.name for one in controls.instruments) or _players()
    key = controls.key.name if controls.key else f'a tonic and a mode, "D dorian"; modes: {", ".join(MODES)}'
    lines = {
        "genre": genre,
        "meter": ", ".join(bounds["meter.value"]["enum"]),
        "key": key,
        "form": ", ".join(bounds["form.value"]["enum"]),
        "instruments": players,
    }
    return "\n".join(f"{name}: {said}" for name, said in lines.items())


def _with_words(names: list[str]) -> str:
    """Return genres, each with a word on how it moves."""
    known = {one.name: one for one in genres()}
    return ", ".join(f"{name} ({known[name].rhythm[0]})" for name in names)


@functools.cache
def _players() -> str:
    """Return the players that genres often have, by family."""
    counted = Counter(player for one in genres() for lineup in one.lineups for player, _ in lineup.parts)
    families: dict[str, list[str]] = {}
    for name, times in counted.items():
        if times >= _OFTEN:
            families.setdefault(instrument(name).family, []).append(name)
    listed = "; ".join(f"{family}: {', '.join(sorted(names))}" for family, names in sorted(families.items()))
    return f"{listed}; or any other of General MIDI by its name"

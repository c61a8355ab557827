"""Textual scenes to teach with: templates filled by chance, each filling knowing what its words mean.

Conventions
-----------
Templates and words are in ``data/scenes.json``, in nine families after CoT-VTM [#cotvtm]_: natural, urban,
indoor, time, season, holiday, behaviours, tonality, atmosphere. Every filling has one thing that it is about
("a mountain lake"); fillings about the same thing are kin, in whatever family.

References
----------
.. [#cotvtm] Guan, Gu, Huo, Ding & Gao, CoT-VTM: visual-to-music generation with chain-of-thought reasoning
(its
   families of textual scenes; the templates and words here are our own).
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chiaroscore import ControlError

#: Lists of things that a scene may be about.
MAIN = ("natural", "urban", "indoor", "doing", "holiday")
#: Share of the feeling that words of feeling have, where a scene has some.
_SAID = 0.7
_FAINT = 0.6  # what a leaning counts beside the thing itself


@dataclass(frozen=True, slots=True)
class Telling:
    """A textual scene and what its words mean.

    ``valence``, ``arousal`` in [-1, 1]; ``light`` -1 (dark) to 1; ``busyness``, ``openness`` ranks in [0, 1],
    None where the words do not say; ``colours`` strongest first, ``coverage`` the share of the picture that
    they cover.
    """

    text: str
    kin: str
    family: str
    objects: tuple[str, ...]
    setting: str
    colours: tuple[str, ...]
    feelings: tuple[str, ...]
    valence: float
    arousal: float
    light: float = 0.0
    busyness: float | None = None
    openness: float | None = None
    coverage: float = 1.0


def tellings(count: int, seed: int = 0) -> Iterator[Telling]:
    """Yield ``count`` different textual scenes, families in turn.

    The same seed gives the same scenes; a longer run begins with those of a shorter one.

    Raises
    ------
    ControlError
        If more are asked for than can be found.
    """
    known: set[str] = set()
    families = list(_table()["families"])
    for index in range(count):
        family = families[index % len(families)]
        for again in range(200):
            made = _filled(family, random.Random(f"{seed}|{index}|{again}"))  # noqa: S311  # repeatable, not secret
            if made.text not in known:
                break
        else:
            raise ControlError(
                f"{count:,} textual scenes are too many: after {index:,} the family {family!r} has no more"
            )
        known.add(made.text)
        yield made


def colour_names() -> frozenset[str]:
    """Return the colours that the words name."""
    return frozenset(
        name for rows in _table()["words"].values() for row in rows for name in row.get("colours", ())
    )


def themes() -> frozenset[str]:
    """Return the themes that the words name."""
    return frozenset(
        name for rows in _table()["words"].values() for row in rows for name in row.get("see", ())
    )


@functools.cache
def _table() -> dict[str, Any]:
    text = importlib.resources.files("mapper").joinpath("data/scenes.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _filled(family: str, chance: random.Random) -> Telling:
    """Return one filling of a template of a family."""
    template = chance.choice(_table()["families"][family])
    slots = list(dict.fromkeys(re.findall(r"\{(\w+)\}", template)))
    words: dict[str, dict[str, Any]] = {}
    for slot in slots:
        rows = _table()["words"][slot.rstrip("2")]
        words[slot] = chance.choice([row for row in rows if row not in words.values()])
    text = template.format(**{slot: row["say"] for slot, row in words.items()})
    main = next(words[slot] for slot in slots if slot in MAIN)
    return _told(text[0].upper() + text[1:], family, main, words)


def _told(text: str, family: str, main: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> Telling:
    """Return what the words of a filling mean together."""
    others = [row for slot, row in words.items() if row is not main]
    said = [row for row in others if "feeling" in row]
    leaning = [row["feel"] for row in others if "feeling" not in row]
    feel = [main["feel"][axis] + _FAINT * sum(one[axis] for one in leaning) for axis in (0, 1)]
    if said:
        feel = [
            _SAID * sum(row["feel"][axis] for row in said) / len(said) + (1 - _SAID) * feel[axis]
            for axis in (0, 1)
        ]
    return Telling(
        text=text,
        kin=f"scene:{main['say']}",
        family=family,
        objects=_all("see", [main, *others]),
        setting=main["where"],
        colours=_all("colours", [*(row for slot, row in words.items() if slot == "tone"), main, *others]),
        feelings=_all("feeling", said),
        valence=max(-1.0, min(1.0, feel[0])),
        arousal=max(-1.0, min(1.0, feel[1])),
        light=max(-1.0, min(1.0, sum(row.get("light", 0.0) for row in others))),
        busyness=main["space"][0],
        openness=main["space"][1],
    )


def _all(name: str, rows: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what rows say under a name, each once, in their order."""
    return tuple(dict.fromkeys(one for row in rows for one in row.get(name, ())))

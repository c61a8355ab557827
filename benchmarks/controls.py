"""How well requests are obeyed: random ones for the example pictures, checked on the finished scores.

``python -m benchmarks.controls --requests 500 --seed 0``. Each request is a random subset of the controls
with random values, some of them invalid or at odds with each other. It is refused with a reason before
anything is composed, or accepted; what is accepted is composed and measured anew by `agent.obeyed`. The
command ends with 1 if less than 99 percent of what was accepted was met, or anything failed.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from agent import Agent
from agent.forms import NAMED
from agent.genres import genres
from agent.moods import moods
from agent.obeyed import Obeyed
from agent.offline.perceive import OfflinePerceiver
from agent.picture import open_picture, picture_hash
from agent.tempo import METERS
from chiaroscore import ControlError
from notation import MODES, families
from notation.instruments import instruments
from prompts import Scene

PICTURES = pathlib.Path(__file__).parent.parent / "examples" / "images"
#: Least share of the accepted requests that must be met.
ENOUGH = 0.99
#: How likely each control is in a request.
_SHARE = 0.28
_WORDS = (
    "Grave",
    "largo",
    "adagio",
    "Andante",
    "moderato",
    "Allegretto",
    "allegro",
    "vivace",
    "presto",
    "fast",
)
_SHAPES = ("AB", "ABA", "ABA'", "AABA", "ABAC", "ABACA", "AABB", "intro AB coda", "intro AABA", "ABA coda")
_PITCHED = tuple(one.name for one in instruments() if one.roles and not one.percussion)
_WRONG: dict[str, tuple[Any, ...]] = {
    "tempo": (500, "andantte", -3), "key": ("G# major", "H minor", "D# lydian"), "meter": ("4/5", "11/8"),
    "bars": (3, 1000, "many"), "duration": (1, 5000), "genre": ("salsa",), "mood": ("hungry",),
    "valence": (2,), "arousal": ("high",), "instruments": ("kazoo", "drums", "gunshot"),
    "density": ("plenty", 90), "register": ("C9", "under"), "form": ("AbA", "A" * 13),
}  # fmt: skip


def _key(chance: random.Random) -> str:
    tonic = chance.choice("CDEFGAB") + chance.choice(("", "", "", "b", "#"))
    return f"{tonic} {chance.choice(tuple(MODES))}"


def _players(chance: random.Random) -> str:
    if chance.random() < 0.2:
        return chance.choice([one for one in families() if "effect" not in one and one != "percussion"])
    names = [chance.choice(_PITCHED) for _ in range(chance.randint(1, 4))]
    names = [str(chance.randrange(0, 112)) if chance.random() < 0.1 else name for name in names]
    return ", ".join(names + (["drums"] if chance.random() < 0.15 else []))


_VALUES: dict[str, Callable[[random.Random], Any]] = {
    "tempo": lambda c: c.choice(_WORDS) if c.random() < 0.4 else c.randint(40, 220),
    "key": _key,
    "meter": lambda c: c.choice(METERS),
    "bars": lambda c: c.choice((4, 5, 8, 12, 16, 20, 24, 32, 33, 40, 48)),
    "duration": lambda c: c.choice((10, 15, 20, 30, 45, 60, 75, 90)),
    "genre": lambda c: c.choice(genres()).name,
    "mood": lambda c: c.choice(moods()).name,
    "valence": lambda c: round(c.uniform(-1, 1), 2),
    "arousal": lambda c: round(c.uniform(-1, 1), 2),
    "instruments": _players,
    "density": lambda c: c.choice(("sparse", "medium", "dense", round(c.uniform(1.5, 12), 1))),
    "register": lambda c: c.choice(("low", "middle", "high", "C4", "F#4", "A4", "D5", 52, 64, 80)),
    "form": lambda c: c.choice((*_SHAPES, *NAMED)),
}


@dataclass
class Sweep:
    """What became of the requests."""

    accepted: int = 0
    faultless: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    missed: list[tuple[str, dict[str, Any], Obeyed]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of all accepted single requests that were met; 1 if none was accepted."""
        total = sum(self.asked.values())
        return sum(self.met.values()) / total if total else 1.0


class Remembering:
    """A perceiver that looks at each picture once."""

    def __init__(self) -> None:
        self._perceiver = OfflinePerceiver()
        self._scenes: dict[str, Scene] = {}

    def perceive(self, picture: Image.Image) -> Scene:
        """Return the scene of a picture, from memory if it was seen before."""
        name = picture_hash(picture)
        if name not in self._scenes:
            self._scenes[name] = self._perceiver.perceive(picture)
        return self._scenes[name]


def random_request(chance: random.Random) -> dict[str, Any]:
    """Return a random subset of the controls with random values; one value in thirty is wrong."""
    asked: dict[str, Any] = {}
    for name, value in _VALUES.items():
        if chance.random() < _SHARE:
            asked[name] = chance.choice(_WRONG[name]) if chance.random() < 1 / 30 else value(chance)
    return {**asked, "seed": chance.randrange(1000)}


def sweep(
    agent: Agent,
    pictures: Sequence[Image.Image],
    requests: int,
    seed: int,
    say: Callable[[str], None] = print,
) -> Sweep:
    """Compose random requests and check each on its score.

    Parameters
    ----------
    agent
        Composes; give it a `Remembering` perceiver for speed.
    pictures
        One is drawn for each request.
    requests, seed
        How many, and which ones.
    say
        Gets a line for each request that was missed.
    """
    chance = random.Random(f"controls:{seed}")
    found = Sweep()
    for _ in range(requests):
        picture, asked = chance.choice(pictures), random_request(chance)
        try:
            piece = agent.compose(picture, **asked)
        except ControlError as error:
            found.refused[_reason(str(error), asked)] += 1
            continue
        except Exception as error:
            found.failed.append((asked, f"{type(error).__name__}: {error}"))
            say(f"failed: {type(error).__name__}: {error}; {asked}")
            continue
        found.accepted += 1
        found.faultless += all(one.met for one in piece.obeyed)
        for one in piece.obeyed:
            found.asked[one.name] += 1
            found.met[one.name] += one.met
            if not one.met:
                found.missed.append((str(piece), asked, one))
                say(f"missed {one.name}: asked {one.asked}, measured {one.measured}; {asked}; {piece}")
    return found


def _reason(message: str, asked: dict[str, Any]) -> str:
    """Return the kind of a refusal: the controls that its message names."""
    named = [name for name in asked if name in message.lower() or name.rstrip("s") in message.lower().split()]
    return " and ".join(named) or message[:60]


def report(found: Sweep, seconds: float) -> None:
    """Print what became of the requests."""
    console = Console(width=120)
    table = Table(title="requests, as measured on the finished scores")
    for column in ("control", "asked", "met", "share"):
        table.add_column(column, justify="left" if column == "control" else "right")
    for name in _VALUES:
        asked, met = found.asked[name], found.met[name]
        table.add_row(name, str(asked), str(met), f"{met / asked:.1%}" if asked else "-")
    table.add_row("all", str(sum(found.asked.values())), str(sum(found.met.values())), f"{found.share:.2%}")
    console.print(table)
    refused = sum(found.refused.values())
    console.print(
        f"{found.accepted + refused} requests in {seconds:.0f} s: {refused} refused with a reason, "
        f"{found.accepted} accepted, {found.faultless} of these met in every control, "
        f"{len(found.failed)} failed"
    )
    console.print(
        "refused for: " + ", ".join(f"{name} {count}" for name, count in found.refused.most_common(20))
    )


def main() -> int:
    """Run the sweep, print it, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    pictures = [open_picture(path) for path in sorted(PICTURES.glob("*.jpg"))]
    started = time.perf_counter()
    found = sweep(Agent(perceiver=Remembering()), pictures, options.requests, options.seed)
    report(found, time.perf_counter() - started)
    return 0 if found.share >= ENOUGH and not found.failed else 1


if __name__ == "__main__":
    sys.exit(main())

"""Whether retrieval helps: ``python -m benchmarks.retrieval [--pictures 24] [--seeds 1] [--requests 60]``.

The same pictures, seeds and requests are composed in several ways: exemplars sought by both tracks, by either
alone, not at all (then the offline writer invents every motif), and by both among ``--size N`` exemplars
drawn at random from the built-in ones, anew for every seed. What is copied is minded against the whole store
in all ways. For each way: closeness to real music of the pieces' genre groups, obedience, originality,
variety, the critic's score; with the difference to the first way, and intervals of 95 percent from the
bootstrap over pictures (over requests, for obedience). Exit code 1 if a piece is not valid.

With ``--genre`` pieces are of a genre asked for: most pictures call for one of which the store has little.

The tune books among the built-in exemplars are also the real folk music that pieces are compared with.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import pathlib
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from agent import Agent
from agent.agent import CANDIDATES
from agent.picture import open_picture
from benchmarks.closeness import PICTURES
from benchmarks.controls import Remembering, Sweep, sweep
from benchmarks.outcomes import MEASURES, Composed, Picture, distance, outcome
from benchmarks.paired import Estimate, estimates
from prompts import Plan
from rag_store import Hit, Store
from rag_store.corpus import sources

#: Ways to seek exemplars, the first one the usual one.
TRACKS: dict[str, tuple[str, ...]] = {
    "broad + targeted": ("broad", "targeted"),
    "broad only": ("broad",),
    "targeted only": ("targeted",),
    "none": (),
}
#: Table: measure and how it is written -> an estimate for every way.
Rows = dict[tuple[str, str], list[Estimate]]


class Borrower(Agent):
    """An agent that seeks exemplars in one store, and minds copies of another."""

    def __init__(self, lender: Store, **options: Any) -> None:
        super().__init__(**options)
        self._lender = Agent(vlm="offline", store=lender)

    def retrieve(self, plan: Plan) -> list[Hit]:
        """Return the exemplars for a plan that the lender has."""
        return self._lender.retrieve(plan)


def main() -> int:
    """Compose, compare, print; returns the exit code."""
    options, started = arguments(), time.perf_counter()
    paths = sorted(PICTURES.glob("*.jpg"))[: options.pictures]
    with tempfile.TemporaryDirectory() as folder:
        ways = agents(options, pathlib.Path(folder))
        pieces = [composed(ways[name], paths, options.genre, name) for name in ways]
        obeyed = [obedience(ways[name], paths, options) for name in ways]
    rows, halves = compared(pieces, obeyed, options), distance(pieces[0])[1]
    if options.json:
        print(json.dumps({"ways": list(ways), "halves": halves, "rows": _plain(rows)}, indent=2))
    else:
        show(list(ways), rows, f"{len(paths)} pictures, {options.seeds} seeds, {options.requests} requests")
        seconds = time.perf_counter() - started
        print(f"Fréchet distance between halves of the real music: {halves:.2f}; {seconds:.0f} s in all")
    return int(not all(piece.valid for way in pieces for picture in way for piece in picture))


def arguments() -> argparse.Namespace:
    """Return what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--size", type=int, action="append", default=[], help="may be given again")
    parser.add_argument("--genre", action="append", help="asked for; several take turns over the pictures")
    parser.add_argument("--candidates", type=int, default=CANDIDATES, help="drafts that the critic ranks")
    parser.add_argument("--draws", type=int, default=200, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=0, help="of requests, smaller stores and bootstrap")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def agents(options: argparse.Namespace, folder: pathlib.Path) -> dict[str, list[Agent]]:
    """Return the ways: name -> agents, one for every seed."""
    store = Store.open()
    shared: dict[str, Any] = {
        "vlm": "offline", "store": store, "perceiver": Remembering(), "candidates": options.candidates,
    }  # fmt: skip
    ways = {name: [Agent(**shared, tracks=tracks)] * options.seeds for name, tracks in TRACKS.items()}
    for size in options.size:
        seeds = range(options.seed, options.seed + options.seeds)
        lenders = [part(store, size, folder / f"{size}-{seed}", seed) for seed in seeds]
        ways[f"both, of {size}"] = [Borrower(lender, **shared) for lender in lenders]
    return ways


def part(store: Store, size: int, folder: pathlib.Path, seed: int) -> Store:
    """Return a store of some built-in exemplars; a smaller one is part of a larger one of the same seed."""
    ids = sorted(one for one in store.resident.columns.ids if one.partition(":")[0] in sources())
    random.Random(f"retrieval:{seed}").shuffle(ids)
    chosen = store.catalogue.exemplars(ids[:size])
    return Store.build(folder, [chosen[one] for one in sorted(chosen)])


def composed(
    ways: Sequence[Agent], paths: Sequence[pathlib.Path], genres: Sequence[str] | None, name: str
) -> list[list[Composed]]:
    """Return the pieces for every picture, one a seed; of the genres in turn if there are any."""
    print(f"composing: {name}", file=sys.stderr)
    turns = itertools.cycle(genres or [None])
    return [
        [_composed(agent, path, seed, genre) for seed, agent in enumerate(ways)]
        for path, genre in zip(paths, turns, strict=False)
    ]


def _composed(agent: Agent, path: pathlib.Path, seed: int, genre: str | None) -> Composed:
    piece = agent.compose(path, seed=seed, genre=genre)
    return outcome(piece, path.stem, agent.store.longest_match(piece.tune).notes)


def obedience(
    ways: Sequence[Agent], paths: Sequence[pathlib.Path], options: argparse.Namespace
) -> list[Sweep]:
    """Return what became of the requests, a sweep of one for each."""
    pictures, first = [open_picture(path) for path in paths], options.seed * 1_000_000
    found = []
    for number in range(options.requests):
        agent = ways[number % len(ways)]
        found.append(sweep(agent, pictures, 1, first + number, say=lambda missed: None))
    return found


def share_met(requests: Sequence[Sweep]) -> float:
    """Return the share of the single controls of accepted requests that were met; NaN without any."""
    asked = sum(request.asked.total() for request in requests)
    return sum(request.met.total() for request in requests) / asked if asked else math.nan


def compared(
    pieces: Sequence[Sequence[Picture]], obeyed: Sequence[Sequence[Sweep]], options: argparse.Namespace
) -> Rows:
    """Return the table."""
    how = {"draws": options.draws, "seed": options.seed}
    rows = {(one.name, one.form): estimates(pieces, one.value, one.drawn, **how) for one in MEASURES}
    if options.requests:
        rows["requests met", ".1%"] = estimates(obeyed, share_met, share_met, **how)
    return rows


def show(ways: Sequence[str], rows: Rows, title: str) -> None:
    """Print the table: a column for every way, under each figure its difference to the first."""
    table = Table(title=title, show_lines=True)
    for column in ("", *ways):
        table.add_column(column, justify="right" if column else "left")
    for (name, form), row in rows.items():
        table.add_row(name, *(_cell(one, form, first=at == 0) for at, one in enumerate(row)))
    Console(width=150).print(table)
    print("under each figure: the difference to the first column; * where its interval leaves out zero")


def _cell(one: Estimate, form: str, *, first: bool) -> str:
    """Return a figure with its interval and difference."""
    if math.isnan(one.value):
        return "-"
    value = f"{one.value:{form}}{_margin(one.margin, form)}"
    gap = f"{one.difference:+{form}}{_margin(one.difference_margin, form)}{'*' if one.differs else ''}"
    return value if first else f"{value}\n{gap}"


def _margin(margin: float, form: str) -> str:
    return "" if math.isnan(margin) else f" ±{margin:{form}}"


def _plain(rows: Rows) -> dict[str, list[dict[str, float | None]]]:
    """Return the table as plain values; None for NaN."""
    plain = {name: [asdict(one) for one in row] for (name, _), row in rows.items()}
    return {
        name: [{k: None if math.isnan(v) else v for k, v in one.items()} for one in row]
        for name, row in plain.items()
    }


if __name__ == "__main__":
    sys.exit(main())

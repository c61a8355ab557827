"""Voice leading of melody and bass: our pieces against Bach's chorales, faults per 100 bars.

Run ``python benchmarks/voice_leading.py`` (``--chorales 100 --seeds 2 --json``). Faults are those of
`evaluation.voice_leading` between the outer voices: parallel fifths and octaves, direct (hidden) fifths and
octaves, and crossings. Ours are the example pictures, and every genre with some seeds; the chorales are the
four-part ones of music21's corpus, taken evenly.

Exit code 1 if ours have over half as many faults again as the chorales, or a crossing.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

import agent
from agent.genres import genres
from evaluation.voice_leading import VoiceLeading, voice_leading
from notation import EVENT, events, parse

PICTURES = pathlib.Path(__file__).parent.parent / "examples" / "images"
#: How many times the chorales' rate is still good.
GOAL = 1.5


@dataclass(frozen=True, slots=True)
class Row:
    """Faults of the outer voices per 100 bars of a group of pieces."""

    group: str
    pieces: int
    bars: int
    parallels: float
    directs: float
    crossings: float

    @property
    def faults(self) -> float:
        """Parallels and directs together."""
        return self.parallels + self.directs


def row(group: str, found: Iterable[tuple[VoiceLeading, int]]) -> Row:
    """Add up the faults of pieces, each given with its number of bars."""
    pieces = list(found)
    bars = sum(count for _, count in pieces)
    share = 100 / max(1, bars)
    crossings = sum(fault.outer and fault.kind == "crossing" for one, _ in pieces for fault in one.faults)
    return Row(
        group,
        len(pieces),
        bars,
        share * sum(one.outer_parallels for one, _ in pieces),
        share * sum(one.outer_directs for one, _ in pieces),
        share * crossings,
    )


def chorales(count: int) -> Iterator[tuple[VoiceLeading, int]]:
    """Yield the voice leading and bars of four-part chorales of the corpus."""
    from music21 import corpus

    names = [str(path) for path in corpus.getComposer("bach") if "bwv" in str(path) and ".mxl" in str(path)]
    found = 0
    for name in (names[len(names) * at // (2 * count)] for at in range(2 * count)):
        if found == count:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = corpus.parse(name).parts
        if len(parts) != 4:
            continue
        notes = [
            (float(note.offset), float(note.quarterLength), pitch.midi, 80, voice, 0, False, 0)
            for voice, part in enumerate(parts)
            for note in part.stripTies().flatten().notes
            for pitch in note.pitches
        ]
        found += 1
        yield voice_leading(np.array(notes, dtype=EVENT)), len(parts[0].getElementsByClass("Measure"))


def composed(
    images: Iterable[pathlib.Path], seeds: int, genres: Iterable[str | None]
) -> Iterator[agent.Piece]:
    """Yield a piece for every picture or, by turns of the pictures, every genre, with some seeds."""
    shown = list(images)
    for seed in range(seeds):
        for at, genre in enumerate(genres):
            yield agent.compose(shown[(at + 7 * seed) % len(shown)], genre=genre, seed=seed)


def measured(pieces: Iterable[agent.Piece]) -> Iterator[tuple[VoiceLeading, int]]:
    """Yield the voice leading and bars of our pieces."""
    for piece in pieces:
        yield voice_leading(events(parse(piece.abc))), piece.plan.bars


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--chorales", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    images = sorted(PICTURES.glob("*.jpg")) + sorted(PICTURES.glob("*.png"))
    rows = [
        row("chorales", chorales(given.chorales)),
        row("pictures", measured(composed(images, given.seeds, [None] * len(images)))),
        row("genres", measured(composed(images, given.seeds, [one.name for one in genres()]))),
    ]
    _print(rows, given.json)
    bound = GOAL * rows[0].faults
    return int(any(one.faults > bound or one.crossings for one in rows[1:]))


def _print(rows: list[Row], as_json: bool) -> None:
    """Print the rows as a table or as JSON."""
    if as_json:
        print(json.dumps([{**asdict(one), "faults": one.faults} for one in rows], indent=2))
        return
    table = Table(title="Outer voices, faults per 100 bars")
    for column in ("group", "pieces", "bars", "parallels", "directs", "both", "crossings"):
        table.add_column(column, justify="left" if column == "group" else "right")
    for one in rows:
        rates = (one.parallels, one.directs, one.faults, one.crossings)
        table.add_row(one.group, str(one.pieces), str(one.bars), *(f"{rate:.2f}" for rate in rates))
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main())

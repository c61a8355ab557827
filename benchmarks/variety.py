"""How different the pieces are from each other and from the store: ``python -m benchmarks.variety``.

Composes every example picture with several seeds and prints the melodic similarity between pieces for
different pictures and between seeds of one picture, the most similar pairs, and the longest stretch of a
melody that an exemplar has too. Exit code 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import pathlib
import sys
import time
from dataclasses import dataclass

import numpy as np

from agent import Agent
from evaluation.similarity import diversity
from notation import Tune, parse
from rag_store import LONGEST_MATCH, Match

PICTURES = pathlib.Path(__file__).parents[1] / "examples" / "images"
#: Medians that the pieces must stay below.
BETWEEN_PICTURES, BETWEEN_SEEDS = 0.3, 0.6


@dataclass(frozen=True)
class Written:
    """One composed piece: what is compared."""

    picture: str
    seed: int
    genre: str
    tune: Tune
    match: Match
    seconds: float

    @property
    def name(self) -> str:
        """Picture and seed."""
        return f"{self.picture}:{self.seed}"


def main() -> int:
    """Compose, measure, print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=None, help="only the first so many")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = sorted(PICTURES.glob("*.jpg"))[: options.pictures]
    report = measured(written(paths, options.seeds))
    print(json.dumps(report, indent=2, ensure_ascii=False) if options.json else as_text(report))
    return 0 if report["reached"] else 1


def written(paths: list[pathlib.Path], seeds: int) -> list[Written]:
    """Compose each picture with the seeds 0, 1, 2 ..."""
    composer, pieces = Agent(), []
    for path, seed in itertools.product(paths, range(seeds)):
        start = time.perf_counter()
        piece = composer.compose(path, seed=seed)
        seconds, tune = time.perf_counter() - start, parse(piece.abc)
        match = composer.store.longest_match(tune)
        pieces.append(Written(path.stem, seed, piece.plan.genre, tune, match, seconds))
    return pieces


def measured(pieces: list[Written]) -> dict[str, object]:
    """Return the figures as plain values; similarities are n-gram similarity and edit similarity."""
    found = diversity([piece.tune for piece in pieces])
    pairs = list(itertools.combinations(range(len(pieces)), 2))
    alike = [(a, b) for a, b in pairs if pieces[a].picture == pieces[b].picture]
    apart = [(a, b) for a, b in pairs if pieces[a].picture != pieces[b].picture]
    longest = sorted(pieces, key=lambda piece: (-piece.match.notes, piece.name))
    report: dict[str, object] = {
        "pieces": len(pieces),
        "median_seconds": float(np.median([p.seconds for p in pieces])),
    }
    for name, chosen in (("between pictures", apart), ("between seeds", alike)):
        for measure, matrix in (("ngrams", found.ngrams), ("edits", found.edits)):
            report[f"{name}, {measure}"] = _summary(matrix, chosen, pieces)
    report["longest matches"] = [
        (p.name, p.match.notes, p.match.exemplar_id, p.match.title) for p in longest[:5]
    ]
    report["over the limit"] = sum(piece.match.notes > LONGEST_MATCH for piece in pieces)
    medians = (_median(found.ngrams, apart), _median(found.ngrams, alike))
    report["reached"] = bool(
        not report["over the limit"] and not (medians[0] >= BETWEEN_PICTURES or medians[1] >= BETWEEN_SEEDS)
    )
    return report


def _median(matrix: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    return float(np.nanmedian([matrix[pair] for pair in pairs])) if pairs else float("nan")


def _summary(matrix: np.ndarray, pairs: list[tuple[int, int]], pieces: list[Written]) -> dict[str, object]:
    if not pairs:
        return {"pairs": 0}
    values = np.array([matrix[pair] for pair in pairs])
    first, second = pairs[int(np.nanargmax(values))]
    names = ("q05", "q25", "median", "q75", "q95", "most")
    quantiles = np.nanquantile(values, (0.05, 0.25, 0.5, 0.75, 0.95, 1.0))
    return {
        "pairs": len(pairs),
        **{name: round(float(value), 3) for name, value in zip(names, quantiles, strict=True)},
        "most similar": [f"{piece.name} ({piece.genre})" for piece in (pieces[first], pieces[second])],
    }


def as_text(report: dict[str, object]) -> str:
    """Return the report as lines."""
    return "\n".join(f"{name}: {value}" for name, value in report.items())


if __name__ == "__main__":
    sys.exit(main())

"""How close the pieces are to real music: ``python -m benchmarks.closeness [--seeds 5] [--folder DIR]``.

Composes every example picture with several seeds (or takes a folder of pieces, each in a folder with its
manifest), and prints per genre group how many of the twelve metrics of closeness lie within one standard
deviation of real music, and the Fréchet distance to it beside the distance between two parts of the real
music of the same size. Seeds of one picture are kin, so the distance is also given for one piece a picture,
as the mean over the seeds. Exit code 1 if a piece is not valid or fewer than ten metrics lie within.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile

import numpy as np

from agent import Agent
from agent.assess import Assessed, Assessment, assess
from evaluation import Comparison, compare_pooled
from notation import check

PICTURES = pathlib.Path(__file__).parents[1] / "examples" / "images"
#: Metrics, of twelve, that must lie within one standard deviation of real music.
LEAST_WITHIN = 10


def main() -> int:
    """Compose, measure, print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=pathlib.Path, default=None)
    options = parser.parse_args()
    if options.folder is not None:
        return report(options.folder)
    with tempfile.TemporaryDirectory() as folder:
        compose(pathlib.Path(folder), options.seeds)
        return report(pathlib.Path(folder))


def compose(target: pathlib.Path, seeds: int) -> None:
    """Write a piece for every picture and seed, each into a folder of its own."""
    agent = Agent()
    for path in sorted(PICTURES.glob("*.jpg")):
        for seed in range(seeds):
            agent.compose(path, seed=seed).save(target / f"{path.stem}-{seed}", formats=["abc"])
        print(f"composed {path.stem}", file=sys.stderr)


def report(folder: pathlib.Path) -> int:
    """Print what was measured; returns the exit code."""
    found = assess(folder)
    if found.whole is None:
        print("no piece is of a group of which real music is at hand", file=sys.stderr)
        return 1
    invalid = [one.path.name for one in found.pieces if errors(one)]
    print(f"{len(found.pieces)} pieces, {len(invalid)} with an error {invalid or ''}")
    print(f"{'against':<12}{'pieces':>7}{'within 1 sd':>13}{'Fréchet':>9}{'halves':>8}{'ratio':>7}")
    for one in (*found.groups, found.whole):
        print(line(one.name, one))
    for metric in found.whole.metrics:
        print(f"  {metric.name:<26}{metric.difference:+.2f} sd  {'' if metric.within else 'outside'}")
    single = [compared(found, group) for group in by_seed(found)]
    if len(single) > 1:
        ratios = [one.frechet / one.frechet_halves for one in single]
        print(
            f"one piece a picture: {single[0].frechet_size} against as many, Fréchet ratio "
            f"{np.mean(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} sets)"
        )
    emotion = found.emotion_agreement
    if emotion:
        print(f"plan against score: r = {emotion[0]:.2f} valence, {emotion[1]:.2f} arousal")
    longest = max((one.match.notes for one in found.pieces if one.match), default=0)
    print(f"longest stretch shared with an exemplar: {longest} notes")
    pictures, seeds = found.likeness
    print(f"median melodic similarity: {pictures:.3f} between pictures, {seeds:.3f} between seeds")
    return int(bool(invalid) or found.whole.within < LEAST_WITHIN)


def errors(piece: Assessed) -> bool:
    """Whether the ABC of a piece has an error."""
    return any(one.severity == "error" for one in check(piece.path.read_text("utf-8")))


def line(name: str, one: Comparison) -> str:
    """Return a row of the table."""
    ratio = one.frechet / one.frechet_halves
    distances = f"{one.frechet:>9.2f}{one.frechet_halves:>8.2f}{ratio:>7.2f}"
    return f"{name:<12}{one.pieces:>7}{one.within:>10}/12{distances}"


def by_seed(found: Assessment) -> list[list[Assessed]]:
    """Return the pieces in sets of one a picture: the first of each, the second of each ..."""
    pictures: dict[str, list[Assessed]] = {}
    for piece in found.pieces:
        pictures.setdefault(piece.picture, []).append(piece)
    least = min(len(pieces) for pieces in pictures.values())
    return [[pieces[nth] for pieces in pictures.values()] for nth in range(least)]


def compared(found: Assessment, pieces: list[Assessed]) -> Comparison:
    """Return some of the pieces compared with the references of their groups."""
    rows = {
        one.name: np.array(
            [piece.row for piece in pieces if piece.against == one.name and piece.row is not None]
        )
        for one in found.references
    }
    used = [one for one in found.references if len(rows[one.name])]
    return compare_pooled({one.name: rows[one.name] for one in used}, used)


if __name__ == "__main__":
    sys.exit(main())

"""Does the music keep the picture's emotion? ``python -m benchmarks.emotion [--oasis CSV FOLDER]``.

Part A composes the example pictures and correlates the plan's valence and arousal with those measured on the
finished score. Part B does it for photographs that people have rated (OASIS: Kurdi, Lozano and Banaji 2017,
free for research, not part of this repository; the CSV has the columns file, theme, category, valence,
arousal, ratings of 1 to 7): the regression is fitted anew for each fold, and photographs of one theme share a
fold, so no photograph is judged by what was learnt from its like. Part B takes about four minutes.
"""

from __future__ import annotations

import argparse
import csv
import functools
import importlib.util
import pathlib
import re
import types
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from agent.agent import Agent
from agent.controls import Controls
from agent.identity import piece_seed
from agent.judging import verdict_on
from agent.offline.affect import TARGETS, predictors, spread_out
from agent.offline.perceive import Look, analyse, scene_of
from agent.offline.writer.given import NOTHING
from agent.picture import open_picture
from agent.sitting import Sitting
from evaluation.emotion import score_emotion
from notation import parse
from prompts import Scene

_ROOT = pathlib.Path(__file__).parent.parent
_DRAWS = 2000
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pearson's r of n pairs with the limits of its bootstrap 95 % interval."""

    what: str
    r: float
    n: int
    low: float
    high: float


def agreement(what: str, first: Floats, second: Floats, seed: int = 0) -> Agreement:
    """Correlate two series; the interval is the percentile interval of 2,000 resamplings of the pairs."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(first), (_DRAWS, len(first)))
    resampled = [np.corrcoef(first[draw], second[draw])[0, 1] for draw in draws]
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Agreement(what, float(np.corrcoef(first, second)[0, 1]), len(first), float(low), float(high))


def heard(composer: Agent, scene: Scene, seed: int) -> tuple[float, float]:
    """Return valence and arousal measured on the score that is composed for a scene."""
    sitting = Sitting(composer.perceiver, composer.planner, composer.writer, composer.candidates)
    plan = sitting.plan(scene, Controls.parse(), seed)
    judge = functools.partial(verdict_on, plan=plan, copied=composer.copied)
    hits = composer.retrieve(plan)
    written = sitting.write(plan, hits, seed, judge, None, lambda step, value: None, NOTHING)
    found = score_emotion(parse(written.draft.abc))
    return found.valence, found.arousal


def examples(composer: Agent, folder: pathlib.Path = _ROOT / "examples" / "images") -> list[Agreement]:
    """Part A: the plan's emotion against the score's over the example pictures."""
    planned, measured = [], []
    for path in sorted(folder.glob("*.jpg")):
        picture = open_picture(path)
        scene = composer.perceiver.perceive(picture)
        planned.append((scene.emotion.valence, scene.emotion.arousal))
        measured.append(heard(composer, scene, piece_seed(picture, 0)))
    return _both("A: plan against score", np.array(planned), np.array(measured))


def rated(composer: Agent, ratings: pathlib.Path, folder: pathlib.Path) -> list[Agreement]:
    """Part B: people's ratings of photographs against the scores, each theme judged by the others."""
    rows = list(csv.DictReader(ratings.open(encoding="utf-8")))
    looks = [analyse(open_picture(folder / row["file"])) for row in rows]
    judged = out_of_fold(looks, rows)
    human = np.array([[(float(row[name]) - 4) / 3 for name in TARGETS[:2]] for row in rows])
    seen, measured = [], []
    for place, (look, raw) in enumerate(zip(looks, judged, strict=True)):
        scene = scene_of(look, spread_out(raw))
        seen.append((scene.emotion.valence, scene.emotion.arousal))
        measured.append(heard(composer, scene, place))
    return [
        *_both("B: people against scene", human, np.array(seen)),
        *_both("B: scene against score", np.array(seen), np.array(measured)),
        *_both("B: people against score", human, np.array(measured)),
    ]


def out_of_fold(looks: Sequence[Look], rows: Sequence[dict[str, str]]) -> Floats:
    """Return what the regression says of each photograph when fitted on other themes, (n, targets)."""
    fit = fitting()
    themes = [re.sub(r"\s*\d+$", "", row["theme"]) for row in rows]
    direct = np.array([predictors(one.sight, one.measures) for one in looks])
    probabilities = np.array([one.sight.probabilities for one in looks], dtype=np.float64)
    blocks = fit._blocks(looks[0].sight, len(looks[0].measures))
    design = fit.Design(direct, probabilities, fit._label_meanings(), blocks)
    targets = np.array([fit._targets(row) for row in rows])
    predicted: Floats = fit.nested(design.matrix @ design.matrix.T, targets, themes, 0)
    return predicted


def _both(what: str, first: Floats, second: Floats) -> list[Agreement]:
    return [agreement(f"{what}, {name}", first[:, i], second[:, i]) for i, name in enumerate(TARGETS[:2])]


def fitting() -> types.ModuleType:
    """Return ``scripts/fit_affect.py`` as a module."""
    spec = importlib.util.spec_from_file_location("fit_affect", _ROOT / "scripts" / "fit_affect.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--oasis", nargs=2, type=pathlib.Path, metavar=("CSV", "FOLDER"), help="rated photographs for part B"
    )
    given = options.parse_args()
    composer = Agent()
    found = examples(composer)
    if given.oasis:
        found += rated(composer, *given.oasis)
    table = Table(title="The picture's emotion in the score")
    for column in ("what", "r", "n", "95 % interval"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for one in found:
        table.add_row(one.what, f"{one.r:.3f}", str(one.n), f"{one.low:.2f} to {one.high:.2f}")
    console = Console(width=100)
    console.print(table)
    if not given.oasis:
        console.print("Part B was not run: give the rated photographs with --oasis CSV FOLDER.")


if __name__ == "__main__":
    main()

"""Do the maps point at what moved the outcome? ``python -m benchmarks.faithfulness [--oasis CSV FOLDER]``.

Planted evidence: a calm and a stirring picture are pasted together, each half of a square; the map of arousal
should put most of its mass on the stirring half. Hiding: places are hidden and shown in the order of the map
and of maps of chance (`explain.faithfulness`, the network's whole-picture view); the figures are means over
pictures of how much further the map moves the outcome, in the outcome's own unit, with bootstrap intervals.
Occlusion is measured beside the decomposition that the reports use.

Without photographs this runs on the example pictures, paired by their own scenes' arousal. With the rated
photographs (OASIS: Kurdi, Lozano and Banaji 2017, free for research, not part of this repository; the CSV has
the columns file, theme, category, valence, arousal) pairs are the 40 that people found most and least
stirring; there the regression is also fitted anew for each pair without the themes of its halves, and on
ratings dealt out at random, whose maps should know nothing of the halves. On one core this takes about four
minutes, with the photographs about ten.
"""

from __future__ import annotations

import argparse
import csv
import pathlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table

from agent.explaining.decomposition import emotion_parts
from agent.explaining.offline import Seen, look_inside, network_maps, with_network
from agent.explaining.outcomes import feeling, outcomes, reduced
from agent.offline.affect import TARGETS, predictors
from agent.offline.network import stranger
from agent.offline.perceive import OfflinePerceiver, analyse
from agent.offline.tables import table
from agent.picture import open_picture
from benchmarks.emotion import fitting
from explain.faithfulness import rank_correlation, trials
from explain.heat import Box, HeatMap
from explain.occlusion import occlusion_maps
from prompts import Scene

_ROOT = pathlib.Path(__file__).parent.parent
_DRAWS = 2000
SIDE = 640
PAIRS = 40
#: Half of the square in which the stirring picture lies, by the pair's number.
HALVES: tuple[Box, ...] = ((0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0, 1, 0.5), (0, 0.5, 1, 1))
Fit = Mapping[str, NDArray[Any]]


class Figure(NamedTuple):
    """One line of the result: a mean with the limits of its bootstrap 95 % interval."""

    what: str
    value: float
    n: int
    low: float
    high: float


class Pair(NamedTuple):
    """A pasted square, the half of the stirring picture, the names of both pictures, the pair's number."""

    picture: Image.Image
    half: Box
    names: tuple[str, str]
    number: int


def pasted(calm: Image.Image, stirring: Image.Image, number: int) -> tuple[Image.Image, Box]:
    """Return a square of both pictures, each filling a half, and the half where the stirring one lies."""
    half, other = HALVES[number % 4], HALVES[(number % 4) ^ 1]
    square = Image.new("RGB", (SIDE, SIDE))
    for picture, box in ((calm, other), (stirring, half)):
        left, top, right, bottom = (round(part * SIDE) for part in box)
        square.paste(
            ImageOps.fit(picture, (right - left, bottom - top), Image.Resampling.BICUBIC), (left, top)
        )
    return square, half


def pairs_of(rated: Sequence[tuple[pathlib.Path, float]], count: int) -> list[Pair]:
    """Return the most stirring picture with the calmest, the next with the next, and so on."""
    ranked = sorted(rated, key=lambda item: (item[1], item[0].name))
    made = []
    for number in range(count):
        calm, stirring = ranked[number][0], ranked[-1 - number][0]
        square, half = pasted(open_picture(calm), open_picture(stirring), number)
        made.append(Pair(square, half, (calm.name, stirring.name), number))
    return made


def emotion_map(seen: Seen, target: str, fit: Fit | None = None) -> HeatMap:
    """Return the map of valence or arousal as the reports have it, or of another fit."""
    direction = np.eye(len(TARGETS))[TARGETS.index(target)]
    grid = emotion_parts(seen.activity, seen.boxes, direction, fit).total
    return HeatMap(grid.astype(np.float32), signed=True)


def by_occlusion(seen: Seen, targets: Sequence[str] = TARGETS[:2], side: int = 7) -> list[HeatMap]:
    """Return the occlusion maps of valence and arousal, of the whole-picture view."""
    asked = outcomes([feeling(target) for target in targets], seen.held, both=False)
    return occlusion_maps(reduced(seen.picture), asked, ((side, side),))


def planted(what: str, pairs: Sequence[Pair], make: Callable[[Pair], HeatMap]) -> list[Figure]:
    """Return how often more than half of a map's mass lies on the stirring half, and the mean share."""
    shares = np.array([make(pair).share(pair.half) for pair in pairs])
    return [
        mean_of(f"{what}: more mass on the stirring half", shares > 0.5),
        mean_of(f"{what}: share of mass there", shares),
    ]


def hiding(paths: Sequence[pathlib.Path], occluded: bool) -> list[Figure]:
    """Return how much further than chance the maps of valence and arousal move the outcome."""
    rows: dict[str, list[float]] = {}
    for path in paths:
        seen = look_inside(open_picture(path))
        asked = outcomes([feeling(target) for target in TARGETS[:2]], seen.held, both=False)
        maps = {"decomposition": [emotion_map(seen, target) for target in TARGETS[:2]]}
        if occluded:
            maps["occlusion of 49 windows"] = by_occlusion(seen)
        for method, made in maps.items():
            for target, one in zip(TARGETS, trials(reduced(seen.picture), asked, made), strict=False):
                name = f"{target}, {method}"
                rows.setdefault(f"{name}: deletion beyond chance", []).append(one.drop - one.chance_drop)
                rows.setdefault(f"{name}: insertion beyond chance", []).append(one.rise - one.chance_rise)
    return [mean_of(what, np.array(values)) for what, values in rows.items()]


def sanity(paths: Sequence[pathlib.Path]) -> list[Figure]:
    """Return the mean rank correlation of maps with those of a network with random weights."""
    network, perceiver = stranger(0), OfflinePerceiver()
    rows: dict[str, list[float]] = {}
    for path in paths:
        picture = open_picture(path)
        scene = perceiver.perceive(picture)
        seen = look_inside(picture)
        mine, other = (_by_kind(network_maps(one, scene)) for one in (seen, with_network(seen, network)))
        for kind in sorted(mine.keys() & other.keys()):
            rows.setdefault(kind, []).append(rank_correlation(mine[kind], other[kind]))
    return [mean_of(f"{kind}: rank correlation with random weights", np.array(v)) for kind, v in rows.items()]


def _by_kind(maps: Mapping[str, Any]) -> dict[str, HeatMap]:
    """Return the maps of valence, arousal and the first thing by what they are."""
    kinds = {
        "scene.emotion.valence": "valence",
        "scene.emotion.arousal": "arousal",
        "scene.objects.0": "first thing",
    }
    return {kinds[name]: found.map for name, found in maps.items() if name in kinds}


def mean_of(what: str, values: NDArray[Any], seed: int = 0) -> Figure:
    """Return a mean; the interval is the percentile interval of 2,000 resamplings."""
    draws = np.random.default_rng(seed).integers(0, len(values), (_DRAWS, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return Figure(what, float(values.mean()), len(values), float(low), float(high))


class Refits:
    """Fits of the emotion regression without some of the rated photographs, or to ratings dealt out anew."""

    def __init__(self, rows: Sequence[dict[str, str]], folder: pathlib.Path) -> None:
        self.script = fitting()
        looks = [analyse(open_picture(folder / row["file"])) for row in rows]
        self.direct = np.array([predictors(one.sight, one.measures) for one in looks])
        self.chances = np.array([one.sight.probabilities for one in looks], np.float64)
        self.meanings = self.script._label_meanings()
        self.blocks = self.script._blocks(looks[0].sight, len(looks[0].measures))
        self.targets = np.array([self.script._targets(row) for row in rows])
        self.themes = [re.sub(r"\s*\d+$", "", row["theme"]) for row in rows]
        self.place = {row["file"]: place for place, row in enumerate(rows)}

    def without(self, names: Sequence[str], dealt: int | None = None) -> Fit:
        """Return a fit without the themes of some photographs; ``dealt`` seeds a dealing-out."""
        left_out = {self.themes[self.place[name]] for name in names}
        kept = np.array([theme not in left_out for theme in self.themes])
        targets = self.targets[kept]
        if dealt is not None:
            targets = targets[np.random.default_rng(dealt).permutation(len(targets))]
        design = self.script.Design(self.direct[kept], self.chances[kept], self.meanings, self.blocks)
        fit: Fit = self.script.fitted(design, targets, table("affect")["penalties"])
        return fit


def examples(occluded: bool = True) -> list[Figure]:
    """Measure on the example pictures."""
    perceiver = OfflinePerceiver()
    paths = sorted((_ROOT / "examples" / "images").glob("*.jpg"))
    scenes: list[Scene] = [perceiver.perceive(open_picture(path)) for path in paths]
    pairs = pairs_of([(p, s.emotion.arousal) for p, s in zip(paths, scenes, strict=True)], len(paths) // 3)
    found = planted(
        "examples, decomposition", pairs, lambda pair: emotion_map(look_inside(pair.picture), "arousal")
    )
    return found + hiding(paths, occluded) + sanity(paths)


def photographs(ratings: pathlib.Path, folder: pathlib.Path, count: int) -> list[Figure]:
    """Measure on rated photographs: planted pairs with several maps, hiding on some of the photographs."""
    rows = list(csv.DictReader(ratings.open(encoding="utf-8")))
    pairs = pairs_of([(folder / row["file"], float(row["arousal"])) for row in rows], PAIRS)
    looked = {pair.names: look_inside(pair.picture) for pair in pairs}
    refits = Refits(rows, folder)
    found = planted("decomposition", pairs, lambda pair: emotion_map(looked[pair.names], "arousal"))
    found += planted(
        "decomposition, fitted without the halves' themes", pairs,
        lambda pair: emotion_map(looked[pair.names], "arousal", refits.without(pair.names)),
    )  # fmt: skip
    found += planted(
        "decomposition, ratings dealt out at random", pairs,
        lambda pair: emotion_map(looked[pair.names], "arousal", refits.without(pair.names, pair.number)),
    )  # fmt: skip
    found += planted(
        "occlusion of 49 windows", pairs, lambda pair: by_occlusion(looked[pair.names], ["arousal"])[0]
    )
    chosen = np.random.default_rng(0).choice(len(rows), min(count, len(rows)), replace=False)
    return found + hiding([folder / rows[place]["file"] for place in sorted(chosen)], occluded=True)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--oasis", nargs=2, type=pathlib.Path, metavar=("CSV", "FOLDER"))
    options.add_argument("--photographs", type=int, default=40, help="in how many of them places are hidden")
    given = options.parse_args()
    start = time.process_time()
    found = photographs(*given.oasis, given.photographs) if given.oasis else examples()
    lines = Table(title=f"Maps of the offline mind ({time.process_time() - start:.0f} s of processor time)")
    for column in ("what", "mean", "n", "95 % interval"):
        lines.add_column(column, justify="left" if column == "what" else "right")
    for one in found:
        lines.add_row(one.what, f"{one.value:.3f}", str(one.n), f"{one.low:.3f} to {one.high:.3f}")
    Console(width=120).print(lines)


if __name__ == "__main__":
    main()

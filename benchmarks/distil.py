"""How well mappers do what their teacher does: ``python -m benchmarks.distil DATA [--mapper DIR ...]``.

DATA is a folder that ``chiaroscore distill data`` made. Without mappers it trains three with the same budget:
the full chain, without the latent rationale, and two MLPs in place of the diffusion (CoT-VTM, table 4). They
are asked about the part of the data that no training saw (other pictures, other templates), beside two
baselines and the teacher itself under other seeds, which is the most that can be reached. Prints one table
(``--json`` for all figures with their ranges), and how the full chain differs from the others, pairwise.
"""

from __future__ import annotations

import argparse
import itertools
import json
import pathlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from agent import Agent
from benchmarks.distil_far import far
from benchmarks.distil_held import GROUPS, Contender, Held, Made, MapperContender, Mean, Nearest, halves
from benchmarks.distil_scores import Written, distance, distilled, taken, teacher, with_scenes, written
from benchmarks.distil_table import as_text
from evaluation import frechet
from mapper.config import VARIANTS, TrainConfig
from mapper.encoders import Encoder
from mapper.example import Example
from mapper.inference import Mapper
from mapper.judging import (
    AMONG,
    agreement,
    ceiling,
    cosines,
    interval,
    nearest_cosines,
    retrieved,
    spread,
    vendi,
)
from mapper.shards import read

Values = dict[str, Any]
#: Principal directions of the teacher's E_m in which its Fréchet distance is taken.
DIRECTIONS = 32


def main() -> int:
    """Train what is not given, ask, print; returns the exit code."""
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(options.work or temporary)
        examples = list(read(options.data))
        folders = options.mapper or [trained(examples, work / name, name) for name in VARIANTS]
        mappers = [Mapper.load(folder) for folder in folders]
        train, test = halves(examples, TrainConfig.from_dict(mappers[0].stored.about["training"]))
        asked = {"held out": test}
        pictures = [at for at, kind in enumerate(test.kinds) if kind == "picture"]
        if AMONG <= len(pictures) < len(test):
            asked["held-out pictures"] = test.take(pictures)
        if options.far:
            encoder = Encoder.load(options.data / "encoder.safetensors")
            asked["far"] = far(options.far, encoder, work, test.heard.shape[1])
        report: dict[str, Any] = {}
        for name, held in asked.items():
            pieces = options.pieces if name == "held out" else 0
            report[name] = judged(held, train, mappers, options.data, options.samples, pieces, options.seed)
    print(
        json.dumps(report, indent=1, default=asdict)
        if options.json
        else "\n\n".join(itertools.starmap(as_text, report.items()))
    )
    return 0


def trained(examples: Sequence[Example], folder: pathlib.Path, variant: str) -> pathlib.Path:
    """Train a mapper of a variant with the usual settings, bank and all; returns its folder."""
    from mapper.lessons import lessons
    from mapper.planning import add_bank
    from mapper.training import train

    print(f"training {variant}", file=sys.stderr)
    train(lessons(examples, GROUPS), folder, TrainConfig(variant=variant), curves=False)
    add_bank(folder, examples, GROUPS)
    return folder


def judged(
    held: Held,
    train: Held,
    mappers: Sequence[Mapper],
    data: pathlib.Path,
    samples: int,
    pieces: int,
    seed: int,
) -> Values:
    """Return all figures: by contender its measures, and the differences from the first mapper."""
    contenders: list[Contender] = [*map(MapperContender, mappers), Nearest(train), Mean(train)]
    each = {one.name: measured(one.make(held, samples, seed), held) for one in contenders}
    each = {"teacher": itself(held)} | each
    if pieces:
        for name, found in scores(held, train, mappers, data, pieces, seed).items():
            each[name] |= found
    first = contenders[0].name
    differences = {
        other.name: {
            key: interval(each[first][key] - each[other.name][key], held.kin)
            for key in ("heard", "retrieved", "all", "fits", "spread")
        }
        for other in contenders[1:]
    }
    told = {
        name: {key: _told(value, held.kin) for key, value in values.items()} for name, values in each.items()
    }
    about = {
        "items": len(held),
        "kins": len(set(held.kin)),
        "pictures": held.kinds.count("picture"),
        "first": first,
    }
    return {"about": about, "measures": told, "differences": differences}


def measured(made: Made, held: Held) -> Values:
    """Return the measures of what a contender made: arrays by picture, or single numbers."""
    agreeing, fit = agreement(made.plans, held.plans)
    count = held.heard.shape[1]
    return {
        "heard": cosines(made.heard, held.heard),
        "nearest": nearest_cosines(made.heard, held.heard),
        "retrieved": retrieved(made.heard, held.heard, held.kin),
        **agreeing,
        "all": np.mean(list(agreeing.values()), axis=0),
        "fits": fit,
        "spread": spread(made.heard),
        "vendi": np.array([vendi(row[:count]) for row in made.heard]),
        "kinds": vendi(made.heard[:, 0]),
        "frechet_heard": _frechet(made.heard[:, 0], held),
    } | ({"why": cosines(made.why[:, None], held.why)} if made.why is not None else {})


def itself(held: Held) -> Values:
    """Return the same measures of the teacher's plans against each other."""
    agreeing, fit = ceiling(held.plans)
    return {
        "why": 1 - spread(held.why),
        "heard": 1 - spread(held.heard),
        "nearest": np.ones(len(held)),
        "retrieved": retrieved(held.heard, held.heard, held.kin, itself=True),
        **agreeing,
        "all": np.mean(list(agreeing.values()), axis=0),
        "fits": fit,
        "spread": spread(held.heard),
        "vendi": np.array([vendi(row) for row in held.heard]),
        "kinds": vendi(held.heard[:, 0]),
        "frechet_heard": _frechet(held.heard[:, 1], held),
    }


def scores(
    held: Held, train: Held, mappers: Sequence[Mapper], data: pathlib.Path, pieces: int, seed: int
) -> dict[str, Values]:
    """Return by contender what the scores of its plans are like."""
    some, scenes = with_scenes(held, data, pieces, seed)
    places = Nearest(train).places(some)
    likeliest = _likeliest(train)
    plans = {
        "teacher": teacher(),
        **{MapperContender(one).name: distilled(one, data) for one in mappers},
        Nearest.name: taken([train.full[place][0] for place in places]),
        Mean.name: taken([likeliest] * len(some)),
    }
    agent = Agent(vlm="offline")
    print(f"writing {len(some)} scores each", file=sys.stderr)
    right = written(agent, teacher(), some, scenes, seed + 1)
    found = {name: written(agent, one, some, scenes, seed + 2) for name, one in plans.items()}
    return {name: _of_scores(one, right, some) for name, one in found.items()}


def _of_scores(one: Written, right: Written, held: Held) -> Values:
    agreeing, _ = agreement([[plan] for plan in one.plans], held.plans)
    return {
        "pieces": float(len(one.rows)),
        "finished": float(np.mean(list(agreeing.values()))),
        "frechet_scores": distance(one.rows, right.rows),
    }


def _likeliest(train: Held) -> str:
    """Return the plan of the training part whose E_m is nearest to the mean."""
    rows = train.heard[:, 0]
    return train.full[int((rows @ rows.mean(axis=0)).argmax())][0]


def _frechet(rows: Any, held: Held) -> float:
    """Return the Fréchet distance of E_m to the teacher's first plans, times 100."""
    right = held.heard[:, 0].astype(np.float64)
    _, _, directions = np.linalg.svd(right - right.mean(axis=0), full_matrices=False)
    return 100 * frechet(
        rows.astype(np.float64) @ directions[:DIRECTIONS].T, right @ directions[:DIRECTIONS].T
    )


def _told(value: Any, kin: Sequence[str]) -> Any:
    return interval(value, kin) if isinstance(value, np.ndarray) else value


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument(
        "--mapper", type=pathlib.Path, action="append", help="trained already; the first is compared"
    )
    parser.add_argument("--samples", type=int, default=4, help="for each picture")
    parser.add_argument("--pieces", type=int, default=60, help="scores of each contender, 0 for none")
    parser.add_argument("--far", type=pathlib.Path, help="folder of other pictures: a far test")
    parser.add_argument("--work", type=pathlib.Path, help="where mappers are trained and looks are kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

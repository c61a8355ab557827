"""Scores from the plans of mappers and their rivals: how far they lie from the teacher's, as a set.

The teacher's scene of a held-out picture or text is found again, every contender plans for it, and the
offline writer writes each plan once. A set of scores is compared with the teacher's for the same scenes by
the Fréchet distance of twelve metrics; the teacher under another seed says how small it can get.
"""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agent import Agent
from agent.controls import Controls
from agent.distilled.eyes import PackagedEye
from agent.distilled.planner import DistilledMind
from agent.distilling.encoder import stacked
from agent.distilling.looks import read_looks
from agent.distilling.rationale import seen
from agent.distilling.textual import told
from agent.offline.plan import OfflinePlanner
from benchmarks.distil_held import GROUPS, Held
from evaluation import closeness_row, frechet
from mapper.choices import Choices, choices_of
from mapper.encoders import FILE, Encoder
from mapper.inference import Mapper
from mapper.scenes import tellings
from notation import parse
from prompts import Plan, Scene

Rows = NDArray[np.float64]
#: What plans for a scene: its number, the scene, E_v and a seed in, a plan out.
Plans = Callable[[int, Scene, NDArray[np.float32], int], Plan]
#: Standard deviations beyond which a metric counts as no farther.
FARTHEST = 5.0
_TEXT = re.compile(r"scene:(\d+):(\d+)#")


@dataclasses.dataclass(frozen=True)
class Written:
    """What a contender's scores measure, one row each, and the plans they were written from."""

    rows: Rows
    plans: tuple[Choices, ...]


def with_scenes(held: Held, folder: pathlib.Path, most: int, seed: int = 0) -> tuple[Held, list[Scene]]:
    """Return up to ``most`` held-out ones, kins in turn, whose scenes can be had again, and the scenes.

    A picture's lies in ``looks/`` of the data folder; a text's is read from its words anew. One that does not
    say what the data say is left out.
    """
    texts, pictures = _texts(held), _pictures(held, folder)
    found = {at: scene for at, scene in (texts | pictures).items() if held.told[at].startswith(seen(scene))}
    order = np.random.default_rng(seed).permutation(sorted(found)).tolist()
    turn: dict[str, int] = {}
    keyed = []
    for at in order:
        turn[held.kin[at]] = turn.get(held.kin[at], -1) + 1
        keyed.append((turn[held.kin[at]], at))
    chosen = sorted(at for _, at in sorted(keyed, key=lambda pair: pair[0])[:most])
    return held.take(chosen), [found[at] for at in chosen]


def _texts(held: Held) -> dict[int, Scene]:
    """Return the scenes of texts by their place."""
    named = {at: match for at, one in enumerate(held.ids) if (match := _TEXT.match(one))}
    found: dict[int, Scene] = {}
    for seed in sorted({int(match[1]) for match in named.values()}):
        places = {int(match[2]): at for at, match in named.items() if int(match[1]) == seed}
        for number, telling in enumerate(itertools.islice(tellings(max(places) + 1, seed), max(places) + 1)):
            if number in places:
                found[places[number]] = told(telling, seed).scene
    return found


def _pictures(held: Held, folder: pathlib.Path) -> dict[int, Scene]:
    """Return the scenes of pictures by their place: those of the looks whose E_v is theirs."""
    paths = sorted((folder / "looks").glob("*.npz"))
    places = [at for at, kind in enumerate(held.kinds) if kind == "picture"]
    if not paths or not places or not (folder / FILE).is_file():
        return {}
    encoder, looks = Encoder.load(folder / FILE), [read_looks(path) for path in paths]
    rows = encoder.encode(stacked(looks))
    scenes = [scene for one in looks for scene in one.scenes]
    apart = np.stack([np.abs(rows - held.seen[at]).max(axis=1) for at in places])
    best = apart.argmin(axis=1)
    return {at: Scene.model_validate_json(scenes[best[row]]) for row, at in enumerate(places)}


def teacher() -> Plans:
    """Return the offline planner."""
    planner = OfflinePlanner()
    return lambda at, scene, seen, seed: planner.plan(scene, Controls(), seed)


def distilled(mapper: Mapper, folder: pathlib.Path) -> Plans:
    """Return a mapper in the planner's chair; ``folder`` has its encoder where its own does not."""
    mind = DistilledMind(mapper, PackagedEye(Encoder.load(folder / FILE)))
    return lambda at, scene, seen, seed: mind.plans(scene, seen, Controls(), seed)[0].plan


def taken(plans: Sequence[str]) -> Plans:
    """Return who takes the plan that stands in the place of the scene."""
    return lambda at, scene, seen, seed: Plan.model_validate_json(plans[at])


def written(agent: Agent, plans: Plans, held: Held, scenes: Sequence[Scene], seed: int) -> Written:
    """Write a score for every scene, one draft each, and measure it."""
    rows, chosen = [], []
    for at, (scene, row) in enumerate(zip(scenes, held.seen, strict=True)):
        own = seed * 1_000_003 + at
        plan = plans(at, scene, row, own)
        chosen.append(choices_of(plan, GROUPS))
        draft = agent.writer.write(plan, [hit.exemplar for hit in agent.retrieve(plan)], own)
        rows.append(closeness_row(parse(draft.abc), monophonic=False))
    return Written(np.array(rows), tuple(chosen))


def distance(ours: Rows, theirs: Rows) -> float:
    """Return the Fréchet distance of two sets of scores, metrics in standard deviations of the second."""
    mean, scale = np.nanmean(theirs, axis=0), np.nanstd(theirs, axis=0)
    scale = np.where(scale > 1e-9, scale, np.inf)
    both = [
        np.clip(np.nan_to_num((rows - mean) / scale, nan=0.0), -FARTHEST, FARTHEST) for rows in (ours, theirs)
    ]
    return frechet(*both)

"""What `benchmarks.distil` asks and whom: held-out pictures and texts of teacher data, and the contenders."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.genres import genres
from chiaroscore import InputError
from mapper.choices import FIELDS, Choices, choices_of
from mapper.config import TrainConfig
from mapper.example import Example
from mapper.inference import Mapper
from mapper.judging import padded
from mapper.lessons import split
from mapper.sampling import GUIDANCE, VISITS, noise
from prompts import Plan

Vectors = NDArray[np.float32]
GROUPS = {one.name: one.group for one in genres()}


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out pictures and texts with what the teacher made of each: ``n`` of them, ``m`` plans each."""

    ids: tuple[str, ...]
    kin: tuple[str, ...]
    kinds: tuple[str, ...]
    seen: Vectors  # (n, length of E_v)
    why: Vectors  # (n, m, length of E_r)
    heard: Vectors  # (n, m, length of E_m)
    plans: tuple[tuple[Choices, ...], ...]  # n times m
    full: tuple[tuple[str, ...], ...]  # n times m: the plans as JSON
    told: tuple[str, ...]  # rationale of the first plan

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: Sequence[int]) -> Held:
        """Return some of them."""
        rows = np.array(places, dtype=np.int64)
        texts = ([one[at] for at in places] for one in (self.ids, self.kin, self.kinds))
        ids, kin, kinds = (tuple(one) for one in texts)
        plans, full = tuple(self.plans[at] for at in places), tuple(self.full[at] for at in places)
        told = tuple(self.told[at] for at in places)
        return Held(ids, kin, kinds, self.seen[rows], self.why[rows], self.heard[rows], plans, full, told)


@dataclass(frozen=True, eq=False)
class Made:
    """What a contender makes of held-out ones: E_m, shape (n, k, ...), plans, and E_r where it reasons."""

    heard: Vectors
    plans: list[list[Choices]]
    why: Vectors | None = None  # (n, length of E_r)


class Contender(Protocol):
    """Somebody who makes plans of what was seen."""

    name: str

    def make(self, held: Held, samples: int, seed: int) -> Made:
        """Return ``samples`` plans for each."""


class MapperContender:
    """A mapper that was trained: its samples, each decided by its bank."""

    def __init__(self, mapper: Mapper) -> None:
        mapper.check_plans()
        self.mapper, self.name = mapper, mapper.config.variant.replace("_", " ")

    def make(self, held: Held, samples: int, seed: int) -> Made:
        """Return what it makes; every picture has noise of its own, as it has when composing."""
        networks, latent = self.mapper.networks, self.mapper.config.latent
        start = noise(seed, 1, latent, len(held) * samples).reshape(len(held), samples, latent)
        why = networks.reason(held.seen)
        heard = networks.compose(held.seen, why, start, VISITS, GUIDANCE, "dpm")
        plans = [[self.mapper.decide(one).choices for one in row] for row in heard]
        return Made(heard, plans, why)


class Nearest:
    """The plans that the teacher gave for the training example with the nearest E_v."""

    name = "nearest E_v"

    def __init__(self, train: Held) -> None:
        self.train = train
        self._mean, self._scale = train.seen.mean(axis=0), np.maximum(train.seen.std(axis=0), 1e-6)

    def places(self, held: Held) -> NDArray[np.int64]:
        """Return which training example is nearest to each, by cosine of standardised E_v."""
        theirs, ours = self._unit(self.train.seen), self._unit(held.seen)
        return np.asarray((ours @ theirs.T).argmax(axis=1))

    def make(self, held: Held, samples: int, seed: int) -> Made:
        """Return that example's plans in turns."""
        places = self.places(held)
        turns = [at % self.train.heard.shape[1] for at in range(samples)]
        plans = [[self.train.plans[place][turn] for turn in turns] for place in places]
        return Made(self.train.heard[places][:, turns], plans, self.train.why[places, 0])

    def _unit(self, seen: Vectors) -> Vectors:
        rows = (seen - self._mean) / self._scale
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


class Mean:
    """The same for every picture: the mean E_m, and the most frequent answer to each question."""

    name = "mean plan"

    def __init__(self, train: Held) -> None:
        total = train.heard.reshape(-1, train.heard.shape[2]).mean(axis=0)
        self.heard = total / np.linalg.norm(total)
        told = train.why.reshape(-1, train.why.shape[2]).mean(axis=0)
        self.why = told / np.linalg.norm(told)
        self.plan = most_frequent([plan for plans in train.plans for plan in plans])

    def make(self, held: Held, samples: int, seed: int) -> Made:
        """Return it."""
        heard = np.broadcast_to(self.heard, (len(held), samples, len(self.heard)))
        why = np.broadcast_to(self.why, (len(held), len(self.why)))
        return Made(heard, [[self.plan] * samples for _ in range(len(held))], why)


def most_frequent(plans: Sequence[Choices]) -> Choices:
    """Return the most frequent answers, and the players that are there in half the plans or more."""
    first = {
        field: Counter(getattr(one, field) for one in plans).most_common(1)[0][0] for field in FIELDS.values()
    }
    players = Counter(name for one in plans for name in sorted({name for name, _ in one.seats}))
    most = [name for name, count in players.most_common() if 2 * count >= len(plans)]
    chosen = most or [players.most_common(1)[0][0]]
    return replace(plans[0], **first, players="|".join(f"{name}:melody" for name in chosen))


def halves(examples: Sequence[Example], settings: TrainConfig) -> tuple[Held, Held]:
    """Return the training and the test part, split by kin as the mapper's training splits them."""
    parts = split([row.kin for row in examples], settings.validation, settings.test, settings.split_seed)
    count = 1 + max(int(row.id.rpartition(".")[2]) for row in examples)
    train, test = ([examples[at] for at in parts[name]] for name in ("train", "test"))
    if not train or not test:
        raise InputError("the data have no test part; make more, of more pictures or scenes")
    return held_of(train, count), held_of(test, count)


def held_of(examples: Sequence[Example], count: int) -> Held:
    """Return examples by what was seen; ``count`` is how many plans the teacher was asked for of each."""
    items: dict[str, list[Example]] = defaultdict(list)
    for row in examples:
        items[row.id.rpartition(".")[0]].append(row)
    first = [rows[0] for rows in items.values()]
    plans = [
        [choices_of(Plan.model_validate_json(row.plan), GROUPS) for row in rows] for rows in items.values()
    ]
    return Held(
        tuple(items), tuple(row.kin for row in first), tuple(row.kind for row in first),
        np.stack([row.seen for row in first]),
        np.stack([np.stack(padded([row.why for row in rows], count)) for rows in items.values()]),
        np.stack([np.stack(padded([row.heard for row in rows], count)) for rows in items.values()]),
        tuple(tuple(padded(one, count)) for one in plans),
        tuple(tuple(padded([row.plan for row in rows], count)) for rows in items.values()),
        tuple(row.rationale for row in first),
    )  # fmt: skip

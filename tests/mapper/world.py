"""A small made-up world: what is seen has a few hidden causes, and one scene has two fitting musics."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mapper.lessons import Lessons
from mapper.traits import Traits

HIDDEN = 4


def world(count: int = 240, *, seen: int = 12, text: int = 16, kins: int = 60, seed: int = 0) -> Lessons:
    """Return examples in which E_r follows from E_v, and E_m from both and the toss of a coin."""
    chance = np.random.default_rng([seed, 1])
    maps = np.random.default_rng(7)
    kin = np.arange(count) % kins
    hidden = chance.standard_normal((kins, HIDDEN))[kin] + 0.1 * chance.standard_normal((count, HIDDEN))
    coin = chance.integers(0, 2, count)
    look = hidden @ maps.standard_normal((HIDDEN, seen)) + 0.1 * chance.standard_normal((count, seen))
    why = _unit(np.tanh(hidden @ maps.standard_normal((HIDDEN, text))))
    turn = maps.standard_normal(text)
    heard = _unit(
        np.tanh(hidden @ maps.standard_normal((HIDDEN, text))) + np.where(coin, 1, -1)[:, None] * turn
    )
    traits = tuple(_traits(row, toss) for row, toss in zip(hidden, coin.tolist(), strict=True))
    names = tuple(f"picture-{at}" for at in kin.tolist())
    return Lessons(
        look.astype(np.float32),
        why,
        heard,
        names,
        traits,
        "toy-encoder",
        ("toy teacher",),
        ("picture",) * count,
    )


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _traits(hidden: NDArray[np.float64], toss: int) -> Traits:
    qpm = 100 * 2 ** (0.4 * math.tanh(hidden[1]))
    return Traits(
        "major" if hidden[0] > 0 else "minor", "slow" if qpm < 100 else "fast", "4/4" if toss else "3/4",
        "waltz" if not toss else "march", "dance",
        frozenset({"strings"} if hidden[2] > 0 else {"brass", "reed"}),
        math.log2(qpm),
    )  # fmt: skip

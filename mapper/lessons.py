"""What a mapper learns from: the vectors of all examples side by side, traits of their plans, and splits.

A split goes by kin: variants of one picture, or fillings of one template, are all in the same part. Which
part a kin is in depends on its name and the split's seed only, so it stays there when data are added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from chiaroscore import InputError
from mapper.example import Example
from mapper.traits import Traits, traits_of
from prompts import Plan

Vectors = NDArray[np.float32]
Places = NDArray[np.int64]

#: Fewest examples in a part that is trained on or judged by.
FEWEST = 2


@dataclass(frozen=True, eq=False)
class Lessons:
    """Examples as arrays: row ``i`` of everything belongs to one example."""

    seen: Vectors  # (n, dim of E_v)
    why: Vectors  # (n, dim of E_r), unit rows
    heard: Vectors  # (n, dim of E_m), unit rows
    kin: tuple[str, ...]
    traits: tuple[Traits, ...]
    encoder: str  # id of the encoder of ``seen``
    teachers: tuple[str, ...] = ()  # ids of the minds that taught, sorted
    kinds: tuple[str, ...] = field(default=())  # "picture" or "text", by example

    def __post_init__(self) -> None:
        for name in ("seen", "why", "heard"):
            _check_vectors(name, getattr(self, name), len(self.kin))
        if len(self.traits) != len(self.kin):
            raise InputError(f"{len(self.kin)} examples have {len(self.traits)} plans; make the data again")

    def __len__(self) -> int:
        return len(self.kin)

    @property
    def digest(self) -> str:
        """SHA-256 over everything, in hexadecimal: the same data have the same, in the same order."""
        total = hashlib.sha256(self.encoder.encode())
        for array in (self.seen, self.why, self.heard):
            total.update(array.tobytes())
        for kin, one in zip(self.kin, self.traits, strict=True):
            total.update(
                f"{kin}\0{one.mode}{one.meter}{one.genre}{sorted(one.families)}{one.log_tempo}".encode()
            )
        return total.hexdigest()

    def take(self, places: Places) -> Lessons:
        """Return some of the examples."""
        kinds = tuple(self.kinds[at] for at in places) if self.kinds else ()
        return Lessons(
            self.seen[places], self.why[places], self.heard[places], tuple(self.kin[at] for at in places),
            tuple(self.traits[at] for at in places), self.encoder, self.teachers, kinds,
        )  # fmt: skip


def lessons(examples: Iterable[Example], groups: Mapping[str, str] | None = None) -> Lessons:
    """Return examples side by side.

    Parameters
    ----------
    groups
        Genre -> genre group, for the traits of the plans.

    Raises
    ------
    InputError
        If there are too few, they are of several encoders, or a plan is none.
    """
    rows = list(examples)
    if len(rows) < 2 * FEWEST:
        raise InputError(f"{len(rows)} examples are too few to learn from; make more with `distill data`")
    encoders = sorted({row.encoder for row in rows})
    if len(encoders) > 1:
        raise InputError(
            f"the examples are of several encoders ({', '.join(encoders[:4])}); train on one at a time"
        )
    return Lessons(
        _stacked(rows, "seen"), _stacked(rows, "why"), _stacked(rows, "heard"),
        tuple(row.kin for row in rows),
        tuple(_traits(row, groups) for row in rows), encoders[0],
        tuple(sorted({row.teacher for row in rows})), tuple(row.kind for row in rows),
    )  # fmt: skip


def split(kin: Sequence[str], validation: float, test: float, seed: int = 0) -> dict[str, Places]:
    """Return the places of the examples of each part: ``"train"``, ``"validation"``, ``"test"``.

    Parameters
    ----------
    kin
        By example.
    validation, test
        Share of the kins in each; parts of few kins may differ from it by much.
    """
    drawn = {name: _draw(name, seed) for name in dict.fromkeys(kin)}
    share = np.array([drawn[name] for name in kin])
    parts = {
        "validation": share < validation,
        "test": (share >= validation) & (share < validation + test),
        "train": share >= validation + test,
    }
    return {name: np.flatnonzero(inside) for name, inside in parts.items()}


def _draw(name: str, seed: int) -> float:
    """Return a number in [0, 1) that follows from a name and a seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big") / 2**64


def _traits(row: Example, groups: Mapping[str, str] | None) -> Traits:
    try:
        return traits_of(Plan.model_validate_json(row.plan), groups)
    except ValidationError as error:
        raise InputError(f"example {row.id[:60]!r} has no valid plan; make the data again") from error


def _stacked(rows: Sequence[Example], name: str) -> Vectors:
    vectors = [getattr(row, name) for row in rows]
    shapes = {vector.shape for vector in vectors}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1:
        raise InputError(
            f"the vectors {name!r} of the examples are of {len(shapes)} shapes; make the data again"
        )
    return np.stack(vectors).astype(np.float32)


def _check_vectors(name: str, vectors: Vectors, count: int) -> None:
    if vectors.ndim != 2 or len(vectors) != count or vectors.dtype != np.float32:
        raise InputError(
            f"{name!r} has shape {vectors.shape} and type {vectors.dtype}; give ({count}, length) of float32"
        )
    if not np.isfinite(vectors).all():
        raise InputError(f"{name!r} has values that are no numbers; make the data again")

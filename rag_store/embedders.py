"""The models of a store: which space each exemplar gets a vector in, and from what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from chiaroscore import StoreError
from rag_store.embed import Embedder, Vectors
from rag_store.exemplar import Exemplar
from rag_store.manifest import REBUILD


class SpaceModel(Protocol):
    """Gives exemplars their place in one space."""

    @property
    def id(self) -> str:
        """Name of the model, the same for the same numbers."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def place(self, exemplars: Sequence[Exemplar]) -> Vectors:
        """Return one unit row an exemplar, shape ``(n, dim)``, float32."""

    def of_query(self, asked: str) -> Vectors:
        """Return the unit vector of what is asked, shape ``(dim,)``: a text, or ABC in the space of music."""


class ByCaption:
    """The place of an exemplar is that of its caption."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder

    @property
    def id(self) -> str:
        """Name of the text model."""
        return self.embedder.id

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.embedder.dim

    def place(self, exemplars: Sequence[Exemplar]) -> Vectors:
        """Embed the captions."""
        return self.embedder.embed([exemplar.caption for exemplar in exemplars])

    def of_query(self, asked: str) -> Vectors:
        """Embed a text."""
        found: Vectors = self.embedder.embed([asked])[0]
        return found


def spaces_of(models: Mapping[str, SpaceModel]) -> dict[str, tuple[str, int]]:
    """Return space -> model id and dimension, as a manifest keeps them."""
    return {space: (model.id, model.dim) for space, model in models.items()}


def same_models(where: str, kept: Mapping[str, tuple[str, int]], models: Mapping[str, SpaceModel]) -> None:
    """Refuse to open a store with other models than it was built with.

    A space that the store has and nobody asks for now is left alone; one that is asked for must be there.

    Raises
    ------
    StoreError
        If a space is of another model or dimension, or not in the store.
    """
    for space, model in models.items():
        if space not in kept:
            raise StoreError(
                f"the store at {where!r} has no {space} vectors (it has: {', '.join(kept)}); "
                f"{REBUILD} --force"
            )
        if kept[space] != (model.id, model.dim):
            name, dim = kept[space]
            raise StoreError(
                f"the store at {where!r} was built with the model {name!r} ({dim}-d) for {space}, "
                f"the current one is {model.id!r} ({model.dim}-d); {REBUILD} --force"
            )


def placed(exemplars: Sequence[Exemplar], models: Mapping[str, SpaceModel]) -> dict[str, Vectors]:
    """Return the vectors of exemplars in every space, space -> shape ``(n, dim)``.

    Raises
    ------
    StoreError
        If a model gives another shape than it says, or a row that is no unit vector.
    """
    made = {}
    for space, model in models.items():
        rows = np.asarray(model.place(exemplars), dtype=np.float32)
        if rows.shape != (len(exemplars), model.dim):
            raise StoreError(
                f"the model {model.id!r} gave vectors of shape {rows.shape}, "
                f"not {(len(exemplars), model.dim)}"
            )
        lengths = np.linalg.norm(rows, axis=1)
        if not np.all(np.abs(lengths - 1) < 1e-2):
            worst = int(np.argmax(np.abs(np.nan_to_num(lengths) - 1)))
            raise StoreError(
                f"the model {model.id!r} gave {exemplars[worst].id!r} a vector of length {lengths[worst]:g}; "
                "it must be a unit vector"
            )
        made[space] = rows
    return made

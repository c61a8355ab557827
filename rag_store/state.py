"""Whether the store is there, without opening it."""

from __future__ import annotations

import contextlib
import os
import pathlib
from dataclasses import dataclass

from rag_store.catalogue import Catalogue
from rag_store.manifest import read_manifest
from rag_store.places import is_stale, place_of


@dataclass(frozen=True, slots=True)
class StoreState:
    """Where the store is, how many exemplars it says it has, and whether `Store.open` need not build it."""

    place: pathlib.Path
    count: int
    ready: bool


def store_state(path: str | os.PathLike[str] | None = None) -> StoreState:
    """Return the state of a store; None is the built-in one in the user's cache. Takes milliseconds.

    Raises
    ------
    StoreError
        If its manifest is broken or of another format.
    """
    place = place_of(path)
    manifest = read_manifest(place)
    if manifest is None:
        return StoreState(place, 0, False)
    with contextlib.closing(Catalogue(place / manifest.generation)) as catalogue:
        return StoreState(place, catalogue.count(), not is_stale(manifest))

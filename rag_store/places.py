"""Where a store lies, whether it is out of date, and which models it has."""

from __future__ import annotations

import os
import pathlib

from chiaroscore import ControlError, cache_dir
from rag_store.builtin import builtin_digest
from rag_store.embed import Embedder, MiniLM
from rag_store.embedders import ByCaption, SpaceModel
from rag_store.manifest import Manifest
from rag_store.served.address import is_address
from rag_store.spaces import ByNotes

#: Folder of the store in `chiaroscore.cache_dir`.
NAME = "store-v2"


def place_of(path: str | os.PathLike[str] | None) -> pathlib.Path:
    """Return the folder of a store; None is the built-in one's in the user's cache.

    Raises
    ------
    ControlError
        If it is the address of a server.
    """
    if is_address(path):
        raise ControlError("a store is built in a folder; build it there, then publish it to the server")
    return pathlib.Path(path) if path is not None else cache_dir() / NAME


def is_stale(manifest: Manifest | None) -> bool:
    """Whether the built-in exemplars must be stored (anew)."""
    return manifest is None or (manifest.origin == "builtin" and manifest.sources != builtin_digest())


def models_of(embedder: Embedder | None = None) -> dict[str, SpaceModel]:
    """Return the models of a store: of captions ``embedder`` or `MiniLM`, of music our own."""
    return {"text": ByCaption(embedder or MiniLM()), "music": ByNotes()}

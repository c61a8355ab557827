"""The place of exemplars in the space "music": as shipped for the built-in ones, else heard on the spot.

Parsing all built-in exemplars takes half a minute. ``data/music_vectors.npz`` holds for every text, by its
digest, a row of bytes: the vector divided by its largest number and counted in 127ths. The cosine to the
true vector is above 0.999.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import NotationError, StoreError
from rag_store.builtin import text_digest
from rag_store.exemplar import Exemplar
from rag_store.spaces.music import MusicEmbedder, Vectors, data_folder

#: Tunes a step of progress.
STEP = 64

Progress = Callable[[str, int, int], None]  # stage, done, total


class ByNotes:
    """Gives exemplars their place by their notes.

    Parameters
    ----------
    embedder
        Of music; None takes the shipped space.
    folder : path, optional
        Folder of ``music_vectors.npz``; None takes the shipped one.
    """

    def __init__(self, embedder: MusicEmbedder | None = None, folder: pathlib.Path | None = None) -> None:
        self.embedder = embedder or MusicEmbedder()
        self._folder = folder or data_folder()

    @property
    def id(self) -> str:
        """Name of the music space."""
        return self.embedder.id

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.embedder.dim

    def of_query(self, asked: str) -> Vectors:
        """Return the place of a tune in ABC, shape ``(dim,)``.

        Raises
        ------
        NotationError
            If it is no tune.
        """
        found: Vectors = self.embedder.embed([asked])[0]
        return found

    def place(self, exemplars: Sequence[Exemplar], progress: Progress | None = None) -> Vectors:
        """Return one unit row an exemplar, shape (n, dim): as shipped if text and space agree, else made.

        Raises
        ------
        StoreError
            If the shipped file is broken.
        NotationError
            If an exemplar's text is not ABC, or has no notes.
        """
        rows = np.zeros((len(exemplars), self.dim), dtype=np.float32)
        missing: list[int] = []
        for i, exemplar in enumerate(exemplars):
            row = self._shipped.get(text_digest(exemplar.abc).encode())
            if row is None:
                missing.append(i)
            else:
                rows[i] = row
        for done, i in enumerate(missing, 1):
            rows[i] = self._heard(exemplars[i])
            if progress and (done % STEP == 0 or done == len(missing)):
                progress("hearing tunes", done, len(missing))
        return rows

    def _heard(self, exemplar: Exemplar) -> Vectors:
        try:
            return np.asarray(self.embedder.embed([exemplar.abc])[0])
        except NotationError as error:
            error.add_note(f"while hearing exemplar {exemplar.id!r}")
            raise

    @cached_property
    def _shipped(self) -> Mapping[bytes, Vectors]:
        """Shipped vectors by digest of the text; none if there are none, or they are of another space."""
        path = self._folder / "music_vectors.npz"
        if not path.is_file():
            return {}
        try:
            with np.load(path, allow_pickle=False) as loaded:
                if str(loaded["space"]) != self.id or loaded["vectors"].shape[1] != self.dim:
                    return {}
                rows = loaded["vectors"].astype(np.float32)
                rows /= np.linalg.norm(rows, axis=1, keepdims=True)
                return {bytes(digest): row for digest, row in zip(loaded["texts"], rows, strict=True)}
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"{str(path)!r} is broken ({error}); reinstall chiaroscore") from error


def builtin_music_vectors(
    exemplars: Sequence[Exemplar], embedder: MusicEmbedder, progress: Progress | None = None
) -> Vectors:
    """Return the music vectors of the built-in exemplars, shape (n, dim): see `ByNotes.place`."""
    return ByNotes(embedder).place(exemplars, progress)


def packed(texts: Sequence[str], rows: Vectors, space: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of ``music_vectors.npz``: one row of bytes a distinct text, by digest."""
    by_digest = {text_digest(text).encode(): i for i, text in enumerate(texts)}
    digests = sorted(by_digest)
    scaled = np.rint(rows / np.abs(rows).max(axis=1, keepdims=True) * 127).astype(np.int8)
    return {
        "space": np.array(space),
        "texts": np.array(digests, dtype="S16"),
        "vectors": scaled[[by_digest[digest] for digest in digests]],
    }

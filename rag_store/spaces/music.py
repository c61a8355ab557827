"""Music to vector: symbolic features, projected so that versions of one piece lie together.

A row has two parts. The notes' features (`rag_store.spaces.features.CONTENT`) are centred and projected to
`CONTENT_DIM` discriminants: directions in which different pieces differ more than versions of one piece
(its two halves, an ornamented and a transposed copy) do, fitted by ``scripts/build_music_space.py`` on the
built-in exemplars and kept in ``data/music_space.npz``. The features of the manner (tempo, height, players,
drums) follow with the weight `MANNER_WEIGHT`; they are not fitted, for few built-in exemplars name a player.

Transposition leaves the notes' part as it is, and so do note values twice as long in a meter twice as long.

References
----------
.. [#rao1948] Rao (1948), The utilization of multiple measurements in problems of biological classification,
   J. R. Stat. Soc. B 10(2), 159-203 (discriminants of many classes; here a class is a piece).
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chiaroscore import StoreError
from notation import Tune, parse
from rag_store.spaces.features import content, manner
from rag_store.spaces.heard import Heard, hear

Vectors = NDArray[np.float32]

#: Discriminants kept, and features of the manner.
CONTENT_DIM, MANNER_DIM = 80, 16
#: Weight of the manner beside the notes' unit vector.
MANNER_WEIGHT = 0.35
#: Raised when a feature is computed in another way: vectors of different versions are never compared.
VERSION = 1


class Projection(NamedTuple):
    """How features become a vector, and what names it."""

    mean: Vectors  # shape (n_content,)
    matrix: Vectors  # shape (n_content, CONTENT_DIM)
    digest: str


class MusicEmbedder:
    """Turns tunes into unit vectors of 96 numbers.

    Parameters
    ----------
    folder : path, optional
        Folder of ``music_space.npz``; None takes the shipped one.

    Raises
    ------
    StoreError
        If the file is missing, broken or of another version of the features.
    """

    dim = CONTENT_DIM + MANNER_DIM

    def __init__(self, folder: pathlib.Path | None = None) -> None:
        self._projection = load_projection(folder or data_folder())
        #: Names version and constants: vectors of different ids are never compared.
        self.id = f"chiaroscore-music-{VERSION}-{self._projection.digest}"

    def embed(self, tunes: Sequence[str | Tune]) -> Vectors:
        """Return one unit row a tune, shape (n, 96), float32.

        Parameters
        ----------
        tunes
            ABC texts or parsed tunes.

        Raises
        ------
        NotationError
            If a text is not ABC, or a tune has no notes.
        """
        rows = [self.vector(hear(parse(tune) if isinstance(tune, str) else tune)) for tune in tunes]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dim)

    def vector(self, tune: Heard) -> Vectors:
        """Return the unit vector of a tune as it is heard, shape (96,)."""
        notes = projected(content(tune), self._projection)
        return joined(notes, manner(tune).astype(np.float32))


def projected(features: NDArray[np.floating], projection: Projection) -> Vectors:
    """Return the discriminants of the notes' features, shape (..., 80)."""
    centred = np.asarray(features, dtype=np.float32) - projection.mean
    return np.asarray(centred @ projection.matrix, dtype=np.float32)


def joined(notes: Vectors, played: Vectors) -> Vectors:
    """Return unit vectors of discriminants and manner, shape (..., 96)."""
    rows = np.concatenate([_unit(notes), np.float32(MANNER_WEIGHT) * played], axis=-1)
    return _unit(rows)


def load_projection(folder: pathlib.Path) -> Projection:
    """Read ``music_space.npz``.

    Raises
    ------
    StoreError
        If it is missing, broken or of another version of the features.
    """
    path = folder / "music_space.npz"
    try:
        data = path.read_bytes()
        with np.load(path, allow_pickle=False) as loaded:
            version, mean, matrix = int(loaded["version"]), loaded["mean"], loaded["matrix"]
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{str(path)!r} cannot be read ({error}); reinstall chiaroscore") from error
    if version != VERSION or matrix.shape != (feature_count(), CONTENT_DIM):
        raise StoreError(
            f"{str(path)!r} is of version {version}, shape {matrix.shape}, and the features of version "
            f"{VERSION}, {feature_count()} numbers; run: python scripts/build_music_space.py"
        )
    digest = hashlib.sha256(data).hexdigest()[:12]
    return Projection(mean.astype(np.float32), matrix.astype(np.float32), digest)


@functools.cache
def feature_count() -> int:
    """Return how many features the notes have."""
    return len(content(hear(parse("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|\n"))))


def data_folder() -> pathlib.Path:
    """Folder of the shipped data."""
    return pathlib.Path(str(resources.files("rag_store").joinpath("data")))


def _unit(rows: Vectors) -> Vectors:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), dtype=np.float32)

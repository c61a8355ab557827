"""The first chair: one look at a picture gives the offline mind's scene and E_v for the mapper."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from agent.offline.affect import feel
from agent.offline.perceive import analyse, scene_of
from chiaroscore import InputError, MissingPartError
from mapper.encoders import FILE, Encoder
from mapper.encoders import NAME as PACKAGED

if TYPE_CHECKING:
    from PIL import Image

    from mapper.inference import Mapper
    from prompts import Scene

Floats = NDArray[np.float32]
#: The variable that names the CLIP model of a mapper that was trained with one.
CLIP = "CHIAROSCORE_CLIP"


class Eye(Protocol):
    """What looks at pictures for a mapper."""

    @property
    def id(self) -> str:
        """Name of the encoder of E_v."""

    @property
    def dim(self) -> int:
        """Length of E_v."""

    def look(self, picture: Image.Image) -> tuple[Scene, Floats]:
        """Return the scene of an RGB picture, and E_v, shape ``(length,)``."""


class PackagedEye:
    """Looks with the packaged image network; scene and E_v come from the same pass."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    @property
    def id(self) -> str:
        """Name of the encoder."""
        return self.encoder.id

    @property
    def dim(self) -> int:
        """Length of E_v."""
        return self.encoder.dim

    def look(self, picture: Image.Image) -> tuple[Scene, Floats]:
        """Return the scene and E_v."""
        from agent.distilling.encoder import measured

        found = analyse(picture)
        affect = feel(found.sight, found.measures)
        return scene_of(found, affect), self.encoder.encode(measured(found, affect))[0]


class ClipEye:
    """Looks with a CLIP model's image tower for E_v, and with the packaged network for the scene.

    Parameters
    ----------
    model
        Folder or cached hub id of the model; see `rag_store.spaces.image.ClipEmbedder`.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        from rag_store.spaces.image import ClipEmbedder

        self._tower = ClipEmbedder(model)

    @property
    def id(self) -> str:
        """Name of the encoder."""
        return self._tower.id

    @property
    def dim(self) -> int:
        """Length of E_v."""
        return self._tower.dim

    def look(self, picture: Image.Image) -> tuple[Scene, Floats]:
        """Return the scene and E_v."""
        found = analyse(picture)
        return scene_of(found, feel(found.sight, found.measures)), self._tower.embed_images([picture])[0]


def eye_of(mapper: Mapper, environ: Mapping[str, str] = os.environ) -> Eye:
    """Return what sees as the pictures were seen that a mapper was trained with.

    The packaged encoder lies in the mapper's folder; the CLIP model of a mapper that was trained with one is
    named by the variable ``CHIAROSCORE_CLIP``.

    Raises
    ------
    InputError
        If the encoder is damaged or another one.
    MissingPartError
        If there is none, or its parts are not installed.
    """
    if mapper.config.encoder.startswith(f"{PACKAGED}/"):
        return _fitting(mapper, PackagedEye(_encoder(mapper)))
    model = environ.get(CLIP)
    if not model:
        raise MissingPartError(
            f"{mapper.id} was trained with the encoder {mapper.config.encoder!r}; name the folder of that "
            f"CLIP model by the variable {CLIP}"
        )
    return _fitting(mapper, ClipEye(model))


def _encoder(mapper: Mapper) -> Encoder:
    path = mapper.folder / FILE if mapper.folder is not None else None
    if path is None or not path.is_file():
        raise MissingPartError(
            f"{mapper.id} has no {FILE} beside it, so pictures cannot be seen as in its training; copy the "
            "whole folder that `distill train` made"
        )
    return Encoder.load(path)


def _fitting(mapper: Mapper, eye: Eye) -> Eye:
    """Return the eye, unless the mapper was trained with another."""
    if eye.id != mapper.config.encoder or eye.dim != mapper.config.seen:
        raise InputError(
            f"{mapper.id} was trained with the encoder {mapper.config.encoder} (length "
            f"{mapper.config.seen}), and this is {eye.id} (length {eye.dim}); take the one that belongs to it"
        )
    return eye

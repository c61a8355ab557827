"""What sees for the mapper, pictures and texts alike: the packaged encoder, or a CLIP model."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.distilling.imagined import Imagination
from agent.distilling.looks import Looks
from agent.distilling.pictures import Base, variants
from agent.distilling.textual import Told
from agent.offline.labels import group_members
from agent.offline.tables import table
from chiaroscore import ControlError
from mapper.encoders import FILE, Encoder, Measured, fit
from rag_store.embed import MiniLM

if TYPE_CHECKING:
    from PIL import Image

    from agent.offline.affect import Affect
    from agent.offline.perceive import Look

Vectors = NDArray[np.float32]


def seen(encoder: Encoder, picture: Image.Image) -> NDArray[np.float32]:
    """Return E_v of an RGB picture, shape (dim,).

    Raises
    ------
    MissingPartError
        If the image network is not installed.
    """
    from agent.offline.affect import feel
    from agent.offline.perceive import analyse

    look = analyse(picture)
    row: NDArray[np.float32] = encoder.encode(measured(look, feel(look.sight, look.measures)))[0]
    return row


def measured(look: Look, affect: Affect) -> Measured:
    """Return what an encoder takes of a picture that was looked at, one row."""
    return Measured(
        look.sight.features[None],
        look.sight.probabilities[None],
        np.array([list(look.measures.values())], np.float32),
        np.array([[affect.valence, affect.arousal, *affect.kinds.values()]], np.float32),
    )


def stacked(looks: Sequence[Looks]) -> Measured:
    """Return what was measured of several pictures, row under row."""
    return Measured(
        *(
            np.concatenate([getattr(one, name) for one in looks])
            for name in ("features", "probabilities", "measures", "affect")
        )
    )


class PackagedSeer:
    """Sees pictures and texts with the packaged encoder.

    Parameters
    ----------
    encoder
        Its projection.
    looks
        Of real pictures, by which texts are imagined.
    """

    def __init__(self, encoder: Encoder, looks: Sequence[Looks]) -> None:
        self.encoder, self.id, self.dim = encoder, encoder.id, encoder.dim
        self._looks = looks
        self._imagination: Imagination | None = None

    def pictures(self, base: Base, looks: Looks, seed: int) -> Vectors:
        """Return E_v of the variants of a picture, shape (n, dim)."""
        return self.encoder.encode(stacked([looks]))

    def texts(self, read: Sequence[Told], seed: int, embedder: MiniLM) -> Vectors:
        """Return E_vt of texts, shape (n, dim).

        Raises
        ------
        ControlError
            If there were no pictures.
        """
        if self._imagination is None:
            self._imagination = imagination_of(self._looks, self.encoder)
        return self._imagination.seen(read, seed, embedder=embedder)


class ClipSeer:
    """Sees pictures with the image tower of a CLIP model, and texts with its text tower.

    Parameters
    ----------
    model
        Folder or cached hub id; see `rag_store.spaces.image.ClipEmbedder`.
    """

    def __init__(self, model: str) -> None:
        from rag_store.spaces.image import ClipEmbedder

        self._tower = ClipEmbedder(model)
        self.id, self.dim = self._tower.id, self._tower.dim

    def pictures(self, base: Base, looks: Looks, seed: int) -> Vectors:
        """Return the vectors of the variants of a picture, shape (n, dim)."""
        return self._tower.embed_images(variants(base, len(looks), seed))

    def texts(self, read: Sequence[Told], seed: int, embedder: MiniLM) -> Vectors:
        """Return the vectors of texts, shape (n, dim)."""
        return self._tower.embed_texts([one.telling.text for one in read])


def seer_for(
    folder: pathlib.Path, looks: Sequence[Looks], given: Encoder | str | None
) -> PackagedSeer | ClipSeer:
    """Return what sees for a data folder: a CLIP model by its name, or the packaged encoder of the folder."""
    if isinstance(given, str):
        return ClipSeer(given)
    return PackagedSeer(encoder_for(folder, looks, given), looks)


def encoder_for(folder: pathlib.Path, looks: Sequence[Looks], given: Encoder | None = None) -> Encoder:
    """Return the encoder of a data folder, kept there: the one given, its own, or one fitted on the looks.

    Raises
    ------
    ControlError
        If there is none and nothing to fit one on, or another one is given than the folder has.
    InputError
        If the file there is damaged.
    """
    path = folder / FILE
    there = Encoder.load(path) if path.is_file() else None
    if there is not None and given is not None and there.id != given.id:
        raise ControlError(
            f"the data in {str(folder)!r} were seen by {there.id}, not {given.id}; give another folder"
        )
    if there is None and given is None and not looks:
        raise ControlError("an encoder is fitted on pictures; give folders with pictures too, or an encoder")
    used = there or given or fit(stacked(looks), label_groups())
    if there is None:
        used.save(path)
    return used


def label_groups() -> tuple[int, ...]:
    """Return the number of the label group of each of the 1,000 classes."""
    place = {
        index: number
        for number, name in enumerate(table("labels")["groups"])
        for index in group_members(name)
    }
    return tuple(place[index] for index in range(1000))


def imagination_of(looks: Sequence[Looks], encoder: Encoder) -> Imagination:
    """Return what imagines vectors of texts as those of real pictures lie.

    Raises
    ------
    ControlError
        If there are no pictures.
    """
    if not looks:
        raise ControlError("what a text looks like is learnt from pictures; give folders with pictures too")
    real = stacked(looks)
    return Imagination(
        encoder, encoder.encode(real), measure_names(), float(real.probabilities.max(1).mean())
    )


def measure_names() -> tuple[str, ...]:
    """Return the names of the measures, in the order of `agent.offline.perceive.analyse`."""
    from agent.offline.colour import colour_measures
    from agent.offline.composition import composition_measures

    grey = np.full((32, 32, 3), 50.0)
    return (*colour_measures(grey), *composition_measures(grey))

"""The packaged encoder: what the image network and the colour measures say of a picture, as one vector E_v.

Conventions
-----------
E_v is five blocks, one after the other: pooled features of the network (principal components of their roots),
class probabilities (principal components of their roots), roots of the shares of the label groups, measures
of colour and composition, and the predicted feeling (valence, arousal, kind of picture). Principal components
are scaled by the fourth root of their variance, which lies half way between as they are and whitened; then
every block has a mean variance of 1 over the pictures it was fitted on. The same numbers in give the same
vector out: the projection is fixed, and its `Encoder.id` has a digest of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError, write_bytes

Floats = NDArray[np.float32]

NAME = "effnet-lite2+colour"
FORMAT = "1"
#: Principal components of features and of labels.
FEATURES, LABELS = 96, 64
#: Largest file that is read as an encoder, in bytes.
MOST_BYTES = 8_000_000
_CLIP = 4.0  # deviations: beyond lies what no fitted picture was like
_SIZES = {"features": 1280, "probabilities": 1000, "measures": 31, "affect": 6}

#: Name of an encoder's file, beside teacher data and beside a mapper.
FILE = "encoder.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What was measured of ``n`` pictures.

    ``features`` (n, 1280) and ``probabilities`` (n, 1000) of the image network, ``measures`` (n, 31) of
    colour and composition, ``affect`` (n, 6): valence, arousal, and the shares of four kinds of picture.
    """

    features: Floats
    probabilities: Floats
    measures: Floats
    affect: Floats

    def __post_init__(self) -> None:
        for name, size in _SIZES.items():
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape != (len(self.features), size):
                raise InputError(
                    f"{name} of {len(self.features)} pictures must have {size} numbers, not {shape}"
                )


@dataclass(frozen=True, eq=False)
class Encoder:
    """The projection; ``arrays`` by name are its means, scales and directions, float32."""

    arrays: dict[str, NDArray[np.float32]]
    groups: tuple[int, ...]  # label group of each of the 1,000 classes

    @property
    def dim(self) -> int:
        """Length of E_v."""
        return int(self.blocks["affect"].stop)

    @cached_property
    def id(self) -> str:
        """Name, format and digest of all numbers: vectors of different ids are never compared."""
        digest = hashlib.sha256(json.dumps(self.groups).encode())
        for name in sorted(self.arrays):
            digest.update(name.encode() + np.ascontiguousarray(self.arrays[name]).tobytes())
        return f"{NAME}/{FORMAT}:{digest.hexdigest()[:12]}"

    @cached_property
    def blocks(self) -> dict[str, slice]:
        """Where each block lies in E_v: features, labels, groups, measures, affect."""
        sizes = {
            "features": self.arrays["features.directions"].shape[1],
            "labels": self.arrays["labels.directions"].shape[1],
            "groups": max(self.groups) + 1,
            "measures": _SIZES["measures"],
            "affect": _SIZES["affect"],
        }
        ends = np.cumsum(list(sizes.values())).tolist()
        return {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)}

    def encode(self, seen: Measured) -> Floats:
        """Return E_v, shape (n, dim)."""
        parts = [
            self._components("features", np.sqrt(np.maximum(seen.features, 0))),
            self._components("labels", np.sqrt(np.maximum(seen.probabilities, 0))),
            self._standard("groups", np.sqrt(group_shares(seen.probabilities, self.groups))),
            self._standard("measures", seen.measures),
            self._standard("affect", seen.affect),
        ]
        return np.concatenate(parts, axis=1)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the encoder as safetensors."""
        from safetensors.numpy import save

        said = {"format": FORMAT, "name": NAME, "groups": json.dumps(self.groups), "id": self.id}
        write_bytes(path, save({name: np.ascontiguousarray(one) for name, one in self.arrays.items()}, said))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Encoder:
        """Return a saved encoder.

        Raises
        ------
        InputError
            If the file is missing, damaged, too large, or no encoder of this format.
        """
        from safetensors import SafetensorError, safe_open

        try:
            if pathlib.Path(path).stat().st_size > MOST_BYTES:
                raise ValueError(f"it is larger than {MOST_BYTES:,} bytes")
            with safe_open(str(path), framework="numpy") as file:
                said = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
            if said.get("name") != NAME or said.get("format") != FORMAT:
                raise ValueError(f"it is no encoder {NAME}/{FORMAT}")
            groups = tuple(int(one) for one in json.loads(said["groups"]))
            made = cls(arrays, groups)
            _check(made, said["id"])
        except (OSError, ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
            raise InputError(
                f"cannot read the encoder {str(path)!r}: {error}; take it from its mapper again"
            ) from error
        return made

    def _components(self, name: str, rows: Floats) -> Floats:
        centred = np.clip((rows - self.arrays[f"{name}.mean"]) / self.arrays[f"{name}.scale"], -_CLIP, _CLIP)
        return np.asarray(centred @ self.arrays[f"{name}.directions"], dtype=np.float32)

    def _standard(self, name: str, rows: Floats) -> Floats:
        standard = (rows - self.arrays[f"{name}.mean"]) / self.arrays[f"{name}.scale"]
        return np.asarray(np.clip(standard, -_CLIP, _CLIP), dtype=np.float32)


def fit(
    seen: Measured, groups: tuple[int, ...], *, features: int = FEATURES, labels: int = LABELS
) -> Encoder:
    """Return the encoder fitted on pictures; nothing in it is random.

    Parameters
    ----------
    groups
        Label group of each of the 1,000 classes, from 0.
    features, labels
        Principal components of each; fewer where there are fewer pictures.

    Raises
    ------
    InputError
        If there are fewer than 8 pictures.
    """
    count = len(seen.features)
    if count < 8:
        raise InputError(f"{count} pictures are too few to fit an encoder on; give at least 8")
    arrays = _fit_components(
        "features", np.sqrt(np.maximum(seen.features, 0)), min(features, count - 1), each=True
    )
    arrays |= _fit_components(
        "labels", np.sqrt(np.maximum(seen.probabilities, 0)), min(labels, count - 1), each=False
    )
    shares = np.sqrt(group_shares(seen.probabilities, groups))
    for name, rows in (("groups", shares), ("measures", seen.measures), ("affect", seen.affect)):
        arrays[f"{name}.mean"], arrays[f"{name}.scale"] = rows.mean(0), rows.std(0) + 1e-3
    return Encoder({name: np.asarray(one, dtype=np.float32) for name, one in arrays.items()}, groups)


def group_shares(probabilities: Floats, groups: tuple[int, ...]) -> Floats:
    """Return the summed probability of every label group, shape (n, groups)."""
    member = np.zeros((len(groups), max(groups) + 1), dtype=np.float32)
    member[np.arange(len(groups)), groups] = 1
    return np.asarray(probabilities @ member, dtype=np.float32)


def _fit_components(name: str, rows: Floats, count: int, *, each: bool) -> dict[str, NDArray[np.float64]]:
    """Return mean, scale and directions of principal components; ``each`` standardises every column first."""
    exact = rows.astype(np.float64)
    mean = exact.mean(0)
    scale = exact.std(0) + 1e-3 if each else np.full(exact.shape[1], exact.std(0).mean() + 1e-6)
    centred = np.clip((exact - mean) / scale, -_CLIP, _CLIP)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    vectors = vectors * np.sign(
        vectors[np.abs(vectors).argmax(0), np.arange(count)]
    )  # one sign on every machine
    half = vectors / np.maximum(values, 1e-9) ** 0.25
    spread = np.sqrt(np.maximum(values, 1e-9))  # variance of each component after that
    return {f"{name}.mean": mean, f"{name}.scale": scale, f"{name}.directions": half / np.sqrt(spread.mean())}


def _check(made: Encoder, said: str) -> None:
    """Refuse an encoder whose numbers do not fit together, or are not those its id was made of."""
    widths = {"features": 1280, "labels": 1000, "groups": max(made.groups) + 1, "measures": 31, "affect": 6}
    for name, width in widths.items():
        if any(made.arrays[f"{name}.{part}"].shape != (width,) for part in ("mean", "scale")):
            raise ValueError(f"{name}: mean and scale do not have {width} numbers")
    for name in ("features", "labels"):
        shape = made.arrays[f"{name}.directions"].shape
        if len(shape) != 2 or shape[0] != widths[name]:
            raise ValueError(f"{name}: directions have the shape {shape}")
    if len(made.groups) != 1000 or min(made.groups) < 0 or max(made.groups) >= 1000:
        raise ValueError("it does not have a label group for each of 1,000 classes")
    if not all(np.isfinite(one).all() for one in made.arrays.values()):
        raise ValueError("it holds numbers that are not finite")
    if made.id != said:
        raise ValueError(f"its numbers are those of {made.id}, not of {said}")

"""A mapper as a folder: ``config.json``, ``mapper.safetensors`` and the model card ``README.md``.

Nothing in the folder is trusted: sizes are bounded, names and shapes of tensors are compared with what the
configuration asks for before a value is read, and the digest of the tensors stands in the configuration.
There is no pickle. Loading needs no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ChiaroscoreError, InputError, replace_folder
from mapper.config import ModelConfig
from mapper.shapes import parameters, shapes

Tensors = dict[str, NDArray[np.float32]]

#: What ``config.json`` says it is.
WHAT, FORMAT = "chiaroscore mapper", 1
TENSORS, CONFIG, CARD = "mapper.safetensors", "config.json", "README.md"
#: Largest number of parameters, and sizes of files in bytes.
MOST_PARAMETERS = 50_000_000
MOST_BYTES = {TENSORS: 4 * MOST_PARAMETERS + 1_000_000, CONFIG: 1_000_000}
#: Element types of safetensors that a mapper may have.
_TYPES = ("F16", "F32")


@dataclass(frozen=True, eq=False)
class Stored:
    """A mapper as it lies in a folder."""

    config: ModelConfig
    tensors: Tensors  # float32, by the names of `mapper.shapes`
    digest: str  # SHA-256 of the file of tensors
    about: dict[str, Any] = field(default_factory=dict)  # training, data and metrics as they were written

    @property
    def id(self) -> str:
        """Short name of these weights."""
        return f"mapper-{self.digest[:12]}"


def save(
    folder: str | os.PathLike[str],
    config: ModelConfig,
    tensors: Mapping[str, NDArray[np.float32]],
    about: Mapping[str, Any] | None = None,
    card: str = "",
) -> Stored:
    """Write a mapper, all of it or nothing; returns it as `load` will, networks rounded to half precision.

    Raises
    ------
    InputError
        If the tensors are not those of the configuration, or the folder cannot be written.
    """
    import safetensors.numpy

    _check_names({name: tuple(values.shape) for name, values in tensors.items()}, config, "the tensors")
    packed = {name: _packed(name, tensors[name]) for name in sorted(tensors)}
    data = safetensors.numpy.save(packed)
    digest = hashlib.sha256(data).hexdigest()
    head = {
        "what": WHAT,
        "format": FORMAT,
        "digest": digest,
        "model": config.as_dict(),
        "about": dict(about or {}),
    }
    files = {TENSORS: data, CONFIG: (json.dumps(head, indent=1, ensure_ascii=False) + "\n").encode()}
    replace_folder(folder, files | ({CARD: card.encode()} if card else {}))
    return Stored(
        config, {name: _single(values) for name, values in packed.items()}, digest, dict(about or {})
    )


def load(folder: str | os.PathLike[str], *, encoder: str = "", seen: int = 0) -> Stored:
    """Read a mapper.

    Parameters
    ----------
    folder
        As `save` made it.
    encoder
        Id of the encoder whose vectors it shall take; empty takes any.
    seen
        Length of those vectors; 0 takes any.

    Raises
    ------
    InputError
        If there is none, it is damaged or of another kind, or it was trained for another encoder.
    """
    place = pathlib.Path(folder)
    head = _head(place)
    config = _config(place, head)
    _check_encoder(place, config, encoder, seen)
    data = _bytes(place / TENSORS)
    digest = hashlib.sha256(data).hexdigest()
    if digest != head.get("digest"):
        raise InputError(
            f"{str(place / TENSORS)!r} is damaged, or is not the one that {CONFIG} belongs to (its digest is "
            f"{digest[:12]}); copy the whole folder again"
        )
    return Stored(config, _tensors(place, config, data), digest, head.get("about") or {})


def _head(place: pathlib.Path) -> dict[str, Any]:
    """Return ``config.json`` after a look at what it says it is."""
    try:
        head = json.loads(_bytes(place / CONFIG))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{str(place / CONFIG)!r} is no JSON ({error}); copy the mapper again") from error
    if not isinstance(head, dict) or head.get("what") != WHAT:
        raise InputError(
            f"{str(place)!r} holds no mapper of Chiaroscore; give a folder that `distill train` made"
        )
    if head.get("format") != FORMAT:
        raise InputError(
            f"the mapper in {str(place)!r} is of format {str(head.get('format'))[:20]}, and this version "
            f"reads {FORMAT}; train it again, or take the version that it was made with"
        )
    return head


def _config(place: pathlib.Path, head: Mapping[str, Any]) -> ModelConfig:
    model = head.get("model")
    if not isinstance(model, dict):
        raise InputError(f"{str(place / CONFIG)!r} says nothing about the model; copy the mapper again")
    try:
        config = ModelConfig.from_dict(model)
    except ChiaroscoreError as error:
        raise InputError(f"{str(place / CONFIG)!r}: {error}") from error
    if parameters(config) > MOST_PARAMETERS:
        raise InputError(
            f"{str(place / CONFIG)!r} asks for {parameters(config):,} parameters; "
            f"at most {MOST_PARAMETERS:,} are read"
        )
    return config


def _check_encoder(place: pathlib.Path, config: ModelConfig, encoder: str, seen: int) -> None:
    if encoder and encoder != config.encoder:
        raise InputError(
            f"the mapper in {str(place)!r} was trained on vectors of the encoder {config.encoder!r}, not of "
            f"{encoder!r}; choose that encoder, or a mapper for this one"
        )
    if seen and seen != config.seen:
        raise InputError(
            f"the mapper in {str(place)!r} takes vectors of length {config.seen}, not {seen}; choose the "
            "encoder that it was trained with"
        )


def _tensors(place: pathlib.Path, config: ModelConfig, data: bytes) -> Tensors:
    """Return the values once their names, types and shapes are right."""
    import safetensors
    import safetensors.numpy

    name = repr(str(place / TENSORS))
    try:
        header = dict(safetensors.deserialize(data))
    except safetensors.SafetensorError as error:
        raise InputError(f"{name} is no safetensors file ({error}); copy the mapper again") from error
    _check_names({key: tuple(entry["shape"]) for key, entry in header.items()}, config, name)
    strange = sorted({str(entry["dtype"]) for entry in header.values()} - set(_TYPES))
    if strange:
        raise InputError(f"{name} has values of type {strange[0]}; a mapper has {' or '.join(_TYPES)}")
    values = {key: _single(array) for key, array in safetensors.numpy.load(data).items()}
    for key, array in values.items():
        if not np.isfinite(array).all():
            raise InputError(f"{name}: {key!r} has values that are no numbers; train the mapper again")
    return values


def _check_names(found: Mapping[str, tuple[int, ...]], config: ModelConfig, name: str) -> None:
    wanted = shapes(config)
    for key in sorted({*wanted, *found}):
        if found.get(key) != wanted.get(key):
            raise InputError(
                f"{name}: {key[:60]!r} has the shape {found.get(key, 'of nothing')}, and the configuration "
                f"asks for {wanted.get(key, 'nothing of this name')}; the two do not belong together"
            )


def _bytes(path: pathlib.Path) -> bytes:
    """Return a file's content unless it is too large."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES[path.name]:
            raise InputError(f"{str(path)!r} has {size:,} bytes; at most {MOST_BYTES[path.name]:,} are read")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}; "
            "give the folder of a mapper"
        ) from error


def _packed(name: str, values: NDArray[np.float32]) -> NDArray[Any]:
    """Return networks in half precision, and the frame, whose numbers may be far from one, in single."""
    kind = np.float32 if name.startswith("frame.") else np.float16
    with np.errstate(over="ignore"):  # found below
        kept = np.ascontiguousarray(values, dtype=kind)
    if not np.isfinite(kept).all():
        raise InputError(f"{name!r} has values that half precision cannot hold; train with a lower rate")
    return kept


def _single(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)

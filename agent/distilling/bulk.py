"""Embedding thousands of texts: the weights of `rag_store.embed.MiniLM`, run by torch.

Conventions
-----------
On one core torch takes three quarters of the time of the plain numpy version; where the processor multiplies
bfloat16 in hardware (AVX-512 BF16) that is used and takes under half. The vectors are those of `MiniLM` to a
cosine of 0.9999 or more either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_store.embed import MiniLM

_LAYERS, _HEADS, _WIDTH = 6, 12, 384


class BulkMiniLM(MiniLM):
    """all-MiniLM-L6-v2 for many texts at once.

    Parameters
    ----------
    exact : bool
        Compute in float32 wherever it runs.
    """

    def __init__(self, *, exact: bool = False) -> None:
        super().__init__()
        self.exact = exact

    @cached_property
    def _tensors(self) -> dict[str, Any]:
        import torch

        supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        kind = torch.bfloat16 if not self.exact and supported() else torch.float32
        return {name: torch.from_numpy(array).to(kind) for name, array in self._weights.items()}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape ``(n, 384)``; torch keeps to one thread, as processes share the work."""
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():
                return super().embed(texts)
        finally:
            torch.set_num_threads(before)

    def _encode(self, ids: list[list[int]]) -> NDArray[np.float32]:
        import torch

        longest = max(map(len, ids))
        tokens = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
        mask = torch.tensor([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in ids])
        embeddings = [
            self._tensors[f"embeddings.{name}_embeddings.weight"]
            for name in ("word", "position", "token_type")
        ]
        hidden = embeddings[0][tokens] + embeddings[1][:longest] + embeddings[2][0]
        hidden = self._normed("embeddings.LayerNorm", hidden)
        bias = ((1.0 - mask) * -1e9)[:, None, None, :].to(hidden.dtype)
        for layer in range(_LAYERS):
            hidden = self._torch_layer(f"encoder.layer.{layer}", hidden, bias)
        pooled = (hidden.float() * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=1).numpy()
        return unit

    def _torch_layer(self, name: str, hidden: Any, bias: Any) -> Any:
        import torch.nn.functional as functional

        batch, length, _ = hidden.shape
        query, key, value = (
            self._linear(f"{name}.attention.self.{part}", hidden)
            .view(batch, length, _HEADS, -1)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        flat = context.transpose(1, 2).reshape(batch, length, _WIDTH)
        attended = self._normed(
            f"{name}.attention.output.LayerNorm",
            self._linear(f"{name}.attention.output.dense", flat) + hidden,
        )
        inner = functional.gelu(self._linear(f"{name}.intermediate.dense", attended))
        return self._normed(
            f"{name}.output.LayerNorm", self._linear(f"{name}.output.dense", inner) + attended
        )

    def _linear(self, name: str, x: Any) -> Any:
        import torch.nn.functional as functional

        return functional.linear(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _normed(self, name: str, x: Any) -> Any:
        import torch.nn.functional as functional

        return functional.layer_norm(
            x, (_WIDTH,), self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"], 1e-12
        )

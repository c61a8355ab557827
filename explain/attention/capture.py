"""Attention weights of chosen layers, rows and columns, without ever holding the whole matrix.

An attention function is registered with transformers under a name of its own. It computes what sdpa computes,
and while a watcher is active it shows the watcher the queries and keys of the layers it asks for. The watcher
recomputes the softmax of the rows it wants, some at a time, and keeps what it wants of them: the memory is
that of what is kept, not layers x heads x length x length. The picture tower is left alone, and so is the
model's answer.

Conventions
-----------
Batches of one. Row r of attention belongs to the position that reads token r and predicts token r + 1.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import torch
from torch import Tensor

from chiaroscore import BackendError, MissingPartError

#: What the registered function is called in a model's configuration.
IMPLEMENTATION = "chiaroscore"
#: Most attention weights that are recomputed at once: 1 MiB in float32, which stays in a core's cache.
_AT_ONCE = 2**18


class Watcher(Protocol):
    """Looks on while a decoder attends."""

    layers: frozenset[int]

    def see(self, layer: int, query: Tensor, key: Tensor, mask: Tensor | None, scaling: float) -> None:
        """Take what is wanted of a layer; see `softmax_rows` for the shapes."""


_active: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


class Capture:
    """Keeps the attention of chosen layers from the last rows to chosen columns.

    Parameters
    ----------
    columns
        Positions attended to, shape (n_image,).
    layers
        Decoder layers, counted from 0.
    first_row
        First row that is kept; all that follow are kept too.
    heads
        Heads that are kept, or whose mean is; all by default.
    per_head
        Keep the heads apart instead of their mean.
    dtype
        Of what is kept, on the CPU.
    """

    def __init__(
        self,
        columns: Tensor,
        layers: Sequence[int],
        first_row: int,
        *,
        heads: Sequence[int] | None = None,
        per_head: bool = False,
        dtype: torch.dtype = torch.float16,
    ) -> None:
        if columns.ndim != 1 or not columns.numel():
            raise BackendError(
                "there is no image token in the prompt to attend to; give the prompt a picture"
            )
        self.layers = frozenset(layers)
        self._order = {layer: place for place, layer in enumerate(sorted(self.layers))}
        self._columns, self._first = columns, first_row
        self._heads, self._per_head, self._dtype = heads, per_head, dtype
        self._kept: Tensor | None = None
        self._seen: set[int] = set()

    @torch.no_grad()
    def see(self, layer: int, query: Tensor, key: Tensor, mask: Tensor | None, scaling: float) -> None:
        """Keep the wanted part of a layer's attention."""
        columns = self._columns.to(query.device)
        kept = self._room(query)[self._order[layer]]
        for low, weights in softmax_rows(query, key, mask, scaling, self._first):
            part = weights.index_select(-1, columns)
            if self._heads is not None:
                part = part[list(self._heads)]
            start = low - self._first
            kept[..., start : start + part.shape[1], :] = part if self._per_head else part.mean(0)
        self._seen.add(layer)

    def maps(self) -> Tensor:
        """Return what was kept: shape (n_layers[, n_heads], n_rows, n_image), layers in ascending order.

        Raises
        ------
        BackendError
            If a layer was never seen: nothing is handed out that was not measured.
        """
        missing = sorted(self.layers - self._seen)
        if self._kept is None or missing:
            raise BackendError(
                f"no attention was seen in layers {missing[:8]} of {sorted(self.layers)[:8]}; the decoder "
                f"has to run once, without a cache, under the implementation {IMPLEMENTATION!r} (`watching`)"
            )
        return self._kept

    def _room(self, query: Tensor) -> Tensor:
        """Return where everything is kept, made at the first layer."""
        if self._kept is None:
            count = query.shape[1]
            if self._heads is not None and not all(0 <= head < count for head in self._heads):
                raise BackendError(
                    f"heads {list(self._heads)[:8]} were asked for; there are 0 to {count - 1}"
                )
            rows = query.shape[2] - self._first
            heads = len(self._heads) if self._heads is not None else count
            shape = (len(self.layers), *((heads,) if self._per_head else ()), rows, self._columns.numel())
            self._kept = torch.zeros(shape, dtype=self._dtype)
        return self._kept


@contextmanager
def watching(model: Any, watcher: Watcher) -> Iterator[None]:
    """Let a watcher see the attention of a model's decoder; what implementation it had is put back after.

    One thread a model: the model's configuration is changed meanwhile.

    Raises
    ------
    BackendError
        If the decoder has no such layer, or does not take an attention function from outside.
    MissingPartError
        If transformers is absent.
    """
    _register()
    decoder = model.get_decoder()
    count = layer_count(model)
    beyond = [layer for layer in sorted(watcher.layers) if not 0 <= layer < count]
    if beyond or not watcher.layers:
        raise BackendError(f"layers {beyond[:8] or 'none'} were asked for; the decoder has 0 to {count - 1}")
    before = decoder.config._attn_implementation
    decoder.set_attn_implementation(IMPLEMENTATION)
    token = _active.set(watcher)
    try:
        if decoder.config._attn_implementation != IMPLEMENTATION:
            raise BackendError(
                f"{type(decoder).__name__} keeps its attention implementation {before!r} and takes none from "
                "outside; its attention cannot be seen, choose the method gradient x input"
            )
        yield
    finally:
        _active.reset(token)
        decoder.set_attn_implementation(before)


def layer_count(model: Any) -> int:
    """Return the number of layers of a model's decoder."""
    return int(model.get_decoder().config.num_hidden_layers)


def softmax_rows(
    query: Tensor, key: Tensor, mask: Tensor | None, scaling: float, first: int = 0
) -> Iterator[tuple[int, Tensor]]:
    """Yield attention weights from row ``first`` on, some rows at a time.

    Parameters
    ----------
    query, key
        Shapes (1, heads, length, width) and (1, key heads, length, width), positions rotated in.
    mask
        True, or 0, where a row may look; None for all up to itself. Shape (1, 1 or heads, length, length).
    scaling
        Factor of the products of queries and keys.

    Yields
    ------
    tuple
        The first row, and float32 weights (heads, rows, columns): every column that these rows may look at.
    """
    if query.shape[0] != 1 or query.shape[2] != key.shape[2]:
        raise BackendError(
            f"attention is seen in one pass over one text without a cache, not with queries "
            f"{tuple(query.shape)} and keys {tuple(key.shape)}; call the model with a batch of one and "
            "use_cache=False"
        )
    _, heads, length, width = query.shape
    groups = key.shape[1]
    keys = key[0].float().transpose(1, 2)
    step = max(1, _AT_ONCE // (heads * length))
    for low in range(first, length, step):
        high = min(length, low + step)
        end = high if mask is None else length
        rows = (query[0, :, low:high].float() * scaling).reshape(groups, -1, width)
        logits = (rows @ keys[..., :end]).view(heads, high - low, end)
        yield low, _allowed(logits, mask, low).softmax(-1)


def _allowed(logits: Tensor, mask: Tensor | None, low: int) -> Tensor:
    """Return products with those of forbidden columns at minus infinity."""
    rows = logits.shape[1]
    if mask is None:
        later = torch.ones(rows, rows, dtype=torch.bool, device=logits.device).triu(1)
        logits[..., low:].masked_fill_(later, -torch.inf)
        return logits
    own = mask[0, :, low : low + rows, : logits.shape[-1]]
    return logits.masked_fill_(~own, -torch.inf) if own.dtype == torch.bool else logits + own.float()


@functools.cache
def _register() -> None:
    """Make the attention function and the mask it needs known to transformers."""
    try:
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.integrations.sdpa_attention import sdpa_attention_forward
        from transformers.masking_utils import sdpa_mask
    except ImportError as error:
        raise MissingPartError(
            f"to look into a model transformers is needed ({error}): pip install 'chiaroscore[local]'"
        ) from None

    def attend(
        module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
        scaling: float | None = None, **more: Any,
    ) -> tuple[Tensor, None]:  # fmt: skip
        watcher, layer = _active.get(), getattr(module, "layer_idx", None)
        if watcher is not None and layer in watcher.layers:
            factor = query.shape[-1] ** -0.5 if scaling is None else scaling
            watcher.see(layer, query, key, attention_mask, factor)
        out: Tensor = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **more
        )[0]
        return out, None

    AttentionInterface.register(IMPLEMENTATION, attend)
    AttentionMaskInterface.register(IMPLEMENTATION, sdpa_mask)

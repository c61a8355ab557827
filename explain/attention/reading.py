"""One pass of a model over its prompt and a finished text, as if it were writing that text.

The text may come from anywhere: the model itself, another model, the offline writer. Token t of the text is
predicted at row ``prompt length - 1 + t``, so the last token is not read: nothing comes after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from chiaroscore import BackendError
from explain.attention.capture import Capture, layer_count, watching


def attention_rows(
    model: Any,
    inputs: Mapping[str, Any],
    text_ids: Sequence[int],
    layers: Sequence[int] | None = None,
    per_head: bool = False,
    *,
    heads: Sequence[int] | None = None,
    dtype: torch.dtype = torch.float16,
) -> Tensor:
    """Return the attention from each token of a text to each image token of its prompt.

    Parameters
    ----------
    model
        Image-text model of transformers.
    inputs
        The processor's batch of one prompt with a picture.
    text_ids
        Tokens of the text that follows the prompt.
    layers
        Decoder layers, counted from 0; all by default.
    per_head
        Keep the heads apart instead of their mean.
    heads
        Heads that are kept; all by default.
    dtype
        Of the result.

    Returns
    -------
    Tensor
        On the CPU, shape (n_layers[, n_heads], n_text, n_image); row t belongs to the prediction of token t.

    Raises
    ------
    BackendError
        If there is no picture in the prompt, no text, no such layer, or the model's attention cannot be seen.
    """
    chosen = range(layer_count(model)) if layers is None else layers
    first = prompt_length(inputs) - 1
    watcher = Capture(
        image_columns(model, inputs), chosen, first, heads=heads, per_head=per_head, dtype=dtype
    )
    batch = continued(model, inputs, text_ids)
    with torch.no_grad(), undisturbed(model), watching(model, watcher):
        model(**batch, use_cache=False, logits_to_keep=1)
    return watcher.maps()


def prompt_length(inputs: Mapping[str, Any]) -> int:
    """Return the number of tokens of a prompt, its image tokens among them."""
    return int(inputs["input_ids"].shape[1])


def image_columns(model: Any, inputs: Mapping[str, Any]) -> Tensor:
    """Return the positions of the image tokens in a prompt, ascending; shape (n_image,).

    They need not be in one piece: some models put marks between the tiles of a picture.
    """
    found: Tensor = (inputs["input_ids"][0] == model.config.image_token_id).nonzero()[:, 0]
    return found


def continued(model: Any, inputs: Mapping[str, Any], text_ids: Sequence[int]) -> dict[str, Any]:
    """Return a batch of a prompt and a text, but for the text's last token, where the model is.

    What the batch tells of each token is told of the text's too: it is there, and it is text. Without the
    latter the Qwen-VL family counts positions along a line instead of over the picture.

    Raises
    ------
    BackendError
        If the batch has more than one prompt, or there is no text.
    """
    asked = inputs["input_ids"]
    if asked.shape[0] != 1 or not len(text_ids):
        raise BackendError(
            f"one prompt and a text of one token or more can be read again, not {asked.shape[0]} prompts and "
            f"{len(text_ids)} tokens"
        )
    text = torch.tensor([list(text_ids)[:-1]], dtype=asked.dtype, device=asked.device)
    batch: dict[str, Any] = {}
    for name, value in inputs.items():
        if name == "input_ids":
            value = torch.cat([asked, text], 1)
        elif isinstance(value, Tensor) and value.shape == asked.shape:
            filled = torch.full_like(text, 1 if name == "attention_mask" else 0, dtype=value.dtype)
            value = torch.cat([value, filled], 1)
        batch[name] = _placed(model, value)
    return batch


@contextmanager
def undisturbed(model: Any) -> Iterator[None]:
    """Put back what a pass leaves on a model: the Qwen-VL family keeps the last picture's positions."""
    base = model.base_model
    kept = {name: getattr(base, name) for name in ("rope_deltas",) if hasattr(base, name)}
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(base, name, value)


def _placed(model: Any, value: Any) -> Any:
    """Return a tensor on the model's device, and in its precision where it is of floating point."""
    if not isinstance(value, Tensor):
        return value
    return value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)

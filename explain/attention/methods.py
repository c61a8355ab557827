"""Ways to ask a model where in the picture the parts of a text come from, behind one interface.

None of them proves a cause; `explain.explanation.NOT_PROOF` says so beside every map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chiaroscore import BackendError
from explain.attention.capture import layer_count, softmax_rows, watching
from explain.attention.reading import attention_rows, continued, image_columns, prompt_length, undisturbed

Rows = NDArray[np.float32]
Spans = Sequence[Sequence[int]]


class Method(Protocol):
    """A way to ask."""

    @property
    def name(self) -> str:
        """What it is called beside a map."""

    @property
    def signed(self) -> bool:
        """Whether negative values mean something: speak against."""

    def rows(self, model: Any, inputs: Mapping[str, Any], text_ids: Sequence[int], spans: Spans) -> Rows:
        """Return how much each image token had to do with each span of a text.

        Parameters
        ----------
        model
            Image-text model of transformers.
        inputs
            The processor's batch of one prompt with a picture.
        text_ids
            Tokens of the text that follows the prompt.
        spans
            Positions in ``text_ids``, from 0, of the tokens of each span.

        Returns
        -------
        numpy.ndarray
            Shape (n_spans, n_image), image tokens in the order of the prompt.

        Raises
        ------
        BackendError
            If there is no picture or text, or the model cannot be looked into in this way.
        ValueError
            If a span is empty or reaches beyond the text.
        """


@dataclass(frozen=True)
class Attention:
    """Mean attention from a span's tokens to the picture.

    Some positions draw attention whatever is written: sinks (Xiao et al. 2023, arXiv 2309.17453). They are
    the same for every span, so the correction takes off the mean over the whole text and keeps what is above
    it: where this span looks more than the text in general. A span that is the whole text has nothing above
    its mean.

    Parameters
    ----------
    layers, heads
        Counted from 0; all by default.
    sink
        ``"corrected"``, or ``"raw"``.
    """

    layers: tuple[int, ...] | None = None
    heads: tuple[int, ...] | None = None
    sink: Literal["corrected", "raw"] = "corrected"
    signed = False

    @property
    def name(self) -> str:
        """What it is called beside a map."""
        layers = "all layers" if self.layers is None else f"layers {', '.join(map(str, self.layers))}"
        heads = "mean of heads" if self.heads is None else f"heads {', '.join(map(str, self.heads))}"
        own = ", above the mean of the text" if self.sink == "corrected" else ""
        return f"attention ({layers}, {heads}{own})"

    def rows(self, model: Any, inputs: Mapping[str, Any], text_ids: Sequence[int], spans: Spans) -> Rows:
        """Return attention, 0 to 1; see `Method`."""
        _check(spans, len(text_ids))
        found = attention_rows(model, inputs, text_ids, self.layers, heads=self.heads)
        tokens = found.mean(0, dtype=torch.float32).numpy()
        return above_mean(tokens, spans) if self.sink == "corrected" else span_means(tokens, spans)


@dataclass(frozen=True)
class Rollout:
    """Attention rollout: attention followed through all layers, each half a passing on.

    Abnar & Zuidema 2020, ACL, arXiv 2005.00928: the product of 0.5 A + 0.5 I over the layers, A the mean of
    heads. Only the columns of the image tokens are carried upwards while the model runs, so that no layer's
    matrix is kept: length x image tokens numbers in all.

    Parameters
    ----------
    sink
        As `Attention`.
    """

    sink: Literal["corrected", "raw"] = "corrected"
    signed = False

    @property
    def name(self) -> str:
        """What it is called beside a map."""
        return "attention rollout" + (", above the mean of the text" if self.sink == "corrected" else "")

    def rows(self, model: Any, inputs: Mapping[str, Any], text_ids: Sequence[int], spans: Spans) -> Rows:
        """Return shares of what reaches a token, 0 to 1; see `Method`."""
        _check(spans, len(text_ids))
        watcher = _Flow(image_columns(model, inputs), layer_count(model))
        batch = continued(model, inputs, text_ids)
        with torch.no_grad(), undisturbed(model), watching(model, watcher):
            model(**batch, use_cache=False, logits_to_keep=1)
        tokens = watcher.flow()[prompt_length(inputs) - 1 :].cpu().numpy()
        return above_mean(tokens, spans) if self.sink == "corrected" else span_means(tokens, spans)


@dataclass(frozen=True)
class GradientInput:
    """Gradient x input: how much the log-probability of a span's tokens hangs on each image token.

    Simonyan, Vedaldi & Zisserman 2013 (arXiv 1312.6034) for the gradient, Shrikumar et al. 2016 (arXiv
    1605.01713) for the product; here with the embeddings that the picture tower hands to the decoder, and
    where a model hands some to later layers too (Qwen3-VL), with those added. To first order, what would be
    lost without them. One pass forward, one back for each span.
    """

    signed = True

    @property
    def name(self) -> str:
        """What it is called beside a map."""
        return "gradient x input of the image embeddings"

    def rows(self, model: Any, inputs: Mapping[str, Any], text_ids: Sequence[int], spans: Spans) -> Rows:
        """Return nats, signed; see `Method`."""
        _check(spans, len(text_ids))
        columns = image_columns(model, inputs).to(model.device)
        if not columns.numel():
            raise BackendError("there is no image token in the prompt; give the prompt a picture")
        batch = continued(model, inputs, text_ids)
        first = prompt_length(inputs) - 1
        kept = torch.arange(first, first + len(text_ids), device=model.device)
        wanted = torch.tensor(list(text_ids), device=model.device)[:, None]
        with frozen(model), torch.enable_grad(), undisturbed(model), _inputs_of(model) as given:
            logits = model(**batch, use_cache=False, logits_to_keep=kept).logits[0].float()
            scores = logits.gather(1, wanted)[:, 0] - logits.logsumexp(1)
            return np.stack([_products(scores[list(span)].sum(), given, columns) for span in spans])


def span_means(tokens: Rows, spans: Spans) -> Rows:
    """Return the mean row of each span; shape (n_spans, n_image)."""
    found: Rows = np.stack([tokens[list(span)].mean(0) for span in spans])
    return found


def above_mean(tokens: Rows, spans: Spans) -> Rows:
    """Return how far each span's mean row lies above that of all tokens, 0 where it does not."""
    found: Rows = np.maximum(span_means(tokens, spans) - tokens.mean(0), 0)
    return found


@contextmanager
def frozen(model: Any) -> Iterator[None]:
    """Ask for no gradient of a model's weights meanwhile: none is kept, none is computed."""
    asked = [weight for weight in model.parameters() if weight.requires_grad]
    for weight in asked:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in asked:
            weight.requires_grad_(True)


class _Flow:
    """Carries the image tokens' columns of the rollout up through the layers."""

    def __init__(self, columns: Tensor, layers: int) -> None:
        if not columns.numel():
            raise BackendError(
                "there is no image token in the prompt to attend to; give the prompt a picture"
            )
        self.layers = frozenset(range(layers))
        self._columns = columns
        self._next = 0
        self._carried = torch.empty(0)

    def see(self, layer: int, query: Tensor, key: Tensor, mask: Tensor | None, scaling: float) -> None:
        """Multiply what is carried by 0.5 A + 0.5 I of a layer."""
        if layer != self._next:
            raise BackendError(
                f"layer {layer} of the decoder came where {self._next} was due; no rollout of this"
            )
        self._next += 1
        if layer == 0:
            places = torch.arange(query.shape[2], device=self._columns.device)
            self._carried = (places[:, None] == self._columns).float()
        below = self._carried.to(query.device)
        above = 0.5 * below
        for low, weights in softmax_rows(query, key, mask, scaling):
            mean = weights.mean(0)
            above[low : low + mean.shape[0]] += 0.5 * mean @ below[: mean.shape[1]]
        self._carried = above

    def flow(self) -> Tensor:
        """Return the rollout to the image tokens; shape (length, n_image)."""
        if self._next != len(self.layers):
            raise BackendError(
                f"attention was seen in {self._next} of {len(self.layers)} layers; no rollout of this"
            )
        return self._carried


@contextmanager
def _inputs_of(model: Any) -> Iterator[list[Tensor]]:
    """Let gradients begin at what a decoder is given: embeddings of all tokens, and what later layers get."""
    given: list[Tensor] = []

    def begin(module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        given[:] = [named["inputs_embeds"].detach().requires_grad_()]
        named = {**named, "inputs_embeds": given[0]}
        deeper = named.get("deepstack_visual_embeds")
        if deeper is not None:
            given.extend(one.detach().requires_grad_() for one in deeper)
            named["deepstack_visual_embeds"] = given[1:]
        return arguments, named

    handle = model.get_decoder().register_forward_pre_hook(begin, with_kwargs=True)
    try:
        yield given
    finally:
        handle.remove()


def _products(score: Tensor, given: list[Tensor], columns: Tensor) -> Rows:
    """Return gradient x input of a score, summed over each image token's numbers; shape (n_image,)."""
    slopes = torch.autograd.grad(score, given, retain_graph=True)
    parts = [(slope.float() * value.float()).sum(-1) for slope, value in zip(slopes, given, strict=True)]
    total = parts[0][0, columns].detach()
    for part in parts[1:]:
        total = total + part.detach().to(total.device)
    found: Rows = total.cpu().numpy().astype(np.float32)
    return found


def _check(spans: Spans, length: int) -> None:
    """Refuse spans that are empty or reach beyond the text."""
    if not spans:
        raise ValueError("no span to explain")
    for span in spans:
        if not span or min(span) < 0 or max(span) >= length:
            raise ValueError(f"a span needs positions from 0 to {length - 1}, not {list(span)[:8]}")

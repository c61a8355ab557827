"""The second pass: a finished text is read again by a model that looks at the picture.

The text may be the model's own, another model's, or anybody's. Its token ids are kept where they are known:
text decoded from tokens need not come apart into the same tokens again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from chiaroscore import BackendError
from explain.attention import Method, image_boxes, to_map
from explain.heat import HeatMap
from explain.spans import Span

#: What a letter is decoded to before all of its tokens are there.
_BROKEN = "\N{REPLACEMENT CHARACTER}"
#: Tokens after which a letter that is still broken is taken as it is.
_PATIENCE = 8


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, and the characters that each of them stands for."""

    ids: tuple[int, ...]
    spans: tuple[Span, ...]

    def rows(self, ranges: Iterable[Span]) -> list[int]:
        """Return the tokens that share a character with any of some spans, ascending."""
        found = [
            range(bisect_right(self.spans, low, key=_end), bisect_left(self.spans, high, key=_start))
            for low, high in ranges
            if low < high
        ]
        return sorted({row for rows in found for row in rows})


_start: Callable[[Span], int] = itemgetter(0)
_end: Callable[[Span], int] = itemgetter(1)


def read(
    model: Any,
    processor: Any,
    inputs: Mapping[str, Any],
    size: tuple[int, int],
    text: str,
    spans: Mapping[str, Sequence[Span]],
    method: Method,
    ids: Sequence[int] | None = None,
) -> dict[str, HeatMap]:
    """Return for parts of a text where in the picture they come from.

    Parameters
    ----------
    model, processor
        Of transformers.
    inputs
        The processor's batch of one prompt, with a picture, that the text answers; the first picture counts.
    size
        Width and height of that picture, in pixels.
    text
        What follows the prompt.
    spans
        Id of a part -> the spans that it consists of.
    method
        How the model is asked.
    ids
        Tokens of the text where they are known.

    Returns
    -------
    dict
        Id -> map; parts without a character of the text are left out.

    Raises
    ------
    BackendError
        If the prompt has no picture, the text does not fit the model, or the method cannot look into it.
    """
    tokens = tokens_of(processor.tokenizer, text, ids)
    _check_room(model, int(inputs["input_ids"].shape[1]) + len(tokens.ids))
    rows = {name: found for name, ranges in spans.items() if (found := tokens.rows(ranges))}
    if not rows:
        return {}
    boxes = image_boxes(model, processor, inputs, size)
    weights = method.rows(model, inputs, tokens.ids, list(rows.values()))[:, : len(boxes)]
    return {name: to_map(row, boxes, method.signed) for name, row in zip(rows, weights, strict=True)}


def tokens_of(tokenizer: Any, text: str, ids: Sequence[int] | None = None) -> Tokens:
    """Return the tokens of a text.

    Parameters
    ----------
    tokenizer
        Of transformers. A special token that the text spells out is read as plain text.
    text
        Any text.
    ids
        Its tokens where they are known; if they spell another text, they are not used.
    """
    if ids is not None:
        known = tuple(ids)
        spans, spelled = _spelled(tokenizer, known)
        if spelled == text:
            return Tokens(known, spans)
    options = {"add_special_tokens": False, "split_special_tokens": True}
    if getattr(tokenizer, "is_fast", False):
        made = tokenizer(text, return_offsets_mapping=True, **options)
        return Tokens(tuple(made["input_ids"]), tuple((low, high) for low, high in made["offset_mapping"]))
    found = tuple(tokenizer(text, **options)["input_ids"])
    return Tokens(found, _spelled(tokenizer, found)[0])


def _spelled(tokenizer: Any, ids: tuple[int, ...]) -> tuple[tuple[Span, ...], str]:
    """Return the characters of each token, and the text; tokens that make up a letter together share it."""
    spans: list[Span] = []
    pieces: list[str] = []
    size = start = told = 0
    for here in range(1, len(ids) + 1):
        before, after = _decoded(tokenizer, ids[start:told]), _decoded(tokenizer, ids[start:here])
        waits = here < len(ids) and here - told < _PATIENCE
        if waits and (len(after) <= len(before) or after.endswith(_BROKEN)):
            continue
        piece = after[len(before) :]
        spans += [(size, size + len(piece))] * (here - told)
        pieces.append(piece)
        size += len(piece)
        start, told = told, here
    return tuple(spans), "".join(pieces)


def _decoded(tokenizer: Any, ids: Sequence[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _check_room(model: Any, tokens: int) -> None:
    """Refuse what is longer than a model can read."""
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if context is not None and tokens > context:
        raise BackendError(
            f"prompt and text have {tokens} tokens and the model's context {context}; "
            "read them with a model of a longer context, or take a smaller max_side"
        )

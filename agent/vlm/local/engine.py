"""A model in memory that answers batches of requests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.vlm.local.chat import Chat
from agent.vlm.local.guidance import Guide, Hold, installed
from agent.vlm.local.loading import quiet
from agent.vlm.local.sampling import Chooser, RowSampler
from agent.vlm.local.spelling import Answer, Ending
from agent.vlm.protocol import OnText, Reply, Request, Usage
from chiaroscore import BackendError

#: Room for an answer where a model does not tell its context.
_ENDLESS = 1_000_000


class Engine:
    """A model with its processor.

    Attributes
    ----------
    model
        Of transformers, able to generate.
    chat
        Its processor.
    rows
        Width of the model's output, often more than the tokenizer has tokens.
    ends
        Tokens that end an answer.
    context
        Tokens of prompt and answer together, None where the model does not tell.
    guide
        Holds answers to schema and grammar; None without llguidance, or where it cannot read the tokenizer.
    """

    def __init__(self, model: Any, chat: Chat) -> None:
        self.model = model
        self.chat = chat
        self.rows = int(model.get_output_embeddings().weight.shape[0])
        self.ends = _ends(model.generation_config.eos_token_id, chat.tokenizer.eos_token_id)
        self.context: int | None = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self.guide = _guide(chat.tokenizer, self.rows, self.ends)

    def answer(self, requests: Sequence[Request], on_text: OnText | None = None) -> list[Reply]:
        """Answer requests with the same number of pictures in one batch.

        Raises
        ------
        BackendError
            If the prompt does not fit, or llguidance does not take a schema or grammar.
        """
        begun = time.monotonic()
        holds = [self.guide.hold(request) if self.guide else None for request in requests]
        batch = self.chat.batch([request.messages for request in requests])
        room = self._room(batch["input_ids"].shape[1])
        answers = [
            Answer(
                self._decode, self.ends, min(room, request.max_tokens), on_text,
                held=hold is not None, seconds=request.seconds,
            )
            for request, hold in zip(requests, holds, strict=True)
        ]  # fmt: skip
        self._generate(batch, answers, [Chooser(*pair) for pair in zip(requests, holds, strict=True)])
        seconds = time.monotonic() - begun
        asked = batch["attention_mask"].sum(dim=1).tolist()
        rows = zip(requests, answers, holds, asked, strict=True)
        return [_reply(request, answer, hold, size, seconds) for request, answer, hold, size in rows]

    def _generate(self, batch: Any, answers: Sequence[Answer], choosers: Sequence[Chooser]) -> None:
        """Let answers grow to their ends."""
        ending = Ending(answers)
        with quiet():
            self.model.generate(
                **batch.to(self.model.device, dtype=self.model.dtype),
                generation_config=self._settings(max(answer.most for answer in answers)),
                logits_processor=[RowSampler(choosers, self._speakable, ending.finished)],
                stopping_criteria=[ending],
            )

    def _settings(self, most: int) -> Any:
        """Return settings for `generate`: it takes the one token that the sampler leaves."""
        from transformers import GenerationConfig

        pad = self.chat.tokenizer.pad_token_id
        return GenerationConfig(
            max_new_tokens=most, do_sample=False, num_beams=1, temperature=1.0, top_p=1.0, top_k=50,
            repetition_penalty=1.0, no_repeat_ngram_size=0, min_length=0, use_cache=True,
            disable_compile=True, eos_token_id=list(self.ends),
            pad_token_id=self.ends[0] if pad is None else pad,
        )  # fmt: skip

    def _room(self, asked: int) -> int:
        """Return how many tokens an answer may have in the model's context."""
        if self.context is None:
            return _ENDLESS
        if asked >= self.context:
            raise BackendError(
                f"the prompt has {asked} tokens and the model's context {self.context}; "
                "choose a model with a longer context, a smaller max_side, or fewer exemplar tokens"
            )
        return self.context - asked

    def _decode(self, ids: Sequence[int]) -> str:
        """Return the text of tokens."""
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        return str(self.chat.tokenizer.decode(ids, **options))

    @cached_property
    def _speakable(self) -> NDArray[np.bool_]:
        """For every token whether free text may have it: special ones only to end it."""
        found = np.zeros(self.rows, dtype=bool)
        found[: len(self.chat.tokenizer)] = True
        found[[one for one in self.chat.tokenizer.all_special_ids if one < self.rows]] = False
        found[list(self.ends)] = True
        return found


def _ends(named: int | Sequence[int] | None, own: int | None) -> tuple[int, ...]:
    """Return the tokens that end an answer: those of the generation settings, then the tokenizer's."""
    several = [named] if named is None or isinstance(named, int) else list(named)
    found = tuple(dict.fromkeys(end for end in [*several, own] if end is not None))
    if not found:
        raise BackendError("the model has no token that ends an answer; take an instruct model")
    return found


def _guide(tokenizer: Any, rows: int, ends: Sequence[int]) -> Guide | None:
    """Return the guide, None if there can be none: answers are checked then, not held."""
    if not installed():
        return None
    try:
        return Guide(tokenizer, rows, ends)
    except ValueError:
        return None


def _reply(request: Request, answer: Answer, hold: Hold | None, asked: float, seconds: float) -> Reply:
    """Return the reply of an answer that has ended."""
    reply = Reply(
        answer.text, answer.finish or "length", seconds, Usage(int(asked), len(answer.ids)), tuple(answer.ids)
    )
    if hold is None:
        return reply
    return replace(reply, enforced="grammar" if request.schema is None else "schema")

"""The backend ``transformers:<hub id or path>``: an image-text model in this process."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from agent.vlm.local.chat import Chat
from agent.vlm.local.engine import Engine
from agent.vlm.local.loading import Source, load, out_of_memory, told
from agent.vlm.protocol import Abilities, OnText, Reply, Request
from chiaroscore import BackendError
from prompts import Message


class TransformersBackend:
    """Runs any model that `AutoModelForImageTextToText` knows; it is loaded when it is first needed.

    The same request has the same reply, in a batch as alone, on the same machine: each answer is drawn with a
    generator of its own. In bfloat16 and float16 a batch rounds otherwise than a single row, so that equal
    replies are likely there, not certain. Only temperature, top-p and seed of the request count; what the
    model's own generation settings say of sampling, a repetition penalty among it, is left aside.

    Code from a hub is never run, and weights are read from safetensors only. One thread at a time uses the
    model.

    Parameters
    ----------
    model
        A hub id (``"Qwen/Qwen2.5-VL-3B-Instruct"``) or a folder.
    dtype
        "auto": the checkpoint's own on an accelerator, on a CPU bfloat16 where it has AMX units for it, else
        float32. Or "bfloat16", "float16", "float32".
    device_map
        As accelerate has it: "auto" fills the accelerators first, "cpu", or a dict.
    max_side
        Pixels of a picture's longer side that the model's processor gets.
    batch
        Most requests that are answered together.
    attn
        Attention implementation: "sdpa", "eager", "flash_attention_2".
    image_splitting
        Let SmolVLM and its like cut a picture into tiles: finer sight, ten times the tokens and the time.
    local_files_only
        Ask no hub.
    revision
        Branch, tag or commit on the hub.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        dtype: str = "auto",
        device_map: str | Mapping[str, Any] | None = "auto",
        max_side: int = 1024,
        batch: int = 4,
        attn: str = "sdpa",
        image_splitting: bool = False,
        local_files_only: bool = False,
        revision: str | None = None,
    ) -> None:
        if batch < 1 or max_side < 1:
            raise BackendError(f"batch={batch}, max_side={max_side}: both have to be 1 or more")
        self._source = Source(os.fspath(model), dtype, device_map, attn, local_files_only, revision)
        self._name = self._source.name
        self._max_side, self._batch, self._splitting = max_side, batch, image_splitting
        self._lock = threading.RLock()
        self._given: tuple[Any, Any] | None = None
        self._kept: Engine | None = None

    @classmethod
    def of(
        cls,
        model: Any,
        processor: Any,
        *,
        id: str,
        max_side: int = 1024,
        batch: int = 4,
        image_splitting: bool = False,
    ) -> TransformersBackend:
        """Return a backend of a model and a processor that are loaded already; ``id`` is the model's name."""
        found = cls(id, max_side=max_side, batch=batch, image_splitting=image_splitting)
        found._name = id
        found._given = (model, processor)
        return found

    @property
    def id(self) -> str:
        """``"transformers:<name>"``: a hub id, or the last part of a path."""
        return f"transformers:{self._name}"

    def abilities(self) -> Abilities:
        """Return what the model can do; it is loaded for that.

        Raises
        ------
        BackendError, MissingPartError
            If it cannot be loaded.
        """
        engine = self._loaded()
        held = engine.guide is not None
        return Abilities(
            images=True, schema=held, grammar=held, seed=True, streaming=True, context=engine.context
        )

    def complete(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Answer one request.

        Raises
        ------
        BackendError
            If the model cannot be loaded, memory is short, the prompt does not fit the model's context, or
            llguidance does not take the schema or grammar.
        MissingPartError
            If the libraries for local models are absent.
        """
        return self._together([request], on_text)[0]

    def complete_many(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer several requests, those with the same number of pictures in batches.

        Each reply's time is that of its batch. A batch that does not fit into memory is halved.

        Raises
        ------
        BackendError, MissingPartError
            As `complete`.
        """
        replies: dict[int, Reply] = {}
        groups: dict[int, list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault(sum(len(one.images) for one in request.messages), []).append(number)
        for group in groups.values():
            for start in range(0, len(group), self._batch):
                part = group[start : start + self._batch]
                replies.update(zip(part, self._together([requests[i] for i in part]), strict=True))
        return [replies[number] for number in range(len(requests))]

    def count(self, text: str) -> int:
        """Return the number of tokens of a text, without those that start or end a prompt."""
        return len(self._loaded().chat.tokenizer(text, add_special_tokens=False)["input_ids"])

    def inputs(self, messages: Sequence[Message]) -> Any:
        """Return the processor's batch of one conversation: ``input_ids``, ``pixel_values`` and so on.

        The very tensors that `complete` gives the model, made anew: with the answer's token ids behind them,
        the whole answer can be looked at again in one pass.
        """
        return self._loaded().chat.batch([messages])

    def close(self) -> None:
        """Let go of the model; one that came from a folder or hub is loaded again when it is needed."""
        with self._lock:
            self._kept = None
            gc.collect()
            _empty_cache()

    def _loaded(self) -> Engine:
        """Return the model, loaded on the first call."""
        with self._lock:
            if self._kept is None:
                model, processor = self._given or load(self._source)
                try:
                    self._kept = Engine(model, Chat(processor, self._max_side, self._splitting))
                except Exception as error:  # a model's own code raises nearly anything
                    raise told(error, self._name) from None
            return self._kept

    def _together(self, requests: Sequence[Request], on_text: OnText | None = None) -> list[Reply]:
        """Answer requests in one batch, in halves if memory is short."""
        with self._lock:
            try:
                return self._loaded().answer(requests, None if on_text is None else _marked(on_text))
            except _FromListener as outer:
                raise outer.error from None
            except Exception as error:  # a model's own code raises nearly anything
                short = out_of_memory(error)
                if isinstance(error, BackendError) or not (short and len(requests) > 1):
                    raise told(error, self._name) from None
            _empty_cache()
            half = len(requests) // 2
            return self._together(requests[:half]) + self._together(requests[half:])


class _FromListener(Exception):
    """What the one who listens to the text raised, so that it is not taken for the model's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _marked(on_text: OnText) -> OnText:
    """Return a listener whose errors can be told from the model's."""

    def tell(piece: str) -> None:
        try:
            on_text(piece)
        except Exception as error:
            raise _FromListener(error) from error

    return tell


def _empty_cache() -> None:
    """Give memory that is free again back to the accelerator."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()

"""Schema and grammar in the decoder: which tokens may come next, by llguidance.

The mask is unpacked with numpy: llguidance's own torch helper compiles a kernel first, which takes longer
than many answers and needs a C++ compiler.
"""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.vlm.protocol import Request
from chiaroscore import BackendError

#: Compiled grammars that are kept, so that a further try does not compile again.
_KEPT = 8


def installed() -> bool:
    """Return whether llguidance is there."""
    return importlib.util.find_spec("llguidance") is not None


class Hold:
    """Holds one answer to its language."""

    def __init__(self, matcher: Any, rows: int, ends: Sequence[int]) -> None:
        self._matcher = matcher
        self._rows = rows
        self._ends = list(ends)
        self._mask = np.zeros((rows + 31) // 32, dtype=np.int32)

    def allowed(self) -> NDArray[np.bool_]:
        """Return for every token whether it may come next; at the end of the language only those that end it.

        Raises
        ------
        BackendError
            If the grammar outgrows llguidance's limits.
        """
        if self._matcher.is_stopped() and not self._matcher.is_error():
            found = np.zeros(self._rows, dtype=bool)
            found[self._ends] = True
            return found
        self._matcher.unsafe_compute_mask_ptr(self._mask.ctypes.data, self._mask.nbytes)
        self._complain()
        return np.unpackbits(self._mask.view(np.uint8), count=self._rows, bitorder="little").view(np.bool_)

    def take(self, token: int) -> None:
        """Go on by a token that was allowed."""
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token)
            self._complain()

    def _complain(self) -> None:
        if self._matcher.is_error():
            raise BackendError(f"the grammar cannot be followed: {_line(self._matcher.get_error())}")


class Guide:
    """Makes a `Hold` for a request.

    Parameters
    ----------
    tokenizer
        A fast tokenizer of transformers; it is wrapped once, which takes up to a second.
    rows
        Width of the model's output, often more than the tokenizer has tokens.
    ends
        Tokens that end an answer.

    Raises
    ------
    ValueError
        If llguidance cannot read the tokenizer.
    """

    def __init__(self, tokenizer: Any, rows: int, ends: Sequence[int]) -> None:
        from llguidance.hf import from_tokenizer

        self._tokens = from_tokenizer(tokenizer, n_vocab=rows, eos_token=list(ends))
        self._rows = rows
        self._ends = tuple(ends)
        self._compiled: OrderedDict[str, Any] = OrderedDict()

    def hold(self, request: Request) -> Hold | None:
        """Return what holds the answer to the request's schema or grammar, None if it has neither.

        Raises
        ------
        BackendError
            If llguidance cannot take the schema or the grammar.
        """
        language = _language(request)
        if language is None:
            return None
        if language not in self._compiled:
            self._compiled[language] = self._compile(language, request)
            while len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(language)
        return Hold(self._compiled[language].deep_copy(), self._rows, self._ends)

    def _compile(self, language: str, request: Request) -> Any:
        """Return a fresh matcher of a language."""
        from llguidance import LLMatcher

        matcher = LLMatcher(self._tokens, language, log_level=0)
        if matcher.is_error():
            what = f"the grammar {request.grammar.name!r}" if request.grammar else "the JSON schema"
            raise BackendError(f"llguidance does not take {what}: {_line(matcher.get_error())}")
        return matcher


def _language(request: Request) -> str | None:
    """Return schema or grammar as llguidance reads it; JSON without white space between its tokens.

    Raises
    ------
    BackendError
        If there is no such JSON schema.
    """
    if request.schema is not None and request.grammar is not None:
        raise BackendError("a request may have a schema or a grammar, not both; leave one out")
    from llguidance import LLMatcher

    try:
        if request.schema is not None:
            return str(
                LLMatcher.grammar_from_json_schema(request.schema, overrides={"whitespace_flexible": False})
            )
        return None if request.grammar is None else str(LLMatcher.grammar_from_lark(request.grammar.lark))
    except (ValueError, TypeError) as error:
        raise BackendError(f"llguidance does not take the request: {_line(str(error))}") from None


def _line(text: str) -> str:
    """Return the first lines of a message as one line."""
    return " ".join(text.split())[:300]

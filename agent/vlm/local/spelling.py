"""Token ids to text, as they come, and when an answer is at its end.

A letter outside ASCII may take several tokens, and a tokenizer may write a word's first token differently
alone, so that text is told only once it stands: pieces put together are the text of the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.vlm.loops import Watch
from agent.vlm.protocol import MOST_TEXT, Finish, OnText

if TYPE_CHECKING:
    import torch

_BROKEN = "\N{REPLACEMENT CHARACTER}"
#: Tokens after which a letter that is still broken is told as it is.
_PATIENCE = 8

Decode = Callable[[Sequence[int]], str]


class Answer:
    """One answer that grows by tokens.

    Attributes
    ----------
    ids
        The tokens so far, without the one that ended it.
    finish
        Why it ended; None while it goes on.
    most
        Tokens that it may have.
    held, seconds
        Whether a schema or grammar brings it to its end, and the time after which it is cut off.
    """

    def __init__(
        self,
        decode: Decode,
        ends: Sequence[int],
        most: int,
        on_text: OnText | None = None,
        *,
        held: bool = False,
        seconds: float | None = None,
    ) -> None:
        self.ids: list[int] = []
        self.most = most
        self.finish: Finish | None = None
        self._decode = decode
        self._ends = frozenset(ends)
        self._on_text = on_text
        self._watch = Watch(held)
        self._late = None if seconds is None else time.monotonic() + seconds
        self._pieces: list[str] = []
        self._size = 0
        self._start = 0  # where decoding begins: one piece before what is not told yet
        self._told = 0

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def take(self, token: int) -> bool:
        """Take the next token and return whether the answer is at its end."""
        if token in self._ends:
            self._spell(last=True)
            self.finish = "size" if self.finish == "size" else "stop"
            return True
        self.ids.append(token)
        full = len(self.ids) >= self.most or (self._late is not None and time.monotonic() > self._late)
        self._spell(last=full)
        if full and self.finish is None:
            self.finish = "length"
        return self.finish is not None

    def _spell(self, *, last: bool) -> None:
        """Tell the text that stands by now."""
        before = self._decode(self.ids[self._start : self._told])
        after = self._decode(self.ids[self._start :])
        waits = after.endswith(_BROKEN) and len(self.ids) - self._told < _PATIENCE
        if len(after) <= len(before) or (waits and not last):
            return
        self._tell(after[len(before) :])
        self._start, self._told = self._told, len(self.ids)

    def _tell(self, piece: str) -> None:
        room = MOST_TEXT - self._size
        if len(piece) > room:
            piece, self.finish = piece[:room], "size"
        elif self._watch.feed(piece) and self.finish is None:
            self.finish = "loop"
        self._pieces.append(piece)
        self._size += len(piece)
        if self._on_text is not None and piece:
            self._on_text(piece)


class Ending:
    """A stopping criterion for `generate`: gives each row's newest token to its answer.

    Parameters
    ----------
    answers
        One for every row.

    Attributes
    ----------
    finished
        For every row whether its answer has ended.
    """

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers
        self.finished = np.zeros(len(answers), dtype=bool)

    def __call__(self, input_ids: torch.Tensor, scores: Any, **rest: Any) -> torch.Tensor:
        """Return for every row whether it is at its end."""
        import torch

        for row, token in enumerate(input_ids[:, -1].tolist()):
            if not self.finished[row]:
                self.finished[row] = self._answers[row].take(token)
        return torch.from_numpy(self.finished.copy()).to(input_ids.device)

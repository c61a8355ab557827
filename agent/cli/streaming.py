"""The answer of a model as it comes: its last lines, tokens and seconds, safe to show on a terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from agent.cli import console

#: Lines of an answer that are shown, and characters of it that are kept for them.
LINES, KEPT = 3, 4_000
#: Sequences that tell a terminal to do something, also one that was cut off at the end.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*(?:[@-~]|$)|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|\x1b?$)|[ -/]*(?:[0-~]|$))"
)


class Stream:
    """What is known of the answer that is being written.

    Parameters
    ----------
    clock
        Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.title = ""
        self.text = ""
        self.characters = 0
        self._begun = 0.0

    def begin(self, step: str, attempt: int) -> None:
        """Forget the last answer: another one was asked for."""
        self.title = step if attempt == 1 else f"{step}, answer {attempt}"
        self.text, self.characters, self._begun = "", 0, self._clock()

    def feed(self, piece: str) -> None:
        """Take a piece of the answer."""
        self.characters += len(piece)
        self.text = (self.text + piece)[-KEPT:]

    def end(self) -> None:
        """Show nothing until the next answer."""
        self.title = self.text = ""

    @property
    def seconds(self) -> float:
        """Time since the answer was asked for."""
        return self._clock() - self._begun

    def lines(self, width: int = 80) -> list[str]:
        """Return what is shown: a heading and the last lines of the answer; nothing between answers.

        Long lines go on in the next one, so that the end is always seen. Tokens are estimated from the
        characters, since a backend tells them at the end.
        """
        if not self.title:
            return []
        tokens = -(-self.characters // 3)
        head = f"{self.title}: about {tokens} tokens, {self.seconds:.0f} s"
        room = max(width - 2, 1)
        last = [
            line[at : at + room]
            for line in harmless(self.text).splitlines()[-LINES:]
            for at in range(0, len(line), room)
        ]
        return [head, *(f"  {line}" for line in last[-LINES:])]


def harmless(text: str) -> str:
    """Return text without terminal sequences, its other control characters spelled out."""
    return console.printable(_ESCAPES.sub("", text.replace("\r\n", "\n")).replace("\t", " "))

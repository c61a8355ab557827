"""A backend that answers from a script: for tests, demonstrations, and prompts without a model.

It is shipped so that whoever builds on the mind can test without a model, as `httpx.MockTransport` does for
servers. It answers in order; when the script is at its end it raises, or starts again if it repeats.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from agent.vlm.protocol import Abilities, OnText, Reply, Request, Usage, estimated_tokens
from chiaroscore import BackendError

Answer = str | Exception | Callable[[Request], str]


class ScriptedBackend:
    """Answers from a script.

    Parameters
    ----------
    answers
        In order: a text, an exception that is raised, or a function of the `Request` that returns a text.
    abilities
        What it claims to do; it enforces nothing.
    repeat
        Start again at the end of the script.
    seconds_a_token
        Time that each token of an answer takes, to model a real one.
    """

    def __init__(
        self,
        answers: Iterable[Answer] = (),
        *,
        abilities: Abilities | None = None,
        repeat: bool = False,
        seconds_a_token: float = 0.0,
    ) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.repeat = repeat
        self.seconds_a_token = seconds_a_token
        self._abilities = abilities or Abilities(images=True, schema=False, grammar=False, seed=True)

    @property
    def id(self) -> str:
        """``"scripted"``."""
        return "scripted"

    def abilities(self) -> Abilities:
        """Return what was claimed."""
        return self._abilities

    def complete(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Return the next answer of the script, cut where the request's tokens end.

        Raises
        ------
        BackendError
            If the script is at its end.
        """
        begun = time.monotonic()
        number = len(self.requests)
        self.requests.append(request)
        if number >= len(self.answers) and not (self.repeat and self.answers):
            raise BackendError(f"the script has {len(self.answers)} answers and a further one was asked for")
        answer = self.answers[number % len(self.answers)]
        if isinstance(answer, Exception):
            raise answer
        text = answer if isinstance(answer, str) else answer(request)
        whole = len(text) <= 3 * request.max_tokens
        text = text[: 3 * request.max_tokens]
        if self.seconds_a_token:
            time.sleep(self.seconds_a_token * estimated_tokens(text))
        if on_text is not None:
            on_text(text)
        asked = sum(estimated_tokens(message.text) for message in request.messages)
        usage = Usage(asked, estimated_tokens(text))
        return Reply(text, "stop" if whole else "length", time.monotonic() - begun, usage)

    def complete_many(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer one after the other."""
        return [self.complete(request) for request in requests]

    def count(self, text: str) -> int:
        """Return the estimate of `estimated_tokens`."""
        return estimated_tokens(text)

    def close(self) -> None:
        """Do nothing."""

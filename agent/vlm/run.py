"""One composition by a model: its backend, limits, transcript and remarks, and the one way to ask.

Every question of every step goes through `Run.ask`: there the limits are minded, the seed of the call is made
of the piece's seed, and the call is written into the transcript, answered or not.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.vlm.options import Options
from agent.vlm.protocol import Abilities, Backend, Reply, Request
from agent.vlm.transcript import Call
from chiaroscore import BackendError
from prompts import Grammar, Message

#: Fewest tokens that an answer is given; a prompt that leaves less does not fit the model.
LEAST_ANSWER = 128
#: Tokens that a picture is counted as before a backend says better.
IMAGE_TOKENS = 1_300

Tell = Callable[[str, Any], None]


class SpentError(Exception):
    """The tokens or the time of a composition are used up; the mind catches it and does without."""


@dataclass
class Run:
    """The state of one composition.

    Attributes
    ----------
    seed
        Of the piece; every call's own seed is made of it.
    tell
        Told of ("ask", (step, attempt)), ("text", piece of an answer) and ("reply", `Call`).
    calls
        The transcript so far.
    remarks
        What a user has to know: fallbacks, choices of the model that a request forbids.
    minds
        Who did which step: "perceive", "plan", "write" -> id of a backend, or "offline".
    """

    backend: Backend
    options: Options
    seed: int
    tell: Tell = lambda step, value: None
    calls: list[Call] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    minds: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def abilities(self) -> Abilities:
        """What the backend can do."""
        return self.backend.abilities()

    @property
    def answered(self) -> bool:
        """Whether the model has answered at least once."""
        return any(not call.error for call in self.calls)

    def left(self) -> tuple[int, float]:
        """Return tokens and seconds that are left."""
        return (
            self.options.tokens - self.tokens,
            self.options.seconds - (time.monotonic() - self.started),
        )

    def ask(
        self,
        step: str,
        attempt: int,
        prompt: str,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float,
        schema: dict[str, Any] | None = None,
        grammar: Grammar | None = None,
    ) -> Reply:
        """Ask the model and write the call down.

        Parameters
        ----------
        step, attempt
            What the question is for; the call's seed depends on both.
        prompt
            Version of the prompt.
        max_tokens
            Most tokens of the answer; fewer if the model's context or the budget leaves fewer.
        schema, grammar
            What the answer shall fit; at most one.

        Raises
        ------
        SpentError
            If the budget is used up.
        BackendError
            If the model does not answer, or the prompt does not fit its context.
        """
        room = self._room(messages, max_tokens, step)
        heat = temperature if self.options.temperature is None else self.options.temperature
        seed, seconds = call_seed(self.seed, step, attempt), self.left()[1]
        request = Request(tuple(messages), schema, grammar, seed, room, heat, seconds=seconds)
        self.tell("ask", (step, attempt))
        begun = time.monotonic()
        try:
            reply = self.backend.complete(request, lambda piece: self.tell("text", piece))
        except BackendError as error:
            self._note(step, attempt, prompt, request, None, time.monotonic() - begun, str(error))
            if self.answered and self.left()[1] <= 0:
                raise SpentError(self._spent(step)) from error
            raise
        self.tokens += (
            reply.usage.total if reply.usage else self._size(messages) + self.backend.count(reply.text)
        )
        self._note(step, attempt, prompt, request, reply, reply.seconds, "")
        return reply

    def _room(self, messages: Sequence[Message], wanted: int, step: str) -> int:
        """Return how many tokens the answer may have."""
        tokens, seconds = self.left()
        asked = self._size(messages)
        if tokens < asked + LEAST_ANSWER or seconds <= 0:
            raise SpentError(self._spent(step))
        context = self.abilities.context
        free = min(tokens - asked, wanted if context is None else context - asked)
        if free < LEAST_ANSWER:
            raise BackendError(
                f"the prompt of {step!r} has about {asked} tokens and the model's context {context}; "
                "serve the model with a longer context, or allow fewer exemplar tokens"
            )
        return min(wanted, free)

    def _spent(self, step: str) -> str:
        """Return what is used up, as a remark says it."""
        over = self.left()[1] <= 0
        what = f"{self.options.seconds:g} seconds" if over else f"{self.options.tokens} tokens"
        return f"the budget of {what} was used up before the end of {step!r}"

    def _size(self, messages: Sequence[Message]) -> int:
        """Return about how many tokens messages have."""
        text = sum(self.backend.count(message.text) + 8 for message in messages)
        return text + IMAGE_TOKENS * sum(len(message.images) for message in messages)

    def _note(
        self,
        step: str,
        attempt: int,
        prompt: str,
        request: Request,
        reply: Reply | None,
        seconds: float,
        error: str,
    ) -> None:
        """Write a call into the transcript and tell of it."""
        constraint = "schema" if request.schema is not None else "none"
        if request.grammar is not None:
            constraint = f"grammar {request.grammar.name}"
        usage = reply.usage if reply else None
        call = Call(
            step, attempt, prompt, request.messages, constraint, request.seed, request.temperature,
            request.max_tokens,
            text=reply.text if reply else "", finish=reply.finish if reply else "error",
            enforced=reply.enforced if reply else None, by=reply.by if reply else "",
            prompt_tokens=usage.prompt if usage else None,
            completion_tokens=usage.completion if usage else None,
            token_ids=reply.token_ids if reply else None, seconds=seconds, error=error,
        )  # fmt: skip
        self.calls.append(call)
        self.tell("reply", call)


def call_seed(seed: int, step: str, attempt: int) -> int:
    """Return the seed of one call, 0 to 2**31 - 1: made of the piece's seed, the step and the attempt."""
    text = f"{seed}:{step}:{attempt}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1

"""A model behind a server that speaks the OpenAI protocol: vLLM, llama.cpp, Ollama, hosted services."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Literal

import httpx

from agent.vlm.protocol import Abilities, OnText, Reply, Request, estimated_tokens
from agent.vlm.remote import probes
from agent.vlm.remote.address import Address
from agent.vlm.remote.body import grammar_field, json_field, schema_field
from agent.vlm.remote.chat import SHORT, Chat
from agent.vlm.remote.clock import Clock
from agent.vlm.remote.compact import UnwritableError, compact_grammar
from agent.vlm.remote.events import Answer
from agent.vlm.remote.key import key_of
from agent.vlm.remote.trouble import ServerError
from agent.vlm.remote.wire import Wire
from chiaroscore import BackendError

#: Texts whose tokens are remembered.
_COUNTED = 256

#: Fields that bind an answer, and what they hold it to.
_Way = tuple[dict[str, Any], Literal["schema", "grammar"] | None]


class OpenAIBackend:
    """Answers by a server.

    Nothing is sent before the first use. What the server can do is found out then, by a few short requests,
    and kept.

    Parameters
    ----------
    url
        Base URL, ``"http://localhost:8000/v1"``.
    model
        One of the server's models; its only one by default.
    key
        Sent as a bearer token to this server alone; by default ``CHIAROSCORE_VLM_KEY``, and for
        OpenAI's own host ``OPENAI_API_KEY``.
    connect, silence, total
        Longest wait in seconds for a connection, for the next byte, and for one answer with all its tries.
    tries
        How often a request is sent while the failure may pass.
    max_side
        Pixels of the longer side of pictures.
    parallel
        Requests at a time in `complete_many`.
    transport
        Another way to the server than the network.

    Raises
    ------
    ControlError
        If the URL is not one of a server, or the key cannot be sent.
    """

    def __init__(
        self,
        url: str,
        model: str = "",
        *,
        key: str | None = None,
        connect: float = 10.0,
        silence: float = 120.0,
        total: float = 600.0,
        tries: int = 4,
        max_side: int = 1024,
        parallel: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        address = Address.of(url, model)
        self._key = key_of(address, key)
        self._wire = Wire(address, self._key, connect, silence, transport)
        self._chat = Chat(address, self._key, self._wire, total, tries, max_side)
        self._parallel = parallel
        self._grammar_name: str | None = None
        self._compact = False  # whether JSON without white space is had by a grammar
        self._abilities: Abilities | None = None
        self._finding = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._counting = threading.Lock()

    @classmethod
    def of_spec(cls, spec: str, **settings: Any) -> OpenAIBackend:
        """Return the backend of ``"http://localhost:8000/v1#qwen2.5-vl-7b"``, with or without ``"openai:"``.

        Raises
        ------
        ControlError
            If it is not the URL of a server.
        """
        return cls(spec, **settings)

    def __repr__(self) -> str:
        return f"OpenAIBackend({self.id!r})"

    @property
    def id(self) -> str:
        """Name of server and model; the model as the server names it, once it was asked."""
        address = self._chat.told.address if self._chat.told else self._chat.address
        return address.known_as(address.model)

    def abilities(self) -> Abilities:
        """Return what the server was found to do; see `Abilities`.

        Raises
        ------
        BackendError
            If it is not there, or cannot answer at all.
        """
        with self._finding:
            if self._abilities is None:
                self._abilities = self._find()
            return self._abilities

    def complete(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Answer one request; see `agent.vlm.protocol.Backend.complete`."""
        return self._complete(request, on_text, threading.Event())

    def complete_many(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer several requests at a time, in order; when one fails, the others are given up.

        Raises
        ------
        BackendError
            The first failure.
        """
        self.abilities()
        stop = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(self._parallel, "chiaroscore-vlm") as pool:
            jobs = [pool.submit(self._complete, request, None, stop) for request in requests]
            try:
                done, _ = concurrent.futures.wait(jobs, return_when=concurrent.futures.FIRST_EXCEPTION)
            finally:
                stop.set()
                for job in jobs:
                    job.cancel()
        first = [job for job in jobs if job in done and job.exception() is not None]
        return [job.result() for job in first or jobs]

    def count(self, text: str) -> int:
        """Return the tokens of a text as llama.cpp counts them; those of other servers are estimated."""
        with self._counting:
            known = self._counts.get(text)
        if known is None:
            known = self._chat.count(text)
        if known is None:
            return estimated_tokens(text)
        with self._counting:
            self._counts[text] = known
            while len(self._counts) > _COUNTED:
                self._counts.popitem(last=False)
        return known

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _find(self) -> Abilities:
        """Find out what the server can do; the first answer may wait until a model is loaded."""
        total = self._chat.total
        plain = probes.greeting(lambda request, fields: self._chat.ask(request, fields, Clock(total)))
        told = self._chat.meet()
        if told.kind == "ollama":  # it knows the context of a model once it is loaded
            told = self._chat.meet(anew=True)

        def ask(request: Request, fields: dict[str, Any]) -> Answer:
            return self._chat.ask(request, fields, Clock(min(total, SHORT)))

        schema = probes.holds_schema(ask)
        self._grammar_name = probes.grammar_name(ask, told.kind)
        if schema and told.kind == "llama.cpp" and self._grammar_name is not None:
            self._compact = probes.holds_compact(ask, self._grammar_name)
        return Abilities(
            images=probes.takes_images(ask) if told.images is None else told.images,
            schema=schema,
            grammar=self._grammar_name is not None,
            seed="seed" not in self._chat.dialect.dropped,
            logprobs=probes.tells_logprobs(ask),
            streaming=plain.streamed,
            context=told.context,
        )

    def _complete(self, request: Request, on_text: OnText | None, stop: threading.Event) -> Reply:
        able = self.abilities()
        total = self._chat.total
        clock = Clock(total if request.seconds is None else min(total, request.seconds), stop)
        if not able.images and any(message.images for message in request.messages):
            raise BackendError(f"{self.id} cannot see pictures; choose a model that can, or leave out --vlm")
        *bound, plain = self._ways(request, able)
        for fields, enforced in bound:
            try:
                return self._reply(request, fields, enforced, clock, on_text)
            except ServerError as error:
                failure = error
            if not failure.refuses:
                raise failure
            if request.schema is not None and self._grammar_name in fields:
                self._compact = False  # the next schema goes to the server as it is
        return self._reply(request, *plain, clock, on_text)

    def _reply(
        self,
        request: Request,
        fields: dict[str, Any],
        enforced: Literal["schema", "grammar"] | None,
        clock: Clock,
        on_text: OnText | None,
    ) -> Reply:
        answer = self._chat.ask(request, fields, clock, on_text, held=enforced is not None)
        text = self._key.hidden(answer.text)
        by = next(iter(fields), "") if enforced else ""
        return Reply(text, answer.finish or "stop", clock.spent, answer.usage, None, enforced, by)

    def _ways(self, request: Request, able: Abilities) -> list[_Way]:
        """Return the ways to bind an answer, best first, the last one unbound.

        A server that holds answers to schemas may still refuse one of them; then the next way is taken.
        """
        ways: list[_Way] = []
        if request.schema is not None:
            if self._compact and self._grammar_name is not None:
                with contextlib.suppress(UnwritableError):
                    grammar = compact_grammar(request.schema)
                    ways.append((grammar_field(grammar, self._grammar_name), "schema"))
            if able.schema:
                ways.append((schema_field(request.schema), "schema"))
            ways.append((json_field(), None))
        elif request.grammar is not None and self._grammar_name is not None:
            ways.append((grammar_field(request.grammar, self._grammar_name), "grammar"))
        return [*ways, ({}, None)]

"""Questions to one server: whom it has, what it answers, how many tokens a text has."""

from __future__ import annotations

import functools
import threading
from typing import Any

from agent.vlm.protocol import OnText, Request
from agent.vlm.remote.address import Address
from agent.vlm.remote.body import Dialect, body_of
from agent.vlm.remote.clock import Clock
from agent.vlm.remote.events import Answer, read_answer
from agent.vlm.remote.key import Key
from agent.vlm.remote.patience import persist
from agent.vlm.remote.told import Told, choice_of, what_it_tells
from agent.vlm.remote.trouble import ServerError
from agent.vlm.remote.wire import Wire
from chiaroscore import BackendError

#: Longest that a short question may take, in seconds.
SHORT = 60.0


class Chat:
    """Asks one server, as often as it makes sense, in the words that it takes.

    Parameters
    ----------
    total
        Seconds of one question with all its tries, where nothing else is said.
    tries
        How often a request is sent while the failure may pass.
    max_side
        Pixels of the longer side of pictures.
    """

    def __init__(
        self, address: Address, key: Key, wire: Wire, total: float, tries: int, max_side: int
    ) -> None:
        self.address = address
        self.total = total
        self.dialect = Dialect()
        self.told: Told | None = None
        self._key, self._wire = key, wire
        self._tries, self._max_side = tries, max_side
        self._away = False
        self._meeting = threading.Lock()

    def meet(self, *, anew: bool = False) -> Told:
        """Return what the server tells of itself, asked once, or once more.

        Raises
        ------
        BackendError
            If it is not there, or does not have the model that is meant.
        """
        with self._meeting:
            if self.told is None or anew:
                clock = Clock(min(self.total, SHORT))
                self.told = what_it_tells(
                    self.address,
                    lambda method, url, body: persist(
                        lambda: self._wire.exchange(method, url, body, clock, lambda found: found.json()),
                        clock, self._tries, 0,
                    ),
                )  # fmt: skip
            return self.told

    def ask(
        self,
        request: Request,
        fields: dict[str, Any],
        clock: Clock,
        on_text: OnText | None = None,
        held: bool = False,
    ) -> Answer:
        """Send a request with further fields until it is answered, and learn what the server does not take.

        ``held`` says that these fields hold the answer to a schema or grammar.

        Raises
        ------
        ServerError
            If there is no answer.
        """
        told = self.meet()
        url = told.address.url
        body = body_of(request, told.address.model, fields, self._max_side)
        heard = _Heard(on_text)

        def send(sent: dict[str, Any]) -> Answer:
            return self._wire.exchange(
                "POST", f"{url}/chat/completions", sent, clock,
                lambda found: read_answer(found, url, heard.anew(), self._key.hidden, held),
            )  # fmt: skip

        while True:
            sent = self.dialect.fit(body)
            try:
                return persist(functools.partial(send, sent), clock, self._tries, request.seed)
            except ServerError as error:
                failure = error
            if not self.dialect.learn(failure, sent):
                break
        if failure.status == 404 and told.models:
            failure = ServerError(
                f"{failure}; it has {choice_of(told.models)}", status=404, said=failure.said
            )
        raise failure

    def count(self, text: str) -> int | None:
        """Return the tokens of a text where the server counts them, as llama.cpp does."""
        if self.told is None and self._away:
            return None
        try:
            told = self.meet()
            if told.kind != "llama.cpp":
                return None
            found = self._wire.exchange(
                "POST", f"{told.address.root}/tokenize", {"content": text, "add_special": False},
                Clock(min(self.total, SHORT)), lambda answer: answer.json(),
            )  # fmt: skip
            return len(found["tokens"])
        except (BackendError, KeyError, TypeError):
            self._away = self.told is None  # then it is not worth the time to try for every text
            return None


class _Heard:
    """Passes on the pieces of an answer, those of a further try only beyond what was passed on already."""

    def __init__(self, tell: OnText | None) -> None:
        self._tell = tell
        self._told = 0

    def anew(self) -> OnText:
        """Return what hears the pieces of the next try."""
        seen = 0

        def hear(piece: str) -> None:
            nonlocal seen
            new = piece[max(0, self._told - seen) :]
            seen += len(piece)
            self._told = max(self._told, seen)
            if new and self._tell is not None:
                self._tell(new)

        return hear

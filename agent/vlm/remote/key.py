"""The key of a server: where it comes from, how it is sent there alone, how it is kept out of texts."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping

import httpx

from agent.vlm.remote.address import KEY, Address
from chiaroscore import ControlError

_OPENAI_HOST = "api.openai.com"
_OPENAI_KEY = "OPENAI_API_KEY"
_SHOWN = "[key]"


class Key(httpx.Auth):
    """A key that goes to one host as a bearer token and shows itself nowhere else.

    Raises
    ------
    ControlError
        If the key holds what a header cannot: a line break, a letter outside ASCII.
    """

    def __init__(self, secret: str, host: str) -> None:
        self._secret = secret.strip()
        self._host = host
        if not (self._secret.isascii() and self._secret.isprintable()):
            raise ControlError(
                "the key of the server holds a character that is not printable ASCII; copy it again"
            )

    def __bool__(self) -> bool:
        return bool(self._secret)

    def __repr__(self) -> str:
        return f"Key({_SHOWN if self else ''})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the key to a request to its host."""
        if self and request.url.host == self._host:
            request.headers["Authorization"] = f"Bearer {self._secret}"
        yield request

    def hidden(self, text: str) -> str:
        """Return a text without the key."""
        return text.replace(self._secret, _SHOWN) if self else text


def key_of(address: Address, given: str | None, environ: Mapping[str, str] = os.environ) -> Key:
    """Return the key for a server: the given one, else `KEY`, else, for OpenAI's host, OpenAI's variable."""
    secret = given if given is not None else environ.get(KEY, "")
    own = address.host == _OPENAI_HOST and address.url.startswith("https:")
    if not secret and given is None and own:
        secret = environ.get(_OPENAI_KEY, "")
    return Key(secret, address.host)

"""What can go wrong with a server: one error with one line, which says what to do."""

from __future__ import annotations

import re

import httpx

from agent.vlm.remote.address import KEY
from chiaroscore import BackendError

#: HTTP statuses after which the same request may succeed; every 5xx but 501 belongs to them too.
_AGAIN = frozenset({408, 409, 425, 429})
#: What servers say where they, or their model, cannot do what a request asks.
_CANNOT = re.compile(
    r"not (currently |yet )?(be )?(support|implement)|unsupported|unrecogni[sz]ed|mmproj|parse grammar"
    r"|(not permitted|forbidden)$",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"context[ _](size|length|window)|exceed_context|maximum (model|input|prompt) length", re.I
)
_SHOWN = 240
_NO_URL = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError)


class ServerError(BackendError):
    """A server did not answer as it should.

    Attributes
    ----------
    status
        HTTP status, None where there was none.
    said
        What the server said, on one line.
    wait
        Seconds that the server asks to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        said: str = "",
        wait: float | None = None,
    ) -> None:
        super().__init__(message, retryable=retryable)
        self.status = status
        self.said = said
        self.wait = wait

    @property
    def refuses(self) -> bool:
        """Whether the server refuses what the request asks of it, and not the request as such."""
        if self.status in (400, 415, 422, 501):
            return _CONTEXT.search(self.said) is None
        return cannot(self.status, self.said)


def cannot(status: int | None, said: str) -> bool:
    """Return whether an internal error is a missing ability, as llama.cpp's to a picture it cannot see."""
    return status in (500, 501) and denies(said)


def denies(said: str) -> bool:
    """Return whether a server says that something is beyond it."""
    return _CANNOT.search(said) is not None


def lost(url: str, error: Exception, silence: float) -> ServerError:
    """Return the error for a connection that was not made or did not last."""
    if isinstance(error, _NO_URL):
        return ServerError(f"{url} cannot be asked over HTTP ({type(error).__name__}); look at the URL")
    if isinstance(error, httpx.ProxyError):
        return ServerError(
            f"the proxy before {url} does not pass the request on; look at HTTPS_PROXY and NO_PROXY",
            retryable=True,
        )
    if isinstance(error, httpx.ConnectError) and "CERTIFICATE" in str(error).upper():
        return ServerError(
            f"the certificate of {url} is not trusted; set SSL_CERT_FILE to that of its authority"
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return ServerError(
            f"no server answers at {url}; start one, e.g. llama-server -m MODEL.gguf --port 8080, "
            "or leave out --vlm",
            retryable=True,
        )
    if isinstance(error, httpx.TimeoutException):
        return ServerError(
            f"the server at {url} sent nothing for {silence:g} s; it may be loading its model "
            "or be overloaded: look at its log, then try again",
            retryable=True,
        )
    return ServerError(
        f"the connection to {url} broke before the answer was there; look at the server's log, try again",
        retryable=True,
    )


def late(url: str, seconds: float) -> ServerError:
    """Return the error for an answer that is not there when the time of a call is over."""
    return ServerError(
        f"the server at {url} had not answered after {seconds:g} s; serve a faster or smaller model, "
        "or allow a longer total",
        retryable=True,
    )


def malformed(url: str, what: str) -> ServerError:
    """Return the error for an answer that is none of the protocol; it may be a fault that passes."""
    return ServerError(
        f"the server at {url} sent {what}; it may not speak the OpenAI protocol: look at the URL and its log",
        retryable=True,
    )


def refused(url: str, status: int, said: str, *, keyed: bool, wait: float | None = None) -> ServerError:
    """Return the error for an HTTP status that is not success."""
    again = status in _AGAIN or (status >= 500 and status != 501 and not cannot(status, said))
    quoted = f"{status}: {said}" if said else f"{status}"
    return ServerError(
        _line(url, status, said, quoted, keyed), retryable=again, status=status, said=said, wait=wait
    )


def _line(url: str, status: int, said: str, quoted: str, keyed: bool) -> str:
    if 300 <= status < 400:
        return (
            f"the server at {url} sends requests elsewhere ({quoted}), which is not followed; give that URL"
        )
    if status in (401, 403) and keyed:
        return f"the server at {url} refuses the key ({quoted}); look at {KEY}"
    if status in (401, 403):
        return f"the server at {url} wants a key ({quoted}); put it into {KEY}"
    if status == 404:
        return f"the server at {url} does not know the address or the model ({quoted}); most URLs end in /v1"
    if status == 429:
        return f"the server at {url} has too much to do or the quota is used up ({quoted}); try again later"
    if _CONTEXT.search(said):
        return (
            f"the prompt does not fit the model's context ({quoted}); serve it with a longer one "
            "(llama-server -c, vllm --max-model-len) or allow fewer exemplar tokens"
        )
    if status >= 500:
        return f"the server at {url} failed ({quoted}); look at its log, then try again"
    return f"the server at {url} rejects the request ({quoted}); look at its log and at the model"


def one_line(text: str) -> str:
    """Return a text on one line, without what could steer a terminal, and not long."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: 8 * _SHOWN])
    short = " ".join(plain.split())
    return short if len(short) <= _SHOWN else f"{short[:_SHOWN]}..."

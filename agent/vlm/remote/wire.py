"""One exchange with a server over HTTP, bounded in time and in size, without redirects."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from agent.vlm.remote.address import Address
from agent.vlm.remote.clock import Alarm, Clock
from agent.vlm.remote.key import Key
from agent.vlm.remote.trouble import ServerError, late, lost, malformed, one_line, refused
from chiaroscore import ControlError

#: Most bytes of a body that is one JSON document: lists of models are long, answers are not.
MOST_JSON = 8_000_000
_MOST_ERROR = 16_000
_Kind = TypeVar("_Kind")


class Incoming:
    """An answer whose head is there and whose body is still to be read."""

    def __init__(self, response: httpx.Response, url: str, clock: Clock) -> None:
        self.status = response.status_code
        self.streams = "text/event-stream" in response.headers.get("content-type", "")
        self.headers = response.headers
        self._response = response
        self._url = url
        self._clock = clock

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes.

        Raises
        ------
        ServerError
            If the time is over, or nobody waits any more.
        """
        for chunk in self._response.iter_raw():
            if self._clock.stop.is_set():
                raise ServerError("the call was given up because another one of its group failed")
            if not self._clock.left:
                raise late(self._url, self._clock.seconds)
            yield chunk

    def head(self, most: int) -> tuple[bytes, bool]:
        """Return at most so many bytes of the body, and whether that is all of it."""
        found = bytearray()
        for chunk in self.chunks():
            found += chunk
            if len(found) > most:
                return bytes(found[:most]), False
        return bytes(found), True

    def json(self) -> Any:
        """Return the body as JSON holds it.

        Raises
        ------
        ServerError
            If it is not JSON, or longer than `MOST_JSON`.
        """
        body, whole = self.head(MOST_JSON)
        if not whole:
            raise malformed(self._url, f"more than {MOST_JSON} bytes where a JSON document was due")
        found = parsed(body)
        if found is None:
            raise malformed(self._url, f"{one_line(body[:80].decode(errors='replace'))!r} where JSON was due")
        return found


class Wire:
    """Exchanges requests and answers with one server.

    Parameters
    ----------
    connect, silence
        Longest wait in seconds for a connection, and for the next byte.
    transport
        For tests, and for those who need another way to the server.

    Raises
    ------
    ControlError
        If a proxy or a file of certificates, named in the environment, cannot be used.
    """

    def __init__(
        self,
        address: Address,
        key: Key,
        connect: float,
        silence: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = address.url
        self._key = key
        self._connect = connect
        self._silence = silence
        # A connection that is kept may have been shut by the server just before it is used again.
        limits = httpx.Limits(max_keepalive_connections=0)
        try:
            self._client = httpx.Client(
                auth=key, transport=transport, limits=limits, verify=httpx.create_ssl_context(),
                trust_env=not address.loopback, follow_redirects=False,  # no proxy stands before this machine
                headers={"Accept-Encoding": "identity", "User-Agent": "chiaroscore"},
            )  # fmt: skip
        except (ImportError, OSError, ValueError) as error:
            said = f"{type(error).__name__}: {error}"
        else:
            return
        raise ControlError(
            f"no client for {address.url} can be made ({one_line(said)}); look at HTTPS_PROXY, ALL_PROXY, "
            "SSL_CERT_FILE and SSL_CERT_DIR"
        )

    def exchange(
        self,
        method: str,
        url: str,
        body: dict[str, Any] | None,
        clock: Clock,
        read: Callable[[Incoming], _Kind],
    ) -> _Kind:
        """Send a request and return what ``read`` makes of the answer.

        Raises
        ------
        ServerError
            If there is no answer, or one with a status that is not success.
        """
        if self._client.is_closed:
            raise ServerError(f"the backend of {self._url} was closed; make a new one")
        failure: ServerError
        with Alarm(clock.left) as alarm:
            try:
                with self._client.stream(
                    method, url, json=body, timeout=self._timeout(clock), extensions={"trace": alarm.hear}
                ) as response:
                    found = self._read(Incoming(response, url, clock), url, read)
                if not alarm.rung:
                    return found
                failure = late(self._url, clock.seconds)
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
                over = alarm.rung or not clock.left
                failure = late(self._url, clock.seconds) if over else lost(self._url, error, self._silence)
            except ServerError as error:
                failure = late(self._url, clock.seconds) if alarm.rung else error
        raise failure  # outside: the errors of the client hold the request, and with it the key

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _timeout(self, clock: Clock) -> httpx.Timeout:
        left = max(clock.left, 0.001)
        silence = min(self._silence, left)
        return httpx.Timeout(connect=min(self._connect, left), read=silence, write=silence, pool=left)

    def _read(self, answer: Incoming, url: str, read: Callable[[Incoming], _Kind]) -> _Kind:
        if answer.status == 200:
            return read(answer)
        if 300 <= answer.status < 400:
            said = _elsewhere(answer.headers.get("location", ""))
        else:
            said = what_is_said(answer.head(_MOST_ERROR)[0])
        said = one_line(self._key.hidden(said))
        wait = seconds_to_wait(answer.headers.get("retry-after"))
        raise refused(url, answer.status, said, keyed=bool(self._key), wait=wait)


def parsed(text: bytes | str) -> Any:
    """Return what JSON holds, None where a text is none."""
    try:
        return json.loads(text if isinstance(text, str) else text.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None


def what_is_said(body: bytes | dict[str, Any]) -> str:
    """Return the message of an error's body: ``{"error": {"message": ...}}`` and its kin, or the text."""
    found: Any = parsed(body) if isinstance(body, bytes) else body
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    if isinstance(found, list) and found and isinstance(found[0], dict):  # of FastAPI: place and message
        place = found[0].get("loc") or [""]
        found = f"{place[-1]}: {found[0].get('msg', '')}"
    if isinstance(found, str):
        return found
    return body.decode(errors="replace") if isinstance(body, bytes) else json.dumps(found)


def seconds_to_wait(header: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or a date, None where there are none."""
    if not header:
        return None
    try:
        seconds = float(header)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - now())
    except (ValueError, OverflowError):
        return None


def _elsewhere(location: str) -> str:
    """Return where a redirect leads, without its query."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    where = parts.netloc.rpartition("@")[2]
    return f"to {parts.scheme}://{where}{parts.path}" if where else f"to {parts.path}"

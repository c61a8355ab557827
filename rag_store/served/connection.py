"""The connection to a Chroma server: patience, bounded answers, and errors that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx

from chiaroscore import StoreError
from rag_store.served.address import TOKEN, Address

#: Seconds for a server to take a connection, and to answer a request (a large batch is written in one).
KNOCK, PATIENCE = 5.0, 120.0
#: Bytes of one answer: a page of rows has a tenth of it.
LARGEST = 256 * 2**20
#: Version of the server's interface that is spoken.
VERSION = "1."


class Connection:
    """An open connection; every use of the client belongs into `asking`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        _knock(address)
        with self.asking():
            self.client = _client(address)
            version = str(self.client.get_version())
        if not version.startswith(VERSION):
            self.close()
            raise StoreError(
                f"the Chroma server at {address} speaks version {version[:20]!r}, not {VERSION}x; "
                "install chromadb 1.5.9 or later there"
            )

    def close(self) -> None:
        """Let go of the sockets, which Chroma's client would leave open."""
        for session in _sessions(self.client):
            session.close()
        self.client.close()

    def now(self) -> float:
        """Return the server's time in seconds: the one clock that all writers share."""
        with self.asking():
            return float(self.client.heartbeat()) / 1e9

    def collection(self, name: str, *, make: dict[str, Any] | None = None) -> Any:
        """Return a collection; None if there is none and ``make``, its configuration, is not given."""
        with self.asking():
            if make is not None:
                return self.client.get_or_create_collection(name, embedding_function=None, configuration=make)
            known = {found.name for found in self.client.list_collections()}
            return self.client.get_collection(name, embedding_function=None) if name in known else None

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Turn whatever goes wrong while the server is asked into a `StoreError`."""
        from chromadb.errors import NotFoundError

        try:
            yield
        except StoreError:
            raise
        except httpx.TransportError as error:
            raise gone(self.address, error) from error
        except NotFoundError as error:
            raise StoreError(
                f"the store at {self.address} was removed or replaced meanwhile; open it again, or publish "
                f"one with: chiaroscore store publish {self.address}"
            ) from error
        except Exception as error:  # Chroma raises many kinds; an answer that is no JSON raises others
            raise StoreError(
                f"the Chroma server at {self.address} gave no good answer "
                f"({type(error).__name__}: {_short(error)}); see its log"
            ) from error


def gone(address: Address, error: Exception) -> StoreError:
    """Return the error of a server that cannot be reached."""
    return StoreError(
        f"the Chroma server at {address} does not answer ({type(error).__name__}: {_short(error)}); "
        f"is it running? start it with: {address.command}"
    )


def _knock(address: Address) -> None:
    """Ask for a sign of life: Chroma's own client would wait for ever."""
    try:
        found = httpx.get(f"{address}/api/v2/heartbeat", headers=address.headers, timeout=KNOCK)
    except httpx.HTTPError as error:
        raise gone(address, error) from error
    if found.status_code in {401, 403}:
        raise StoreError(
            f"the server at {address} refuses access ({found.status_code}); set the token in {TOKEN}"
        )
    if found.status_code != 200 or b"heartbeat" not in found.content[:1000]:
        raise StoreError(
            f"what listens at {address} is no Chroma server (status {found.status_code}); "
            f"start one with: {address.command}"
        )


def _client(address: Address) -> Any:
    import chromadb
    from chromadb.config import Settings

    client: Any = chromadb.HttpClient(
        address.host, address.port, address.scheme == "https", dict(address.headers),
        Settings(anonymized_telemetry=False),
    )  # fmt: skip
    for session in _sessions(client):
        session.timeout = httpx.Timeout(PATIENCE, connect=KNOCK)
        session.event_hooks = {"response": [_bound]}
    return client


def _sessions(client: Any) -> list[httpx.Client]:
    """Return what Chroma's client, and the one it makes for itself, send with; it has no way to set them."""
    return [one._server._session for one in (client, client._admin_client)]


def _bound(response: httpx.Response) -> None:
    """Refuse an answer that is too long or compressed, before it is read."""
    stated = response.headers.get("content-length", "0")
    if response.headers.get("content-encoding", "identity") != "identity" or not stated.isdecimal():
        raise StoreError("the server sends answers of unknown length; let no proxy compress them")
    if int(stated) > LARGEST:
        raise StoreError(
            f"the server's answer of {stated} bytes is longer than {LARGEST}; is it a Chroma server?"
        )
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx.SyncByteStream):
    """An answer's bytes, no more than `LARGEST` of them."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for part in self._stream:
            read += len(part)
            if read > LARGEST:
                raise StoreError(
                    f"the server's answer is longer than {LARGEST} bytes; is it a Chroma server?"
                )
            yield part

    def close(self) -> None:
        self._stream.close()


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

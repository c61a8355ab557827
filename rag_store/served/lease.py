"""The one writer of a store on a server: a lease that ends by itself if its holder was killed.

Chroma's ``add`` leaves a known id as it is. So of all that add the row of the next lease, the one whose token
is read back has it; the lease of the highest number is the one that counts. Times are the server's.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chiaroscore import StoreError
from rag_store.manifest import StoreBusyError
from rag_store.served.connection import Connection
from rag_store.served.ledger import NOWHERE, Ledger

#: Seconds after which a lease that was not renewed may be taken over, and between renewals.
EXPIRY, RENEWAL = 60.0, 15.0
#: Seconds between looks at a lease that is waited for.
LOOK = 0.5


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has, or had, a lease."""

    number: int
    token: str
    host: str
    pid: int
    until: float  # seconds of the server's clock


class Lease:
    """A lease that is held; made by `leased`."""

    def __init__(self, connection: Connection, ledger: Ledger, number: int, token: str) -> None:
        self._connection, self._ledger = connection, ledger
        self._number, self._token = number, token
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="store lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Make sure that the lease is still held; every batch is written after such a look.

        Raises
        ------
        StoreError
            If it has ended and another writer has taken over.
        """
        held = holder(self._ledger, self._connection)
        if held is None or held.token != self._token:
            taken = f"process {held.pid} on {held.host} writes now" if held else "its row is gone"
            raise StoreError(
                f"this process lost its lease on the store at {self._connection.address}: {taken}; "
                "run the command again, what was written stays"
            )
        if held.until - self._connection.now() < EXPIRY - 2 * RENEWAL:
            self._set(self._connection.now() + EXPIRY)

    def release(self) -> None:
        """End the lease."""
        self._ended.set()
        self._thread.join()
        with contextlib.suppress(StoreError):  # a server that is gone has no writers; else it ends by itself
            self._set(0.0)

    def _keep(self) -> None:
        while not self._ended.wait(RENEWAL):
            with contextlib.suppress(StoreError):  # the next renewal, or the next `check`, tells
                self._set(self._connection.now() + EXPIRY)

    def _set(self, until: float) -> None:
        with self._connection.asking():
            self._ledger.rows.update(ids=[_name(self._number)], metadatas=[{"until": until}])


@contextlib.contextmanager
def leased(connection: Connection, ledger: Ledger, wait: float) -> Iterator[Lease]:
    """Be the one writer of the store on a server.

    Raises
    ------
    StoreBusyError
        If another process is for longer than ``wait`` seconds.
    """
    lease = _taken(connection, ledger, time.monotonic() + wait)
    try:
        yield lease
    finally:
        lease.release()


def holder(ledger: Ledger, connection: Connection) -> Holder | None:
    """Return the last holder of a lease, whether it has ended or not."""
    with connection.asking():
        found = ledger.rows.get(where={"kind": "lease"}, include=["metadatas"])
        return max(map(_holder, found["metadatas"]), key=lambda one: one.number, default=None)


def _taken(connection: Connection, ledger: Ledger, deadline: float) -> Lease:
    token = uuid.uuid4().hex
    while True:
        last = holder(ledger, connection)
        left = last.until - connection.now() if last else 0.0
        if left <= 0:
            number = last.number + 1 if last else 1
            _propose(connection, ledger, number, token)
            now_held = holder(ledger, connection)
            if now_held is not None and now_held.token == token:
                _forget(connection, ledger, number)
                return Lease(connection, ledger, number, token)
        elif last and time.monotonic() >= deadline:
            raise StoreBusyError(
                f"the store at {connection.address} is being written by process {last.pid} on {last.host}; "
                f"wait for it to end (if it was killed, its lease ends in {left:.0f} s)"
            )
        time.sleep(LOOK if left > 0 else 0.01)


def _propose(connection: Connection, ledger: Ledger, number: int, token: str) -> None:
    row = {
        "kind": "lease", "number": number, "token": token, "host": socket.gethostname(), "pid": os.getpid(),
        "until": connection.now() + EXPIRY,
    }  # fmt: skip
    with connection.asking():
        ledger.rows.add(ids=[_name(number)], embeddings=[NOWHERE], metadatas=[row])


def _forget(connection: Connection, ledger: Ledger, number: int) -> None:
    """Remove the leases before one: their numbers are never the highest again."""
    with connection.asking():
        ledger.rows.delete(where={"$and": [{"kind": "lease"}, {"number": {"$lt": number}}]})


def _holder(row: Any) -> Holder:
    """Read a lease; what it says of itself goes into messages, so it is made short and plain."""
    host = "".join(sign for sign in str(row["host"])[:80] if sign.isprintable())
    return Holder(int(row["number"]), str(row["token"]), host, int(row["pid"]), float(row["until"]))


def _name(number: int) -> str:
    return f"lease:{number}"

"""The time of a call: what is left of it, and an alarm that ends a connection on which a server only drips.

Timeouts of a client start anew with every byte. A server that sends one byte a second would never be late, so
when the time of a call is over, its connection is shut from another thread, whatever it is waiting for.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Any


class Clock:
    """Seconds that a call may take, all its tries together.

    Attributes
    ----------
    stop
        Set when nobody waits for the answer any more.
    """

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.seconds = seconds
        self.stop = stop or threading.Event()
        self._begun = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Seconds that are left, 0 where none are."""
        return max(0.0, self.seconds - self.spent)


class Alarm:
    """Shuts the connection of one exchange when its time is over.

    `hear` belongs into the ``trace`` extension of the request: there httpcore tells of its connections.
    """

    def __init__(self, seconds: float) -> None:
        self.rung = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def __enter__(self) -> Alarm:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None

    def hear(self, event: str, info: dict[str, Any]) -> None:
        """Remember the connection when it is made, and again when it is made secret."""
        if not event.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        with self._lock:
            self._socket = info["return_value"].get_extra_info("socket")
            if self.rung:
                self._shut()

    def _ring(self) -> None:
        with self._lock:
            self.rung = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # the plain socket's method: that of a TLS socket would change what another thread reads
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

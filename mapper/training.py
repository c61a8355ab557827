"""Training a mapper from beginning to end: frame, reasoner, composer, head, calibration, measures, files.

One folder holds everything: the mapper itself when it is done, and under ``training/`` the log, the curves
and, until it is done, the checkpoint from which the same call goes on.
"""

from __future__ import annotations

import os
import pathlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from chiaroscore import ControlError, InputError, MissingPartError, check_writable
from mapper.calibration import calibrate
from mapper.card import card
from mapper.checkpoint import under
from mapper.config import TrainConfig
from mapper.curves import write_curves, write_log, write_tensorboard
from mapper.files import Stored, load, save
from mapper.framing import frame
from mapper.lessons import FEWEST, Lessons, split
from mapper.loop import Tick, fit
from mapper.measures import measured
from mapper.model import Networks
from mapper.stages import ComposerStage, HeadStage, ReasonerStage, Stage
from mapper.traits import Vocabulary
from mapper.work import Work

Progress = Callable[[Tick], None]

STAGES: tuple[type[Stage], ...] = (ReasonerStage, ComposerStage, HeadStage)


def train(
    data: Lessons,
    folder: str | os.PathLike[str],
    config: TrainConfig | None = None,
    *,
    embedder: str = "sentence-transformers/all-MiniLM-L6-v2",
    about: Mapping[str, Any] | None = None,
    curves: bool = True,
    progress: Progress | None = None,
) -> Stored:
    """Train a mapper and write it; goes on where an interrupted call with the same data and settings stopped.

    On one CPU with the same number of threads the same data, settings and seed give the same weights,
    interrupted or not.

    Parameters
    ----------
    data
        Examples of one encoder; a part of them by kin is kept for validation and test.
    folder
        Where the mapper goes.
    embedder
        Id of the embedder of E_r and E_m.
    about
        More for the card's data section: ``"licence"``, ``"licence_note"``.
    curves
        Whether to draw the curves, where matplotlib is installed.
    progress
        Called after every check.

    Returns
    -------
    Stored
        The mapper as it lies in the folder.

    Raises
    ------
    InputError
        If the data are too few to be split, or the folder cannot be written.
    ControlError
        If the folder holds the beginning of another training.
    MissingPartError
        If accelerate is not installed.
    """
    config = config or TrainConfig()
    check_writable(folder)
    accelerator = _accelerator(config)
    parts = _parts(data, config)
    work = Work(pathlib.Path(folder) / "training", config, data.digest)
    with torch.random.fork_rng():
        networks = _networks(parts["train"], config, embedder).to(accelerator.device)
        _train(networks, parts, config, accelerator, work, progress)
        calibrate(networks, parts["validation"])
        told = _about(data, parts, networks, config, work, about or {})
    return _write(pathlib.Path(folder), networks, told, work, accelerator, curves)


def _train(
    networks: Networks,
    parts: Mapping[str, Lessons],
    config: TrainConfig,
    accelerator: Any,
    work: Work,
    progress: Progress | None,
) -> None:
    """Train the stages that are not done."""
    for make in STAGES:
        stage = make(networks, parts["train"], parts["validation"], config)
        if stage.name in work.ended:
            stage.module.load_state_dict(under(stage.name, work.done))
            continue
        keep = work.write if accelerator.is_main_process else None
        rows = fit(stage, config, accelerator, begun=work.begun(stage.name), keep=keep, progress=progress)
        work.end(stage.name, rows, dict(stage.module.named_parameters()), keep is not None)
    networks.eval()


def _write(
    folder: pathlib.Path,
    networks: Networks,
    told: dict[str, Any],
    work: Work,
    accelerator: Any,
    curves: bool,
) -> Stored:
    """Write mapper, card, log and curves, on the first process; then the checkpoint is of no use."""
    tensors = {name: one.detach().cpu().numpy() for name, one in networks.state_dict().items()}
    if accelerator.is_main_process:
        save(folder, networks.config, tensors, told, card(networks.config, told))
        write_log(work.folder / "log.csv", work.rows)
        write_tensorboard(work.folder / "tensorboard", work.rows)
        if curves:
            write_curves(work.folder / "curves.png", work.rows)
        work.path.unlink(missing_ok=True)
    accelerator.wait_for_everyone()
    return load(folder)


def _networks(train: Lessons, config: TrainConfig, embedder: str) -> Networks:
    """Return networks as they begin, with the frame that the training part gives them."""
    known = Vocabulary.of(train.traits)
    shape = config.model(
        encoder=train.encoder, embedder=embedder, seen=train.seen.shape[1], why=train.why.shape[1],
        heard=train.heard.shape[1], questions=known.questions, families=known.families,
    )  # fmt: skip
    torch.manual_seed(config.seed)
    networks = Networks(shape, config.dropout)
    with torch.no_grad():
        for name, values in frame(train, shape, config.whitening).items():
            getattr(networks.frame, name).copy_(torch.from_numpy(np.array(values)))
    return networks


def _parts(data: Lessons, config: TrainConfig) -> dict[str, Lessons]:
    """Return the examples of each part; an empty test part is left out."""
    places = split(data.kin, config.validation, config.test, config.split_seed)
    for name in ("train", "validation"):
        if len(places[name]) < FEWEST:
            raise InputError(
                f"the {name} part has {len(places[name])} of {len(data)} examples "
                f"({len(set(data.kin))} kins); make more data, of more pictures or scenes"
            )
    return {name: data.take(one) for name, one in places.items() if len(one)}


def _about(
    data: Lessons,
    parts: Mapping[str, Lessons],
    networks: Networks,
    config: TrainConfig,
    work: Work,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what is stored beside the weights, and told in the card."""
    known = {
        "teachers": list(data.teachers), "digest": data.digest,
        "kinds": dict(sorted(Counter(data.kinds).items())),
        "parts": {name: len(parts[name]) for name in ("train", "validation", "test") if name in parts},
    }  # fmt: skip
    return {
        "data": known | dict(more),
        "training": config.as_dict(),
        "ended": work.ended,
        "metrics": {
            name: measured(networks, parts[name]) for name in ("validation", "test") if name in parts
        },
        "seconds": round(work.seconds, 1),
        "torch": torch.__version__,
    }


def _accelerator(config: TrainConfig) -> Any:
    """Return accelerate's for these settings; one of an earlier training in this process is forgotten."""
    try:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState
    except ImportError as error:
        raise MissingPartError(
            "training a mapper needs accelerate; install it with: pip install 'chiaroscore[distil]'"
        ) from error
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        AcceleratorState._reset_state(True)
    accelerator = Accelerator(
        cpu=config.device == "cpu",
        mixed_precision=config.precision,
        gradient_accumulation_steps=config.accumulation,
    )
    if config.batch % (config.accumulation * accelerator.num_processes):
        raise ControlError(
            f"TrainConfig.batch = {config.batch} cannot be split evenly over "
            f"{accelerator.num_processes} processes and {config.accumulation} parts; choose a batch that can"
        )
    return accelerator

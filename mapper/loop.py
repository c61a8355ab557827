"""The training loop of one stage: steps on accelerate, an average of the weights, checks, checkpoints.

Every step draws from a seed made of the training's seed, the stage and the step (`chance`), and examples come
in permutations that are drawn the same way. So a training that was interrupted goes on as if it had not been,
and the caller's own random state is left alone.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mapper.checkpoint import named, optimizer_tensors, restore_optimizer, under
from mapper.config import TrainConfig
from mapper.lessons import Lessons, Places
from mapper.stages import Batch, Stage

Tensors = dict[str, Tensor]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a training is; given after every check."""

    stage: str
    step: int  # of this stage, from 1
    steps: int
    scores: dict[str, float]  # "train" and what the stage measures
    rate: float  # steps a second, since this process began the stage
    left: float  # seconds that the stage will still take, if it goes to its end


#: Who writes a checkpoint: given tensors and a state.
Keeper = Callable[[Tensors, dict[str, Any]], None]


def fit(
    stage: Stage,
    config: TrainConfig,
    accelerator: Any,
    *,
    begun: tuple[Tensors, dict[str, Any]] | None = None,
    keep: Keeper | None = None,
    progress: Callable[[Tick], None] | None = None,
) -> list[Row]:
    """Train a stage; leaves the best average of its weights in it, and returns the rows of the log.

    Parameters
    ----------
    accelerator
        accelerate's; the module stays on its device.
    begun
        Tensors and state of a checkpoint of this stage.
    keep
        Called with tensors and state every ``config.checkpoint_every`` steps, on the first process.
    """
    run = _Run(stage, config, accelerator)
    if begun is not None:
        run.restore(*begun)
    started, first = time.monotonic(), run.step
    while run.step < stage.steps and run.stale < config.patience:
        run.advance()
        if run.step % config.check_every == 0 or run.step == stage.steps:
            scores = run.check()
            if progress is not None and accelerator.is_main_process:
                pace = (run.step - first) / max(time.monotonic() - started, 1e-9)
                progress(
                    Tick(stage.name, run.step, stage.steps, scores, pace, (stage.steps - run.step) / pace)
                )
        if keep is not None and run.step % config.checkpoint_every == 0 and accelerator.is_main_process:
            keep(run.tensors(), run.state())
    run.finish()
    return run.rows


class _Run:
    """What changes while a stage is trained."""

    def __init__(self, stage: Stage, config: TrainConfig, accelerator: Any) -> None:
        self.stage, self.config, self.accelerator = stage, config, accelerator
        optimizer = torch.optim.AdamW(_groups(stage.module, config.weight_decay), lr=stage.rate)
        self.module, self.optimizer = accelerator.prepare(stage.module, optimizer)
        self.average = {name: one.detach().clone() for name, one in stage.module.named_parameters()}
        self.best = {name: one.clone() for name, one in self.average.items()}
        self.step, self.stale, self.least, self.best_step = 0, 0, math.inf, 0
        self.rows: list[Row] = []
        self.sums: list[float] = []  # losses since the last check
        self.orders: dict[int, Places] = {}
        self.pool = _pool(stage.train, config.pictures)

    def advance(self) -> None:
        """Make one step."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.stage.rate * _pace(self.step, self.stage.steps, self.config.warm_up)
        self.module.train()
        self.sums.append(self._gradients())
        self.accelerator.clip_grad_norm_(self.module.parameters(), self.config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self._follow()

    def _gradients(self) -> float:
        """Let every part of the batch add its gradient; returns the mean loss."""
        drawn = chance(self.config.seed, self.stage.name, "batch", self.step)
        batch = self.stage.batch(self._rows(), drawn)
        total = 0.0
        for part, rows in enumerate(_parts(batch, self.config, self.accelerator)):
            _seed_dropout(self.config.seed, self.stage.name, self.step, part, self.accelerator.process_index)
            with self.accelerator.accumulate(self.module):
                loss = self.stage.loss(self.module, rows)
                self.accelerator.backward(loss)
            total += float(loss.detach()) / self.config.accumulation
        return total

    def _rows(self) -> Places:
        """Return the examples of this step: the next ones of an endless row of permutations."""
        count, size = len(self.pool), self.config.batch
        flat = np.arange(self.step * size, (self.step + 1) * size)
        needed = range(int(flat[0]) // count, int(flat[-1]) // count + 1)
        for at in needed:
            if at not in self.orders:
                self.orders[at] = chance(self.config.seed, self.stage.name, "order", at).permutation(count)
        self.orders = {at: self.orders[at] for at in needed}
        drawn = np.array([self.orders[one // count][one % count] for one in flat.tolist()], dtype=np.int64)
        return self.pool[drawn]

    def _follow(self) -> None:
        """Move the average towards the weights, quickly at first."""
        weight = 1 - min(self.config.decay, (1 + self.step) / (10 + self.step))
        now = dict(self.stage.module.named_parameters())
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.values()), [now[name] for name in self.average], weight)

    def check(self) -> dict[str, float]:
        """Judge the average, and keep it if it is the best so far; returns the scores."""
        with self._averaged(), torch.no_grad():
            judged = self.stage.judge()
        scores = {"train": sum(self.sums) / len(self.sums), **judged}
        self.sums = []
        self.rows.append({"stage": self.stage.name, "step": self.step, **scores})
        first = next(iter(judged.values()))
        if first < self.least:
            self.least, self.best_step, self.stale = first, self.step, 0
            self.best = {name: one.clone() for name, one in self.average.items()}
        else:
            self.stale += 1
        return scores

    @contextlib.contextmanager
    def _averaged(self) -> Iterator[None]:
        """Have the average in the module, which is not in training meanwhile."""
        held = {name: one.detach().clone() for name, one in self.stage.module.named_parameters()}
        _put(self.stage.module, self.average)
        self.stage.networks.eval()
        try:
            yield
        finally:
            _put(self.stage.module, held)

    def finish(self) -> None:
        """Leave the best average in the module, as it was before accelerate had it."""
        self.stage.module = self.accelerator.unwrap_model(self.module, keep_fp32_wrapper=False)
        _put(self.stage.module, self.best if math.isfinite(self.least) else self.average)
        self.stage.networks.eval()

    def tensors(self) -> Tensors:
        """Return all that is needed to go on, but `state`."""
        weights = {name: one.detach() for name, one in self.stage.module.named_parameters()}
        kept = named("weights", weights) | named("average", self.average) | named("best", self.best)
        return kept | named("optimizer", optimizer_tensors(self.optimizer.optimizer))

    def state(self) -> dict[str, Any]:
        """Return where the training is."""
        least = self.least if math.isfinite(self.least) else None
        return {
            "stage": self.stage.name, "step": self.step, "stale": self.stale, "least": least,
            "best_step": self.best_step, "rows": self.rows, "sums": self.sums,
        }  # fmt: skip

    def restore(self, tensors: Tensors, state: dict[str, Any]) -> None:
        """Put back what `tensors` and `state` gave."""
        device = next(self.stage.module.parameters()).device
        _put(self.stage.module, under("weights", tensors))
        self.average = {name: one.to(device) for name, one in under("average", tensors).items()}
        self.best = {name: one.to(device) for name, one in under("best", tensors).items()}
        restore_optimizer(self.optimizer.optimizer, under("optimizer", tensors))
        self.step, self.stale, self.best_step = state["step"], state["stale"], state["best_step"]
        self.least = math.inf if state["least"] is None else state["least"]
        self.rows, self.sums = list(state["rows"]), list(state["sums"])


def chance(*key: int | str) -> np.random.Generator:
    """Return the generator of a key of numbers and names: the same in every process."""
    entropy = [int.from_bytes(str(one).encode(), "big") if isinstance(one, str) else one for one in key]
    return np.random.default_rng(entropy)


def _seed_dropout(*key: int | str) -> None:
    torch.manual_seed(int(chance("dropout", *key).integers(2**63)))


def _pool(train: Lessons, pictures: int) -> Places:
    """Return the places of the examples, those of pictures several times: a mapper is shown pictures."""
    every = np.arange(len(train))
    shown = np.array([kind == "picture" for kind in train.kinds], dtype=np.bool_)
    return np.concatenate([every, np.repeat(every[shown], pictures - 1)]) if shown.any() else every


def _parts(batch: Batch, config: TrainConfig, accelerator: Any) -> Iterator[Batch]:
    """Return this process's share of a batch in equal parts."""
    count = config.batch // config.accumulation // accelerator.num_processes
    own = {name: one[accelerator.process_index :: accelerator.num_processes] for name, one in batch.items()}
    for at in range(config.accumulation):
        yield {name: one[at * count : (at + 1) * count].to(accelerator.device) for name, one in own.items()}


def _pace(step: int, steps: int, warm_up: int) -> float:
    """Return the share of the full rate: a linear rise, then half a cosine down to a fiftieth."""
    rise = min(1.0, (step + 1) / (warm_up + 1))
    return rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _groups(module: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return the parameters in two groups: matrices are pulled towards zero, the others not."""
    trained = [one for one in module.parameters() if one.requires_grad]
    return [
        {"params": [one for one in trained if one.ndim > 1], "weight_decay": decay},
        {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
    ]


def _put(module: torch.nn.Module, values: Tensors) -> None:
    with torch.no_grad():
        for name, one in module.named_parameters():
            one.copy_(values[name])

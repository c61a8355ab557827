"""The three things that are trained, each with its own loss: the reasoner, the composer, the head.

A stage prepares a batch from drawn numbers (`batch`), says how wrong its module is (`loss`), and judges it on
the validation part (`judge`). All numbers are drawn in numpy for the whole batch, so training sees the same
on every kind of device and however a batch is cut up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mapper.config import TrainConfig
from mapper.lessons import Lessons, Places
from mapper.model import Networks, split_scores
from mapper.schedule import cosine
from mapper.traits import Vocabulary, answers

Batch = dict[str, Tensor]

#: Most validation examples that are looked at in one check.
MOST_JUDGED = 1024


class Stage(ABC):
    """One module in training."""

    name: str
    module: nn.Module
    steps: int
    rate: float

    def __init__(self, networks: Networks, train: Lessons, validation: Lessons, config: TrainConfig) -> None:
        self.networks, self.train, self.validation, self.config = networks, train, validation, config

    @abstractmethod
    def batch(self, rows: Places, chance: np.random.Generator) -> Batch:
        """Return what the loss needs of the training examples ``rows``, with one row for each."""

    @abstractmethod
    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss of a batch; ``module`` is the stage's own, perhaps wrapped."""

    @abstractmethod
    def judge(self) -> dict[str, float]:
        """Return measures on the validation part; the first decides, and less is better."""


class ReasonerStage(Stage):
    """E_v -> E_r: squared error, and the angle that the error is about."""

    name = "reasoner"

    def __init__(self, networks: Networks, train: Lessons, validation: Lessons, config: TrainConfig) -> None:
        super().__init__(networks, train, validation, config)
        self.module, self.steps, self.rate = networks.reasoner, config.reasoner_steps, config.reasoner_rate
        self.seen, self.why = _standard(networks, train), torch.from_numpy(train.why)

    def batch(self, rows: Places, chance: np.random.Generator) -> Batch:
        """Return E_v, standardised, and E_r."""
        return {"seen": self.seen[rows], "why": self.why[rows]}

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Return squared error summed over the vector, plus one minus the cosine."""
        told: Tensor = module(batch["seen"])
        error = (told - batch["why"]).square().sum(dim=-1)
        angle = 1 - functional.cosine_similarity(told, batch["why"], dim=-1)
        total: Tensor = (error + angle).mean()
        return total

    def judge(self) -> dict[str, float]:
        """Return one minus the mean cosine, and the cosine."""
        some = _some(self.validation)
        told = self.networks.reason(_on(self.networks, some.seen)).cpu()
        cosine_of = float((told * torch.from_numpy(some.why)).sum(dim=-1).mean())
        return {"distance": 1 - cosine_of, "cosine": cosine_of}


class ComposerStage(Stage):
    """[E_v, E_r] -> E_m by denoising (or, in the ablation, E_r -> E_m by squared error)."""

    name = "composer"

    def __init__(self, networks: Networks, train: Lessons, validation: Lessons, config: TrainConfig) -> None:
        super().__init__(networks, train, validation, config)
        self.module, self.steps, self.rate = networks.composer, config.composer_steps, config.composer_rate
        self.seen, self.why = _standard(networks, train), torch.from_numpy(train.why)
        self.own = reasons(networks, train)
        self.latent = networks.frame.latent(_on(networks, train.heard)).cpu()
        self.direct = networks.config.variant == "mlp_mlp"
        self.shares = [
            torch.tensor(one, dtype=torch.float32) for one in cosine(networks.config.diffusion_steps)
        ]

    def batch(self, rows: Places, chance: np.random.Generator) -> Batch:
        """Return what the composer is given, with the reasoner's own E_r for some, and what it shall tell."""
        own = _column(chance.random(len(rows)) < self.config.predicted)
        given = _column(chance.random(len(rows)) >= self.config.unconditional)
        at = torch.from_numpy(chance.integers(0, self.networks.config.diffusion_steps, len(rows)))
        noise = torch.from_numpy(chance.standard_normal((len(rows), self.latent.shape[1]), dtype=np.float32))
        why = torch.where(own, self.own[rows], self.why[rows])
        return self._noisy(self.latent[rows], at, noise) | {
            "seen": self.seen[rows],
            "why": why,
            "given": given,
        }

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Return the mean squared error of what is told."""
        if self.direct:
            error: Tensor = (module(batch["why"]) - batch["latent"]) * self.networks.frame.latent_scale
            return error.square().sum(dim=-1).mean()
        told: Tensor = module(batch["x"], batch["at"], batch["seen"], batch["why"], batch["given"])
        return functional.mse_loss(told, batch["target"])

    def judge(self) -> dict[str, float]:
        """Return the loss with the reasoner's E_r and the same noise always, and the cosine of samples."""
        some, chance = _some(self.validation), np.random.default_rng(0)
        networks, count = self.networks, len(_some(self.validation))
        steps = networks.config.diffusion_steps
        seen, own = _on(networks, some.seen), reasons(networks, some)
        latent = networks.frame.latent(_on(networks, some.heard)).cpu()
        noise = torch.from_numpy(chance.standard_normal(latent.shape, dtype=np.float32))
        at = torch.from_numpy(np.arange(count) * steps // count)[torch.from_numpy(chance.permutation(count))]
        batch = self._noisy(latent, at, noise) | {
            "seen": networks.frame.seen(seen).cpu(), "why": own,
            "given": torch.ones(count, 1, dtype=torch.bool),
        }  # fmt: skip
        loss = float(self.loss(self.module, {name: _to(networks, one) for name, one in batch.items()}))
        found = networks.compose(seen, _to(networks, own), _to(networks, noise)[:, None], 10)[:, 0].cpu()
        return {"loss": loss, "cosine": float((found * torch.from_numpy(some.heard)).sum(dim=-1).mean())}

    def _noisy(self, latent: Tensor, at: Tensor, noise: Tensor) -> Batch:
        signal, share = (table[at][:, None] for table in self.shares)
        target = noise if self.networks.config.predicts == "noise" else signal * noise - share * latent
        return {"x": signal * latent + share * noise, "at": at, "target": target, "latent": latent}


class HeadStage(Stage):
    """E_m -> what the plan is like: cross entropies, and squared error of the log tempo."""

    name = "head"

    def __init__(self, networks: Networks, train: Lessons, validation: Lessons, config: TrainConfig) -> None:
        super().__init__(networks, train, validation, config)
        self.module, self.steps, self.rate = networks.head, config.head_steps, config.head_rate
        self.heard = torch.from_numpy(train.heard)
        self.answers = told_answers(networks, train)

    def batch(self, rows: Places, chance: np.random.Generator) -> Batch:
        """Return E_m with a little noise, and the answers of its plan."""
        size = (len(rows), self.heard.shape[1])
        noise = torch.from_numpy(chance.standard_normal(size, dtype=np.float32)) * size[1] ** -0.5
        heard = functional.normalize(self.heard[rows] + self.config.jitter * noise, dim=-1)
        return {"heard": heard} | {name: values[rows] for name, values in self.answers.items()}

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Return the sum over the questions, the families and the tempo."""
        config = self.networks.config
        told = split_scores(config, module(batch["heard"] * config.heard**0.5))
        total = (told["log_tempo"] - batch["log_tempo"]).square().mean()
        for name, known in config.questions:
            if known:
                known_rows = (batch[name] >= 0).float()
                each = functional.cross_entropy(told[name], batch[name].clamp(min=0).long(), reduction="none")
                total = total + (each * known_rows).mean()
        if config.families:
            each = functional.binary_cross_entropy_with_logits(told["families"], batch["families"])
            total = total + each * len(config.families)
        return total

    def judge(self) -> dict[str, float]:
        """Return the loss on the teacher's own E_m."""
        some = _some(self.validation)
        batch = {"heard": torch.from_numpy(some.heard)} | told_answers(self.networks, some)
        return {"loss": float(self.loss(self.module, {k: _to(self.networks, v) for k, v in batch.items()}))}


def reasons(networks: Networks, examples: Lessons) -> Tensor:
    """Return the reasoner's E_r of examples, on the CPU."""
    with torch.no_grad():
        was = networks.training
        told = networks.eval().reason(_on(networks, examples.seen)).cpu()
        networks.train(was)
    return told


def told_answers(networks: Networks, examples: Lessons) -> Batch:
    """Return the answers of examples as tensors, the log tempo standardised by the frame."""
    config = networks.config
    table = answers(examples.traits, Vocabulary(config.questions, config.families))
    found = {name: torch.from_numpy(values) for name, values in table.items()}
    mean, deviation = (float(one) for one in networks.frame.tempo[:2])
    return found | {"log_tempo": (found["log_tempo"] - mean) / deviation}


def _standard(networks: Networks, examples: Lessons) -> Tensor:
    return networks.frame.seen(_on(networks, examples.seen)).cpu()


def _some(examples: Lessons) -> Lessons:
    """Return examples spread over all, no more than are judged at once."""
    places = np.unique(np.linspace(0, len(examples) - 1, min(len(examples), MOST_JUDGED)).astype(np.int64))
    return examples.take(places)


def _column(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(values)[:, None]


def _to(networks: Networks, tensor: Tensor) -> Tensor:
    return tensor.to(networks.frame.seen_mean.device)


def _on(networks: Networks, array: NDArray[np.float32]) -> Tensor:
    return _to(networks, torch.from_numpy(array))

"""The settings of a mapper: its shape (`ModelConfig`) and how it is trained (`TrainConfig`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chiaroscore import ControlError
from mapper.settings import Settings, one_of, real, whole, words

#: The chain, and what the paper takes away from it (table 4 of CoT-VTM).
VARIANTS = ("full", "no_latent", "mlp_mlp")


@dataclass(frozen=True)
class ModelConfig(Settings):
    """Everything that names and shapes of the tensors follow from."""

    encoder: str = words()  # id of the encoder of E_v: vectors of another are never accepted
    embedder: str = words()  # id of the sentence embedder of E_r and E_m
    seen: int = whole(None, 1, 16_384)  # length of E_v
    why: int = whole(384, 1, 16_384)  # length of E_r
    heard: int = whole(384, 1, 16_384)  # length of E_m
    latent: int = whole(96, 1, 16_384)  # principal directions of E_m in which the diffusion works
    variant: str = one_of("full", *VARIANTS)
    predicts: str = one_of("velocity", "noise", "velocity")  # what the denoiser is asked for
    diffusion_steps: int = whole(1000, 10, 100_000)
    reasoner_width: int = whole(384, 4, 8192)
    reasoner_blocks: int = whole(2, 0, 32)
    composer_width: int = whole(256, 4, 8192)
    composer_blocks: int = whole(4, 1, 64)
    time_features: int = whole(64, 4, 1024)  # even
    head_width: int = whole(128, 4, 8192)
    questions: tuple[
        tuple[str, tuple[str, ...]], ...
    ] = ()  # what the head tells of a plan: (question, answers)
    families: tuple[str, ...] = ()  # instrument families, each played by somebody or not

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent > self.heard:
            raise ControlError(
                f"ModelConfig.latent = {self.latent} is more than E_m has ({self.heard}); give no more"
            )
        if self.time_features % 2:
            raise ControlError(
                f"ModelConfig.time_features = {self.time_features} is odd; give an even number"
            )
        _check_names("questions", [name for name, _ in _pairs(self.questions)])
        _check_names("families", list(self.families))


@dataclass(frozen=True)
class TrainConfig(Settings):
    """How a mapper is trained. Lengths are in optimiser steps, so that time does not depend on the data."""

    seed: int = whole(0, 0, 2**32 - 1)
    variant: str = one_of("full", *VARIANTS)
    predicts: str = one_of("velocity", "noise", "velocity")
    batch: int = whole(128, 1, 1_000_000)  # examples in one step, on all devices and parts together
    pictures: int = whole(3, 1, 64)  # times that an example of a picture counts beside one of a text
    accumulation: int = whole(1, 1, 1024)  # parts in which a batch goes through a device
    precision: str = one_of("no", "no", "bf16")
    device: str = one_of("cpu", "cpu", "auto")  # auto: the GPUs that accelerate finds
    # sizes
    latent: int = whole(96, 1, 16_384)
    reasoner_width: int = whole(384, 4, 8192)
    reasoner_blocks: int = whole(2, 0, 32)
    composer_width: int = whole(256, 4, 8192)
    composer_blocks: int = whole(4, 1, 64)
    head_width: int = whole(128, 4, 8192)
    # lengths and rates
    reasoner_steps: int = whole(1500, 1, 10_000_000)
    composer_steps: int = whole(4000, 1, 10_000_000)
    head_steps: int = whole(800, 1, 10_000_000)
    reasoner_rate: float = real(5e-4, 1e-8, 1.0)
    composer_rate: float = real(5e-4, 1e-8, 1.0)
    head_rate: float = real(1e-3, 1e-8, 1.0)
    warm_up: int = whole(100, 0, 1_000_000)  # steps in which the rate rises from zero
    weight_decay: float = real(0.01, 0.0, 10.0)
    clip: float = real(1.0, 1e-6, 1e6)  # longest gradient
    dropout: float = real(0.2, 0.0, 0.9)  # of the reasoner, and of what the composer is given
    unconditional: float = real(0.1, 0.0, 0.9)  # share of examples without condition, for guidance
    predicted: float = real(0.5, 0.0, 1.0)  # share conditioned on the reasoner's E_r, not the teacher's
    jitter: float = real(0.3, 0.0, 10.0)  # length of the noise on the E_m that the head learns to read
    whitening: float = real(0.5, 0.0, 1.0)  # 1: all directions of E_m count alike; 0: as much as they vary
    decay: float = real(0.999, 0.0, 0.999999)  # of the running average of the weights, which is what is kept
    # watching
    check_every: int = whole(100, 1, 1_000_000)
    patience: int = whole(10, 1, 1_000_000)  # checks without a better one before a stage ends
    checkpoint_every: int = whole(500, 1, 1_000_000)
    # split, by kin
    validation: float = real(0.1, 0.01, 0.49)
    test: float = real(0.1, 0.0, 0.49)
    split_seed: int = whole(
        0, 0, 2**32 - 1
    )  # apart from ``seed``, so that mappers can be compared on one test set
    note: str = words("", 400)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch % self.accumulation:
            raise ControlError(
                f"TrainConfig.batch = {self.batch} cannot be split into accumulation = "
                f"{self.accumulation} equal parts; choose a batch that can"
            )

    def model(
        self,
        *,
        encoder: str,
        embedder: str,
        seen: int,
        why: int,
        heard: int,
        questions: Any = (),
        families: tuple[str, ...] = (),
    ) -> ModelConfig:
        """Return the shape of the model that this training makes from vectors of the given lengths."""
        return ModelConfig(
            encoder=encoder, embedder=embedder, seen=seen, why=why, heard=heard, questions=questions,
            families=families, latent=min(self.latent, heard), variant=self.variant, predicts=self.predicts,
            reasoner_width=self.reasoner_width, reasoner_blocks=self.reasoner_blocks,
            composer_width=self.composer_width, composer_blocks=self.composer_blocks,
            head_width=self.head_width,
        )  # fmt: skip


def _pairs(questions: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return questions with their answers; refuses anything else."""
    try:
        pairs = [(name, tuple(answers)) for name, answers in questions]
    except (TypeError, ValueError) as error:
        raise ControlError(
            f"ModelConfig.questions = {str(questions)[:60]!r}: give (name, answers) pairs"
        ) from error
    for name, answers in pairs:
        _check_names(f"questions: {str(name)[:40]}", list(answers))
    return pairs


def _check_names(what: str, names: list[Any]) -> None:
    if len(names) > 1000 or len(set(map(str, names))) < len(names):
        raise ControlError(f"ModelConfig.{what} has {len(names)} names; give at most 1000, each once")
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= 60:
            raise ControlError(f"ModelConfig.{what} has {str(name)[:40]!r}; give texts of 1 to 60 characters")

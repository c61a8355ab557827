"""The mapper's networks in torch: E_v -> reasoner -> E_r -> composer -> E_m -> head, with their frame.

Conventions
-----------
E_v comes as the encoder gives it, and is standardised here; E_r and E_m go in and out with unit length. The
composer works on latents: coordinates of E_m along principal directions, scaled (`mapper.shapes` has the
formula). ``n`` is the number of pictures, ``k`` of samples for each.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mapper.config import ModelConfig
from mapper.layers import Denoiser, Perceptron
from mapper.sampling import GUIDANCE, VISITS, Sampler, sample
from mapper.schedule import cosine, visited
from mapper.shapes import scores


class Frame(nn.Module):
    """Constants that the data gave: how vectors are standardised, and how scores are calibrated."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        ones, zeros = torch.ones, torch.zeros
        self.seen_mean, self.seen_scale = self._kept(zeros(config.seen)), self._kept(ones(config.seen))
        self.heard_mean = self._kept(zeros(config.heard))
        self.basis = self._kept(torch.eye(config.latent, config.heard))
        self.latent_scale = self._kept(ones(config.latent))
        self.latent_limit = self._kept(torch.full((config.latent,), 4.0))
        self.tempo = self._kept(torch.tensor([0.0, 1.0, 1.0]))
        self.temperature = self._kept(ones(len(config.questions) + 1))

    @staticmethod
    def _kept(values: Tensor) -> nn.Parameter:
        return nn.Parameter(values, requires_grad=False)

    def seen(self, seen: Tensor) -> Tensor:
        """Return standardised E_v, shape ``(n, seen)``; nothing stands out by more than eight deviations."""
        return ((seen - self.seen_mean) * self.seen_scale).clamp(-8, 8)

    def latent(self, heard: Tensor) -> Tensor:
        """Return the latents, shape ``(n, latent)``, of E_m."""
        return (heard - self.heard_mean) @ self.basis.T / self.latent_scale

    def heard(self, latent: Tensor) -> Tensor:
        """Return E_m with unit length, shape ``(n, heard)``, of latents."""
        return functional.normalize(self.heard_mean + (latent * self.latent_scale) @ self.basis, dim=-1)


class Networks(nn.Module):
    """All of a mapper; the stages are trained one after the other (`mapper.stages`)."""

    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.frame = Frame(config)
        width, blocks = config.reasoner_width, config.reasoner_blocks
        self.reasoner = Perceptron(config.seen, width, blocks, config.why, dropout)
        self.composer: Perceptron | Denoiser
        if config.variant == "mlp_mlp":
            self.composer = Perceptron(config.why, width, blocks, config.latent, dropout)
        else:
            self.composer = Denoiser(
                config.latent, config.seen, config.why if config.variant == "full" else 0,
                config.composer_width, config.composer_blocks, config.time_features, config.diffusion_steps,
                dropout,
            )  # fmt: skip
        self.head = Perceptron(config.heard, config.head_width, 0, scores(config), dropout)

    def reason(self, seen: Tensor) -> Tensor:
        """Return E_r, shape ``(n, why)``, for E_v, shape ``(n, seen)``."""
        return functional.normalize(self.reasoner(self.frame.seen(seen)), dim=-1)

    def compose(
        self,
        seen: Tensor,
        why: Tensor,
        noise: Tensor,
        visits: int = VISITS,
        guidance: float = GUIDANCE,
        sampler: Sampler = "dpm",
    ) -> Tensor:
        """Return E_m, shape ``(n, k, heard)``.

        Parameters
        ----------
        seen, why
            E_v and E_r, shape ``(n, ...)``.
        noise
            What the samples start from, shape ``(n, k, latent)``. Without diffusion all samples are alike.
        visits
            Steps of the sampler.
        guidance
            1 takes the condition as it is, more follows it more closely (Ho & Salimans 2022), 0 ignores it.
        """
        rows, samples, latent = noise.shape
        if isinstance(self.composer, Perceptron):
            found = self.composer(why)[:, None].expand(rows, samples, latent)
        else:
            condition = self.composer.condition(self.frame.seen(seen), why).repeat_interleave(samples, dim=0)
            found = self._sampled(condition, noise.reshape(rows * samples, latent), visits, guidance, sampler)
        return self.frame.heard(found.reshape(rows, samples, latent))

    def _sampled(
        self, condition: Tensor, start: Tensor, visits: int, guidance: float, sampler: Sampler
    ) -> Tensor:
        denoiser = self.composer
        assert isinstance(denoiser, Denoiser)  # noqa: S101
        path = visited(self.config.diffusion_steps, visits)
        by_time = dict(zip(path, denoiser.by_time(torch.tensor(path, device=start.device)), strict=True))
        with_it = denoiser.by_condition(condition)
        without = denoiser.by_condition(denoiser.nothing[None]).expand_as(with_it)
        both = with_it if guidance == 1 else torch.cat([with_it, without])

        def clean(x: Tensor, t: int) -> Tensor:
            if guidance == 1:
                return self.clean(x, t, denoiser.denoise(x, both + by_time[t]))
            told, free = denoiser.denoise(x.repeat(2, 1), both + by_time[t]).chunk(2)
            return self.clean(x, t, free + guidance * (told - free))

        return sample(clean, start, self.config.diffusion_steps, visits, sampler)  # type: ignore[no-any-return]

    def clean(self, x: Tensor, t: int, told: Tensor) -> Tensor:
        """Return the latent without noise that follows from what the denoiser told at step ``t``."""
        signal, noise = (float(table[t]) for table in cosine(self.config.diffusion_steps))
        found = (x - noise * told) / signal if self.config.predicts == "noise" else signal * x - noise * told
        return found.clamp(-self.frame.latent_limit, self.frame.latent_limit)

    def tell(self, heard: Tensor) -> dict[str, Tensor]:
        """Return what the head reads in E_m, shape ``(n, heard)``.

        Returns
        -------
        dict
            By question the calibrated probabilities of its answers, shape ``(n, answers)``; ``"families"``
            the probability of each, shape ``(n, families)``; ``"log_tempo"``, shape ``(n,)``.
        """
        told = split_scores(self.config, self.head(heard * self.config.heard**0.5))
        found = {
            name: (told[name] / self.frame.temperature[at]).softmax(dim=-1)
            for at, (name, _) in enumerate(self.config.questions)
        }
        found["families"] = (told["families"] / self.frame.temperature[-1]).sigmoid()
        found["log_tempo"] = told["log_tempo"] * self.frame.tempo[1] + self.frame.tempo[0]
        return found


def split_scores(config: ModelConfig, told: Tensor) -> dict[str, Tensor]:
    """Return the head's numbers, shape ``(n, scores)``, by question, and ``families`` and ``log_tempo``."""
    sizes = [len(answers) for _, answers in config.questions]
    *asked, families, tempo = told.split([*sizes, len(config.families), 1], dim=-1)
    found = dict(zip((name for name, _ in config.questions), asked, strict=True))
    return found | {"families": families, "log_tempo": tempo[:, 0]}


def build(config: ModelConfig, tensors: Mapping[str, NDArray[np.float32]], device: str = "cpu") -> Networks:
    """Return networks with tensors that `mapper.files.load` has checked, ready to be asked."""
    networks = Networks(config)
    networks.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in tensors.items()})
    return networks.eval().requires_grad_(False).to(device)

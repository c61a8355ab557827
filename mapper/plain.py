"""The mapper's networks in numpy: what `mapper.model` computes, from the same tensors, without torch.

Conventions
-----------
Arrays are float32, a row for each picture or sample; `mapper.model` says what goes in and out. What needs
time stands in methods of its own, which another runtime may take over (`mapper.onnx`).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mapper.config import ModelConfig
from mapper.sampling import Sampler, sample
from mapper.schedule import cosine, time_features, visited

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float32]
#: Rows up to which one thread is faster than several.
_FEW = 64
#: Added to variances, as torch's layer norm does.
_EPSILON = 1e-5
#: Deviations beyond which E_v is cut.
_FAR = 8.0


class PlainNetworks:
    """All of a mapper's networks.

    Parameters
    ----------
    tensors
        By the names of `mapper.shapes`, and of these shapes.
    """

    def __init__(self, config: ModelConfig, tensors: Mapping[str, NDArray[np.floating]]) -> None:
        self.config = config
        # copies: as read, a tensor may lie at an odd address, which makes products slow
        self.tensors = {
            name: np.array(values, dtype=np.float32, order="C") for name, values in tensors.items()
        }
        self._times: dict[tuple[int, ...], dict[int, Floats]] = {}
        # numpy multiplies few rows faster by a matrix whose rows lie in order
        self._weights = {
            name: np.ascontiguousarray(values.T)
            for name, values in self.tensors.items()
            if name.endswith(".weight") and values.ndim == 2
        }

    def reason(self, seen: Floats) -> Floats:
        """Return E_r, shape ``(n, why)``, for E_v, shape ``(n, seen)``."""
        return unit(self._perceptron("reasoner", self._framed(seen), self.config.reasoner_blocks))

    def compose(
        self,
        seen: Floats,
        why: Floats,
        noise: Floats,
        visits: int = 15,
        guidance: float = 1.0,
        sampler: Sampler = "dpm",
    ) -> Floats:
        """Return E_m, shape ``(n, k, heard)``; see `mapper.model.Networks.compose`."""
        rows, samples, latent = noise.shape
        if self.config.variant == "mlp_mlp":
            found = np.repeat(self.at_once(why), samples, axis=0)
        else:
            steer = np.repeat(self.steer(seen, why), samples, axis=0)
            found = self._sampled(steer, noise.reshape(rows * samples, latent), visits, guidance, sampler)
        heard = (
            self.tensors["frame.heard_mean"]
            + (found * self.tensors["frame.latent_scale"]) @ self.tensors["frame.basis"]
        )
        return unit(heard).reshape(rows, samples, self.config.heard)

    def tell(self, heard: Floats) -> dict[str, Floats]:
        """Return what the head reads in E_m, shape ``(n, heard)``; see `mapper.model.Networks.tell`."""
        told, at = self.scores(heard), 0
        found: dict[str, Floats] = {}
        temperature = self.tensors["frame.temperature"]
        for place, (name, answers) in enumerate(self.config.questions):
            found[name] = softmax(told[:, at : at + len(answers)] / temperature[place])
            at += len(answers)
        found["families"] = _logistic(told[:, at:-1] / temperature[-1])
        mean, deviation, _ = self.tensors["frame.tempo"]
        found["log_tempo"] = told[:, -1] * deviation + mean
        return found

    def at_once(self, why: Floats) -> Floats:
        """Return the latent, shape ``(n, latent)``, of E_r: the composer of the variant ``mlp_mlp``."""
        return self._perceptron("composer", why, self.config.reasoner_blocks)

    def steer(self, seen: Floats, why: Floats) -> Floats:
        """Return the condition's part of what steers the denoiser, shape ``(n, blocks * 3 * width)``."""
        parts = [self._linear("composer.of_seen", self._framed(seen))]
        if self.config.variant == "full":
            parts.append(self._linear("composer.of_why", why))
        return self._steered(self._linear("composer.join", silu(np.concatenate(parts, axis=1))))

    def denoise(self, x: Floats, steer: Floats) -> Floats:
        """Return what the denoiser tells of latents, shape ``(n, latent)``, under what steers it."""
        x = self._linear("composer.first", x)
        for at, its in enumerate(np.split(steer, self.config.composer_blocks, axis=1)):
            scale, shift, gate = np.split(its, 3, axis=1)
            block, inner = f"composer.blocks.{at}", normed(x) * (1 + scale) + shift
            x = x + gate * self._linear(f"{block}.two", silu(self._linear(f"{block}.one", inner)))
        return self._linear("composer.last", self._normed("composer.norm", x))

    def scores(self, heard: Floats) -> Floats:
        """Return the head's scores, shape ``(n, scores)``, of E_m."""
        return self._perceptron("head", heard * np.float32(self.config.heard**0.5), 0)

    def _sampled(
        self, with_it: Floats, start: Floats, visits: int, guidance: float, sampler: Sampler
    ) -> Floats:
        path = visited(self.config.diffusion_steps, visits)
        by_time = self._by_time(tuple(path))
        count = len(start)
        if guidance != 1:
            without = self._steered(self.tensors["composer.nothing"][None])
            with_it = np.concatenate([with_it, np.repeat(without, count, axis=0)])

        def clean(x: Floats, t: int) -> Floats:
            if guidance == 1:
                return self._clean(x, t, self.denoise(x, with_it + by_time[t]))
            told = self.denoise(np.concatenate([x, x]), with_it + by_time[t])
            return self._clean(x, t, told[count:] + np.float32(guidance) * (told[:count] - told[count:]))

        found: Floats = sample(clean, start, self.config.diffusion_steps, visits, sampler)
        return found

    def _clean(self, x: Floats, t: int, told: Floats) -> Floats:
        """Return the latent without noise that follows from what the denoiser told at step ``t``."""
        signal, noise = (np.float32(table[t]) for table in cosine(self.config.diffusion_steps))
        found = (x - noise * told) / signal if self.config.predicts == "noise" else signal * x - noise * told
        limit = self.tensors["frame.latent_limit"]
        return np.asarray(np.clip(found, -limit, limit), dtype=np.float32)

    def _by_time(self, path: tuple[int, ...]) -> dict[int, Floats]:
        """Return each step's part of what steers the denoiser, shape ``(blocks * 3 * width,)``; kept."""
        if path not in self._times:
            at = time_features(
                np.array(path, dtype=np.float64), self.config.diffusion_steps, self.config.time_features
            )
            time = self._linear("composer.time_two", silu(self._linear("composer.time_one", at)))
            self._times[path] = dict(zip(path, self._linear("composer.steer", silu(time)), strict=True))
        return self._times[path]

    def _steered(self, condition: Floats) -> Floats:
        return silu(condition) @ self._weights["composer.steer.weight"]

    def _framed(self, seen: Floats) -> Floats:
        found = (seen - self.tensors["frame.seen_mean"]) * self.tensors["frame.seen_scale"]
        return np.asarray(np.clip(found, -_FAR, _FAR), dtype=np.float32)

    def _linear(self, name: str, x: Floats) -> Floats:
        return x @ self._weights[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def _normed(self, name: str, x: Floats) -> Floats:
        return normed(x) * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def _perceptron(self, name: str, x: Floats, blocks: int) -> Floats:
        x = self._linear(f"{name}.first", x)
        for at in range(blocks):
            block = f"{name}.blocks.{at}"
            inner = silu(self._linear(f"{block}.one", self._normed(f"{block}.norm", x)))
            x = x + self._linear(f"{block}.two", inner)
        return self._linear(f"{name}.last", silu(x))


@contextlib.contextmanager
def few_threads(rows: int) -> Iterator[None]:
    """Let numpy multiply with one thread where there are few rows: waiting for others takes longer then."""
    if rows > _FEW:
        yield
        return
    with _blas().limit(limits=1):
        yield


@functools.cache
def _blas() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def silu(x: Floats) -> Floats:
    """Return ``x`` times its logistic function; does not overflow."""
    half = x * np.float32(0.5)
    return np.asarray(half * np.tanh(half) + half, dtype=np.float32)


def normed(x: Floats) -> Floats:
    """Return rows with mean 0 and variance 1."""
    share = np.float32(1 / x.shape[1])
    centred = x - np.add.reduce(x, axis=1, keepdims=True) * share
    variance = np.einsum("ij,ij->i", centred, centred)[:, None] * share
    return np.asarray(centred * (1 / np.sqrt(variance + np.float32(_EPSILON))), dtype=np.float32)


def unit(rows: NDArray[np.floating[Any]]) -> Floats:
    """Return rows with length 1; a row of zeros stays."""
    return np.asarray(
        rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12), dtype=np.float32
    )


def softmax(scores: Floats) -> Floats:
    """Return rows of probabilities."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)


def _logistic(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float32)

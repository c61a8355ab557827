r"""From noise to a vector in a few steps: DDIM and DPM-Solver++(2M).

Both are deterministic once the noise is drawn; they only add and scale, so they run on numpy arrays and torch
tensors alike, and the same noise (`noise`) gives the same vector on every device up to rounding.

References
----------
.. [#song2021] Song, Meng & Ermon (2021), Denoising Diffusion Implicit Models, ICLR (equation 12, eta 0).
.. [#lu2022] Lu et al. (2022), DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic
   Models, arXiv:2211.01095 (algorithm 2, with the data prediction; the last step is of first order).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError
from mapper.schedule import cosine, visited

#: numpy array or torch tensor, shape ``(n, latent)``.
Latents = Any
#: ``(x at step t, t)`` -> what ``x`` was without noise.
Clean = Callable[[Latents, int], Latents]
Sampler = Literal["ddim", "dpm"]
SAMPLERS: tuple[Sampler, ...] = ("ddim", "dpm")
#: Steps that a sampler visits, and how closely the condition is followed, unless said otherwise: the head is
#: calibrated for these.
VISITS, GUIDANCE = 15, 1.5


def noise(seed: int, rows: int, latent: int, samples: int = 1) -> NDArray[np.float32]:
    """Return the noise that samples start from, shape ``(rows, samples, latent)``.

    Sample ``k`` of a seed is the same for every row and however many others are drawn.
    """
    drawn = [np.random.default_rng([seed, at]).standard_normal(latent) for at in range(samples)]
    return np.broadcast_to(np.array(drawn, dtype=np.float32), (rows, samples, latent)).copy()


def sample(clean: Clean, start: Latents, steps: int, visits: int, sampler: Sampler = "dpm") -> Latents:
    """Return what is left when the noise ``start`` is taken away in ``visits`` of the ``steps``.

    Raises
    ------
    ControlError
        If the sampler is unknown or the number of visits impossible.
    """
    if sampler not in SAMPLERS:
        raise ControlError(f"sampler {str(sampler)[:20]!r} is unknown; choose one of {', '.join(SAMPLERS)}")
    path = visited(steps, visits)
    return (_ddim if sampler == "ddim" else _dpm)(clean, start, steps, path)


def _ddim(clean: Clean, x: Latents, steps: int, path: list[int]) -> Latents:
    signal, noise_share = (table.tolist() for table in cosine(steps))
    for t, following in pairwise(path):
        found = clean(x, t)
        direction = (x - signal[t] * found) * (1 / noise_share[t])
        x = signal[following] * found + noise_share[following] * direction
    return clean(x, path[-1])


def _dpm(clean: Clean, x: Latents, steps: int, path: list[int]) -> Latents:
    signal, noise_share = (table.tolist() for table in cosine(steps))
    ratio = [
        math.log(a / s) for a, s in zip(signal, noise_share, strict=True)
    ]  # half the log of signal to noise
    before: tuple[Latents, float] | None = None  # the last vector found, and the step that was made with it
    for t, following in pairwise(path):
        found = clean(x, t)
        step = ratio[following] - ratio[t]
        guess = found
        if before is not None:
            guess = found + (found - before[0]) * (0.5 * step / before[1])
        x = (noise_share[following] / noise_share[t]) * x - (signal[following] * math.expm1(-step)) * guess
        before = (found, step)
    return clean(x, path[-1])

r"""How much of a vector is left under noise at each step of the diffusion, and which steps a sampler visits.

Conventions
-----------
A vector :math:`x_0` is at step ``t`` in ``0 .. T - 1`` the sum :math:`a_t x_0 + s_t \epsilon`, with
:math:`a_t^2 + s_t^2 = 1`. The velocity is :math:`v = a_t \epsilon - s_t x_0` [#salimans2022]_.

References
----------
.. [#nichol2021] Nichol & Dhariwal (2021), Improved Denoising Diffusion Probabilistic Models, ICML (cosine
   schedule, equation 17; no step takes away more than 0.999 of the variance).
.. [#salimans2022] Salimans & Ho (2022), Progressive Distillation for Fast Sampling of Diffusion Models, ICLR.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError

#: Offset of the cosine, so that the first steps are not too small [#nichol2021]_.
OFFSET = 0.008
#: Largest share of the variance that one step may take away.
LARGEST = 0.999


@functools.lru_cache(maxsize=8)
def cosine(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``(a, s)``, the shares of signal and noise after each step, both of shape ``(steps,)``."""
    at = np.arange(steps + 1) / steps
    left = np.cos((at + OFFSET) / (1 + OFFSET) * np.pi / 2) ** 2
    taken = np.minimum(1 - left[1:] / left[:-1], LARGEST)
    kept = np.cumprod(1 - taken)
    signal, noise = np.sqrt(kept), np.sqrt(1 - kept)
    for array in (signal, noise):
        array.flags.writeable = False
    return signal, noise


def visited(steps: int, visits: int) -> list[int]:
    """Return the steps that a sampler visits: evenly spaced, falling, from the last one on.

    Raises
    ------
    ControlError
        If there are fewer than 2 visits or more than steps.
    """
    if not 2 <= visits <= steps:
        raise ControlError(f"sampling in {visits} steps cannot be done; give 2 to {steps}")
    return [int(at) for at in np.round(np.linspace(steps, 0, visits + 1)[:-1]) - 1]


def time_features(at: NDArray[np.float64], steps: int, count: int) -> NDArray[np.float32]:
    """Return sines and cosines of the steps ``at``, shape ``(len(at), count)``; ``count`` is even.

    Frequencies fall geometrically from 1 to 1/10,000 per thousandth of the diffusion (Vaswani et al. 2017).
    """
    rates = 10_000.0 ** (-np.arange(count // 2) / (count // 2))
    angles = np.asarray(at, dtype=np.float64)[:, None] * (1000 / steps) * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)

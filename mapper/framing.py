"""The frame of a mapper: what its training data say about how vectors are to be standardised."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mapper.config import ModelConfig
from mapper.lessons import Lessons

Table = dict[str, NDArray[np.float32]]

#: A direction that varies less than this share of the strongest is given this share: nothing blows up.
FAINTEST = 1e-3
#: A measure of E_v that varies less than this does not count.
STILL = 1e-6
#: How far samples may go beyond the farthest training example, along each direction.
ROOM = 1.1


def frame(train: Lessons, config: ModelConfig, whitening: float) -> Table:
    """Return the frame's values by the names of `mapper.shapes`, without ``frame.``.

    Parameters
    ----------
    whitening
        1 gives every principal direction of E_m the same variance, 0 leaves them as they vary; in both cases
        the mean variance of a latent is 1.
    """
    deviation = train.seen.std(axis=0, dtype=np.float64)
    moving = deviation > STILL
    mean, basis, spread = principal(train.heard, config.latent)
    scale = spread**whitening
    scale *= np.sqrt(np.mean((spread / scale) ** 2))
    latent = (train.heard - mean) @ basis.T / scale
    tempi = np.array([one.log_tempo for one in train.traits])
    values = {
        "seen_mean": train.seen.mean(axis=0, dtype=np.float64),
        "seen_scale": np.where(moving, 1 / np.where(moving, deviation, 1), 0),
        "heard_mean": mean, "basis": basis, "latent_scale": scale,
        "latent_limit": np.maximum(np.abs(latent).max(axis=0), STILL) * ROOM,
        "tempo": np.array([tempi.mean(), max(tempi.std(), STILL), max(tempi.std(), STILL)]),
        "temperature": np.ones(len(config.questions) + 1),
    }  # fmt: skip
    return {name: np.asarray(one, dtype=np.float32) for name, one in values.items()}


def principal(
    rows: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return mean, the ``count`` strongest principal directions (rows), and the deviation along each.

    The largest entry of a direction is positive, so that the same data give the same signs.
    """
    exact = rows.astype(np.float64)
    mean = exact.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(exact - mean, rowvar=False, bias=True).reshape(rows.shape[1], -1))
    strongest = np.argsort(values)[::-1][:count]
    basis = vectors[:, strongest].T
    largest = np.abs(basis).argmax(axis=1)
    basis *= np.sign(basis[np.arange(len(basis)), largest])[:, None]
    spread = np.sqrt(np.maximum(values[strongest], 0))
    return mean, basis, np.maximum(spread, max(FAINTEST * spread[0], 1e-9))

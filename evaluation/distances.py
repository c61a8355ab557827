"""Distances between sets of pieces: Fréchet distance, overlap and divergence of kernel densities.

Conventions
-----------
A set is an array of feature vectors, one row a piece. Everything random takes a generator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

#: Points at which densities are compared.
_POINTS = 256

Rows = NDArray[np.float64]


def frechet(a: Rows, b: Rows) -> float:
    r"""Return the squared Fréchet distance between the normal distributions fitted to two sets, 0 or more.

    :math:`d^2 = |\mu_a - \mu_b|^2 + \operatorname{tr}(\Sigma_a + \Sigma_b - 2(\Sigma_a^{1/2} \Sigma_b
    \Sigma_a^{1/2})^{1/2})` (Dowson and Landau, 1982), the form of FID and FAD. Covariances are `shrunk`, as a
    set has few pieces for its many features. The value is biased upwards in small sets: compare only values
    of the same numbers of rows.

    Parameters
    ----------
    a, b : numpy.ndarray, shape (n_rows, n_features)
        Two rows or more each, standardised on one scale, without NaN.
    """
    return frechet_of_moments(a.mean(axis=0), shrunk(a), b.mean(axis=0), shrunk(b))


def frechet_of_moments(mean_a: Rows, cov_a: Rows, mean_b: Rows, cov_b: Rows) -> float:
    """Return the squared Fréchet distance of two normal distributions; see `frechet`."""
    root = _root(cov_a)
    cross = float(np.sqrt(np.maximum(linalg.eigvalsh(root @ cov_b @ root), 0.0)).sum())
    apart = float(((mean_a - mean_b) ** 2).sum())
    return max(apart + float(np.trace(cov_a) + np.trace(cov_b)) - 2.0 * cross, 0.0)


def shrunk(rows: Rows) -> Rows:
    r"""Return the covariance of a set, shrunk towards a multiple of the identity, shape (p, p).

    :math:`(1 - \rho) S + \rho \frac{\operatorname{tr} S}{p} I` with the oracle approximating weight
    :math:`\rho = \min(1, \frac{(1 - 2/p) \operatorname{tr} S^2 + \operatorname{tr}^2 S}{(n + 1 - 2/p)
    (\operatorname{tr} S^2 - \operatorname{tr}^2 S / p)})` of Chen, Wiesel, Eldar and Hero, "Shrinkage
    Algorithms for MMSE Covariance Estimation", IEEE TSP 58, 2010; S divides by n.
    """
    n, p = rows.shape
    centred = rows - rows.mean(axis=0)
    s = centred.T @ centred / n
    of_square, squared = float((s**2).sum()), float(np.trace(s)) ** 2
    below = (n + 1 - 2 / p) * (of_square - squared / p)
    rho = 1.0 if below <= 1e-300 else min(1.0, ((1 - 2 / p) * of_square + squared) / below)
    target: Rows = np.eye(p) * (np.trace(s) / p)
    found: Rows = (1 - rho) * s + rho * target
    return found


def distances_within(values: Rows) -> Rows:
    """Absolute differences between all pairs of values of one set, shape (n * (n - 1) / 2,)."""
    upper = np.triu_indices(len(values), 1)
    found: Rows = np.abs(values[:, None] - values[None, :])[upper]
    return found


def distances_between(a: Rows, b: Rows) -> Rows:
    """Absolute differences between all values of one set and all of another, shape (n_a * n_b,)."""
    return np.abs(a[:, None] - b[None, :]).ravel()


def overlap_and_divergence(intra: Rows, inter: Rows, rng: np.random.Generator) -> tuple[float, float]:
    r"""Overlap area and Kullback-Leibler divergence of two sets of distances; NaN where one has no spread.

    Both sets are smoothed by a Gaussian kernel (Scott's rule) on one grid: the overlap is
    :math:`\int \min(p, q)`, 0 to 1, the divergence :math:`\int p \log(p / q)` in nats, p of ``intra``. The
    protocol of Yang and Lerch, "On the Evaluation of Generative Models in Music", Neural Computing and
    Applications 32, 2020; their code compares the densities at points of each set, here one grid over both.
    Of more than 1,000 distances that many are drawn.
    """
    drawn = [v if len(v) <= 1000 else rng.choice(v, 1000, replace=False) for v in (intra, inter)]
    if any(len(v) < 2 or np.ptp(v) < 1e-12 for v in drawn):
        return float("nan"), float("nan")
    grid = np.linspace(0.0, max(float(v.max()) for v in drawn) * 1.1, _POINTS)
    step = grid[1] - grid[0]
    p, q = (_density(v, grid, step) for v in drawn)
    return float(np.minimum(p, q).sum() * step), float((p * np.log(p / q)).sum() * step)


def _density(values: Rows, grid: Rows, step: float) -> Rows:
    """Kernel density on a grid, its area 1, nowhere 0."""
    raw = stats.gaussian_kde(values)(grid) + 1e-9
    found: Rows = raw / (raw.sum() * step)
    return found


def _root(matrix: Rows) -> Rows:
    """Square root of a symmetric positive semi-definite matrix."""
    values, vectors = linalg.eigh(matrix)
    root: Rows = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root

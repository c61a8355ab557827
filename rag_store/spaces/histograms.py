"""Histograms as features: square roots of shares, so that Euclidean distance is Hellinger's."""

from __future__ import annotations

import numpy as np

from rag_store.spaces.heard import Floats, Ints


def shares(bins: Ints, count: int, weights: Floats | None = None) -> Floats:
    """Return the square roots of the shares of ``count`` bins, shape (count,); zeros for nothing."""
    filled = np.bincount(bins, weights=weights, minlength=count)[:count].astype(np.float64)
    total = float(filled.sum())
    return np.sqrt(filled / total) if total > 0 else filled


def soft_shares(values: Floats, low: float, high: float, count: int, weights: Floats | None = None) -> Floats:
    """Return `shares` of values from low to high, each divided between the two nearest of the centres."""
    at = np.clip((values - low) / (high - low) * (count - 1), 0.0, count - 1.0)
    under = np.minimum(at.astype(np.int64), count - 2)
    over = at - under
    each = np.ones(len(values)) if weights is None else weights
    bins = np.concatenate([under, under + 1])
    return shares(bins, count, np.concatenate([each * (1.0 - over), each * over]))


def successions(classes: Ints, kinds: int, length: int) -> Floats:
    """Return `shares` of all runs of ``length`` successive classes, shape (kinds ** length,)."""
    if len(classes) < length:
        return np.zeros(kinds**length)
    code = np.zeros(len(classes) - length + 1, np.int64)
    for k in range(length):
        code = code * kinds + classes[k : len(classes) - length + 1 + k]
    return shares(code, kinds**length)

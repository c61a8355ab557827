"""Which places of the picture the image network's answer is made of, from its last feature maps.

Conventions
-----------
The emotion regression is linear in the roots of the pooled features and in the means and deviations of three
inner layers. All of these are sums over places, so a prediction's distance from that of the average rated
photograph is shared out among places without a remainder (the root of a sum goes to its terms in their
proportion). Class scores are linear in the pooled features (Zhou et al. 2016, Learning deep features for
discriminative localization, CVPR); probabilities are followed to first order: gradient times activation
(Selvaraju et al. 2017, Grad-CAM, ICCV). What a place holds depends on its surroundings too: a unit of the
last layer sees far around itself.

A grid lies over the whole picture; both views are poured into it. Values are in raw units of the prediction,
before the spread is restored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.offline.affect import coefficients
from agent.offline.network import Activity, class_weights
from explain.cells import poured
from explain.heat import Box

Floats = NDArray[np.float64]
#: Rows and columns of the maps: those of the last feature maps.
GRID = (9, 9)


@dataclass(frozen=True)
class Parts:
    """What a prediction is made of, each a grid over the picture.

    ``features`` and ``texture`` sum to what they add to the prediction for the average rated photograph;
    ``labels`` sums to 0: it tells where, not how much.
    """

    features: Floats
    texture: Floats
    labels: Floats

    @property
    def total(self) -> Floats:
        """The sum of the three."""
        return self.features + self.texture + self.labels


def emotion_parts(
    seen: Sequence[Activity],
    boxes: Sequence[Box],
    direction: Floats,
    fit: Mapping[str, NDArray[Any]] | None = None,
) -> Parts:
    """Return what a linear combination of the regression's targets is made of.

    Parameters
    ----------
    seen
        The network's activity at each view.
    boxes
        Where the views lie in the picture.
    direction
        Weight of each of `agent.offline.affect.TARGETS`, shape (6,).
    fit
        Arrays of another fit than `agent.offline.affect.coefficients`.
    """
    fit = coefficients() if fit is None else fit
    weights, labels = fit["weights"] @ direction, fit["label_weights"] @ direction
    count = len(seen[0].last)
    width = count + sum(2 * len(tap) for tap in seen[0].taps)
    per_unit = _slopes(seen, weights[:width], fit["mean"][:width], fit["scale"][:width])
    features = _features(seen, per_unit[:count], fit["mean"][:count], boxes)
    texture = _texture(seen, per_unit[count:], fit["mean"][count:width], boxes)
    return Parts(features, texture, _first_order(seen, boxes, [_softmax_slope(one, labels) for one in seen]))


def label_map(seen: Sequence[Activity], boxes: Sequence[Box], classes: Sequence[int]) -> Floats:
    """Return where the network sees some classes: log of their summed probability to first order."""
    mine = [np.zeros(len(one.probabilities)) for one in seen]
    for held, one in zip(mine, seen, strict=True):
        held[list(classes)] = one.probabilities[list(classes)]
    whole = max(float(sum(held.sum() for held in mine)), 1e-12) / len(seen)
    slopes = [(held - held.sum() * one.probabilities) / whole for held, one in zip(mine, seen, strict=True)]
    return _first_order(seen, boxes, slopes)


def pooled(seen: Sequence[Activity]) -> tuple[Floats, Floats]:
    """Return pooled features and texture, the mean over views, as `agent.offline.network.Sight` has them."""
    features = np.mean([one.last.mean((1, 2), dtype=float) for one in seen], axis=0)
    texture = [
        np.concatenate(
            [part for tap in one.taps for part in (tap.mean((1, 2), dtype=float), _deviation(tap))]
        )
        for one in seen
    ]
    return features, np.mean(texture, axis=0)


def _slopes(seen: Sequence[Activity], weights: Floats, mean: Floats, scale: Floats) -> Floats:
    """Return what a unit of each predictor adds; less where a predictor was cut at four deviations."""
    features, texture = pooled(seen)
    standard = (np.concatenate([np.sqrt(np.maximum(features, 0)), texture]) - mean) / scale
    cut: Floats = np.minimum(1, 4 / np.maximum(np.abs(standard), 1e-12))
    return weights * cut / scale


def _features(seen: Sequence[Activity], slopes: Floats, means: Floats, boxes: Sequence[Box]) -> Floats:
    """Share the root of each pooled feature out in proportion to what each place adds to the feature."""
    pool = np.mean([one.last.mean((1, 2), dtype=float) for one in seen], axis=0)
    gain = slopes / np.sqrt(np.maximum(pool, 1e-12)) / len(seen)
    total = np.zeros(GRID)
    for one, box in zip(seen, boxes, strict=True):
        places = one.last.shape[1] * one.last.shape[2]
        level = float(slopes @ means) / places / len(seen)
        total += poured(_weighted(gain, one.last) / places - level, GRID, box)
    return total


def _texture(seen: Sequence[Activity], slopes: Floats, means: Floats, boxes: Sequence[Box]) -> Floats:
    """Share means and deviations out: a deviation is its variance, a sum of squares, over itself."""
    total = np.zeros(GRID)
    for one, box in zip(seen, boxes, strict=True):
        first = 0
        for tap in one.taps:
            count, places = len(tap), tap.shape[1] * tap.shape[2]
            level, spread = slopes[first : first + count], slopes[first + count : first + 2 * count]
            deviation, centre = _deviation(tap), tap.mean((1, 2), dtype=float)
            square = (tap - centre[:, None, None]) ** 2
            held = _weighted(level, tap) / places
            held += _weighted(spread / np.maximum(deviation, 1e-12) / (places - 1), square)
            held -= float(slopes[first : first + 2 * count] @ means[first : first + 2 * count]) / places
            total += poured(held / len(seen), GRID, box)
            first += 2 * count
    return total


def _first_order(seen: Sequence[Activity], boxes: Sequence[Box], slopes: Sequence[Floats]) -> Floats:
    """Follow slopes by class score back to places; each view's mean is taken away."""
    total = np.zeros(GRID)
    for one, box, slope in zip(seen, boxes, slopes, strict=True):
        held = _weighted(slope @ class_weights(), one.last) / (one.last.shape[1] * one.last.shape[2])
        total += poured((held - held.mean()) / len(seen), GRID, box)
    return total


def _softmax_slope(one: Activity, weights: Floats) -> Floats:
    """Return the slope of ``probabilities @ weights`` by each class score."""
    chances = one.probabilities.astype(float)
    found: Floats = chances * (weights - chances @ weights)
    return found


def _weighted(weights: Floats, maps: NDArray[Any]) -> Floats:
    """Return the weighted sum of maps (channels, rows, columns)."""
    found: Floats = np.tensordot(weights, maps, axes=1)
    return found


def _deviation(tap: NDArray[np.float32]) -> Floats:
    found: Floats = tap.std((1, 2), ddof=1, dtype=float)
    return found

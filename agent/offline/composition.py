"""Composition of a picture: bustle, left-right symmetry, open areas, and where the light is.

Conventions
-----------
All measures come from the lightness L* (0-100) of Lab pixels at most 256 pixels long
(`agent.offline.colour.lab_pixels`). `Dynamic` holds ranks among ordinary photographs
(`agent.offline.tables.rank`), 0.5 being the median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agent.offline.tables import rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Gradient from which a pixel counts as an edge.
EDGE = 12.0  # L* per pixel step of the Sobel gradient; below it lie skin, cloud and JPEG noise
_SMOOTH = 2.5  # local standard deviation of L* (9 x 9) of sky, walls, still water
_LARGE = 0.02  # share of the picture from which a smooth region counts as open


def composition_measures(lab: NDArray[np.float64]) -> dict[str, float]:
    """Return plain composition measures of Lab pixels.

    - ``edges``: share of pixels where the Sobel gradient of L* exceeds 12 per pixel;
    - ``symmetry``: (1 + r) / 2 for the correlation r of L* with its mirror image, which is the share of the
      variance of L* that is left-right even; 1 for a uniform picture;
    - ``open``: share of the picture in smooth regions (local deviation below 2.5) of at least 2 % of the
      picture each;
    - ``light_above``: mean L* of the upper third less that of the lower third;
    - ``border_dark``, ``border_even``: mean L* and its deviation along the outer edge;
    - ``points``: number of small isolated bright spots on dark ground, ``dark_ground``: share of pixels
      under L* 15.
    """
    light = lab[..., 0]
    third = max(1, light.shape[0] // 3)
    gradient = edge_strength(light)
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    return {
        "edges": float((gradient > EDGE).mean()),
        "gradient": float(gradient.mean()),
        "symmetry": _symmetry(light),
        "open": float(open_areas(light).mean()),
        "light_above": float(light[:third].mean() - light[-third:].mean()),
        "border_light": float(border.mean()),
        "border_spread": float(border.std()),
        "points": float(_points(light)),
        "dark_ground": float((light < 15).mean()),
    }


def rank_composition(measures: dict[str, float]) -> dict[str, float]:
    """Return ``busyness``, ``symmetry`` and ``openness``, each a rank among ordinary photographs."""
    return {
        "busyness": round(rank("edges", measures["edges"]), 3),
        "symmetry": round(rank("symmetry", measures["symmetry"]), 3),
        "openness": round(rank("open", measures["open"]), 3),
    }


def edge_strength(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Sobel gradient of lightness in L* per pixel, shape (height, width)."""
    from scipy import ndimage

    strength: NDArray[np.float64] = np.hypot(ndimage.sobel(light, 0), ndimage.sobel(light, 1)) / 4
    return strength


def masses(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return blurred lightness less its mean: the large masses that balance or do not."""
    from scipy import ndimage

    blurred = ndimage.gaussian_filter(light, sigma=max(light.shape) / 64)
    centred: NDArray[np.float64] = blurred - blurred.mean()
    return centred


def _symmetry(light: NDArray[np.float64]) -> float:
    """Return the left-right even share of the variance of blurred lightness: large masses count."""
    centred = masses(light)
    variance = float((centred**2).sum())
    if variance < 0.25 * centred.size:  # under half an L* unit of deviation: nothing to be asymmetric
        return 1.0
    return float(0.5 + 0.5 * (centred * centred[:, ::-1]).sum() / variance)


def open_areas(light: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the pixels that lie in large smooth regions, shape (height, width)."""
    from scipy import ndimage

    mean = ndimage.uniform_filter(light, 9)
    variance = ndimage.uniform_filter(light**2, 9) - mean**2
    regions, _ = ndimage.label(variance < _SMOOTH**2)
    large = np.bincount(regions.ravel()) >= _LARGE * light.size
    large[0] = False  # what is not smooth
    inside: NDArray[np.bool_] = large[regions]
    return inside


def _points(light: NDArray[np.float64]) -> int:
    """Return how many bright spots (L* over 35, each under 0.2 % of the picture) lie apart on dark ground."""
    from scipy import ndimage

    spots, count = ndimage.label(light > 35)
    if not count:
        return 0
    sizes = np.bincount(spots.ravel())[1:]
    ground = ndimage.grey_opening(light, 7)  # what remains when small spots are taken away
    centres = ndimage.maximum(ground, spots, np.arange(1, count + 1))
    return int(((sizes < 0.002 * light.size) & (np.asarray(centres) < 15)).sum())

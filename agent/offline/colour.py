"""Colour and light of a picture, measured in CIELAB.

Conventions
-----------
Lab pixels are arrays of shape (height, width, 3): L* 0-100, a*, b* (D65). Measures are taken on at most
`SIDE` pixels, so the size of a picture hardly changes them. ``saturation`` and ``contrast`` are ranks among
ordinary photographs (`agent.offline.tables.rank`), ``brightness`` is mean L*/100.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from agent.offline.tables import rank, table
from prompts import Colour, Swatch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

#: Longest side of the picture that is measured.
SIDE = 256
_CLUSTER_PIXELS = 6000
_BIN = 12.0  # Lab units: the size of a histogram cell that may seed a colour
_SAME = 11.0  # Delta E 1976 below which two clusters are one colour to the eye at a glance
_SMALLEST = 0.015  # share of the picture below which a colour is not dominant
_MOST = 5
#: Mean chroma below which a picture counts as black and white (JPEG noise stays under 2, sepia is about 10).
COLOURLESS = 3.0


def lab_pixels(picture: Image.Image) -> NDArray[np.float64]:
    """Return the picture as Lab pixels, shape (height, width, 3), longest side at most `SIDE`."""
    from PIL import Image as pil
    from skimage.color import rgb2lab

    scale = min(1.0, SIDE / max(picture.size))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small = (
        picture if size == picture.size else picture.resize(size, pil.Resampling.LANCZOS, reducing_gap=3.0)
    )
    return np.asarray(rgb2lab(np.asarray(small)), dtype=np.float64)


def colour_measures(lab: NDArray[np.float64]) -> dict[str, float]:
    """Return the plain measures of Lab pixels that the words, the ranks and the emotion regression use.

    ``warmth`` is the mean of 0.02 C*^1.07 cos(h - 50 deg), the chromatic term of the warm-cool scale of Ou,
    Luo, Woodcock & Wright 2004 (Color Research and Application 29: 232-240). ``hue0`` to ``hue7`` are
    shares of chroma in eight 45-degree sectors of hue, the first centred on 0 degrees (pink-red).
    """
    lightness = lab[..., 0].ravel()
    chroma = np.hypot(lab[..., 1], lab[..., 2]).ravel()
    hue = np.arctan2(lab[..., 2], lab[..., 1]).ravel()
    low, high = np.percentile(lightness, (5, 95))
    sectors = np.bincount(np.round(hue / (np.pi / 4)).astype(int) % 8, weights=chroma, minlength=8)
    measures = {
        "lightness": lightness.mean(),
        "lightness_spread": lightness.std(),
        "contrast": high - low,
        "lightness_low": low,
        "lightness_high": high,
        "chroma": chroma.mean(),
        "chroma_spread": chroma.std(),
        "a": lab[..., 1].mean(),
        "b": lab[..., 2].mean(),
        "warmth": warm_cool(chroma, hue).mean(),
        "dark": (lightness < 20).mean(),
        "bright": (lightness > 80).mean(),
        "green": ((chroma > 12) & (hue > np.radians(100)) & (hue < np.radians(170))).mean(),
        "blue": ((chroma > 8) & (hue < np.radians(-60)) & (hue > np.radians(-140))).mean(),
        **{f"hue{i}": share / (sectors.sum() + lightness.size) for i, share in enumerate(sectors)},
    }
    return {name: float(value) for name, value in measures.items()}


def warm_cool(chroma: NDArray[np.float64], hue: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how warm (above 0) or cool colours of a chroma and a hue (radians) are: Ou et al. 2004."""
    warmth: NDArray[np.float64] = 0.02 * chroma**1.07 * np.cos(hue - np.radians(50))
    return warmth


def swatches(lab: NDArray[np.float64]) -> list[Swatch]:
    """Return up to five dominant colours, largest share first, each with the nearest name of the table.

    Histogram peaks seed Lloyd's k-means on at most 6,000 pixels (no random start, so the same picture gives
    the same colours), clusters closer than 11 Delta E are merged, and so are those that get the same name.
    """
    pixels = lab.reshape(-1, 3)
    pixels = pixels[:: max(1, len(pixels) // _CLUSTER_PIXELS)]
    centres, shares = _merged(*_lloyd(pixels, _peaks(pixels)))
    named: dict[str, tuple[NDArray[np.float64], float]] = {}
    for centre, share in zip(centres, shares, strict=True):
        name = colour_name(centre)
        if name in named:
            other, more = named[name]
            centre, share = (centre * share + other * more) / (share + more), share + more
        named[name] = centre, share
    large = [(name, *value) for name, value in named.items() if value[1] >= _SMALLEST]
    large.sort(key=lambda item: -item[2])
    return [_swatch(*item) for item in large[:_MOST]]


def colour_name(lab: NDArray[np.float64]) -> str:
    """Return the name in ``data/colour_names.json`` that is nearest to one Lab colour by CIEDE2000."""
    from skimage.color import deltaE_ciede2000

    names, points = _names()
    colour = np.broadcast_to(np.asarray(lab, dtype=np.float64), points.shape)
    return names[int(np.argmin(deltaE_ciede2000(colour, points)))]


def see_colour(lab: NDArray[np.float64], measures: dict[str, float]) -> Colour:
    """Return the `Colour` of Lab pixels whose `colour_measures` are given."""
    brightness = measures["lightness"] / 100
    saturation = rank("chroma", measures["chroma"])
    contrast = rank("contrast", measures["contrast"])
    warmth = float(np.clip(measures["warmth"] / table("calibration")["warmth_scale"], -1, 1))
    colourless = measures["chroma"] < COLOURLESS
    return Colour(
        swatches=swatches(lab),
        brightness=round(float(np.clip(brightness, 0, 1)), 3),
        saturation=round(saturation, 3),
        contrast=round(contrast, 3),
        warmth=round(warmth, 3),
        words=_words(brightness, saturation, contrast, warmth, colourless),
    )


def _words(
    brightness: float, saturation: float, contrast: float, warmth: float, colourless: bool
) -> list[str]:
    """Return light, colour strength, temperature and contrast as words, only where they stand out."""
    light = _step(
        brightness,
        ((0.15, "very dark"), (0.32, "dark"), (0.42, "dim"), (0.6, ""), (0.75, "light"), (1.1, "bright")),
    )
    strength = (
        "black and white" if colourless else _step(saturation, ((0.25, "muted"), (0.75, ""), (1.1, "vivid")))
    )
    heat = "" if colourless else _step(warmth, ((-0.2, "cool"), (0.25, ""), (1.1, "warm")))
    edge = _step(contrast, ((0.2, "soft"), (0.8, ""), (1.1, "high contrast")))
    return [word for word in (light, strength, heat, edge) if word]


def _step(value: float, steps: tuple[tuple[float, str], ...]) -> str:
    """Return the word of the first step whose upper bound lies above ``value``."""
    return next(word for bound, word in steps if value < bound)


def _peaks(pixels: NDArray[np.float64], most: int = 9) -> NDArray[np.float64]:
    """Return the centres of the fullest Lab cells, none closer than 1.5 cells; (up to ``most``, 3)."""
    cells, where, counts = np.unique(np.floor(pixels / _BIN), axis=0, return_inverse=True, return_counts=True)
    means = (
        np.stack([np.bincount(where.ravel(), pixels[:, i], len(cells)) for i in range(3)], axis=1)
        / counts[:, None]
    )
    chosen: list[NDArray[np.float64]] = []
    for index in np.argsort(-counts, kind="stable"):
        if all(np.linalg.norm(means[index] - other) > 1.5 * _BIN for other in chosen):
            chosen.append(means[index])
        if len(chosen) == most:
            break
    return np.stack(chosen)


def _lloyd(
    pixels: NDArray[np.float64], centres: NDArray[np.float64], rounds: int = 8
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return k-means centres (k, 3) and shares (k,) after some rounds of Lloyd's algorithm."""
    for _ in range(rounds):
        distance = (centres**2).sum(axis=1) - 2 * pixels @ centres.T
        nearest = distance.argmin(axis=1)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.stack([np.bincount(nearest, pixels[:, i], len(centres)) for i in range(3)], axis=1)
        kept = counts > 0
        centres, shares = sums[kept] / counts[kept, None], counts[kept] / len(pixels)
    return centres, shares


def _merged(
    centres: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return centres and shares with the closest pair merged until all lie at least `_SAME` apart."""
    while len(centres) > 1:
        distance = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        np.fill_diagonal(distance, np.inf)
        i, j = sorted(np.unravel_index(distance.argmin(), distance.shape))
        if distance[i, j] >= _SAME:
            break
        centres[i] = (centres[i] * shares[i] + centres[j] * shares[j]) / (shares[i] + shares[j])
        shares[i] += shares[j]
        centres, shares = np.delete(centres, j, axis=0), np.delete(shares, j)
    return centres, shares


@functools.cache
def _names() -> tuple[list[str], NDArray[np.float64]]:
    """Return the names and Lab values of the colour table."""
    rows = table("colour_names")["colours"]
    return [row["name"] for row in rows], np.array([row["lab"] for row in rows])


def _swatch(name: str, lab: NDArray[np.float64], share: float) -> Swatch:
    """Return one dominant colour with its sRGB hex value."""
    from skimage.color import lab2rgb

    red, green, blue = np.rint(np.clip(lab2rgb(lab[None, None])[0, 0], 0, 1) * 255).astype(int)
    return Swatch(
        name=name,
        hex=f"#{red:02x}{green:02x}{blue:02x}",
        lightness=round(float(np.clip(lab[0], 0, 100)), 1),
        a=round(float(lab[1]), 1),
        b=round(float(lab[2]), 1),
        share=round(min(1.0, share), 3),
    )

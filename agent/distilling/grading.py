"""Colour gradings: the same picture at another hour, in other light, on other film.

Conventions
-----------
Gradings work in CIELAB, so that lightness, chroma and hue are moved apart from each other. What a grading
changes is what a mind is to notice: the music of a picture may change with it.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Lab = NDArray[np.float64]

#: Share of variants that keep their colours as they are.
_PLAIN = 0.2


def graded(picture: Image.Image, chance: random.Random) -> Image.Image:
    """Return an RGB picture in a grading drawn by ``chance``, or as it is in one of five cases."""
    if chance.random() < _PLAIN:
        return picture
    from skimage.color import lab2rgb, rgb2lab

    lab = chance.choice(GRADINGS)(np.asarray(rgb2lab(np.asarray(picture)), dtype=np.float64), chance)
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # colours beyond sRGB are clipped, as is meant
        rgb = np.clip(lab2rgb(lab), 0, 1)
    return Image.fromarray(np.rint(rgb * 255).astype(np.uint8))


def light(lab: Lab, chance: random.Random) -> Lab:
    """Return lighter or darker pixels: lightness to a power, ends kept."""
    lab[..., 0] = 100 * (lab[..., 0] / 100) ** math.exp(chance.uniform(-0.7, 0.8))
    return lab


def contrast(lab: Lab, chance: random.Random) -> Lab:
    """Return pixels of more or less contrast about their mean lightness."""
    mean = lab[..., 0].mean()
    lab[..., 0] = mean + (lab[..., 0] - mean) * math.exp(chance.uniform(-0.9, 0.5))
    return lab


def chroma(lab: Lab, chance: random.Random) -> Lab:
    """Return more or less colourful pixels."""
    lab[..., 1:] *= math.exp(chance.uniform(-1.2, 1.1))
    return lab


def tint(lab: Lab, chance: random.Random) -> Lab:
    """Return pixels in a coloured light: a shift of a* and b* in some direction, as at dawn or in a storm."""
    angle, strength = chance.uniform(0, 2 * math.pi), chance.uniform(6, 26)
    lab[..., 1] += strength * math.cos(angle)
    lab[..., 2] += strength * math.sin(angle)
    return lab


def turned(lab: Lab, chance: random.Random) -> Lab:
    """Return pixels with all hues turned by one angle, and a little more colour."""
    angle, gain = chance.uniform(0.3, 2 * math.pi - 0.3), chance.uniform(1.0, 1.6)
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1] = gain * (a * math.cos(angle) - b * math.sin(angle))
    lab[..., 2] = gain * (a * math.sin(angle) + b * math.cos(angle))
    return lab


def night(lab: Lab, chance: random.Random) -> Lab:
    """Return dark, cool pixels with some lights left."""
    lab[..., 0] = 100 * (lab[..., 0] / 100) ** chance.uniform(1.8, 3.0) * chance.uniform(0.6, 0.95)
    lab[..., 1:] *= 0.6
    lab[..., 2] -= chance.uniform(4, 16)
    return lab


def grey(lab: Lab, chance: random.Random) -> Lab:
    """Return black and white pixels, toned as old prints are in half the cases."""
    toned = chance.random() < 0.5
    lab[..., 1], lab[..., 2] = (4.0, chance.uniform(8, 20)) if toned else (0.0, 0.0)
    return lab


def warm_and_light(lab: Lab, chance: random.Random) -> Lab:
    """Return pixels as on a bright warm day: lighter, more colourful, a little to yellow."""
    lab = light(lab, random.Random(f"{chance.random()}"))  # noqa: S311  # repeatable, not secret
    lab[..., 1:] *= chance.uniform(1.2, 2.2)
    lab[..., 2] += chance.uniform(2, 12)
    return lab


#: Every grading, each as likely as the others.
GRADINGS: tuple[Callable[[Lab, random.Random], Lab], ...] = (
    light, contrast, chroma, tint, turned, night, grey, warm_and_light, chroma, tint,
)  # fmt: skip

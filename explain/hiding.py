"""Hiding parts of a picture: what is put in their place, and how.

A blurred picture keeps colour and light where they were and takes away what can be recognised; the mean
colour takes away the arrangement too.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

#: What hidden places show: the picture out of focus, or its mean colour.
Fill = Literal["blur", "mean"]
#: Radius (standard deviation) of the blur as a share of the longer side.
BLUR = 1 / 16
Mask = NDArray[np.bool_]


def filled(picture: Image.Image, fill: Fill = "blur") -> Image.Image:
    """Return what an RGB picture shows where it is hidden, for the whole picture.

    Raises
    ------
    ValueError
        If ``fill`` is neither "blur" nor "mean".
    """
    if fill == "blur":
        return picture.filter(ImageFilter.GaussianBlur(BLUR * max(picture.size)))
    if fill == "mean":
        red, green, blue = (round(band) for band in np.asarray(picture, float).mean((0, 1)))
        return Image.new("RGB", picture.size, (red, green, blue))
    raise ValueError(f"fill {fill!r} is unknown; choose blur or mean")


def hidden(picture: Image.Image, instead: Image.Image, mask: Mask) -> Image.Image:
    """Return a picture that shows another one where a mask (height, width) is True."""
    return Image.composite(instead, picture, Image.fromarray(np.uint8(255) * mask.astype(np.uint8)))


def cell_mask(chosen: Mask, size: tuple[int, int]) -> Mask:
    """Return a mask of a picture's pixels, shape (height, width), from a mask of its cells."""
    rows, columns = chosen.shape
    width, height = size
    down = np.arange(height) * rows // height
    across = np.arange(width) * columns // width
    mask: Mask = chosen[down[:, None], across]
    return mask

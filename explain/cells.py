"""Moving values between grids without losing any: what a cell holds is shared out by area.

Conventions
-----------
Grids are arrays (..., rows, columns), row 0 at the top; boxes are ``(left, top, right, bottom)`` as fractions
of the picture. Unlike resizing, which keeps the level, this keeps the sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.heat import Box

Floats = NDArray[np.float64]
_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


def overlaps(cells: int, low: float, high: float, others: int) -> Floats:
    """Return how much of each cell between two bounds lies in each of ``others`` cells of [0, 1].

    Shape (others, cells); a column sums to 1 for a cell that lies inside.
    """
    source, target = np.linspace(low, high, cells + 1), np.linspace(0, 1, others + 1)
    right = np.minimum(source[None, 1:], target[1:, None])
    left = np.maximum(source[None, :-1], target[:-1, None])
    found: Floats = np.clip(right - left, 0, None) / np.diff(source)
    return found


def poured(values: NDArray[Any], shape: tuple[int, int], covers: Box = _WHOLE) -> Floats:
    """Return values that lie over a box, summed into the cells of a grid over the whole picture.

    Parameters
    ----------
    values
        Shape (..., rows, columns).
    shape
        Rows and columns of the grid that comes back.
    covers
        Where the values lie.
    """
    down = overlaps(values.shape[-2], covers[1], covers[3], shape[0])
    across = overlaps(values.shape[-1], covers[0], covers[2], shape[1])
    found: Floats = down @ np.asarray(values, np.float64) @ across.T
    return found


def grid_for(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return rows and columns of nearly square cells for a picture of a width and height.

    Examples
    --------
    >>> grid_for((1024, 512), 16)
    (8, 16)
    """
    width, height = size
    unit = max(width, height) / longest
    return max(1, round(height / unit)), max(1, round(width / unit))

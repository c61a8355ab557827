"""Finding the even margin around a picture: a mount, a scanner's border, a plain frame.

Reproductions of paintings and prints carry such margins; left in, they add black to the colours and make
the image network see a screen or a book cover. A dark sky around a planet is not a margin: a margin ends in
a straight line along most of a side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ALIKE = 9.0  # Delta E 1976 within which a pixel has the margin's colour
_EVEN = 0.97  # share of a row of the margin that has its colour
_LINE = 0.6  # share of the row inside that must differ, so that the margin ends in a line
_WIDEST = 0.25  # of the picture's side
_BLUR = 4  # rows over which the end of the margin may blur (scaling, a bevel)


def inner_box(lab: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom (shares of width and height) of what lies inside an even margin.

    Lab pixels have shape (height, width, 3). Without a margin on at least two opposite sides the whole
    picture, (0, 0, 1, 1), comes back.
    """
    top, bottom = _margin(lab), _margin(lab[::-1])
    across = lab.transpose(1, 0, 2)
    left, right = _margin(across), _margin(across[::-1])
    if not ((top and bottom) or (left and right)):
        return 0.0, 0.0, 1.0, 1.0
    height, width = lab.shape[:2]
    return left / width, top / height, 1 - right / width, 1 - bottom / height


def _margin(lab: NDArray[np.float64]) -> int:
    """Return how many rows at the top of ``lab`` belong to an even margin that ends in a line, else 0."""
    widest = int(_WIDEST * len(lab))
    if len(lab) < 32 or lab.shape[1] < 32:
        return 0
    colour = np.median(lab[0], axis=0)
    alike = (np.linalg.norm(lab[: widest + _BLUR] - colour, axis=2) < _ALIKE).mean(axis=1)
    uneven = np.flatnonzero(alike < _EVEN)
    if not len(uneven) or uneven[0] == 0 or uneven[0] > widest:
        return 0
    after = alike[uneven[0] : uneven[0] + _BLUR]
    line = np.flatnonzero(after < 1 - _LINE)
    return int(uneven[0] + line[0]) if len(line) else 0

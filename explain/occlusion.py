"""Occlusion maps: hide one window of the picture after the other and see what becomes of the outcome.

Nothing is asked of whatever gives the outcome but the outcome itself, so this works for any mind (Zeiler &
Fergus 2014, Visualizing and understanding convolutional networks, ECCV). Windows overlap, so that no
border between them decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explain.heat import HeatMap
from explain.hiding import Fill, Mask, filled, hidden

#: Gives k numbers for each of n pictures, shape (n, k).
Outcomes = Callable[[Sequence[Image.Image]], NDArray[Any]]
#: Width of a window in widths of the grid's cells.
OVERLAP = 1.8


def occlusion_maps(
    picture: Image.Image,
    outcomes: Outcomes,
    grids: Sequence[tuple[int, int]] = ((7, 7),),
    fill: Fill = "blur",
) -> list[HeatMap]:
    """Return one signed map for each outcome: how much lower it is when a place is hidden.

    Parameters
    ----------
    picture
        RGB.
    outcomes
        Called once, with the whole picture first and then one picture for each window.
    grids
        Rows and columns of windows; of several scales each counts the same. The map has the finest grid.
    fill
        What is seen in place of what is hidden.

    Returns
    -------
    list of HeatMap
        ``outcome(whole) - outcome(hidden)``, in the outcome's unit, averaged over the windows that cover a
        cell; positive where the picture raises the outcome.
    """
    windows = [windows_of(grid, picture.size) for grid in grids]
    instead = filled(picture, fill)
    hiding = [hidden(picture, instead, mask) for scale in windows for mask in scale]
    found = np.asarray(outcomes([picture, *hiding]), np.float64)
    effects = found[0] - found[1:]
    finest = max(row for row, _ in grids), max(column for _, column in grids)
    total = np.zeros((*finest, effects.shape[1]))
    first = 0
    for scale in windows:
        total += _averaged(effects[first : first + len(scale)], scale, finest) / len(windows)
        first += len(scale)
    return [HeatMap(total[..., k].astype(np.float32), signed=True) for k in range(effects.shape[1])]


def windows_of(grid: tuple[int, int], size: tuple[int, int]) -> list[Mask]:
    """Return the windows of a grid row by row, as masks of a picture's pixels (height, width)."""
    width, height = size
    down, across = _spans(grid[0], height), _spans(grid[1], width)
    return [row[:, None] & column for row in down for column in across]


def _spans(cells: int, length: int) -> list[Mask]:
    """Return the pixels of each window along one side."""
    place = (np.arange(length) + 0.5) * cells / length
    return [np.abs(place - (cell + 0.5)) <= OVERLAP / 2 for cell in range(cells)]


def _averaged(
    effects: NDArray[np.float64], windows: list[Mask], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return for each cell the mean effect of the windows over it, by area; shape (rows, columns, k)."""
    shares = np.stack([_mean_in_cells(mask, shape) for mask in windows])
    found: NDArray[np.float64] = np.einsum("wrc,wk->rck", shares, effects) / shares.sum(0)[..., None]
    return found


def _mean_in_cells(mask: Mask, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the share of each cell that a mask covers."""
    rows, columns = shape
    small = Image.fromarray(mask.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(small, np.float64)

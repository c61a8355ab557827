"""Heat maps: how much each part of a picture had to do with something.

Conventions
-----------
A map is a grid of rows and columns, row 0 at the top, over the part of the picture that was looked at; boxes
are ``(left, top, right, bottom)`` as fractions of the picture's width and height. Values are in no unit but
their ratio to each other; in a signed map negative values speak against.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Box = tuple[float, float, float, float]
Grid = NDArray[np.float32]

#: Cividis (Nuñez, Anderton & Renslow 2018, PLOS ONE 13(7): e0199239) at nine even steps: dark blue to yellow,
#: even in lightness, and alike for people with and without a colour vision deficiency.
CIVIDIS = (
    (0, 34, 78), (18, 53, 112), (59, 73, 108), (87, 93, 109), (112, 113, 115),
    (138, 134, 120), (165, 156, 116), (195, 179, 105), (254, 232, 56),
)  # fmt: skip
#: Against (purple) and for (orange): ends of PuOr (Brewer, ColorBrewer 2.0), safe for the same people.
AGAINST, FOR = (84, 39, 136), (230, 97, 1)


@dataclass(frozen=True)
class HeatMap:
    """Values over a picture.

    Attributes
    ----------
    values
        Shape (rows, columns), float32, finite.
    covers
        Part of the picture that the grid lies over; what is outside was not looked at.
    signed
        Whether negative values mean something.
    """

    values: Grid
    covers: Box = (0.0, 0.0, 1.0, 1.0)
    signed: bool = False

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not self.values.size or not np.isfinite(self.values).all():
            raise ValueError(f"a heat map needs a grid of finite numbers, not shape {self.values.shape}")

    @property
    def weights(self) -> Grid:
        """What speaks for, as shares that sum to 1 (all 0 where nothing does); shape (rows, columns)."""
        positive = np.maximum(self.values, 0)
        total = float(positive.sum())
        return (positive / total if total > 0 else positive).astype(np.float32)

    def share(self, box: Box) -> float:
        """Return the share of the map's positive mass that lies in a box, cells cut at its edges."""
        rows, columns = self.values.shape
        down = _overlap(rows, self.covers[1], self.covers[3], box[1], box[3])
        across = _overlap(columns, self.covers[0], self.covers[2], box[0], box[2])
        return float(down @ self.weights.astype(float) @ across)

    def over(self, size: tuple[int, int]) -> Grid:
        """Return the map in a picture's pixels, smooth; shape (height, width), 0 outside what it covers."""
        width, height = size
        left, top, right, bottom = (
            round(part * side) for part, side in zip(self.covers, (width, height) * 2, strict=True)
        )
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        small = Image.fromarray(np.ascontiguousarray(self.values, np.float32))
        out = np.zeros((height, width), np.float32)
        out[top:bottom, left:right] = np.asarray(
            small.resize((right - left, bottom - top), Image.Resampling.BILINEAR)
        )[: height - top, : width - left]
        return out

    def overlay(self, size: tuple[int, int], strength: float = 0.75) -> Image.Image:
        """Return an RGBA picture to lay over the picture; what matters more is less transparent.

        Parameters
        ----------
        size
            Width and height in pixels.
        strength
            Opacity of the highest value, 0 to 1.
        """
        pixels = self.over(size)
        peak = float(np.abs(pixels).max()) or 1.0
        level = np.clip(pixels / peak, -1, 1) if self.signed else np.clip(pixels / peak, 0, 1)
        rgba = np.empty((*level.shape, 4), np.uint8)
        rgba[..., :3] = _two_sided(level) if self.signed else _cividis(level)
        rgba[..., 3] = np.round(255 * strength * np.abs(level)).astype(np.uint8)
        return Image.fromarray(rgba)


def combined(maps: list[tuple[HeatMap, float]]) -> HeatMap:
    """Return the weighted mean of maps, each first scaled to shares; on the finest of their grids.

    Raises
    ------
    ValueError
        If there is no map.
    """
    if not maps:
        raise ValueError("no map to combine")
    rows = max(one.values.shape[0] for one, _ in maps)
    columns = max(one.values.shape[1] for one, _ in maps)
    total = np.zeros((rows, columns), np.float32)
    for one, weight in maps:
        fine = np.maximum(one.over((columns, rows)), 0)
        total += weight * fine / (float(fine.sum()) or 1.0)
    return HeatMap(total)


def _overlap(cells: int, low: float, high: float, first: float, last: float) -> NDArray[np.float64]:
    """Return how much of each cell between two bounds lies in an interval, 0 to 1; shape (cells,)."""
    edges = np.linspace(low, high, cells + 1)
    inside = np.minimum(edges[1:], last) - np.maximum(edges[:-1], first)
    found: NDArray[np.float64] = np.clip(inside / np.diff(edges), 0, 1)
    return found


def _cividis(level: Grid) -> NDArray[np.uint8]:
    steps = np.linspace(0, 1, len(CIVIDIS))
    table = np.array(CIVIDIS, float)
    return np.stack([np.interp(level, steps, table[:, band]) for band in range(3)], -1).astype(np.uint8)


def _two_sided(level: Grid) -> NDArray[np.uint8]:
    return np.where(level[..., None] < 0, AGAINST, FOR).astype(np.uint8)

"""Image tokens back to the places of the picture they stand for.

The rules follow each family's image processor: the Qwen-VL family stretches a picture a little, to multiples
of its patches; SmolVLM and Idefics3 stretch it to tiles, and add one of the whole; LLaVA cuts a square out of
its middle, so that what lies outside has no token.

Conventions
-----------
Boxes are ``(left, top, right, bottom)`` as fractions of the picture as it was opened; shape (n_image, 4).
Boxes of what a processor adds around a picture lie outside 0 to 1.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import BackendError
from explain.heat import Box, HeatMap

Boxes = NDArray[np.float64]

_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_TILE = re.compile(r"<row_(\d+)_col_(\d+)>")
_QWEN = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe")
_TILED = ("smolvlm", "idefics3")
_SQUARE = ("llava",)


def image_boxes(model: Any, processor: Any, inputs: Mapping[str, Any], size: tuple[int, int]) -> Boxes:
    """Return the places of the image tokens of a prompt's first picture.

    Parameters
    ----------
    model, processor
        Of transformers: Qwen2-VL, Qwen2.5-VL, Qwen3-VL, SmolVLM, Idefics3 or LLaVA.
    inputs
        The processor's batch of one prompt.
    size
        Width and height of the picture that the processor was given, in pixels.

    Returns
    -------
    numpy.ndarray
        Shape (n_image, 4), in the order of the prompt; image tokens of further pictures come after these.

    Raises
    ------
    BackendError
        If the family is unknown, or the tokens are not laid out as its processor does.
    """
    family = str(model.config.model_type)
    ids = [int(one) for one in inputs["input_ids"][0]]
    image = int(model.config.image_token_id)
    if image not in ids:
        raise BackendError("there is no image token in the prompt; give the prompt a picture")
    if family in _QWEN:
        boxes = _qwen(inputs, int(model.config.vision_config.spatial_merge_size))
    elif family in _TILED:
        boxes = _tiled(ids, image, processor.tokenizer)
    elif family in _SQUARE:
        boxes = _square(ids.count(image), inputs, processor.image_processor, size)
    else:
        known = ", ".join((*_QWEN, *_TILED, *_SQUARE))
        raise BackendError(
            f"where the image tokens of a {family!r} model lie is not known; known are {known}"
        )
    if len(boxes) > ids.count(image):
        raise BackendError(
            f"the picture should have {len(boxes)} image tokens in the prompt, which has {ids.count(image)}; "
            "give the processor's batch as it is"
        )
    return boxes


def to_map(weights: NDArray[Any], boxes: Boxes, signed: bool = False) -> HeatMap:
    """Return a heat map of weights of image tokens: each spread evenly over its box, overlapping ones added.

    Parameters
    ----------
    weights
        Shape (n_image,), in the order of the boxes.
    boxes
        As of `image_boxes`.
    signed
        Whether negative weights mean something.

    Returns
    -------
    HeatMap
        With cells as large as the smallest box, over that part of the picture that has tokens.

    Raises
    ------
    ValueError
        If there are not as many weights as boxes.
    """
    if np.shape(weights) != (len(boxes),) or not len(boxes):
        raise ValueError(f"{len(boxes)} boxes need as many weights, not shape {np.shape(weights)}")
    left, top = np.clip(boxes[:, :2].min(0), 0, 1)
    right, bottom = np.clip(boxes[:, 2:].max(0), 0, 1)
    wide, high = (boxes[:, 2:] - boxes[:, :2]).min(0)
    across = _shares(boxes[:, 0], boxes[:, 2], _edges(left, right, wide))
    down = _shares(boxes[:, 1], boxes[:, 3], _edges(top, bottom, high))
    values = np.einsum("n,nr,nc->rc", np.asarray(weights, float), down, across)
    return HeatMap(values.astype(np.float32), (float(left), float(top), float(right), float(bottom)), signed)


def _qwen(inputs: Mapping[str, Any], merge: int) -> Boxes:
    """Return a grid over the whole picture, patches merged in squares, row by row."""
    _, rows, columns = (int(one) for one in inputs["image_grid_thw"][0])
    return _grid(_WHOLE, rows // merge, columns // merge)


def _tiled(ids: list[int], image: int, tokenizer: Any) -> Boxes:
    """Return tiles, each a grid, then a grid over the whole picture.

    The token before a tile's image tokens says which row and column it is; the last tile, of the whole, has a
    mark of its own. A picture that was not cut is that last tile alone.
    """
    tiles: list[tuple[int, int] | None] = []
    sizes: list[int] = []
    for place, (before, here) in enumerate(itertools.pairwise(ids)):
        if here != image or before == image:
            continue
        found = _TILE.fullmatch(str(tokenizer.convert_ids_to_tokens(before)))
        tiles.append((int(found[1]), int(found[2])) if found else None)
        sizes.append(_run(ids, place + 1))
        if not found:
            break
    side = math.isqrt(sizes[0]) if sizes else 0
    if not side or tiles[-1] is not None or any(size != side * side for size in sizes):
        raise BackendError(
            f"the image tokens come in runs of {sizes[:8]}, not in square tiles and one of the whole"
        )
    rows = max((tile[0] for tile in tiles if tile), default=1)
    columns = max((tile[1] for tile in tiles if tile), default=1)
    return np.concatenate([_grid(_tile(tile, rows, columns), side, side) for tile in tiles])


def _tile(tile: tuple[int, int] | None, rows: int, columns: int) -> Box:
    """Return the place of a tile, rows and columns counted from 1."""
    if tile is None:
        return _WHOLE
    row, column = tile
    return (column - 1) / columns, (row - 1) / rows, column / columns, row / rows


def _run(ids: list[int], start: int) -> int:
    """Return how many equal tokens stand in a row from a place on."""
    end = start
    while end < len(ids) and ids[end] == ids[start]:
        end += 1
    return end - start


def _square(count: int, inputs: Mapping[str, Any], processor: Any, size: tuple[int, int]) -> Boxes:
    """Return a grid over what LLaVA's image processor keeps of a picture.

    One token more than a square is the picture tower's summary token: it stands for all that is seen.
    """
    count //= max(1, int(inputs["pixel_values"].shape[0]))
    side = math.isqrt(count)
    if count - side * side not in (0, 1) or not side:
        raise BackendError(f"{count} image tokens are no square grid; this kind of LLaVA is not known")
    seen = _seen(processor, size)
    grid = _grid(seen, side, side)
    return grid if side * side == count else np.concatenate([np.array([seen]), grid])


def _seen(processor: Any, size: tuple[int, int]) -> Box:
    """Return the part of a picture that a CLIP kind of image processor keeps; beyond 0 to 1 if it pads."""
    width, height = size
    wanted, crop = _sides(processor, "size"), _sides(processor, "crop_size")
    if getattr(processor, "do_pad", False) and type(processor).__name__.startswith("Llava"):
        width = height = max(size)
    if "shortest_edge" in wanted:
        factor = wanted["shortest_edge"] / min(width, height)
        scaled = (width * factor, height * factor)
    elif "height" in wanted and "width" in wanted:
        scaled = (float(wanted["width"]), float(wanted["height"]))
    else:
        raise BackendError(f"{type(processor).__name__} scales pictures to {wanted}; this kind is not known")
    kept = scaled
    if getattr(processor, "do_center_crop", False):
        kept = (float(crop["width"]), float(crop["height"]))
    # What is kept lies in the middle of the scaled picture, and that in the middle of what it was padded to.
    half = [kept[i] / scaled[i] / 2 * (width, height)[i] / size[i] for i in (0, 1)]
    return 0.5 - half[0], 0.5 - half[1], 0.5 + half[0], 0.5 + half[1]


def _sides(processor: Any, name: str) -> dict[str, int]:
    """Return a size of an image processor: only the sides that are set."""
    found = getattr(processor, name, None) or {}
    return {side: value for side, value in dict(found).items() if value is not None}


def _grid(place: Box, rows: int, columns: int) -> Boxes:
    """Return the cells of a grid over a place, row by row; shape (rows * columns, 4)."""
    across = np.linspace(place[0], place[2], columns + 1)
    down = np.linspace(place[1], place[3], rows + 1)
    cells = [
        (across[column], down[row], across[column + 1], down[row + 1])
        for row in range(rows)
        for column in range(columns)
    ]
    return np.array(cells, float)


def _edges(low: float, high: float, cell: float) -> Boxes:
    """Return the edges of equal cells between two bounds, about as long as asked."""
    return np.linspace(low, high, max(1, round((high - low) / cell)) + 1)


def _shares(starts: Boxes, ends: Boxes, edges: Boxes) -> Boxes:
    """Return what share of each interval lies in each cell; shape (intervals, cells)."""
    inside = np.minimum(ends[:, None], edges[1:]) - np.maximum(starts[:, None], edges[:-1])
    found: Boxes = np.clip(inside, 0, None) / (ends - starts)[:, None]
    return found

"""An explanation as a still picture: for papers (matplotlib) and for viewers without scripts (Pillow)."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chiaroscore import MissingPartError
from explain.explanation import Element, Explanation
from explain.leading import leading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Width of one picture of the thumbnail in pixels, room for its caption, and how many stand in a row.
_WIDE, _CAPTION, _ROW = 240, 34, 3
_MOST_LINES = 14


def figure(explanation: Explanation, ids: Sequence[str] | None = None) -> tuple[Figure, Any]:
    """Return a figure: the picture, maps of elements, and the plan's decisions with their reasons.

    Parameters
    ----------
    ids
        Elements whose maps to draw; by default the leading ones, at most five.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot: save it, or show it in a notebook.
    numpy.ndarray of matplotlib.axes.Axes
        The picture's, then one a map, then the plan's.

    Raises
    ------
    KeyError
        If there is no such element.
    MissingPartError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingPartError("figure needs matplotlib; pip install 'chiaroscore[plot]'") from error
    chosen = leading(explanation, 5) if ids is None else tuple(explanation.element(one) for one in ids)
    columns = min(len(chosen) + 1, _ROW)
    rows = math.ceil((len(chosen) + 1) / columns)
    drawn = Figure(figsize=(3.2 * max(columns, 2), 2.7 * rows + 2.6), layout="constrained")
    grid = drawn.add_gridspec(rows + 1, columns, height_ratios=[2.7] * rows + [2.6])
    axes = [drawn.add_subplot(grid[number // columns, number % columns]) for number in range(len(chosen) + 1)]
    for axis, element in zip(axes, [None, *chosen], strict=True):
        _draw(axis, explanation, element)
    axes.append(drawn.add_subplot(grid[rows, :]))
    _write(axes[-1], explanation)
    drawn.suptitle(_plain(explanation.title))
    return drawn, np.array(axes, dtype=object)


def _draw(axis: Any, explanation: Explanation, element: Element | None) -> None:
    """Draw the picture with the map of an element over it, or alone."""
    axis.set(
        xticks=[],
        yticks=[],
        title=_plain(shorten(_caption(element), 40, placeholder=" …")) if element else "the picture",
    )
    axis.title.set_fontsize("medium")
    base = explanation.picture
    if base is not None:
        axis.imshow(base.convert("L" if element else "RGB"), cmap="gray")
    if element and element.map is not None:
        size = base.size if base is not None else (256, 256)
        axis.imshow(element.map.overlay(size))
    elif element:
        axis.text(0.5, 0.5, "no map", ha="center", va="center", transform=axis.transAxes)


def _write(axis: Any, explanation: Explanation) -> None:
    """Write the plan, a line an element: what was decided, and because of what."""
    axis.axis("off")
    plan = [one for one in explanation.elements if one.kind == "plan"][:_MOST_LINES]
    for number, element in enumerate(plan):
        causes = "; ".join(link.text for link in explanation.causes_of(element.id) if link.text)
        y = 1 - number / _MOST_LINES
        axis.text(0, y, _plain(element.label), weight="bold", va="top", fontsize="small")
        axis.text(0.16, y, _plain(element.value)[:44], va="top", fontsize="small")
        axis.text(0.5, y, _plain(causes)[:78], va="top", fontsize="small", color="0.3")


def _plain(text: str) -> str:
    """Return a text that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")


def _caption(element: Element) -> str:
    return f"{element.label} {element.value}".strip()


def thumbnail(explanation: Explanation) -> bytes:
    """Return a PNG of the picture and the leading maps over it, each with its name.

    The same bytes for the same explanation; Pillow alone is needed.
    """
    data = io.BytesIO()
    sheet(explanation).quantize(256, Image.Quantize.FASTOCTREE).save(data, "PNG")
    return data.getvalue()


def sheet(explanation: Explanation) -> Image.Image:
    """Return the picture and the leading maps over it in rows of three, RGB."""
    chosen = leading(explanation, 5)
    tiles = [(_tile(explanation, None), "the picture" if explanation.picture else "no picture here")]
    tiles += [(_tile(explanation, one), _caption(one)) for one in chosen]
    high = max(tile.height for tile, _ in tiles) + _CAPTION
    columns = min(len(tiles), _ROW)
    whole = Image.new("RGB", (columns * _WIDE, math.ceil(len(tiles) / columns) * high), "white")
    pen = ImageDraw.Draw(whole)
    for number, (tile, words) in enumerate(tiles):
        left, top = number % columns * _WIDE, number // columns * high
        whole.paste(tile, (left + 4, top + 4))
        pen.text((left + 6, top + tile.height + 10), _fitting(words), fill="black", font=_font())
    return whole


def _tile(explanation: Explanation, element: Element | None) -> Image.Image:
    """Return a small picture with the map of an element over its grey copy."""
    wide = _WIDE - 8
    base = explanation.picture or Image.new("RGB", (4, 3), "#dddddd")
    high = max(1, min(round(base.height * wide / base.width), 2 * wide))
    small = base.convert("RGB").resize((wide, high), Image.Resampling.LANCZOS)
    if element is None or element.map is None:
        return small
    grey = small.convert("L").convert("RGBA")
    return Image.alpha_composite(grey, element.map.overlay(small.size)).convert("RGB")


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(14)


def _fitting(words: str) -> str:
    """Return a text that fits under a picture."""
    clean = " ".join(words.split())
    while _font().getlength(clean) > _WIDE - 12 and len(clean) > 4:
        clean = clean[:-2].rstrip(" .…") + "…"
    return clean

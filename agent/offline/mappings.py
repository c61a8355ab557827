"""The published mappings from pictures to music, as numbers: ``agent/data/mappings.json`` and how it is read.

Conventions
-----------
Valence ``v`` and arousal ``a`` lie in [-1, 1]. Every mapping has its formula and source in the data file.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
from importlib import resources
from typing import Any

from prompts import Colour


@functools.cache
def mapping(name: str) -> dict[str, Any]:
    """Return one record of the data file; not to be changed."""
    text = resources.files("agent").joinpath("data/mappings.json").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)[name]
    return record


def source(name: str) -> str:
    """Return the citation of a record, or of a quadrant table (``"quadrants.tempo"``)."""
    first, _, second = name.partition(".")
    record = mapping(first)
    return str(record[second]["source"] if second else record["source"])


def quadrant(name: str, valence: float, arousal: float) -> float:
    """Return the value that music of this valence and arousal has, between the four quadrant means.

    Parameters
    ----------
    name
        ``"tempo"`` (qpm), ``"density"`` (notes a second), ``"velocity"`` (MIDI), ``"note_seconds"``,
        ``"range"`` (semitones) or ``"major"`` (share of pieces in major).

    Examples
    --------
    >>> round(quadrant("tempo", 0.5, 0.5)), round(quadrant("major", -0.5, 0.5), 2)
    (139, 0.27)
    """
    table = mapping("quadrants")
    record = table[name]
    happy, angry, sad, calm = record["values"]
    right = 0.5 + valence / (2 * table["corner"])
    up = 0.5 + arousal / (2 * table["corner"])
    value = up * (right * happy + (1 - right) * angry) + (1 - up) * (right * calm + (1 - right) * sad)
    return float(min(max(value, record["low"]), record["high"]))


def palette_lift(colour: Colour) -> float:
    """Return how much happier than sad the colours are, -1 to 1, 0 for an average photograph.

    Palmer et al. 2013 by the regressions of the Berkeley colours; a scene without swatches gives 0.
    """
    record = mapping("palette")
    total = sum(swatch.share for swatch in colour.swatches)
    if total <= 0:
        return 0.0
    lift = 0.0
    for swatch in colour.swatches:
        lab = {"L": swatch.lightness, "a": swatch.a, "b": swatch.b, "C": math.hypot(swatch.a, swatch.b)}
        z = {axis: (lab[axis] - record["mean"][axis]) / record["sd"][axis] for axis in lab}
        lift += (
            swatch.share / total * sum((record["happy"][axis] - record["sad"][axis]) * z[axis] for axis in z)
        )
    return math.tanh(lift / record["scale"])


def interpolate(points: list[list[float]], x: float) -> float:
    """Return the value at ``x`` of a line through ``[x, y]`` points, level outside them."""
    if x <= points[0][0]:
        return float(points[0][1])
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x <= x1:
            return float(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
    return float(points[-1][1])

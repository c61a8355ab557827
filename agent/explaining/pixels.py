"""Where in the picture colour, light and composition were measured: exact, pixel by pixel.

Conventions
-----------
Each measure is a mean over pixels, or a share of them, so each cell's part of it is known; the cells of a map
sum to the measure, or to its distance from the middle value that the method names. A rank among photographs
rises with its measure, so it has the measure's map.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.offline.colour import warm_cool
from agent.offline.composition import EDGE, edge_strength, masses, open_areas
from agent.offline.tables import table
from explain.cells import grid_for, poured
from explain.heat import HeatMap
from prompts import Colour

Lab = NDArray[np.float64]
#: Cells along the longer side.
CELLS = 24


class Found(NamedTuple):
    """A map and what is exact about it."""

    map: HeatMap
    method: str


def colour_maps(lab: Lab, colour: Colour) -> dict[str, Found]:
    """Return the maps of colour and light by their paths in the scene, of the Lab pixels it was made of."""
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.arctan2(lab[..., 2], lab[..., 1])
    usual = float(
        np.interp(0.5, table("calibration")["quantiles"], table("calibration")["measures"]["chroma"])
    )
    low, high = np.percentile(lab[..., 0], (5, 95))
    tails = (lab[..., 0] <= low) | (lab[..., 0] >= high)
    found = {
        "colour.brightness": _signed(
            (lab[..., 0] - 50) / 100, "exact: each place's part of mean L*/100 - 0.5"
        ),
        "colour.saturation": _signed(
            chroma - usual,
            f"exact: each place's part of mean chroma less {usual:.0f}, the median photograph's",
        ),
        "colour.contrast": _share(
            tails,
            "exact: the darkest and the lightest twentieth of the pixels, between which contrast is taken",
        ),
        "colour.warmth": _signed(warm_cool(chroma, hue), "exact: each place's part of the mean warmth"),
    }
    return {**found, **_swatch_maps(lab, colour)}


def composition_maps(lab: Lab) -> dict[str, Found]:
    """Return the maps of busyness, openness and symmetry by their paths in the scene."""
    light = lab[..., 0]
    return {
        "dynamic.busyness": _share(edge_strength(light) > EDGE, "exact: the pixels that count as edges"),
        "dynamic.openness": _share(open_areas(light), "exact: the pixels that lie in large smooth areas"),
        "dynamic.symmetry": _symmetry(light),
    }


def _swatch_maps(lab: Lab, colour: Colour) -> dict[str, Found]:
    """Return where the pixels lie that are nearest to each dominant colour."""
    if not colour.swatches:
        return {}
    centres = np.array([(one.lightness, one.a, one.b) for one in colour.swatches])
    distance = [((lab - centre) ** 2).sum(-1) for centre in centres]
    nearest = np.argmin(distance, axis=0)
    return {
        f"colour.swatches.{place}": _share(
            nearest == place,
            f"exact: the pixels nearest to {one.name} among the main colours (CIELAB), {{:.0%}} of all",
        )
        for place, one in enumerate(colour.swatches)
    }


def _symmetry(light: Lab) -> Found:
    """Return which places agree with their mirror image (above 0) and which are its contrary."""
    centred = masses(light)
    terms = centred * centred[:, ::-1]
    scale = float((centred**2).mean()) or 1.0
    return _signed(
        terms / scale, "exact: each place's part of the correlation of lightness with its mirror image"
    )


def _signed(values: NDArray[Any], method: str) -> Found:
    return Found(_map(values, signed=True), method)


def _share(mask: NDArray[np.bool_], method: str) -> Found:
    return Found(_map(mask, signed=False), method.format(float(mask.mean())))


def _map(values: NDArray[Any], signed: bool) -> HeatMap:
    height, width = values.shape
    cells = poured(values, grid_for((width, height), CELLS)) / values.size
    return HeatMap(cells.astype(np.float32), signed=signed)

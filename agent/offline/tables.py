"""Reading the offline mind's data files: tables with their source beside them."""

from __future__ import annotations

import functools
import importlib.resources
import json
from typing import Any

import numpy as np


@functools.cache
def table(name: str) -> dict[str, Any]:
    """Return the JSON table ``name`` of ``agent/offline/data``; read once per process, not to be changed."""
    text = (
        importlib.resources.files("agent.offline")
        .joinpath("data", f"{name}.json")
        .read_text(encoding="utf-8")
    )
    content: dict[str, Any] = json.loads(text)
    return content


def rank(measure: str, value: float) -> float:
    """Return the share of ordinary photographs, 0 to 1, whose ``measure`` lies below ``value``.

    Piecewise linear through the quantiles of ``data/calibration.json`` (317 photographs of the OASIS set),
    so that ordinary pictures spread evenly over the range.
    """
    calibration = table("calibration")
    return float(np.interp(value, calibration["measures"][measure], calibration["quantiles"]))

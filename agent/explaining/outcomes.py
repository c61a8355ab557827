"""What the offline mind would say of other pictures, many at a time: outcomes for hiding and showing.

Conventions
-----------
Pictures are looked at small (`reduced`), and only by the image network: what colour and composition add to
valence and arousal, a few hundredths, is left as it is. Valence and arousal have their spread restored but
are not cut at the ends of the human range, where nothing could be seen to change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agent.explaining.decomposition import pooled
from agent.offline.affect import TARGETS, coefficients
from agent.offline.labels import members
from agent.offline.network import SIDE, Activity, activities, views
from agent.offline.tables import table
from explain.occlusion import Outcomes

Floats = NDArray[np.float64]
#: Raw predictions (6,) and class probabilities (1000,) to one number.
Reading = Callable[[Floats, Floats], float]


def reduced(picture: Image.Image) -> Image.Image:
    """Return a picture whose shorter side is what the network sees, or the picture if it is smaller."""
    scale = SIDE / min(picture.size)
    if scale >= 1:
        return picture
    return picture.resize(
        (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC
    )


def outcomes(readings: Sequence[Reading], held: Floats, both: bool, network: Any = None) -> Outcomes:
    """Return the function that gives some readings of pictures.

    Parameters
    ----------
    readings
        See `feeling` and `thing`.
    held
        What colour and composition add to the raw predictions, shape (6,): see `measured_part`.
    both
        Whether both views are looked at, as when a scene is made, or only the whole picture: half the time.
    network
        Another network than the trained one.
    """
    count = 2 if both else 1

    def found(pictures: Sequence[Image.Image]) -> Floats:
        seen = [view for one in pictures for view in views(one)[:count]]
        kept = activities(seen, _small, network)
        rows = []
        for first in range(0, len(kept), count):
            raw, chances = _raw([kept[first + view] for view in range(count)], held)
            rows.append([read(raw, chances) for read in readings])
        return np.array(rows, np.float64)

    return found


def feeling(target: str) -> Reading:
    """Return the reading of "valence" or "arousal", in the scene's unit."""
    index, report = TARGETS.index(target), table("affect")[target]
    return lambda raw, _: float(report["mean"] + report["spread"] * (raw[index] - report["mean"]))


def thing(name: str) -> Reading | None:
    """Return the reading of a thing's probability, None if neither network nor regression knows it."""
    indices = list(members(name))
    if name == "person":
        return lambda raw, _: person_share(raw)
    return (lambda _, chances: float(chances[indices].sum())) if indices else None


def person_share(raw: Floats) -> float:
    """Return the probability that the regression gives to people, as `agent.offline.affect.spread_out`."""
    odds = np.exp(table("affect")["kind"]["sharpness"] * (raw[2:] - raw[2:].max()))
    return float(odds[TARGETS.index("person") - 2] / odds.sum())


def measured_part(measures: dict[str, float]) -> Floats:
    """Return what the measures of colour and composition add to the raw predictions, shape (6,)."""
    fit = coefficients()
    last = slice(len(fit["mean"]) - len(measures), None)
    standard = (np.fromiter(measures.values(), float) - fit["mean"][last]) / fit["scale"][last]
    part: Floats = np.clip(standard, -4, 4) @ fit["weights"][last]
    return part


def _small(one: Activity) -> tuple[Floats, Floats, Floats]:
    return (*pooled([one]), one.probabilities.astype(np.float64))


def _raw(kept: Sequence[tuple[Floats, Floats, Floats]], held: Floats) -> tuple[Floats, Floats]:
    """Return raw predictions and probabilities of one picture's views."""
    features, texture, chances = (np.mean(part, axis=0) for part in zip(*kept, strict=True))
    fit = coefficients()
    predictors = np.concatenate([np.sqrt(np.maximum(features, 0)), texture])
    width = len(predictors)
    standard = np.clip((predictors - fit["mean"][:width]) / fit["scale"][:width], -4, 4)
    return standard @ fit["weights"][:width] + chances @ fit["label_weights"] + fit[
        "intercept"
    ] + held, chances

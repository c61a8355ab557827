"""Valence, arousal and kind of a picture, by ridge regression fitted on people's ratings of photographs.

Conventions
-----------
Valence and arousal lie in [-1, 1]: OASIS ratings r of 1 to 7 are (r - 4) / 3. The coefficients in
``data/affect.npz`` were made by ``scripts/fit_affect.py`` from 317 photographs of OASIS (Kurdi, Lozano &
Banaji 2017, Behavior Research Methods 49: 457-470); ``data/affect.json`` holds what cross-validation said
of them. The kinds are OASIS's categories.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.offline.tables import table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.offline.network import Sight

#: What the columns of the coefficients predict.
TARGETS = ("valence", "arousal", "animal", "object", "person", "scenery")


@dataclasses.dataclass(frozen=True)
class Affect:
    """Valence and arousal in [-1, 1], with spread restored and raw, and probabilities of the four kinds."""

    valence: float
    arousal: float
    raw_valence: float
    raw_arousal: float
    kinds: dict[str, float]


def predictors(sight: Sight, measures: dict[str, float]) -> NDArray[np.float64]:
    """Return the regression's input: roots of the pooled features, texture, measures; shape (2143,).

    The square root keeps a few strong features from outweighing all others. Label probabilities enter
    beside this, as `Sight.probabilities`. ``measures`` are those of `colour_measures` and
    `composition_measures`, in their order.
    """
    roots = np.sqrt(np.maximum(sight.features, 0.0))
    return np.concatenate([roots, sight.texture, np.fromiter(measures.values(), float)]).astype(np.float64)


def feel(sight: Sight, measures: dict[str, float]) -> Affect:
    """Return the `Affect` that the regression predicts for a picture, spread out."""
    fit = coefficients()
    # Beyond 4 deviations lies what no fitted photograph was like: it shall not carry the prediction away.
    standard = np.clip((predictors(sight, measures) - fit["mean"]) / fit["scale"], -4, 4)
    return spread_out(
        standard @ fit["weights"] + sight.probabilities @ fit["label_weights"] + fit["intercept"]
    )


def spread_out(raw: NDArray[np.float64]) -> Affect:
    """Return the `Affect` of raw predictions, one for each of `TARGETS`.

    Ridge regression shrinks towards the mean, so the prediction is stretched about the mean of the fitted
    photographs until predicted and human standard deviation agree there ("spread" in ``data/affect.json``),
    then clipped to the range of human ratings.
    """
    report = table("affect")
    stretched = [
        float(
            np.clip(
                report[name]["mean"] + report[name]["spread"] * (value - report[name]["mean"]),
                *report[name]["range"],
            )
        )
        for name, value in zip(TARGETS[:2], raw[:2], strict=True)
    ]
    odds = np.exp(report["kind"]["sharpness"] * (raw[2:] - raw[2:].max()))
    kinds = {name: float(share) for name, share in zip(TARGETS[2:], odds / odds.sum(), strict=True)}
    return Affect(stretched[0], stretched[1], float(raw[0]), float(raw[1]), kinds)


@functools.cache
def coefficients() -> dict[str, NDArray[Any]]:
    """Return the arrays of ``data/affect.npz`` as float64."""
    with (
        importlib.resources.files("agent.offline").joinpath("data", "affect.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return {name: arrays[name].astype(np.float64) for name in arrays.files}

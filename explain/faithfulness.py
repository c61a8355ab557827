"""Can a map be believed? Hide the places it points at, show only these, and compare with maps of chance.

Conventions
-----------
Curves start at the whole picture (deletion) or the blurred one (insertion) and go in even steps of area to
the other; the outcome is scaled so that the whole picture has 1 and the blurred one 0. It may leave that
range: half a picture can be further from the blurred one than the whole. An area is the mean of a curve by
the trapezoid rule. Of a signed map those places come first that pull the outcome away from what the blurred
picture gives, upwards or downwards.

The maps of chance are lumps as large as real maps have (few random numbers, made smooth): single cells
strewn over the picture would be another task. Hiding a share s of a random order leaves a random share
1 - s to be seen, so both areas of chance come from the same pictures and are equal on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explain.explanation import Check
from explain.heat import HeatMap
from explain.hiding import Mask, cell_mask, filled, hidden
from explain.occlusion import Outcomes

Floats = NDArray[np.float64]
#: Cells along each side in which a picture is hidden.
CELLS = 13
#: Random numbers along each side from which a map of chance is made.
LUMPS = 4


@dataclass(frozen=True, slots=True)
class Trial:
    """Outcomes of one map in the outcome's own unit; the curves hold both ends, deletion from the whole."""

    whole: float
    blurred: float
    deletion: Floats
    insertion: Floats
    chance: Floats  # (maps of chance, steps + 1), while hiding

    @property
    def sign(self) -> float:
        """1 where the picture raises the outcome above the blurred picture's, else -1."""
        return 1.0 if self.whole >= self.blurred else -1.0

    @property
    def drop(self) -> float:
        """How far hiding by the map moves the outcome, on average over the curve."""
        return self.sign * (self.whole - area(self.deletion))

    @property
    def chance_drop(self) -> float:
        """The same for the maps of chance."""
        return self.sign * (self.whole - area(self.chance.mean(0)))

    @property
    def rise(self) -> float:
        """How far showing by the map moves the outcome, on average over the curve."""
        return self.sign * (area(self.insertion) - self.blurred)

    @property
    def chance_rise(self) -> float:
        """The same for the maps of chance."""
        return self.sign * (area(self.chance.mean(0)) - self.blurred)


def trials(
    picture: Image.Image,
    outcomes: Outcomes,
    maps: Sequence[HeatMap],
    *,
    steps: int = 8,
    chances: int = 4,
    seed: int = 0,
) -> list[Trial]:
    """Hide and show a picture by each of k maps, one for each of k outcomes, and by maps of chance.

    Parameters
    ----------
    picture
        RGB; what the maps cover, all of it.
    outcomes
        Called twice: for the whole and the blurred picture, then for all others.
    maps
        One for each outcome, in the order of the columns.
    steps
        Steps from the whole picture to the blurred one.
    chances, seed
        Number of maps of chance, the same for all outcomes, and their seed.

    Returns
    -------
    list of Trial
        ``2 k (steps - 1) + chances (steps - 1) + 2`` pictures were looked at.
    """
    plain = filled(picture)
    ends = np.asarray(outcomes([picture, plain]), np.float64)
    masks: list[Mask] = []
    for place, one in enumerate(maps):
        order = _order(one, ends[0, place] >= ends[1, place])
        masks += _first(order, steps)
        masks += [~mask for mask in _first(order, steps)]
    for order in _chance_orders(chances, seed):
        masks += _first(order, steps)
    found = np.asarray(
        outcomes([hidden(picture, plain, cell_mask(mask, picture.size)) for mask in masks]), np.float64
    )
    inner = found.reshape(2 * len(maps) + chances, steps - 1, -1)
    return [
        Trial(
            float(whole), float(blurred),
            _joined(whole, inner[2 * place, :, place], blurred),
            _joined(blurred, inner[2 * place + 1, :, place], whole),
            np.stack([_joined(whole, one[:, place], blurred) for one in inner[2 * len(maps) :]]),
        )
        for place, (whole, blurred) in enumerate(ends.T)
    ]  # fmt: skip


def check_of(trial: Trial, name: str, least: float, sanity: float | None = None) -> Check | None:
    """Return what a trial says in scaled numbers and in a sentence.

    Parameters
    ----------
    trial
        As `trials` gives it.
    name
        What the outcome is called.
    least
        Difference of the whole picture's outcome from the blurred one's below which there is nothing to
        scale by.
    sanity
        Rank correlation with the map of a network with random weights.

    Returns
    -------
    Check or None
        None if the blurred picture gives nearly the same outcome.
    """
    gap = trial.whole - trial.blurred
    if abs(gap) < least:
        return None
    deletion, insertion = ((curve - trial.blurred) / gap for curve in (trial.deletion, trial.insertion))
    chance = (trial.chance.mean(0) - trial.blurred) / gap
    return Check(
        deletion=area(deletion), insertion=area(insertion), random_deletion=area(chance),
        random_insertion=area(chance), deletion_curve=tuple(map(float, deletion)),
        insertion_curve=tuple(map(float, insertion)), sanity=sanity,
        text=_sentence(name, deletion, insertion, chance, sanity),
    )  # fmt: skip


def area(curve: Floats) -> float:
    """Return the mean height of a curve over even steps, by the trapezoid rule."""
    return float((curve[:-1] + curve[1:]).mean() / 2)


def rank_correlation(first: HeatMap, second: HeatMap) -> float:
    """Return Spearman's correlation of the values of two maps of one grid; 0 where one is even.

    Raises
    ------
    ValueError
        If the grids differ.
    """
    from scipy.stats import rankdata

    if first.values.shape != second.values.shape:
        raise ValueError(f"maps of shapes {first.values.shape} and {second.values.shape} cannot be compared")
    ranks = [rankdata(one.values.ravel()) for one in (first, second)]
    if min(float(np.ptp(one)) for one in ranks) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def _order(heat: HeatMap, upwards: bool) -> NDArray[np.intp]:
    """Return the cells of the hiding grid, what matters most first."""
    values = heat.over((CELLS, CELLS)).ravel()
    return np.argsort(values if heat.signed and not upwards else -values, kind="stable")


def _chance_orders(count: int, seed: int) -> list[NDArray[np.intp]]:
    rng = np.random.default_rng(seed)
    maps = [HeatMap(rng.standard_normal((LUMPS, LUMPS)).astype(np.float32)) for _ in range(count)]
    return [_order(one, True) for one in maps]


def _first(order: NDArray[np.intp], steps: int) -> list[Mask]:
    """Return masks of the first cells of an order, one for each step between none and all."""
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return [(rank < round(len(order) * step / steps)).reshape(CELLS, CELLS) for step in range(1, steps)]


def _joined(start: float, inner: Floats, end: float) -> Floats:
    return np.concatenate([[start], inner, [end]])


def _sentence(name: str, deletion: Floats, insertion: Floats, chance: Floats, sanity: float | None) -> str:
    """Return the check in words: areas against chance, and the network with random weights."""
    found, lucky = area(deletion), area(chance)
    hiding = "more" if found < lucky else "no more"
    showing = "more" if area(insertion) > lucky else "no more"
    said = (
        f"Hiding what this map points at takes {hiding} from the {name} than hiding places by chance (area "
        f"under the curve {found:.2f}, chance {lucky:.2f}), and showing only that brings {showing} of it "
        f"back (area {area(insertion):.2f}, chance {lucky:.2f})."
    )
    if sanity is not None:
        said += f" The map of the same network with random weights correlates {sanity:+.2f} in ranks."
    return said

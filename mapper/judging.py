r"""Judging what was made for held-out pictures by what the teacher does: functions on vectors and plans.

Conventions
-----------
``n`` pictures (or texts), ``k`` samples made for each, ``m`` plans the teacher gave for each under other
seeds; vectors have unit length. The teacher has no single right answer, so a sample is compared with all of
its plans, and the teacher's plans are compared with each other in the same way: that is the most a sample can
reach. What is returned is by picture, shape ``(n,)``; `interval` says how far the mean can be trusted.

References
----------
.. [#cotvtm] CoT-VTM, appendix D.1: P@10, "we randomly select 69 music pieces. If the ground-truth music ranks
   within the top-10, we consider it a successful retrieval".
.. [#vendi] Friedman & Dieng (2023), The Vendi Score: A Diversity Evaluation Metric for Machine Learning,
   TMLR.
.. [#cluster] Cameron, Gelbach & Miller (2008), Bootstrap-based improvements for inference with clustered
   errors, Review of Economics and Statistics 90 (resampling whole clusters).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError
from mapper.choices import FIELDS, Choices

Vectors = NDArray[np.float32]
Values = NDArray[np.float64]

#: What is compared of two plans: the questions, and who plays.
COMPARED = (*FIELDS, "instruments")
#: The right music and so many others are ranked, and it shall be among the first.
AMONG, FIRST = 70, 10
#: Cosines that differ by less are equal.
_TIE = 1e-6


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and the range that it lies in with 95 % confidence."""

    mean: float
    low: float
    high: float


def agreed(one: Choices, other: Choices) -> dict[str, float]:
    """Return how far two plans agree, by `COMPARED`: 1 or 0; of the instruments' names the F1 score."""
    found = {
        question: float(getattr(one, field) == getattr(other, field)) for question, field in FIELDS.items()
    }
    mine, theirs = ({name for name, _ in plan.seats} for plan in (one, other))
    return found | {"instruments": 2 * len(mine & theirs) / max(len(mine) + len(theirs), 1)}


def padded(given: Sequence[Any], count: int) -> list[Any]:
    """Return what was given, repeated in turns until there are ``count``: data leave out what repeats."""
    return [given[at % len(given)] for at in range(count)]


def agreement(
    made: Sequence[Sequence[Choices]], taught: Sequence[Sequence[Choices]]
) -> tuple[dict[str, Values], Values]:
    """Return how far made plans agree with the teacher's.

    Parameters
    ----------
    made, taught
        By picture; of the teacher two or more each.

    Returns
    -------
    dict
        By `COMPARED` the mean over all pairs of a made and a taught plan.
    numpy.ndarray
        Share of made plans that fit: genre group and mode are those of one of the teacher's plans. One of
        the teacher's is left out in turn, so that `ceiling` has equal chances.
    """
    rows, fit = [], []
    for ours, theirs in zip(made, taught, strict=True):
        table = [[agreed(one, other) for other in theirs] for one in ours]
        rows.append({name: np.mean([[pair[name] for pair in row] for row in table]) for name in COMPARED})
        fit.append(np.mean([_fits_others(row) for row in table]))
    return {name: np.array([row[name] for row in rows]) for name in COMPARED}, np.array(fit)


def ceiling(taught: Sequence[Sequence[Choices]]) -> tuple[dict[str, Values], Values]:
    """Return how far the teacher's plans agree with each other, as `agreement` returns it."""
    rows, fit = [], []
    for plans in taught:
        table = [
            [agreed(one, other) for j, other in enumerate(plans) if j != i] for i, one in enumerate(plans)
        ]
        rows.append({name: np.mean([[pair[name] for pair in row] for row in table]) for name in COMPARED})
        fit.append(np.mean([_fits(row) for row in table]))
    return {name: np.array([row[name] for row in rows]) for name in COMPARED}, np.array(fit)


def _fits(row: Sequence[dict[str, float]]) -> float:
    return float(any(pair["group"] == 1 and pair["mode"] == 1 for pair in row))


def _fits_others(row: Sequence[dict[str, float]]) -> float:
    """Return how often one fits when each of the plans it is compared with is left out in turn."""
    return float(np.mean([_fits([*row[:j], *row[j + 1 :]]) for j in range(len(row))]))


def cosines(made: Vectors, right: Vectors) -> Values:
    """Return the mean cosine of the samples, shape (n, k, d), to the right vectors, shape (n, m, d)."""
    found: Values = np.einsum("nkd,nmd->nkm", made, right).mean(axis=(1, 2)).astype(np.float64)
    return found


def nearest_cosines(made: Vectors, right: Vectors) -> Values:
    """Return the mean over the samples of the cosine to the nearest of the right vectors."""
    found: Values = np.einsum("nkd,nmd->nkm", made, right).max(axis=2).mean(axis=1).astype(np.float64)
    return found


def retrieved(
    made: Vectors,
    right: Vectors,
    kin: Sequence[str],
    *,
    among: int = AMONG,
    first: int = FIRST,
    itself: bool = False,
) -> Values:
    r"""Return P@10: how probably the right music is among the 10 nearest to a sample, of 70.

    The others are the music of pictures of other kins. Nothing is drawn: if :math:`g` of :math:`N` of these
    are nearer to the sample, no more than 9 of 69 drawn ones are with the probability of the hypergeometric
    distribution. Others that are exactly as near count half. By chance it is 10/70 = 0.143.

    Parameters
    ----------
    made, right
        E_m of the samples, shape (n, k, d), and of the teacher's plans, shape (n, m, d).
    kin
        By picture.
    itself
        Whether ``made`` are the teacher's plans themselves: then none is looked for by itself.

    Raises
    ------
    ControlError
        If there are too few pictures of other kins.
    """
    from scipy.stats import hypergeom

    names = np.array(kin)
    count = right.shape[1]
    found = np.empty(len(right))
    for at, (samples, own) in enumerate(zip(made, right, strict=True)):
        others = right[names != names[at]].reshape(-1, right.shape[2])
        if len(others) < among - 1:
            raise ControlError(
                f"P@{first} among {among} needs {among - 1} plans of other kins, and there are "
                f"{len(others)}; hold out more data"
            )
        far, near = samples @ others.T, (samples @ own.T)[:, :, None]
        nearer = (far[:, None] > near + _TIE).sum(axis=2)
        tied = (far[:, None] >= near - _TIE).sum(axis=2)
        chance = (
            hypergeom.cdf(first - 1, len(others), nearer, among - 1)
            + hypergeom.cdf(first - 1, len(others), tied, among - 1)
        ) / 2
        found[at] = chance[~np.eye(count, dtype=bool)].mean() if itself else chance.mean()
    return found


def spread(made: Vectors) -> Values:
    """Return the mean cosine distance between two samples of a picture, shape (n,); 0 with one sample."""
    count = made.shape[1]
    if count < 2:
        return np.zeros(len(made))
    total = np.square(made.sum(axis=1, dtype=np.float64)).sum(axis=1)
    return np.asarray(1 - (total - count) / (count * (count - 1)))


def vendi(rows: Vectors) -> float:
    r"""Return the Vendi score of unit vectors, shape (n, d): how many different ones they amount to, 1 to n.

    :math:`\exp(-\sum_i \lambda_i \log \lambda_i)` with the eigenvalues of :math:`K / n`, K the cosines.
    """
    values = np.linalg.eigvalsh(rows.astype(np.float64) @ rows.T.astype(np.float64) / len(rows))
    kept = values[values > 1e-12]
    return float(np.exp(-(kept * np.log(kept)).sum()))


def interval(values: Values, kin: Sequence[str], *, draws: int = 2000, seed: int = 0) -> Interval:
    """Return the mean over all pictures, and where it lies if other kins had been drawn.

    Kins are drawn with replacement, each with all its pictures; the range holds 95 % of the means.
    """
    names = {name: at for at, name in enumerate(dict.fromkeys(kin))}
    place = np.array([names[name] for name in kin])
    total = np.bincount(place, weights=values, minlength=len(names))
    count = np.bincount(place, minlength=len(names))
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    means = drawn @ total / np.maximum(drawn @ count, 1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))

"""How close a set of pieces is to real music: metric by metric, and as a whole.

Conventions
-----------
The set may mix kinds: every piece is measured against the reference of its own kind, in standard deviations
from that reference's mean, and these are pooled. Pieces and references come from `evaluation.reference`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.distances import distances_between, distances_within, frechet, overlap_and_divergence
from evaluation.reference import CLOSENESS, Reference, rows_of, standardised
from evaluation.sample import Sample
from notation import Tune

#: Random draws that a Fréchet distance is averaged over, and the fewest pieces for one.
DRAWS, FEWEST = 60, 4
#: Standard deviations that a value counts for at most in a Fréchet distance: one odd tune of hundreds, twenty
#: deviations off in a metric that hardly varies, would else be all that the distance says.
FARTHEST = 5.0

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric of a set against a reference."""

    name: str
    mean: float
    sd: float
    reference_mean: float
    reference_sd: float
    difference: float  # of the means, in standard deviations of the reference; signed
    within: bool  # |difference| is at most one
    overlap: float  # area shared by the densities of intra- and inter-set distances, 0 to 1
    divergence: float  # Kullback-Leibler, from the reference's intra-set to the inter-set distances, nats


@dataclass(frozen=True, slots=True)
class Comparison:
    """A set against a reference."""

    name: str
    pieces: int
    metrics: tuple[MetricComparison, ...]
    frechet: float  # set to reference, NaN with too few pieces
    frechet_halves: float  # reference to reference, sets of the same size
    frechet_size: int  # pieces in each of the two sets that a distance was measured between

    @property
    def within(self) -> int:
        """Number of metrics whose mean lies within one standard deviation of the reference."""
        return sum(metric.within for metric in self.metrics)

    @property
    def ratio(self) -> float:
        """Fréchet distance to the reference over that between halves of the reference."""
        return self.frechet / self.frechet_halves if self.frechet_halves > 0 else float("nan")


def compare(pieces: Sequence[Tune | Sample], reference: Reference, *, seed: int = 0) -> Comparison:
    """Compare pieces with one reference.

    Every metric: mean and standard deviation of both, the difference in the reference's standard deviations,
    overlap and divergence (protocol of Yang and Lerch, see `evaluation.distances`). As a whole: the Fréchet
    distance of the standardised metrics (bounded by `FARTHEST`), the mean of `DRAWS` draws of equally many
    pieces from both, and the same between two disjoint draws from the reference.
    """
    return compare_rows(rows_of(pieces, reference), reference, seed=seed)


def compare_rows(rows: Rows, reference: Reference, *, seed: int = 0) -> Comparison:
    """Compare pieces that are measured already (`rows_of`) with one reference; see `compare`."""
    rng = np.random.default_rng(seed)
    metrics = tuple(
        _metric(name, rows[:, column], reference.values[:, column], rng)
        for column, name in enumerate(reference.metrics)
    )
    return Comparison(reference.name, len(rows), metrics, *_frechet({reference.name: rows}, [reference], rng))


def compare_pooled(rows: Mapping[str, Rows], references: Sequence[Reference], *, seed: int = 0) -> Comparison:
    """Compare a set of several kinds, every piece with the reference of its own kind.

    Parameters
    ----------
    rows : mapping of str to numpy.ndarray, shape (n_pieces, n_metrics)
        Name of a reference -> its pieces' metrics.
    references
        The references named.

    Returns
    -------
    Comparison
        In standard deviations of the pieces' own references. The reference's part holds the same number of
        rows of each kind as the set. The seventh metric of closeness is polyphony, or entropy of lengths for
        melodies.
    """
    rng = np.random.default_rng(seed)
    named = [one for one in references if len(rows.get(one.name, ()))]
    ours = np.vstack([standardised(rows[one.name], one) for one in named])
    real = np.vstack([_repeated(standardised(one.values, one), len(rows[one.name]), rng) for one in named])
    metrics = tuple(
        _metric(name, ours[:, column], real[:, column], rng) for column, name in enumerate(CLOSENESS)
    )
    kinds = {one.name: rows[one.name] for one in named}
    return Comparison("all", len(ours), metrics, *_frechet(kinds, named, rng))


def frechet_pooled(
    rows: Mapping[str, Rows], references: Sequence[Reference], *, seed: int = 0, draws: int = DRAWS
) -> tuple[float, float]:
    """Return the Fréchet distance of a set of several kinds alone, and that between halves of the real music.

    As in `compare_pooled`, without its other figures: for intervals, which take many distances. With the
    same seed, sets of the same sizes are compared with the same real music. NaN with fewer than `FEWEST`.
    """
    named = [one for one in references if len(rows.get(one.name, ()))]
    return _frechet(rows, named, np.random.default_rng(seed), draws)[:2]


def _metric(name: str, ours: Rows, real: Rows, rng: np.random.Generator) -> MetricComparison:
    """Compare one metric."""
    ours, real = ours[np.isfinite(ours)], real[np.isfinite(real)]
    mean, sd = _moments(ours)
    reference_mean, reference_sd = _moments(real)
    apart = mean - reference_mean
    difference = (
        apart / reference_sd
        if reference_sd > 1e-9
        else 0.0
        if abs(apart) < 1e-9
        else np.copysign(np.inf, apart)
    )
    overlap, divergence = overlap_and_divergence(distances_within(real), distances_between(ours, real), rng)
    return MetricComparison(
        name,
        mean,
        sd,
        reference_mean,
        reference_sd,
        float(difference),
        bool(abs(difference) <= 1),
        overlap,
        divergence,
    )


def _moments(values: Rows) -> tuple[float, float]:
    """Mean and standard deviation, NaN of nothing."""
    mean = float(values.mean()) if len(values) else float("nan")
    return mean, float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _repeated(rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Rows in random order, from the start again where more are wanted than there are, at least 8 a piece."""
    wanted = 8 * count
    order = np.concatenate([rng.permutation(len(rows)) for _ in range(-(-wanted // len(rows)))])
    found: Rows = rows[order[:wanted]]
    return found


def _frechet(
    rows: Mapping[str, Rows],
    references: Sequence[Reference],
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> tuple[float, float, int]:
    """Distance of the set to the references, of the references to themselves, and the size of the sets.

    Every draw takes the same number of pieces of each kind from both; no more than half the pieces of a
    reference, one excerpt of each.
    """
    sizes = {one.name: min(len(rows[one.name]), len(np.unique(one.pieces)) // 2) for one in references}
    size = sum(sizes.values())
    if size < FEWEST:
        return float("nan"), float("nan"), size
    sets = [(one, _bounded(rows[one.name], one), _bounded(one.values, one)) for one in references]
    to_real, halves = [], []
    for _ in range(draws):
        ours, first, second = [], [], []
        for one, own, values in sets:
            ours.append(own[rng.permutation(len(own))[: sizes[one.name]]])
            a, b = _halves(values, one.pieces, sizes[one.name], rng)
            first.append(a)
            second.append(b)
        real = np.vstack(first)
        to_real.append(frechet(np.vstack(ours), real))
        halves.append(frechet(real, np.vstack(second)))
    return float(np.mean(to_real)), float(np.mean(halves)), size


def _halves(
    values: Rows, pieces: NDArray[np.int64], size: int, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Two sets of ``size`` rows each, of excerpts of different pieces; ``pieces`` says of which a row is."""
    chosen = rng.permutation(np.unique(pieces))[: 2 * size]
    rows = np.array([rng.choice(np.flatnonzero(pieces == piece)) for piece in chosen], dtype=np.int64)
    return values[rows[:size]], values[rows[size:]]


def _bounded(rows: Rows, reference: Reference) -> Rows:
    """Rows in standard deviations of the reference, none beyond `FARTHEST`."""
    found: Rows = np.clip(standardised(rows, reference), -FARTHEST, FARTHEST)
    return found

"""Distances between sets: closed forms, another implementation, and what must hold for any sets."""

import numpy as np
import pytest
from scipy import linalg

from evaluation.distances import (
    distances_between,
    distances_within,
    frechet,
    frechet_of_moments,
    overlap_and_divergence,
    shrunk,
)


def test_frechet_closed_forms():
    one = np.eye(3)
    zero = np.zeros(3)
    assert frechet_of_moments(zero, one, zero, one) == pytest.approx(0, abs=1e-12)
    assert frechet_of_moments(zero, one, np.array([3.0, 4, 0]), one) == pytest.approx(25)
    # commuting covariances: sum of squared differences of the standard deviations
    a, b = np.diag([1.0, 4, 9]), np.diag([4.0, 4, 1])
    assert frechet_of_moments(zero, a, zero, b) == pytest.approx((1 - 2) ** 2 + 0 + (3 - 1) ** 2)
    # one dimension: (m1 - m2)^2 + (s1 - s2)^2
    assert frechet_of_moments(
        np.array([1.0]), np.eye(1) * 4, np.array([2.0]), np.eye(1) * 9
    ) == pytest.approx(2)


def test_frechet_equals_the_textbook_form_with_a_matrix_root():
    rng = np.random.default_rng(1)
    a, b = (m @ m.T for m in (rng.normal(size=(4, 4)), rng.normal(size=(4, 4))))
    root = linalg.sqrtm(a @ b)
    wanted = np.trace(a + b - 2 * root.real)
    assert frechet_of_moments(np.zeros(4), a, np.zeros(4), b) == pytest.approx(float(wanted), rel=1e-6)


def test_shrinkage_by_hand_and_near_scikit_learn():
    rows = np.array([[1.0, 0], [-1, 0], [0, 2], [0, -2]])
    # S = diag(1/2, 2); with p = 2 the first term is 0: rho = tr^2 / (n (tr S^2 - tr^2 / 2)) = 6.25 / 4.5
    assert np.allclose(shrunk(rows), np.eye(2) * 1.25)  # rho above 1: the target alone
    many = np.tile(rows, (10, 1))
    rho = 6.25 / (40 * 1.125)
    assert np.allclose(shrunk(many), (1 - rho) * np.diag([0.5, 2]) + rho * 1.25 * np.eye(2))
    assert np.allclose(shrunk(np.ones((4, 3))), 0)
    # scikit-learn leaves 2/p out of the formula, as p is large where it is used
    covariance = pytest.importorskip("sklearn.covariance")  # comes with sentence-transformers
    rng = np.random.default_rng(3)
    wide = rng.normal(size=(60, 400)) @ rng.normal(size=(400, 400))
    assert np.abs(shrunk(wide) - covariance.oas(wide)[0]).max() < 0.01 * np.abs(np.cov(wide.T)).max()


def test_frechet_of_sets_falls_with_their_size_and_rises_with_their_distance():
    rng = np.random.default_rng(4)
    draw = [rng.normal(size=(n, 6)) for n in (10, 10, 400, 400)]
    assert frechet(draw[0], draw[0]) == pytest.approx(0, abs=1e-9)
    assert frechet(draw[0], draw[1]) > frechet(draw[2], draw[3]) > 0
    assert frechet(draw[2], draw[3]) < 0.2
    far = [frechet(draw[2], draw[3] + shift) for shift in (0.0, 0.5, 1.0)]
    assert far == sorted(far) and far[2] == pytest.approx(6, rel=0.15)


def test_pairwise_distances_by_hand():
    assert sorted(distances_within(np.array([1.0, 2, 4]))) == [1, 2, 3]
    assert sorted(distances_between(np.array([1.0, 2]), np.array([2.0, 5]))) == [0, 1, 3, 4]


def test_overlap_and_divergence():
    rng = np.random.default_rng(6)
    a, b = rng.normal(3, 0.5, 600), rng.normal(3, 0.5, 600)
    overlap, divergence = overlap_and_divergence(a, b, rng)
    assert overlap > 0.9 and 0 <= divergence < 0.05
    overlap, divergence = overlap_and_divergence(a, a + 100, rng)
    assert overlap < 0.01 and divergence > 2
    # two normals half a deviation apart share 2 * Phi(-1/4) of their area and diverge by 1/8 nat
    c = rng.normal(10, 1, 2000), rng.normal(10.5, 1, 2000)
    overlap, divergence = overlap_and_divergence(*c, rng)
    assert overlap == pytest.approx(0.803, abs=0.03) and divergence == pytest.approx(0.125, abs=0.04)
    assert all(np.isnan(v) for v in overlap_and_divergence(np.zeros(5), a, rng))

"""The schedule and the samplers, against what is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from chiaroscore import ControlError
from mapper.sampling import SAMPLERS, noise, sample
from mapper.schedule import cosine, time_features, visited


def test_signal_falls_and_noise_rises_with_unit_sum_of_squares() -> None:
    signal, share = cosine(1000)
    assert np.allclose(signal**2 + share**2, 1)
    assert (np.diff(signal) < 0).all()
    assert signal[0] > 0.9999
    assert signal[-1] < 1e-3
    # equation 17 of Nichol & Dhariwal at the middle, where the bound on a step does not bind
    left = np.cos((0.5 + 0.008) / 1.008 * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    assert signal[499] ** 2 == pytest.approx(left, rel=1e-6)


def test_visits_fall_from_the_last_step() -> None:
    path = visited(1000, 15)
    assert path[0] == 999
    assert len(path) == 15
    assert (np.diff(path) < 0).all()
    assert visited(1000, 1000) == list(range(999, -1, -1))


@pytest.mark.parametrize("visits", [0, 1, 1001])
def test_impossible_numbers_of_visits(visits: int) -> None:
    with pytest.raises(ControlError, match="give 2 to 1000"):
        visited(1000, visits)


def test_time_features_tell_steps_apart() -> None:
    table = time_features(np.arange(1000), 1000, 32)
    assert table.shape == (1000, 32)
    near = np.linalg.norm(table[500] - table[501])
    assert near < np.linalg.norm(table[500] - table[600])
    assert near > 0.05


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_find_a_gaussian(sampler: str) -> None:
    # for N(m, d^2) the clean vector is known: E[x0 | x] = m + a d^2 (x - a m) / (a^2 d^2 + s^2)
    signal, share = cosine(1000)
    mean, deviation = 1.5, 0.3

    def clean(x: np.ndarray, t: int) -> np.ndarray:
        a, s = signal[t], share[t]
        return mean + a * deviation**2 * (x - a * mean) / (a**2 * deviation**2 + s**2)

    start = np.random.default_rng(0).standard_normal((4000, 1))
    found = sample(clean, start, 1000, 20, sampler)  # type: ignore[arg-type]
    assert found.mean() == pytest.approx(mean, abs=0.02)
    assert found.std() == pytest.approx(deviation, rel=0.15)
    exact = mean + deviation * start  # the flow without error maps noise to data like this
    assert np.corrcoef(found[:, 0], exact[:, 0])[0, 1] > 0.999


def test_second_order_is_nearer_to_the_exact_flow() -> None:
    signal, share = cosine(1000)

    def clean(x: np.ndarray, t: int) -> np.ndarray:
        a, s = signal[t], share[t]
        return a * 0.25 * x / (a**2 * 0.25 + s**2)

    start = np.linspace(-2, 2, 41)[:, None]
    errors = {name: np.abs(sample(clean, start, 1000, 15, name) - 0.5 * start).max() for name in SAMPLERS}
    assert errors["dpm"] < errors["ddim"] / 2


def test_unknown_sampler() -> None:
    with pytest.raises(ControlError, match="ddim, dpm"):
        sample(lambda x, t: x, np.zeros((1, 1)), 1000, 15, "euler")  # type: ignore[arg-type]


def test_noise_of_a_sample_depends_on_nothing_else() -> None:
    many = noise(5, 3, 8, samples=4)
    assert many.shape == (3, 4, 8)
    assert np.array_equal(noise(5, 1, 8, samples=2), many[:1, :2])
    assert not np.array_equal(many[0, 0], many[0, 1])
    assert not np.array_equal(noise(6, 1, 8)[0, 0], many[0, 0])

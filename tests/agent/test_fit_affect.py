"""The fitting script: its ridge against scikit-learn's, its folds, and that it finds nothing in noise."""

import importlib.util
import pathlib

import numpy as np
import pytest
from sklearn.linear_model import Ridge

PATH = pathlib.Path(__file__).parents[2] / "scripts" / "fit_affect.py"


@pytest.fixture(scope="module")
def fit():
    spec = importlib.util.spec_from_file_location("fit_affect", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def data(rows=60, columns=90, seed=0):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(2, 1, (rows, columns))
    return matrix, matrix[:, :6] @ rng.normal(size=(6, 6)) + rng.normal(size=(rows, 6))


def test_ridge_is_the_ridge_of_scikit_learn(fit):
    matrix, targets = data()
    penalties = [1.0, 10.0, 100.0, 3.0, 30.0, 300.0]
    coefficients, intercept = fit.ridge(matrix, targets, penalties)
    for i, penalty in enumerate(penalties):
        other = Ridge(alpha=penalty).fit(matrix, targets[:, i])
        assert coefficients[:, i] == pytest.approx(other.coef_, abs=1e-8)
        assert intercept[i] == pytest.approx(other.intercept_, abs=1e-8)


def test_out_of_fold_predictions_are_those_of_ridges_that_never_saw_the_fold(fit):
    matrix, targets = data()
    fold = np.arange(60) % 4
    (predicted,) = fit.out_of_fold(matrix @ matrix.T, targets, fold, np.array([20.0]))
    for number in range(4):
        train = fold != number
        other = Ridge(alpha=20.0).fit(matrix[train], targets[train])
        assert predicted[~train] == pytest.approx(other.predict(matrix[~train]), abs=1e-8)


def test_a_theme_never_lies_in_two_folds(fit):
    themes = [f"theme {i // 3}" for i in range(90)]
    fold = fit.folds(themes, 10, seed=3)
    assert set(fold) == set(range(10))
    assert all(len(set(fold[i : i + 3])) == 1 for i in range(0, 90, 3))
    assert (fit.folds(themes, 10, seed=3) == fold).all()
    assert (fit.folds(themes, 10, seed=4) != fold).any()


def test_nested_cross_validation_finds_nothing_in_noise_and_something_in_signal(fit):
    matrix, targets = data(120, 40, seed=5)
    themes = [f"theme {i // 2}" for i in range(120)]
    kernel = matrix @ matrix.T
    noise = np.random.default_rng(6).normal(size=targets.shape)

    def score(truth):
        predicted = fit.nested(kernel, truth, themes, 0)
        return np.mean([np.corrcoef(predicted[:, i], truth[:, i])[0, 1] for i in range(6)])

    assert abs(score(noise)) < 0.2
    assert score(targets) > 0.6

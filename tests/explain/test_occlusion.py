"""Occlusion of functions whose answer is known: the mean of a place, nothing at all, two things at once."""

import numpy as np
import pytest
from PIL import Image

from explain.hiding import cell_mask, filled, hidden
from explain.occlusion import occlusion_maps, windows_of


@pytest.fixture(scope="module")
def picture():
    """A grey picture, 120 x 90, with a white square in its upper left and noise in its lower right."""
    rng = np.random.default_rng(0)
    pixels = np.full((90, 120, 3), 60, np.uint8)
    pixels[10:30, 10:30] = 255
    pixels[60:80, 80:110] = rng.integers(0, 255, (20, 30, 3))
    return Image.fromarray(pixels)


def outcomes(pictures):
    """Light in the square, detail in the noise, and a constant."""
    found = []
    for one in pictures:
        pixels = np.asarray(one, float)
        found.append((pixels[10:30, 10:30].mean(), pixels[60:80, 80:110].std(), 3.0))
    return np.array(found)


@pytest.mark.parametrize("fill", ["blur", "mean"])
@pytest.mark.parametrize(("grids", "least"), [(((7, 7),), 0.9), (((6, 8),), 0.9), (((5, 5), (7, 9)), 0.8)])
def test_each_outcome_gets_the_map_of_what_it_is_made_of(picture, fill, grids, least):
    light, detail, nothing = occlusion_maps(picture, outcomes, grids, fill)
    assert light.values.shape == (max(r for r, _ in grids), max(c for _, c in grids))
    assert light.share((0, 0, 0.5, 0.5)) > least
    assert detail.share((0.5, 0.5, 1, 1)) > least
    assert not nothing.values.any()


def test_the_unit_is_the_outcomes_own_and_what_lowers_it_is_negative(picture):
    (up,) = occlusion_maps(picture, lambda p: outcomes(p)[:, :1])
    (down,) = occlusion_maps(picture, lambda p: -outcomes(p)[:, :1])
    assert down.values == pytest.approx(-up.values)
    assert 0 < up.values.max() < 255 - 60


def test_windows_cover_everything_and_overlap():
    for grid in ((7, 7), (1, 1), (3, 5)):
        count = np.sum(windows_of(grid, (64, 48)), axis=0)
        assert count.shape == (48, 64)
        assert count.min() >= 1
    assert np.sum(windows_of((7, 7), (64, 48)), axis=0).max() > 1


def test_everything_is_asked_in_one_batch_the_whole_picture_first(picture):
    batches = []

    def listening(pictures):
        batches.append(list(pictures))
        return np.zeros((len(pictures), 1))

    occlusion_maps(picture, listening, ((2, 3), (4, 4)))
    (batch,) = batches
    assert len(batch) == 1 + 6 + 16
    assert batch[0].tobytes() == picture.tobytes()


def test_hiding_changes_only_what_is_hidden(picture):
    mask = cell_mask(np.array([[True, False], [False, False]]), picture.size)
    assert mask.mean() == 0.25
    found, plain = (np.asarray(one) for one in (hidden(picture, filled(picture), mask), filled(picture)))
    assert (found[~mask] == np.asarray(picture)[~mask]).all()
    assert (found[mask] == plain[mask]).all()


def test_the_mean_colour_is_the_mean_colour(picture):
    assert np.asarray(filled(picture, "mean"))[0, 0] == pytest.approx(
        np.asarray(picture, float).mean((0, 1)), abs=0.5
    )


def test_another_fill_is_refused(picture):
    with pytest.raises(ValueError, match="'noise' is unknown; choose blur or mean"):
        filled(picture, "noise")

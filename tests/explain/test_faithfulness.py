"""Trials of maps on outcomes that are known to sit in one place: true maps win, false ones lose."""

import numpy as np
import pytest
from PIL import Image

from explain.faithfulness import Trial, area, check_of, rank_correlation, trials
from explain.heat import HeatMap


@pytest.fixture(scope="module")
def picture():
    """Black with noise in the upper left quarter, 104 x 104."""
    pixels = np.zeros((104, 104, 3), np.uint8)
    pixels[:52, :52] = np.random.default_rng(0).integers(0, 255, (52, 52, 3))
    return Image.fromarray(pixels)


def detail(pictures):
    """The deviation of the upper left quarter: high, and low; blurring takes it away."""
    found = [np.asarray(one, float)[:52, :52].std() / 100 for one in pictures]
    return np.array([(value, -value) for value in found])


def corner(row, column):
    values = np.zeros((4, 4), np.float32)
    values[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 1
    return HeatMap(values)


def test_a_true_map_beats_chance_and_chance_beats_a_false_one(picture):
    true, _ = trials(picture, detail, [corner(0, 0), corner(0, 0)])
    false, _ = trials(picture, detail, [corner(1, 1), corner(1, 1)])
    assert true.drop > true.chance_drop > false.drop
    assert true.rise > true.chance_rise > false.rise
    assert area(true.deletion) < area(false.deletion)


def test_of_a_signed_map_that_comes_first_which_pulls_the_way_the_outcome_went(picture):
    signed = HeatMap(corner(0, 0).values, signed=True)
    against = HeatMap(-signed.values, signed=True)
    high, low = trials(picture, detail, [signed, against])
    assert (high.sign, low.sign) == (1, -1)
    assert low.deletion == pytest.approx(-high.deletion)
    assert low.drop == pytest.approx(high.drop)


def test_curves_run_from_end_to_end_in_even_steps(picture):
    counted = []

    def counting(pictures):
        counted.append(len(pictures))
        return detail(pictures)

    first, _ = trials(picture, counting, [corner(0, 0)] * 2, steps=5, chances=3)
    assert counted == [2, 2 * 2 * 4 + 3 * 4]
    assert len(first.deletion) == len(first.insertion) == 6
    assert first.deletion[0] == first.insertion[-1] == first.whole
    assert first.deletion[-1] == first.insertion[0] == first.blurred
    assert first.chance.shape == (3, 6)


def test_the_same_seed_gives_the_same_chance(picture):
    made = [trials(picture, detail, [corner(0, 0)] * 2, seed=seed)[0].chance for seed in (1, 1, 2)]
    assert (made[0] == made[1]).all()
    assert (made[0] != made[2]).any()


def trial(deletion, insertion, chance):
    return Trial(deletion[0], deletion[-1], np.array(deletion), np.array(insertion), np.array([chance]))


def test_a_check_scales_whole_to_one_and_blurred_to_nothing():
    made = trial([0.6, 0.2, 0.2], [0.2, 0.6, 0.6], [0.6, 0.4, 0.2])
    found = check_of(made, "valence", 0.05)
    assert found.deletion_curve == pytest.approx((1, 0, 0))
    assert (found.deletion, found.insertion) == pytest.approx((0.25, 0.75))
    assert found.random_deletion == found.random_insertion == pytest.approx(0.5)
    assert "takes more from the valence than" in found.text
    assert "brings more of it back" in found.text
    assert "random weights" not in found.text


def test_a_check_says_when_a_map_is_no_better_than_chance():
    found = check_of(trial([1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.5, 0.0]), "arousal", 0.05, sanity=0.91)
    assert "takes no more from the arousal than" in found.text
    assert "brings no more of it back" in found.text
    assert "correlates +0.91" in found.text
    assert found.sanity == 0.91


def test_where_blurring_changes_nothing_there_is_no_check():
    assert check_of(trial([0.31, 0.1, 0.3], [0.3, 0.1, 0.31], [0.3, 0.3, 0.3]), "valence", 0.05) is None


def test_rank_correlation():
    rising = HeatMap(np.arange(12, dtype=np.float32).reshape(3, 4))
    assert rank_correlation(rising, HeatMap(rising.values**3)) == pytest.approx(1)
    assert rank_correlation(rising, HeatMap(-rising.values)) == pytest.approx(-1)
    assert rank_correlation(rising, HeatMap(np.ones((3, 4), np.float32))) == 0
    with pytest.raises(ValueError, match=r"\(3, 4\) and \(4, 3\)"):
        rank_correlation(rising, HeatMap(rising.values.T))

"""Pouring values between grids keeps every bit of them."""

import numpy as np
import pytest

from explain.cells import grid_for, overlaps, poured


def test_a_grid_over_all_is_left_as_it_is():
    values = np.random.default_rng(0).normal(size=(4, 6))
    assert poured(values, (4, 6)) == pytest.approx(values)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0.2, 0, 0.8, 1), (0.11, 0.3, 0.57, 0.9)])
def test_the_sum_stays(box):
    values = np.random.default_rng(1).normal(size=(3, 9, 7))
    assert poured(values, (5, 11), box).sum((1, 2)) == pytest.approx(values.sum((1, 2)))


def test_what_lies_in_the_left_half_stays_there():
    held = poured(np.ones((2, 2)), (4, 8), (0.0, 0.0, 0.5, 1.0))
    assert held[:, :4].sum() == pytest.approx(4)
    assert held[:, 4:] == pytest.approx(np.zeros((4, 4)))


def test_a_cell_is_cut_at_the_edges_of_others():
    # two cells over three: the middle one gets half of its own width from each, a third of theirs
    assert overlaps(2, 0, 1, 3) == pytest.approx(np.array([[2 / 3, 0], [1 / 3, 1 / 3], [0, 2 / 3]]))


@pytest.mark.parametrize(("size", "grid"), [((100, 100), (8, 8)), ((50, 100), (8, 4)), ((5000, 10), (1, 8))])
def test_cells_are_about_square(size, grid):
    assert grid_for(size, 8) == grid

"""The Fréchet distance alone is that of the whole comparison."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import compare_pooled, frechet_pooled, group_reference


def test_it_agrees_with_the_whole_comparison_and_grows_with_distance() -> None:
    references = [one for name in ("folk", "classical") if (one := group_reference(name))]
    rows = {one.name: one.values[:20] + 0.3 * one.sd for one in references}
    whole, alone = compare_pooled(rows, references), frechet_pooled(rows, references)
    assert alone == pytest.approx((whole.frechet, whole.frechet_halves), rel=0.05)
    assert alone == frechet_pooled(rows, references)
    further = {one.name: one.values[:20] + 2 * one.sd for one in references}
    assert frechet_pooled(further, references)[0] > 3 * alone[0]
    assert all(np.isnan(frechet_pooled({"folk": rows["folk"][:2]}, references)))

"""The mapper that is shipped: whole, small, and of some use."""

import pathlib

import numpy as np
import pytest

from agent.distilled.eyes import eye_of
from agent.offline.plan import OfflinePlanner
from agent.picture import open_picture
from mapper.inference import Mapper, shipped_folder

PICTURES = sorted((pathlib.Path(__file__).parents[2] / "examples" / "images").glob("*.jpg"))[:12]


@pytest.fixture(scope="module")
def shipped():
    return Mapper.load()


@pytest.fixture(scope="module")
def looks(shipped):
    eye = eye_of(shipped)
    return [eye.look(open_picture(path)) for path in PICTURES]


def test_it_is_small_and_whole(shipped):
    assert sum(path.stat().st_size for path in shipped_folder().iterdir()) < 20e6
    assert len(shipped.check_plans()) > 1000
    assert {path.suffix for path in shipped_folder().iterdir()} == {".md", ".json", ".safetensors"}


def test_it_agrees_with_its_teacher_more_than_chance(shipped, looks):
    """On pictures that it was taught with too: this tells whether the shipped files fit each other."""
    from agent.controls import Controls

    seen = np.stack([vector for _, vector in looks])
    heard = shipped.sample(seen, 1, seed=1).heard[:, 0]
    modes = []
    for (scene, _), one in zip(looks, heard, strict=True):
        plan = OfflinePlanner().plan(scene, Controls(), 1)
        modes.append(plan.key.split()[-1] == shipped.decide(one).choices.mode)
    assert np.mean(modes) >= 0.5


def test_samples_differ_and_seeds_reproduce(shipped, looks):
    seen = looks[0][1][None]
    first = shipped.sample(seen, 4, seed=3).heard[0]
    assert np.array_equal(first, shipped.sample(seen, 4, seed=3).heard[0])
    cosines = first @ first.T
    assert cosines[np.triu_indices(4, 1)].max() < 0.9999
    assert not np.allclose(first, shipped.sample(seen, 4, seed=4).heard[0])

"""The packaged encoder: what it keeps of its input, and that a saved one is the same or refused."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from chiaroscore import InputError
from mapper.encoders import Encoder, Measured, fit, group_shares

GROUPS = tuple(index % 7 for index in range(1000))


def measured(count: int, seed: int = 0) -> Measured:
    draw = np.random.default_rng(seed)
    chances = draw.dirichlet(np.full(1000, 0.02), count)
    return Measured(
        *(
            np.asarray(one, dtype=np.float32)
            for one in (
                draw.gamma(0.3, 0.5, (count, 1280)), chances, draw.normal(10, 4, (count, 31)),
                draw.normal(0, 0.3, (count, 6)),
            )
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return fit(measured(60), GROUPS, features=20, labels=10)


def test_blocks_have_unit_variance_over_what_was_fitted(encoder: Encoder) -> None:
    vectors = encoder.encode(measured(60))
    assert vectors.shape == (60, encoder.dim) == (60, 20 + 10 + 7 + 31 + 6)
    for block in encoder.blocks.values():
        assert vectors[:, block].var(0).mean() == pytest.approx(1.0, abs=0.12)


def test_rows_do_not_hang_on_each_other(encoder: Encoder) -> None:
    all_of_them = encoder.encode(measured(5, seed=3))
    one = measured(5, seed=3)
    alone = Measured(one.features[2:3], one.probabilities[2:3], one.measures[2:3], one.affect[2:3])
    np.testing.assert_allclose(encoder.encode(alone)[0], all_of_them[2], atol=1e-5)


def test_a_picture_like_no_other_stays_within_bounds(encoder: Encoder) -> None:
    wild = dataclasses.replace(measured(3), measures=np.full((3, 31), 1e6, np.float32))
    assert np.abs(encoder.encode(wild)[:, encoder.blocks["measures"]]).max() == 4.0


def test_group_shares_sum_to_one() -> None:
    np.testing.assert_allclose(group_shares(measured(4).probabilities, GROUPS).sum(1), 1, atol=1e-5)


def test_a_saved_encoder_is_the_same(encoder: Encoder, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "encoder.safetensors"
    encoder.save(path)
    again = Encoder.load(path)
    assert again.id == encoder.id
    np.testing.assert_array_equal(again.encode(measured(4)), encoder.encode(measured(4)))


def test_other_pictures_give_another_id(encoder: Encoder) -> None:
    assert fit(measured(60, seed=1), GROUPS, features=20, labels=10).id != encoder.id


@pytest.mark.parametrize("harm", ["missing", "cut", "changed", "foreign"])
def test_a_damaged_or_foreign_file_is_refused(encoder: Encoder, tmp_path: pathlib.Path, harm: str) -> None:
    path = tmp_path / "encoder.safetensors"
    if harm != "missing":
        encoder.save(path)
        whole = bytearray(path.read_bytes())
        if harm == "cut":
            path.write_bytes(whole[:-100])
        elif harm == "changed":
            whole[-40] ^= 0x10
            path.write_bytes(whole)
        else:
            save_file({"a": np.zeros(3, np.float32)}, str(path))
    with pytest.raises(InputError, match=r"encoder\.safetensors"):
        Encoder.load(path)


def test_too_few_pictures_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        fit(measured(5), GROUPS)
    with pytest.raises(InputError, match="31"):
        dataclasses.replace(measured(5), measures=np.zeros((5, 30), np.float32))

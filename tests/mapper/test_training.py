"""Training: what it learns, that it can be interrupted, and that it depends on data and settings only."""

from __future__ import annotations

import csv
import pathlib
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from chiaroscore import ControlError, InputError
from mapper.config import TrainConfig
from mapper.files import Stored, load
from mapper.lessons import Lessons, split
from mapper.loop import Tick
from mapper.model import build
from mapper.sampling import noise
from mapper.training import train as train_mapper

from .world import world

#: A training of a second.
TINY = TrainConfig(
    batch=32, latent=8, reasoner_width=16, reasoner_blocks=1, composer_width=16, composer_blocks=1,
    head_width=8, reasoner_steps=12, composer_steps=12, head_steps=12, check_every=6, checkpoint_every=4,
    warm_up=2, decay=0.9,
)  # fmt: skip


def train(data: Lessons, folder: pathlib.Path, config: TrainConfig, **options: Any) -> Stored:
    """Train without curves, which take longer than all the rest here."""
    return train_mapper(data, folder, config, curves=False, **options)


class Stopped(Exception):
    """Somebody pulled the plug."""


def plug(stage: str, step: int) -> Callable[[Tick], None]:
    """Return a watcher that ends a training at the first check from ``step`` of ``stage`` on."""

    def watch(tick: Tick) -> None:
        if tick.stage == stage and tick.step >= step:
            raise Stopped

    return watch


def same(one: Stored, other: Stored) -> bool:
    return one.digest == other.digest and all(
        np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors
    )


@pytest.fixture(scope="module")
def data() -> Lessons:
    return world()


@pytest.fixture(scope="module")
def whole(data: Lessons, tmp_path_factory: pytest.TempPathFactory) -> tuple[Stored, pathlib.Path]:
    folder = tmp_path_factory.mktemp("whole")
    return train(data, folder, TINY), folder


@pytest.mark.parametrize("stage", ["reasoner", "composer", "head"])
def test_interrupted_training_goes_on_bit_by_bit(
    stage: str, data: Lessons, whole: tuple[Stored, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    with pytest.raises(Stopped):
        train(data, tmp_path, TINY, progress=plug(stage, 6))
    assert not (tmp_path / "mapper.safetensors").exists()
    torch.manual_seed(99)  # whatever happens between the two calls
    ticks: list[Tick] = []
    again = train(data, tmp_path, TINY, progress=ticks.append)
    assert ticks[0].stage == stage
    assert same(again, whole[0])
    assert not (tmp_path / "training" / "checkpoint.safetensors").exists()


def test_callers_random_state_is_left_alone(data: Lessons, tmp_path: pathlib.Path) -> None:
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]
    train(data, tmp_path, TINY.replace(reasoner_steps=2, composer_steps=2, head_steps=2))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index]


def test_seed_and_data_matter(
    data: Lessons, whole: tuple[Stored, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    other = train(
        data, tmp_path / "seed", TINY.replace(seed=1, reasoner_steps=4, composer_steps=4, head_steps=4)
    )
    again = train(
        data, tmp_path / "same", TINY.replace(seed=1, reasoner_steps=4, composer_steps=4, head_steps=4)
    )
    assert other.digest == again.digest
    assert other.digest != whole[0].digest


def test_parts_of_a_batch_add_up(data: Lessons, tmp_path: pathlib.Path) -> None:
    short = TINY.replace(reasoner_steps=6, composer_steps=6, head_steps=6, dropout=0.0)
    one = train(data, tmp_path / "one", short)
    four = train(data, tmp_path / "four", short.replace(accumulation=4))
    for name in one.tensors:  # stored in half precision
        assert np.allclose(one.tensors[name], four.tensors[name], atol=2e-3), name


def test_bf16_is_near(data: Lessons, whole: tuple[Stored, pathlib.Path], tmp_path: pathlib.Path) -> None:
    short = TINY.replace(precision="bf16")
    half = train(data, tmp_path, short)
    name = "reasoner.first.weight"
    assert not np.array_equal(half.tensors[name], whole[0].tensors[name])
    assert np.allclose(half.tensors[name], whole[0].tensors[name], atol=0.02)


def test_begun_training_of_something_else(data: Lessons, tmp_path: pathlib.Path) -> None:
    with pytest.raises(Stopped):
        train(data, tmp_path, TINY, progress=plug("reasoner", 6))
    with pytest.raises(ControlError, match=r"another training \(other seed\)"):
        train(data, tmp_path, TINY.replace(seed=3))
    with pytest.raises(ControlError, match=r"another training \(other data\)"):
        train(world(seed=1), tmp_path, TINY)
    (tmp_path / "training" / "checkpoint.safetensors").write_bytes(b"\x80\x04K\x01.")  # a pickle
    with pytest.raises(InputError, match="cannot be read"):
        train(data, tmp_path, TINY)


def test_it_learns(data: Lessons, tmp_path: pathlib.Path) -> None:
    config = TINY.replace(
        reasoner_width=32, composer_width=48, composer_blocks=2, head_width=32, reasoner_steps=120,
        composer_steps=300, head_steps=100, check_every=40, decay=0.98, reasoner_rate=2e-3,
        composer_rate=3e-3, head_rate=1e-2, patience=100, predicted=1.0,
    )  # fmt: skip
    stored = train(data, tmp_path, config)
    networks = build(stored.config, stored.tensors)
    test = data.take(split(data.kin, config.validation, config.test)["test"])
    seen = torch.from_numpy(test.seen)
    why = networks.reason(seen)
    assert float((why * torch.from_numpy(test.why)).sum(dim=1).mean()) > 0.8
    start = torch.from_numpy(noise(0, len(test), stored.config.latent, 8))
    heard = networks.compose(seen, why, start, 15)
    # one of eight samples is near what the teacher did; all eight are not the same
    nearest = torch.einsum("nkd,nd->nk", heard, torch.from_numpy(test.heard)).amax(dim=1)
    assert float(nearest.mean()) > 0.75
    assert float(torch.einsum("nkd,njd->nkj", heard, heard).mean()) < 0.9
    told = networks.tell(torch.from_numpy(test.heard))
    assert np.mean(told["meter"].argmax(dim=1).numpy() == [one.meter == "4/4" for one in test.traits]) > 0.9
    rows = list(csv.DictReader((tmp_path / "training" / "log.csv").read_text().splitlines()))
    assert [row["step"] for row in rows if row["stage"] == "reasoner"] == ["40", "80", "120"]
    assert float(rows[2]["distance"]) < float(rows[0]["distance"])


def test_what_lies_in_the_folder(whole: tuple[Stored, pathlib.Path]) -> None:
    stored, folder = whole
    assert same(load(folder, encoder="toy-encoder", seen=12), stored)
    card = (folder / "README.md").read_text("utf-8")
    assert "toy teacher" in card
    assert f"| {stored.about['metrics']['test']['cosine_why']:.3f} |" in card
    assert stored.about["data"]["parts"]["train"] + stored.about["data"]["parts"]["test"] < 240
    assert not [path for path in folder.rglob("*") if path.suffix in (".pt", ".pkl", ".bin", ".pth")]


def test_kin_stay_together() -> None:
    kin = [f"picture-{at % 50}" for at in range(500)]
    parts = split(kin, 0.2, 0.2)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(500))
    of = {name: {kin[at] for at in places} for name, places in parts.items()}
    assert (
        not of["train"] & of["test"]
        and not of["train"] & of["validation"]
        and not of["test"] & of["validation"]
    )
    more = split([*kin, "picture-new"], 0.2, 0.2)  # nobody moves when data are added
    assert set(parts["test"].tolist()) <= set(more["test"].tolist())


def test_too_few_kins(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InputError, match="more pictures or scenes"):
        train(world(40, kins=1), tmp_path, TINY)

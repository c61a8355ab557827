"""The networks: what goes in and out, and what the samples depend on."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest
import torch

from mapper.calibration import calibrate
from mapper.config import VARIANTS, ModelConfig
from mapper.curves import write_curves, write_log
from mapper.framing import frame, principal
from mapper.layers import Denoiser
from mapper.model import Networks
from mapper.sampling import noise
from mapper.schedule import cosine
from mapper.traits import Vocabulary

from .world import world

DATA = world(80)
KNOWN = Vocabulary.of(DATA.traits)


def shape(**changes: object) -> ModelConfig:
    return ModelConfig(
        encoder="toy", embedder="toy", seen=12, why=16, heard=16, latent=8, reasoner_width=16,
        composer_width=16, composer_blocks=2, head_width=8, questions=KNOWN.questions,
        families=KNOWN.families, **changes,
    )  # fmt: skip


def networks(**changes: object) -> Networks:
    """Return networks with random weights everywhere, and the frame of the data."""
    torch.manual_seed(0)
    made = Networks(shape(**changes)).eval().requires_grad_(False)
    for name, one in made.named_parameters():
        if not name.startswith("frame."):
            one.normal_(0, 0.3)
    for name, values in frame(DATA, made.config, 1.0).items():
        getattr(made.frame, name).copy_(torch.from_numpy(values))
    return made


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("predicts", ["noise", "velocity"])
def test_vectors_have_unit_length_and_samples_differ(variant: str, predicts: str) -> None:
    made = networks(variant=variant, predicts=predicts)
    seen = torch.from_numpy(DATA.seen[:5])
    why = made.reason(seen)
    heard = made.compose(seen, why, torch.from_numpy(noise(0, 5, 8, 3)), 10, guidance=2.0)
    assert heard.shape == (5, 3, 16)
    assert torch.allclose(why.norm(dim=-1), torch.ones(5), atol=1e-5)
    assert torch.allclose(heard.norm(dim=-1), torch.ones(5, 3), atol=1e-5)
    assert torch.equal(heard[:, 0], heard[:, 1]) == (variant == "mlp_mlp")


@pytest.mark.parametrize("guidance", [1.0, 1.7])
def test_a_picture_gives_the_same_alone_and_among_others(guidance: float) -> None:
    made = networks()
    seen = torch.from_numpy(DATA.seen[:6])
    many = made.compose(seen, made.reason(seen), torch.from_numpy(noise(3, 6, 8, 2)), 12, guidance)
    one = made.compose(seen[4:5], made.reason(seen[4:5]), torch.from_numpy(noise(3, 1, 8, 1)), 12, guidance)
    assert torch.allclose(many[4, 0], one[0, 0], atol=1e-4)


def test_condition_matters_only_where_it_is_said_to() -> None:
    seen, other = torch.from_numpy(DATA.seen[:4]), torch.from_numpy(DATA.seen[4:8])
    start = torch.from_numpy(noise(0, 4, 8))
    for variant, by_why in (("full", True), ("no_latent", False), ("mlp_mlp", True)):
        made = networks(variant=variant)
        why, another = made.reason(seen), made.reason(other)
        given = made.compose(seen, why, start)
        assert torch.equal(given, made.compose(seen, another, start)) != by_why, variant
        assert torch.equal(given, made.compose(other, why, start)) == (variant == "mlp_mlp"), variant
    made = networks()
    free = made.compose(seen, made.reason(seen), start, guidance=0.0)
    assert torch.allclose(free, made.compose(other, made.reason(other), start, guidance=0.0), atol=1e-5)


@pytest.mark.parametrize("predicts", ["noise", "velocity"])
def test_clean_undoes_the_noise(predicts: str) -> None:
    made = networks(predicts=predicts)
    latent = made.frame.latent(torch.from_numpy(DATA.heard[:7]))
    drawn = torch.randn(7, 8)
    for t in (0, 300, 900):
        signal, share = (float(table[t]) for table in cosine(1000))
        told = drawn if predicts == "noise" else signal * drawn - share * latent
        assert torch.allclose(made.clean(signal * latent + share * drawn, t, told), latent, atol=1e-3)
    far = made.clean(torch.zeros(1, 8), 999, torch.full((1, 8), 50.0))
    assert (far.abs() <= made.frame.latent_limit).all()


def test_training_and_sampling_run_the_same_network() -> None:
    made = networks()
    denoiser = made.composer
    assert isinstance(denoiser, Denoiser)
    x, seen, why = torch.randn(3, 8), torch.randn(3, 12), torch.randn(3, 16)
    given = torch.tensor([[True], [False], [True]])
    trained = denoiser(x, torch.full((3,), 400), seen, why, given)
    steer = denoiser.by_condition(denoiser.condition(seen, why)) + denoiser.by_time(torch.tensor([400]))
    free = denoiser.by_condition(denoiser.nothing[None]) + denoiser.by_time(torch.tensor([400]))
    assert torch.allclose(trained[[0, 2]], denoiser.denoise(x, steer)[[0, 2]], atol=1e-5)
    assert torch.allclose(trained[1], denoiser.denoise(x, free.expand(3, -1))[1], atol=1e-5)


@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
def test_latents_stand_for_what_is_heard(whitening: float) -> None:
    config = shape()
    made = Networks(config)
    values = frame(DATA, config, whitening)
    with torch.no_grad():
        for name, one in values.items():
            getattr(made.frame, name).copy_(torch.from_numpy(one))
        latent = made.frame.latent(torch.from_numpy(DATA.heard))
        back = made.frame.heard(latent)
    assert float(latent.var(dim=0, correction=0).mean()) == pytest.approx(1, rel=1e-3)
    if whitening == 1:
        assert torch.allclose(latent.var(dim=0, correction=0), torch.ones(8), rtol=1e-3)
    kept = float((back * torch.from_numpy(DATA.heard)).sum(dim=1).mean())
    assert kept > 0.95
    assert (latent.abs() <= made.frame.latent_limit).all()


def test_principal_directions() -> None:
    chance = np.random.default_rng(0)
    rows = (chance.standard_normal((500, 3)) * [3, 1, 0] + [5, 0, 2]).astype(np.float32)
    mean, basis, spread = principal(rows, 3)
    assert np.allclose(mean, rows.mean(axis=0), atol=1e-5)
    assert np.allclose(np.abs(basis), np.eye(3), atol=0.05)
    assert np.allclose(basis @ basis.T, np.eye(3), atol=1e-6)
    assert spread[:2] == pytest.approx([3, 1], rel=0.1)
    assert spread[2] == pytest.approx(3e-3, rel=0.1)  # never nothing


def test_measures_that_stand_still_do_not_count() -> None:
    seen = DATA.seen.copy()
    seen[:, 3] = 2.5
    still = frame(world(80).take(np.arange(80)), shape(), 1.0)
    assert still["seen_scale"][3] > 0
    data = type(DATA)(seen, DATA.why, DATA.heard, DATA.kin, DATA.traits, "toy")
    assert frame(data, shape(), 1.0)["seen_scale"][3] == 0


def test_calibration_makes_the_answers_likelier() -> None:
    made = networks()
    made.head.last.weight.mul_(20)  # far too sure of itself
    before = made.tell(torch.from_numpy(DATA.heard))["meter"].amax(dim=1).mean()
    found = calibrate(made, DATA)
    after = made.tell(torch.from_numpy(DATA.heard))["meter"].amax(dim=1).mean()
    assert found["meter"] > 2
    assert float(after) < float(before)
    assert found["group"] == 1  # one answer only: nothing to learn
    assert made.frame.tempo[2] > 0


def test_log_and_curves(tmp_path: pathlib.Path) -> None:
    rows = [
        {"stage": "reasoner", "step": at, "train": 1.0 / at, "distance": 0.5, "cosine": 0.5} for at in (1, 2)
    ]
    rows += [{"stage": "head", "step": 1, "train": 2.0, "loss": 1.25}]
    write_log(tmp_path / "log.csv", rows)
    assert (tmp_path / "log.csv").read_text().splitlines() == [
        "stage,step,train,loss,distance,cosine", "reasoner,1,1,,0.5,0.5", "reasoner,2,0.5,,0.5,0.5",
        "head,1,2,1.25,,",
    ]  # fmt: skip
    pytest.importorskip("matplotlib")
    drawn = write_curves(tmp_path / "curves.png", rows)
    assert drawn is not None
    assert drawn.read_bytes().startswith(b"\x89PNG")

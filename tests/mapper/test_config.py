"""Settings: their limits, and the way to JSON and back."""

from __future__ import annotations

import json

import pytest

from chiaroscore import ControlError
from mapper.config import ModelConfig, TrainConfig


def test_settings_go_through_json() -> None:
    config = TrainConfig(seed=4, batch=64, accumulation=4, variant="no_latent")
    assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    model = ModelConfig(
        encoder="e", embedder="m", seen=5, questions=(("mode", ("major", "minor")),), families=("strings",)
    )
    assert ModelConfig.from_dict(json.loads(json.dumps(model.as_dict()))) == model


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "out of range"),
        ({"batch": 2.5}, "not a whole number"),
        ({"batch": True}, "not a whole number"),
        ({"dropout": float("nan")}, "out of range"),
        ({"reasoner_rate": "fast"}, "not a number"),
        ({"precision": "fp16"}, "choose one of no, bf16"),
        ({"variant": "huge"}, "full, no_latent, mlp_mlp"),
        ({"batch": 10, "accumulation": 4}, "cannot be split"),
        ({"epochs": 3}, "unknown setting 'epochs'"),
    ],
)
def test_values_out_of_place(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ControlError, match=message):
        TrainConfig().replace(**changes)
    with pytest.raises(ControlError, match=message):
        TrainConfig.from_dict(changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent": 400}, "more than E_m has"),
        ({"time_features": 33}, "odd"),
        ({"families": ("strings", "strings")}, "each once"),
        ({"questions": (("mode", ("major", 3)),)}, "give texts"),
        ({"questions": 5}, "pairs"),
    ],
)
def test_models_that_cannot_be(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ControlError, match=message):
        ModelConfig(encoder="e", embedder="m", seen=5, **changes)  # type: ignore[arg-type]


def test_what_has_no_default_must_be_there() -> None:
    with pytest.raises(ControlError, match="embedder"):
        ModelConfig.from_dict({"encoder": "e", "seen": 3})

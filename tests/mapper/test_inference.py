"""A mapper in use: numpy, torch and ONNX agree, samples are repeatable, and what does not fit is refused."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import numpy as np
import pytest

from chiaroscore import ControlError, InputError, MissingPartError
from mapper.config import VARIANTS, ModelConfig
from mapper.files import Stored, load, save
from mapper.inference import Mapper
from mapper.shapes import shapes

SHAPE = ModelConfig(
    encoder="toy", embedder="words", seen=10, why=12, heard=12, latent=8, reasoner_width=16,
    composer_width=16, composer_blocks=2, head_width=8, time_features=8, diffusion_steps=100,
    questions=(("mode", ("major", "minor")), ("meter", ("2/4", "3/4", "4/4"))), families=("brass", "strings"),
)  # fmt: skip
PICTURES = np.random.default_rng(5).standard_normal((3, 10)).astype(np.float32)


def stored(folder: pathlib.Path, config: ModelConfig = SHAPE) -> Stored:
    """Networks whose every tensor matters: training begins with some at zero, which would hide mistakes."""
    chance = np.random.default_rng(1)
    tensors = {
        name: (chance.standard_normal(shape) / shape[-1] ** 0.5).astype(np.float32)
        for name, shape in shapes(config).items()
    }
    tensors["frame.latent_limit"] = np.full(config.latent, 3.0, dtype=np.float32)
    tensors["frame.temperature"] = np.linspace(0.5, 2.0, len(config.questions) + 1, dtype=np.float32)
    return save(folder, config, tensors)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    stored(tmp_path)
    return tmp_path


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("predicts", ["noise", "velocity"])
def test_numpy_computes_what_torch_does(tmp_path: pathlib.Path, variant: str, predicts: str) -> None:
    stored(tmp_path, SHAPE.replace(variant=variant, predicts=predicts))
    plain, torch = Mapper.load(tmp_path), Mapper.load(tmp_path, runtime="torch")
    for guidance, sampler in ((1.0, "dpm"), (2.5, "ddim"), (0.0, "dpm")):
        ours, theirs = (
            one.sample(PICTURES, 2, seed=4, visits=7, guidance=guidance, sampler=sampler)  # type: ignore[arg-type]
            for one in (plain, torch)
        )
        np.testing.assert_allclose(ours.why, theirs.why, atol=1e-4)
        np.testing.assert_allclose(ours.heard, theirs.heard, atol=1e-4)
    told, other = plain.tell(ours.heard[:, 0]), torch.tell(ours.heard[:, 0])
    assert told.keys() == other.keys() == {"mode", "meter", "families", "log_tempo"}
    for name, values in told.items():
        np.testing.assert_allclose(values, other[name], atol=1e-4)
    np.testing.assert_allclose(told["meter"].sum(axis=1), 1, atol=1e-5)


def test_samples_hang_on_the_seed_alone(folder: pathlib.Path) -> None:
    mapper = Mapper.load(folder)
    one = mapper.sample(PICTURES, 3, seed=7)
    assert one.why.shape == (3, 12) and one.heard.shape == (3, 3, 12)
    np.testing.assert_allclose(np.linalg.norm(one.heard, axis=-1), 1, atol=1e-5)
    assert np.array_equal(one.heard, mapper.sample(PICTURES, 3, seed=7).heard)
    np.testing.assert_allclose(mapper.sample(PICTURES[1], 1, seed=7).heard[0, 0], one.heard[1, 0], atol=1e-5)
    assert np.abs(one.heard - mapper.sample(PICTURES, 3, seed=8).heard).max() > 0.01
    assert np.abs(one.heard[:, 0] - one.heard[:, 1]).max() > 0.01


def test_large_batches_go_through_in_parts(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapper = Mapper.load(folder)
    whole = mapper.sample(PICTURES, 2)
    monkeypatch.setattr("mapper.inference.AT_ONCE", 2)
    parts = mapper.sample(PICTURES, 2)
    np.testing.assert_allclose(parts.heard, whole.heard, atol=1e-5)
    assert mapper.sample(PICTURES[:0]).heard.shape == (0, 1, 12)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"samples": 0}, "samples=0"),
        ({"samples": 2.5}, "whole number"),
        ({"seed": -1}, "seed=-1"),
        ({"guidance": float("nan")}, "guidance=nan"),
        ({"visits": 1}, "1 steps"),
        ({"sampler": "euler"}, "euler"),
    ],
)
def test_what_cannot_be_sampled(folder: pathlib.Path, asked: dict[str, object], message: str) -> None:
    with pytest.raises(ControlError, match=message):
        Mapper.load(folder).sample(PICTURES, **asked)  # type: ignore[arg-type]


def test_vectors_of_another_length_are_refused(folder: pathlib.Path) -> None:
    mapper = Mapper.load(folder)
    with pytest.raises(InputError, match=r"\(3, 9\).*length 10.*'toy'"):
        mapper.sample(PICTURES[:, :9])
    with pytest.raises(InputError, match="no numbers"):
        mapper.sample(np.full((1, 10), np.nan))
    with pytest.raises(InputError, match="encoder 'toy', not of 'other'"):
        Mapper.load(folder, encoder="other")


def test_runtimes_and_devices_that_are_none(folder: pathlib.Path) -> None:
    with pytest.raises(ControlError, match="choose one of auto, numpy, torch, onnx"):
        Mapper.load(folder, runtime="jax")
    with pytest.raises(ControlError, match="works on the CPU"):
        Mapper.load(folder, runtime="numpy", device="cuda")
    with pytest.raises(ControlError, match="'nowhere' cannot be used"):
        Mapper.load(folder, device="nowhere")
    with pytest.raises(MissingPartError, match=r"no plan bank \(bank\.safetensors\)"):
        Mapper.load(folder).decide(np.zeros(12, dtype=np.float32))


def test_inference_needs_neither_torch_nor_a_store(folder: pathlib.Path) -> None:
    code = (
        "import sys, numpy; from mapper.inference import Mapper; "
        f"Mapper.load({str(folder)!r}).sample(numpy.zeros(10)); "
        "print([name for name in ('torch', 'pyarrow', 'chromadb', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("variant", VARIANTS)
def test_onnx_computes_what_numpy_does(tmp_path: pathlib.Path, variant: str) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from mapper.onnx import export

    export(stored(tmp_path, SHAPE.replace(variant=variant)), tmp_path)
    plain, graphs = Mapper.load(tmp_path), Mapper.load(tmp_path, runtime="onnx")
    for guidance in (1.0, 2.0):
        ours, theirs = (one.sample(PICTURES, 2, seed=4, guidance=guidance) for one in (plain, graphs))
        np.testing.assert_allclose(ours.why, theirs.why, atol=1e-4)
        np.testing.assert_allclose(ours.heard, theirs.heard, atol=1e-4)
    for name, values in plain.tell(ours.heard[:, 0]).items():
        np.testing.assert_allclose(values, graphs.tell(ours.heard[:, 0])[name], atol=1e-4)


def test_graphs_that_do_not_belong_to_the_mapper(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from mapper.onnx import export

    stored(tmp_path)
    with pytest.raises(InputError, match=r"reasoner\.onnx.*distill export"):
        Mapper.load(tmp_path, runtime="onnx")
    export(load(tmp_path), tmp_path)
    stored(tmp_path, SHAPE.replace(predicts="velocity", head_width=9))
    with pytest.raises(InputError, match="made of another mapper"):
        Mapper.load(tmp_path, runtime="onnx")
    (tmp_path / "onnx" / "reasoner.onnx").write_bytes(b"not a graph")
    with pytest.raises(InputError, match="is no ONNX graph"):
        Mapper.load(tmp_path, runtime="onnx")

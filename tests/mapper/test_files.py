"""A mapper's folder: what is written is read, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import pathlib
import struct
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy
import torch

from chiaroscore import InputError
from mapper.config import VARIANTS, ModelConfig
from mapper.files import CONFIG, TENSORS, Stored, load, save
from mapper.model import Networks, build
from mapper.shapes import parameters, shapes

SHAPE = ModelConfig(
    encoder="toy", embedder="words", seen=6, why=8, heard=8, latent=4, reasoner_width=8, composer_width=8,
    composer_blocks=2, head_width=4, questions=(("mode", ("major", "minor")),), families=("brass", "strings"),
)  # fmt: skip


def tensors(config: ModelConfig = SHAPE) -> dict[str, np.ndarray]:
    torch.manual_seed(1)
    return {name: one.numpy() for name, one in Networks(config).state_dict().items()}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    save(tmp_path, SHAPE, tensors(), {"note": "a toy"}, "# card\n")
    return tmp_path


@pytest.mark.parametrize("variant", VARIANTS)
def test_shapes_are_those_of_the_networks(variant: str) -> None:
    config = ModelConfig.from_dict(SHAPE.as_dict() | {"variant": variant})
    found = {name: tuple(one.shape) for name, one in Networks(config).state_dict().items()}
    assert dict(sorted(found.items())) == shapes(config)
    assert parameters(config) == sum(one.numel() for one in Networks(config).state_dict().values())


def test_a_default_mapper_is_small() -> None:
    assert 2 * parameters(ModelConfig(encoder="e", embedder="m", seen=400)) < 8_000_000


def test_what_is_saved_is_loaded(folder: pathlib.Path) -> None:
    stored = load(folder, encoder="toy", seen=6)
    assert stored.config == SHAPE
    assert stored.about == {"note": "a toy"}
    for name, values in tensors().items():
        assert np.allclose(stored.tensors[name], values, rtol=1e-3, atol=1e-6), name
    again = save(folder.parent / "again", stored.config, stored.tensors, stored.about)
    assert again.digest == stored.digest
    build(stored.config, stored.tensors).reason(torch.ones(1, 6))


def test_loading_needs_no_torch(folder: pathlib.Path) -> None:
    code = (
        f"import sys; from mapper.files import load; load({str(folder)!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("place", [0, 1, 100, -1])
def test_damaged_tensors(folder: pathlib.Path, place: int) -> None:
    data = bytearray((folder / TENSORS).read_bytes())
    data[place] ^= 1
    (folder / TENSORS).write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"):
        load(folder)


def test_cut_off_tensors(folder: pathlib.Path) -> None:
    (folder / TENSORS).write_bytes((folder / TENSORS).read_bytes()[:500])
    with pytest.raises(InputError, match="damaged"):
        load(folder)


def put(folder: pathlib.Path, data: bytes) -> None:
    """Put a file of tensors in place with its own digest, as somebody who means harm would."""
    (folder / TENSORS).write_bytes(data)
    edit(folder, lambda head: head.update(digest=hashlib.sha256(data).hexdigest()))


def edit(folder: pathlib.Path, change: object) -> None:
    head = json.loads((folder / CONFIG).read_text())
    change(head)  # type: ignore[operator]
    (folder / CONFIG).write_text(json.dumps(head))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x80\x04K\x01.", b"PK\x03\x04" + bytes(100), struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 2) + b"[]",
    ],
)  # fmt: skip
def test_foreign_tensors(folder: pathlib.Path, data: bytes) -> None:
    put(folder, data)
    with pytest.raises(InputError, match=r"safetensors|shape"):
        load(folder)


def test_tensors_of_another_shape_name_type_or_value(folder: pathlib.Path) -> None:
    for change, message in (
        ({"head.first.weight": np.zeros((5, 8), np.float16)}, r"'head.first.weight' has the shape \(5, 8\)"),
        ({"extra": np.zeros(3, np.float16)}, "nothing of this name"),
        ({"head.last.bias": np.zeros(5, np.int16)}, "type I16"),
        ({"head.last.bias": np.full(5, np.inf, np.float16)}, "no numbers"),
    ):
        put(folder, safetensors.numpy.save(tensors() | change))
        with pytest.raises(InputError, match=message):
            load(folder)
    less = tensors()
    del less["frame.basis"]
    put(folder, safetensors.numpy.save(less))
    with pytest.raises(InputError, match=r"'frame.basis' has the shape of nothing"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda head: head.update(what="cake"), "no mapper"),
        (lambda head: head.update(format=2), "format 2"),
        (lambda head: head.pop("model"), "nothing about the model"),
        (lambda head: head["model"].update(seen="six"), "not a whole number"),
        (lambda head: head["model"].update(colour=1), "unknown setting"),
        (lambda head: head["model"].update(composer_width=8192, composer_blocks=64), "parameters"),
        (lambda head: head["model"].update(seen=7), "do not belong together"),
    ],
)
def test_foreign_configurations(folder: pathlib.Path, change: object, message: str) -> None:
    edit(folder, change)
    with pytest.raises(InputError, match=message):
        load(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "null"])
def test_configurations_that_are_none(folder: pathlib.Path, text: str) -> None:
    (folder / CONFIG).write_text(text)
    with pytest.raises(InputError, match=r"no JSON|no mapper"):
        load(folder)


def test_wrong_encoder_and_length(folder: pathlib.Path) -> None:
    with pytest.raises(InputError, match="encoder 'toy', not of 'clip'"):
        load(folder, encoder="clip")
    with pytest.raises(InputError, match="length 6, not 512"):
        load(folder, encoder="toy", seen=512)


def test_no_folder_and_a_huge_file(folder: pathlib.Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load(folder / "nowhere")
    with (folder / CONFIG).open("r+b") as file:
        file.truncate(2_000_000_000)  # a hole: takes no room
    with pytest.raises(InputError, match="2,000,000,000 bytes"):
        load(folder)


def test_tensors_that_cannot_be_saved(tmp_path: pathlib.Path) -> None:
    wrong = tensors()
    wrong["head.last.bias"] = np.full(5, 1e6, np.float32)
    with pytest.raises(InputError, match="half precision"):
        save(tmp_path, SHAPE, wrong)
    assert not list(tmp_path.iterdir())
    assert isinstance(save(tmp_path, SHAPE, tensors()), Stored)

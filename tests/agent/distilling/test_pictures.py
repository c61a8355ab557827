"""Base pictures and their variants: near copies and partners are kin, the same seed gives the same pixels."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from agent.distilling.pictures import SIDE, bases, provenance, variants
from chiaroscore import InputError


def drawn(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    draw = np.random.default_rng(seed)
    picture = Image.new("RGB", size, tuple(draw.integers(0, 256, 3).tolist()))
    pen = ImageDraw.Draw(picture)
    for _ in range(6):
        left, top = (int(draw.integers(0, side)) for side in size)
        pen.rectangle((left, top, left + 60, top + 50), fill=tuple(draw.integers(0, 256, 3).tolist()))
    return picture


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    for number in range(5):
        drawn(number).save(tmp_path / f"p{number}.png")
    drawn(1).filter(ImageFilter.BLUR).save(tmp_path / "sub-copy.jpg")
    Image.new("RGB", (200, 200), "navy").save(tmp_path / "blank.png")
    drawn(9, (40, 40)).save(tmp_path / "small.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (tmp_path / "PROVENANCE.json").write_text(json.dumps({"p0.png": "drawn here; CC0"}))
    return tmp_path


def test_near_copies_blank_small_and_broken_files_are_left_out(folder: pathlib.Path) -> None:
    found = bases([folder], blends=False)
    assert [one.name.split("/")[1] for one in found] == ["p0", "p1", "p2", "p3", "p4"]
    assert len({one.kin for one in found}) == 5
    assert found[0].provenance == "drawn here; CC0"
    assert "licence unknown" in provenance(folder / "p1.png")


def test_partners_are_one_kin(folder: pathlib.Path) -> None:
    found = bases([folder])
    assert found[0].kin == found[2].kin != found[1].kin == found[3].kin
    assert found[0].partner == found[2].path
    assert found[4].partner is None


def test_variants_repeat_and_can_be_gone_on_with(folder: pathlib.Path) -> None:
    base = bases([folder])[0]
    first, again = variants(base, 6, seed=3), variants(base, 6, seed=3)
    assert [one.tobytes() for one in first] == [one.tobytes() for one in again]
    assert [one.tobytes() for one in variants(base, 6, 3, start=4)] == [one.tobytes() for one in first[4:]]
    assert first[0].tobytes() == Image.open(base.path).convert("RGB").tobytes()
    assert len({one.tobytes() for one in first}) == 6
    assert variants(base, 2, seed=4)[1].tobytes() != first[1].tobytes()


def test_variants_are_bounded_rgb_pictures(tmp_path: pathlib.Path) -> None:
    drawn(2, (1500, 700)).save(tmp_path / "wide.png")
    for one in variants(bases([tmp_path])[0], 30, seed=0):
        assert one.mode == "RGB"
        assert max(one.size) <= SIDE
        assert min(one.size) >= 40


def test_a_folder_without_pictures_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        bases([tmp_path / "not there"])
    with pytest.raises(InputError, match="holds a picture"):
        bases([tmp_path])

"""The room's door: what it offers, what it costs to open, and the picture of a performance."""

from __future__ import annotations

import concurrent.futures
import io
import pathlib
import subprocess
import sys

import pytest
from PIL import Image

import render
from chiaroscore import MissingPartError
from notation import Tune
from render import piano_roll


def test_all_is_sorted_and_there() -> None:
    assert render.__all__ == sorted(render.__all__)
    assert all(callable(getattr(render, name)) for name in render.__all__)


def test_import_is_light() -> None:
    heavy = ["fluidsynth", "matplotlib", "music21", "pretty_midi", "pygame", "soundfile", "verovio"]
    script = f"import sys, render; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_piano_roll_is_a_coloured_png_the_same_twice(tunes: dict[str, Tune], tmp_path: pathlib.Path) -> None:
    drawn = piano_roll(tunes["band"], tmp_path / "roll.png")
    assert (tmp_path / "roll.png").read_bytes() == drawn == piano_roll(tunes["band"])
    picture = Image.open(io.BytesIO(drawn)).convert("RGB")
    assert picture.size == (1200, 500)
    colours = {
        colour for _, colour in picture.getcolors(maxcolors=2**20) or [] if max(colour) - min(colour) > 60
    }
    assert len(colours) >= 4  # one at least for each voice


def test_piano_roll_without_matplotlib(tunes: dict[str, Tune], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPartError, match=r"chiaroscore\[plot\]"):
        piano_roll(tunes["band"])


def test_threads_get_what_one_gets(tunes: dict[str, Tune]) -> None:
    def everything(name: str) -> tuple[bytes, bytes, list[str]]:
        data = render.midi(tunes[name])
        return data, render.synthesise(data).tobytes(), render.svg(tunes[name])

    names = ["song", "ties", "changes"]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        together = list(pool.map(everything, names))
    assert together == [everything(name) for name in names]

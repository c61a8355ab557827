"""The report as text: escaped, whole, the same every time, and not too large; figures and notebook output."""

from __future__ import annotations

import base64
import builtins
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from shown import SCRIPT, explanation, gradient, recording

from chiaroscore import MissingPartError
from explain import Element, Explanation, HeatMap
from explain.figure import thumbnail
from explain.leading import leading
from explain.report import page, still
from explain.report.lighter import MOST_SOUND, fitting
from explain.report.page import inert
from explain.report.payload import payload, quantised
from render import encode_audio


@pytest.fixture(scope="module")
def shown() -> Explanation:
    return explanation(recording())


def test_text_of_the_explanation_never_becomes_markup(shown: Explanation) -> None:
    text = shown.to_html()
    assert SCRIPT not in text
    assert "document.title='stolen'" in text  # it is there, as data
    assert text.count("<script") == text.count("</script>") == 3
    assert SCRIPT not in still(shown)
    assert "&lt;script&gt;" in still(shown)


@pytest.mark.parametrize("value", ["</script><!--", "a\u2028b\u2029c", "&amp;", 'quote " and \\'])
def test_inert_json_holds_no_sign_that_ends_a_script_and_means_the_same(value: str) -> None:
    text = inert({"x": value})
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == {"x": value}


def test_policy_allows_only_the_two_scripts_of_the_page(shown: Explanation) -> None:
    text = page(shown)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data:; media-src data:")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy[1]) == digests
    assert "unsafe-inline" not in policy[1].split("script-src")[1]
    assert "unsafe-eval" not in policy[1]


def test_page_names_no_address_to_fetch(shown: Explanation) -> None:
    text = re.sub(r"/\*.*?\*/", "", page(shown), flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["']?(?!data:|\$)[a-z]+:""", text)
    assert "@import" not in text
    assert "url(" not in re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]  # type: ignore[index]


def test_same_bytes_in_another_process(shown: Explanation) -> None:
    code = (
        "import hashlib; from shown import explanation; from explain.report import page;"
        "print(hashlib.sha256(page(explanation()).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=pathlib.Path(__file__).parent,
    )
    assert ran.stdout.strip() == hashlib.sha256(page(explanation()).encode()).hexdigest()


def test_page_stays_under_three_megabytes_with_a_photograph_many_maps_and_the_longest_sound() -> None:
    rng = np.random.default_rng(1)
    photograph = Image.fromarray(rng.integers(0, 255, (1500, 2000, 3), np.uint8)).resize((2000, 1500))
    notes = tuple(
        Element(
            f"note.M.{number}", "note", f"note {number}", "", "", HeatMap(rng.random((14, 14), np.float32))
        )
        for number in range(600)
    )
    base = explanation(b"OggS" + bytes(MOST_SOUND - 4))
    large = replace(base, picture=photograph.reduce(4), elements=base.elements + notes)
    assert len(page(large)) < 3_000_000


def test_sound_that_is_too_long_for_a_page_is_left_out_and_told() -> None:
    data = payload(explanation(bytes(MOST_SOUND + 1)))
    assert data["sound"] == ""
    assert data["left_out"] is True
    assert len(data["notes"]) == 2 * 4 + 2 * 2 + 3 + 2  # the repeat is played


def test_long_sound_is_made_lighter_and_lasts_as_long() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (44100 * 90, 2)).astype(np.float32)
    full = encode_audio(noise, 44100, ".ogg")
    light = fitting(full)
    assert len(full) > MOST_SOUND >= len(light) > 0
    assert soundfile.info(io.BytesIO(light)).duration == pytest.approx(90, abs=0.1)
    assert fitting(full) == light


def test_quantised_map_keeps_its_values_within_half_a_step() -> None:
    plain = HeatMap(np.array([[-1, 0.25], [0.5, 2]], np.float32))
    rows, columns, data = quantised(plain)
    assert (rows, columns) == (2, 2)
    assert np.frombuffer(data, np.uint8) / 255 * 2 == pytest.approx([0, 0.25, 0.5, 2], abs=2 / 255)
    _, _, data = quantised(replace(plain, signed=True))
    assert (np.frombuffer(data, np.uint8) - 128.0) / 127 * 2 == pytest.approx([-1, 0.25, 0.5, 2], abs=2 / 127)


def test_large_map_is_made_smaller_and_keeps_its_shape() -> None:
    rows, columns, data = quantised(HeatMap(np.tile(np.linspace(0, 1, 200, dtype=np.float32), (90, 1))))
    assert (rows, columns, len(data)) == (64, 64, 64 * 64)
    assert np.all(np.diff(np.frombuffer(data, np.uint8).reshape(64, 64).astype(int), axis=1) >= 0)


def test_equal_maps_are_kept_once(shown: Explanation) -> None:
    data = payload(shown)
    index = {one["id"]: one["map"] for one in data["elements"]}
    assert index["section.0"] == index["scene.emotion.arousal"] == index["bar.3"]  # one is twice the other
    assert index["plan.tempo"] != index["bar.3"]
    assert index["plan.form"] == -1


def test_positions_count_as_javascript_does(shown: Explanation) -> None:
    data = payload(shown)
    units = data["abc"].encode("utf-16-le")
    start, end = data["bars"][2]["spans"][0]
    assert units[2 * start : 2 * end].decode("utf-16-le").split() == ['"G"g4', "b4", "|"]
    note = next(one for one in data["elements"] if one["id"] == "note.M.2")
    assert units[2 * note["span"][0] : 2 * note["span"][1]].decode("utf-16-le").strip() == "f2"


def test_text_that_is_no_score_still_makes_a_page(shown: Explanation) -> None:
    data = payload(replace(shown, abc="I could not write a score.", bars=()))
    assert data["notes"] == []
    assert len(page(replace(shown, abc="", bars=(), picture=None, elements=()))) > 500_000


def test_leading_elements_are_different_and_of_picture_and_plan(shown: Explanation) -> None:
    assert [one.id for one in leading(shown, 6)] == ["scene.emotion.arousal", "scene.objects.0", "plan.tempo"]
    assert [one.id for one in leading(shown, 2)] == ["scene.emotion.arousal", "plan.tempo"]
    score = tuple(one for one in shown.elements if one.kind in ("section", "bar", "note"))
    kept = [one.id for one in leading(replace(shown, elements=score), 9)]
    assert kept == ["section.0", "section.1", "note.M.2"]  # bar 3 has the map of section A, half as high
    assert leading(replace(shown, elements=()), 4) == ()


def test_thumbnail_shows_each_leading_map_over_the_picture(shown: Explanation) -> None:
    sheet = Image.open(io.BytesIO(thumbnail(shown))).convert("RGB")
    assert thumbnail(shown) == thumbnail(shown)
    plain = np.asarray(sheet.crop((4, 4, 236, 178)), float)
    arousal = np.asarray(sheet.crop((244, 4, 476, 178)), float)
    colourful = arousal.max(-1) - arousal.min(-1)
    assert colourful[:, 160:].mean() > 4 * colourful[:, :60].mean() + 10  # yellow where the map is high
    assert plain[60, 170] == pytest.approx([255, 215, 122], abs=12)  # the moon in its own colour
    assert Image.open(io.BytesIO(thumbnail(replace(shown, picture=None)))).size == sheet.size


def test_figure_draws_picture_maps_and_plan(shown: Explanation) -> None:
    drawn, axes = shown.figure(["scene.objects.0", "plan.tempo"])
    assert len(axes) == 4
    assert [len(axis.images) for axis in axes] == [1, 2, 2, 0]
    assert "tempo 240" in axes[2].get_title()
    written = [text.get_text() for text in axes[3].texts]
    assert "tempo" in written
    assert any("slows it by 18" in text for text in written)
    drawn.savefig(io.BytesIO())  # titles with signs of mathematics do not stop it
    assert len(shown.figure()[1]) == 2 + len(leading(shown, 5))


def test_figure_names_an_unknown_element(shown: Explanation) -> None:
    with pytest.raises(KeyError, match=r"plan\.colour"):
        shown.figure(["plan.colour"])


def test_figure_without_matplotlib_says_what_to_install(
    shown: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingPartError, match=r"chiaroscore\[plot\]"):
        shown.figure()


def test_notebook_output_has_a_frame_and_means_the_same_without_it(shown: Explanation) -> None:
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == f"Small Hours {SCRIPT}: 11 elements, 7 with a map, 4 links"
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).format == "PNG"
    frame, below = bundle["text/html"].split("</iframe>")
    assert 'sandbox="allow-scripts"' in frame
    assert "<script" not in bundle["text/html"]  # all of it is inside srcdoc, escaped
    for told in ("tempo", "slows it by 18", "public domain", "0.3 brighter", "no proof", "symmetry"):
        assert told in below


def test_map_of_one_cell_and_of_zeros_are_shown() -> None:
    zeros = Element(
        "scene.emotion.valence", "scene", "valence", "0", "", HeatMap(np.zeros((3, 3), np.float32))
    )
    one = Element("plan.key", "plan", "key", "D", "", HeatMap(np.ones((1, 1), np.float32)))
    small = replace(explanation(), elements=(zeros, one))
    maps = payload(small)["maps"]
    assert base64.b64decode(maps[0]["data"]) == bytes(9)
    assert base64.b64decode(maps[1]["data"]) == b"\xff"
    assert thumbnail(small)
    assert gradient(0, 1).values.shape == (6, 8)

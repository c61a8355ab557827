"""``chiaroscore evaluate``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from agent.assess import assess
from chiaroscore import ControlError, InputError

Run = Callable[..., Any]
TUNES = [
    "GABc d2g2|fdcA G2G2|GABc d2g2|f2d2 g4|BcdB c2A2|BdcA G2F2|GABc d2g2|f2d2 G4|",
    "d2fd A2FA|d2fa gfed|c2ec G2EG|c2eg fedc|d2fd A2FA|d2fa gfed|cBAG FGEA|D2d2 d4|",
    "A2cA e2cA|B2dB f2dB|A2cA e2cA|GBdB A4|a2ec d2cB|cdef gfed|c2A2 GABG|A2a2 A4|",
    "e2ge d2BG|A2cA G2E2|e2ge d2BG|A2AB c4|G2cG E2CE|F2AF D4|e2ge d2BG|A2B2 c4|",
    "c2Gc e2ce|g2ec d2Bd|c2Gc e2ce|f2d2 c4|e2fe d2ed|c2dc B2G2|c2Gc e2ce|f2d2 c4|",
]
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    place = tmp_path / "tunes"
    for number, body in enumerate(TUNES):
        (place / f"p{number}").mkdir(parents=True)
        abc = f"X:1\nT:Tune {number} {HOSTILE}\nR:reel\nM:4/4\nL:1/8\nQ:1/4=200\nK:C\n{body}\n"
        (place / f"p{number}" / f"tune{number}.abc").write_text(abc)
    return place


@pytest.fixture
def pieces(folder: pathlib.Path) -> pathlib.Path:
    """The same with manifests: what was asked for, what was planned."""
    for number in range(len(TUNES)):
        record = {
            "plan": {"genre": "jig", "emotion": {"valence": 0.1 * number, "arousal": 0.2}},
            "request": {"seed": 0, "meter": "4/4" if number else "3/4", "bars": 8},
            "picture": {"sha256": "same" if number < 2 else str(number)},
        }
        (folder / f"p{number}" / "manifest.json").write_text(json.dumps(record))
    return folder


def test_table_for_people(cli: Run, folder: pathlib.Path) -> None:
    ran = cli("evaluate", folder)
    assert ran.code == 0
    assert re.search(r"^folk +5 +\d+ of 12 +[\d.]+ +[\d.]+ +[\d.]+ *$", ran.out, re.MULTILINE)
    assert all(f"tune{number}.abc" in ran.out for number in range(5))
    assert "median similarity of two melodies for different pictures" in ran.out


def test_json_holds_every_number_and_manifests_are_used(cli: Run, pieces: pathlib.Path) -> None:
    found = json.loads(cli("evaluate", pieces, "--json").out)
    assert [piece["genre"] for piece in found["pieces"]] == ["jig"] * 5  # the manifest's, not the R: field's
    assert found["requests"] == {"met": 9, "asked": 10}
    [missed] = [r for piece in found["pieces"] for r in piece["requests"] if not r["met"]]
    assert missed["name"] == "meter" and missed["asked"].startswith("3/4")
    [group] = found["groups"]
    assert group["reference"] == "folk" and group["pieces"] == 5 and len(group["metrics"]) == 12
    assert found["emotion_agreement"][1] is None  # the planned arousal never varies
    assert found["melodic_similarity"]["same_picture"] is not None
    assert found["pieces"][0]["metrics"]["n_bars"] == 8


def test_page_is_one_safe_file_with_a_plot_for_every_metric(
    cli: Run, pieces: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    target = tmp_path / "page.html"
    assert cli("evaluate", pieces, "--html", target).code == 0
    page = target.read_text("utf-8")
    assert HOSTILE not in page and "&lt;script&gt;" in page
    assert not re.search(r"<script|https?://|src=", page)
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) == 12
    for plot in plots:
        drawn = ElementTree.fromstring(plot)
        assert len(drawn.findall("line[@class='tick']")) == 5
        assert "nan" not in plot and "inf" not in plot
    assert "meter (3/4" in page


def test_own_reference_folder(cli: Run, folder: pathlib.Path) -> None:
    found = json.loads(cli("evaluate", folder, "--reference", folder, "--json").out)
    [group] = found["groups"]
    assert group["reference"] == "tunes" and group["within_one_sd"] == 12
    assert all(metric["difference_in_sd"] == 0 for metric in group["metrics"].values())


def test_what_has_no_kind_is_measured_and_said_to_be_compared_with_nothing(
    cli: Run, folder: pathlib.Path
) -> None:
    path = folder / "p0" / "tune0.abc"
    path.write_text(path.read_text().replace("R:reel\n", ""))
    found = json.loads(cli("evaluate", folder, "--json").out)
    assert found["groups"][0]["pieces"] == 4 and len(found["pieces"]) == 5
    assert any("no genre is known" in note for note in found["notes"])
    assert json.loads(cli("evaluate", folder, "--group", "folk", "--json").out)["groups"][0]["pieces"] == 5


def test_broken_files_beside_good_ones_are_listed(cli: Run, folder: pathlib.Path) -> None:
    (folder / "bad.mid").write_bytes(b"MThd nothing")
    (folder / "p1" / "manifest.json").write_text("{not json")
    ran = cli("evaluate", folder)
    assert ran.code == 0 and "not read" in ran.err and "bad.mid" in ran.err and "is no manifest" in ran.err


@pytest.mark.parametrize(
    "manifest", ["[]", '{"plan": []}', '{"plan": {"genre": 3, "emotion": {}}}', '{"request": 5}']
)
def test_odd_manifests_break_nothing(folder: pathlib.Path, manifest: str) -> None:
    (folder / "p0" / "manifest.json").write_text(manifest)
    assert len(assess(folder).pieces) == 5


def test_mistakes_are_one_line_and_code_2(cli: Run, folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.abc").write_text("no abc here")
    a_file = folder / "p0" / "tune0.abc"
    wrong = [
        ["evaluate", tmp_path / "nowhere"],
        ["evaluate", a_file],
        ["evaluate", tmp_path / "empty"],
        ["evaluate", tmp_path / "broken"],
        ["evaluate", folder, "--reference", tmp_path / "nowhere"],
        ["evaluate", folder, "--group", "polkas"],
        ["evaluate", folder, "--html", a_file / "page.html"],
        ["evaluate"],
    ]
    for arguments in wrong:
        ran = cli(*arguments)
        assert ran.code == 2 and ran.out == "", arguments
        assert ran.err.startswith("error: ") and ran.err.count("\n") == 1, (arguments, ran.err)
    with pytest.raises(ControlError):
        assess(folder, group="polkas")
    with pytest.raises(InputError):
        assess(tmp_path / "empty")

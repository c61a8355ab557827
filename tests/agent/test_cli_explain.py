"""``chiaroscore explain``: the page, the document, what it refuses, what it says where there is no map."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from agent import Piece
from agent.vlm.choose import VARIABLE
from tests.agent.vlm.tiny import tiny_vlm

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(scope="module")
def folder(piece: Piece, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A saved piece."""
    place = tmp_path_factory.mktemp("saved")
    piece.save(place, formats=["abc"])
    return place


def test_a_page_for_a_saved_piece(
    folder: pathlib.Path, picture: pathlib.Path, piece: Piece, tmp_path: pathlib.Path, cli: Run
) -> None:
    page = tmp_path / "new" / "why.html"
    ran = cli("explain", folder, "--picture", picture, "-o", page)
    assert ran.code == 0 and ran.err == ""
    said = ran.out.splitlines()
    assert said[0] == piece.plan.title and said[-1] == f"  {page}"
    assert any(line.startswith(f"  key {piece.plan.key}, for ") for line in said)
    assert any(line.startswith("  map of valence: ") and "chance (deletion " in line for line in said)
    assert any(line.startswith("  maps: scene ") for line in said)
    text = page.read_text("utf-8")
    assert text.lower().startswith("<!doctype html>") and "Content-Security-Policy" in text
    assert [path.name for path in page.parent.iterdir()] == ["why.html"]  # nothing half-written beside it


def test_the_same_page_twice(
    folder: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run
) -> None:
    for name in ("a.html", "b.html"):
        assert cli("explain", folder, "--picture", picture, "-o", tmp_path / name).code == 0
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_document_for_scripts(
    folder: pathlib.Path, picture: pathlib.Path, piece: Piece, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ran = cli("explain", folder, "--picture", picture, "--json")
    assert ran.code == 0 and ran.err == ""
    found = json.loads(ran.out)
    assert found["file"] is None and not (folder / "explanation.html").exists()
    elements = {one["id"]: one for one in found["elements"]}
    assert elements["plan.key"]["value"].startswith(piece.plan.key)
    assert {"bar.1", "section.0", "scene.emotion.valence", "request.tempo"} <= set(elements)
    valence = elements["scene.emotion.valence"]
    assert valence["map"] is True and valence["method"] and valence["check"]["text"]
    links = {(one["source"], one["target"]) for one in found["links"]}
    assert all({source, target} <= set(elements) for source, target in links)
    assert ("request.tempo", "plan.tempo") in links
    assert {row["name"] for row in found["obeyed"]} == {"bars", "tempo", "meter"}
    assert found["title"] == piece.plan.title


def test_without_its_picture_it_says_so(folder: pathlib.Path, tmp_path: pathlib.Path, cli: Run) -> None:
    ran = cli("explain", folder, "-o", tmp_path / "x.html", "--json")
    assert ran.code == 0
    assert "holds no picture" in ran.err and "--picture FILE" in ran.err
    found = json.loads(ran.out)
    assert found["file"] == str(tmp_path / "x.html") and (tmp_path / "x.html").is_file()
    assert not any(one["map"] for one in found["elements"])
    [valence] = [one for one in found["elements"] if one["id"] == "scene.emotion.valence"]
    assert valence["absent"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["attention", "gradient"])
def test_a_local_model_reads_the_score_again(
    method: str, folder: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run
) -> None:
    reader = f"transformers:{tiny_vlm('smolvlm', tmp_path)}"
    asked = ["--picture", picture, "--reader", reader, "--method", method, "--json"]
    ran = cli("explain", folder, *asked)
    assert ran.code == 0, ran.out
    elements = {one["id"]: one for one in json.loads(ran.out)["elements"]}
    bar = elements["bar.3"]
    assert bar["map"] is True and method in bar["method"] and "tiny-smolvlm" in bar["method"]
    assert elements["scene.colour.warmth"]["method"].startswith("exact")  # still the offline mind's own


@pytest.mark.slow
def test_a_picture_is_composed_for(
    built_store: pathlib.Path, picture: pathlib.Path, cli: Run, tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ran = cli("explain", picture, "--seed", 5)
    assert ran.code == 0 and ran.err == ""
    assert ran.out.splitlines()[-1] == "  explanation.html" and (tmp_path / "explanation.html").is_file()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--vlm", "offline"], "--vlm: this is for a picture that is to be composed for"),
        (["--seed", 1], "--seed: this is for a picture that is to be composed for"),
        (["--method", "tea leaves"], "--method 'tea leaves' is unknown; choose attention"),
        (
            ["--method", "attention"],
            "--method attention asks a local model and none was chosen; add --reader",
        ),
        (["--method", "rollout", "--reader", "openai:http://u:pw@h/v1#m"], "http://...@h/v1#m is none"),
        (["--method", "occlusion", "--reader", "transformers:x"], "asks a server and transformers:x is none"),
        (["--reader", "gpt"], "--reader 'gpt' names no model"),
        (["--reader", "scripted:x.json"], "can be neither looked into nor asked"),
        (["--picture", "none.png"], "none.png"),
    ],
)
def test_refused_before_any_work(
    asked: list[Any], says: str, folder: pathlib.Path, tmp_path: pathlib.Path, cli: Run
) -> None:
    ran = cli("explain", folder, "-o", tmp_path / "x.html", *asked)
    assert ran.code == 2 and ran.out == "" and len(ran.err.splitlines()) == 1 and says in ran.err
    assert not (tmp_path / "x.html").exists()


def test_the_methods_are_those_of_the_explanation() -> None:
    from agent.cli.explain import METHODS
    from agent.explaining.build import METHODS as BUILT

    assert set(METHODS) == set(BUILT)


def test_refusals_of_pictures_and_places(
    folder: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run
) -> None:
    for asked, says in (
        ([picture, "--picture", picture], "--picture: this is for the folder of a saved piece"),
        ([tmp_path / "none.png"], "none.png"),
        ([tmp_path], "holds no saved piece"),
        ([picture, "--seed", "x"], "seed"),
        ([folder, "-o", tmp_path], "it is a folder; name a file, such as"),
        ([folder, "-o", picture / "x.html"], "it is a file; choose a folder"),
    ):
        ran = cli("explain", *asked, "--json")
        assert ran.code == 2, asked
        assert says in json.loads(ran.out)["error"]["message"]


def test_another_picture_is_refused(folder: pathlib.Path, tmp_path: pathlib.Path, cli: Run) -> None:
    from PIL import Image

    other = tmp_path / "other.png"
    Image.new("RGB", (40, 30), "red").save(other)
    ran = cli("explain", folder, "--picture", other, "-o", tmp_path / "x.html")
    assert ran.code == 2 and "not the one that the piece was made for" in ran.err

"""``chiaroscore store``: a user's own music goes in, is found, counted, tested, exported, and imported."""

from __future__ import annotations

import csv
import json
import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from agent.cli.pace import Pace, duration
from agent.cli.store.numbers import size, span, whole
from chiaroscore import ControlError

Run = Callable[..., Any]

WALTZ = "A2 c2 e2|d2 B2 G2|c2 A2 F2|E4 E2|A2 c2 e2|d2 B2 G2|c2 B2 ^G2|A6|]"
TUNES = {
    "waltz.abc": f"X:1\nT:Harbour Waltz\nM:3/4\nL:1/8\nQ:1/4=120\nK:Am\n{WALTZ}\n",
    "jig.abc": "X:1\nT:Gate Jig\nM:6/8\nL:1/8\nQ:3/8=120\nK:G\nGAB d2B|AGE G2D|GAB dBd|e2d dBA|"
    "GAB d2B|AGE G2D|cBA GFE|D3 G3|]\n",
    "copy.abc": f"X:1\nT:Harbour Waltz again\nM:3/4\nL:1/8\nQ:1/4=96\nK:Am\n{WALTZ}\n",
    "bad.abc": "no music\n",
}


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of tunes, one of them a copy and one no tune."""
    folder = tmp_path_factory.mktemp("music") / "mine"
    folder.mkdir()
    for name, text in TUNES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def own(music: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A store of these tunes alone, made by the command."""
    from agent.cli import main

    folder = tmp_path_factory.mktemp("own")
    asked = ["store", "add", music, "--store", folder / "store", "--alone", "--licence", "CC0-1.0"]
    asked += ["--report", folder / "report.csv", "--processes", 1, "--name", "mine"]
    assert main([str(one) for one in asked]) == 0
    return folder / "store"


def test_add_lists_what_was_refused(own: pathlib.Path) -> None:
    with (own.parent / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["kind"] for row in rows) == ["copy", "no notes"]
    assert {row["item"].rpartition("/")[2] for row in rows} >= {"bad.abc"}
    assert all(row["reason"] for row in rows)


def test_add_again_brings_back_only_what_was_removed(
    own: pathlib.Path, music: pathlib.Path, cli: Run, tmp_path: pathlib.Path
) -> None:
    asked = ["store", "add", music, "--store", own, "--alone", "--licence", "CC0-1.0", "--processes", 1]
    asked += ["--name", "mine"]
    gone = json.loads(cli("store", "remove", "mine:jig*", "--store", own, "--json").out)
    assert gone == {"removed": ["mine:jig.abc"], "count": 1}
    ran = cli(*asked, "--report", tmp_path / "r.json")
    assert ran.code == 0 and re.search(r"jig +1", ran.out) and "the store has 2 exemplars" in ran.out
    assert "1 known from before" in ran.out  # the other tune; its copy is looked at again
    assert json.loads((tmp_path / "r.json").read_text())["genres"] == {"jig": 1}


def test_search_by_text_music_and_conditions(own: pathlib.Path, music: pathlib.Path, cli: Run) -> None:
    def found(*asked: object) -> list[str]:
        ran = cli("store", "search", *asked, "--store", own, "--json")
        assert ran.code == 0, ran.out
        return [hit["id"].partition(":")[2].partition(".")[0] for hit in json.loads(ran.out)["hits"]]

    waltz = "copy"  # of two copies the first, by name, stays
    assert found("a waltz", "-k", 1) == [waltz]
    assert found("a jig") == ["jig", waltz]
    assert found("a jig", "--genre", "waltz,tango") == [waltz]
    assert found("--meter", "6/8", "--tempo", "150..") == ["jig"]
    assert found("--valence", "..0") == [waltz] and found("music", "--year", "1900..") == []
    assert found("music", "--prefer", "genre=jig", "--tracks", "targeted", "-k", 1) == ["jig"]
    assert found("music", "--allow", "pd") == [] and set(found("music", "--allow", "cc0")) == {waltz, "jig"}
    assert found("--abc", music / "jig.abc", "-k", 1) == ["jig"]
    ready = cli("store", "search", "a jig", "-k", 1, "--prompt", "--store", own).out
    assert ready.startswith("X:1\n") and "K:G" in ready and len(ready) < 400
    table = cli("store", "search", "a jig", "-k", 1, "--store", own).out
    assert "CC0-1.0" in table and "broad: rank 1" in table


def test_search_by_a_picture(own: pathlib.Path, picture: pathlib.Path, cli: Run) -> None:
    ran = cli("store", "search", "--image", picture, "--store", own, "--json")
    found = json.loads(ran.out)
    assert len(found["hits"]) == 2 and "music" in found["seen"]["text"]
    assert any("targeted" in why for hit in found["hits"] for why in hit["why"])


def test_check_counts(own: pathlib.Path, cli: Run) -> None:
    ran = cli("store", "check", "--store", own, "--json")
    found = json.loads(ran.out)
    assert ran.code == 0 and found["problems"] == [] and found["count"] == 2
    assert all(one["self_recall"] == 1 and one["orphans"] == [] for one in found["spaces"])
    assert "2 of 2" in cli("store", "check", "--store", own).out


def test_stats_and_plot(own: pathlib.Path, cli: Run, tmp_path: pathlib.Path) -> None:
    found = json.loads(cli("store", "stats", "--store", own, "--json").out)
    assert found["count"] == 2 and found["genre"] == {"jig": 1, "waltz": 1}
    ran = cli("store", "stats", "--store", own, "--plot", tmp_path / "s.svg")
    assert ran.code == 0 and "<svg" in (tmp_path / "s.svg").read_text() and "96 to 180" in ran.out


def test_export_and_import(own: pathlib.Path, cli: Run, tmp_path: pathlib.Path) -> None:
    first, second, other = tmp_path / "a.parquet", tmp_path / "b", tmp_path / "store"
    assert json.loads(cli("store", "export", first, "--store", own, "--json").out)["count"] == 2
    ran = cli("store", "export", second, "--rows", 1, "--store", own)
    assert ran.code == 0 and len(list(second.iterdir())) == 2
    done = json.loads(cli("store", "import", second, "--store", other, "--alone", "--json").out)
    assert (done["stored"], done["refused"]) == (2, [])
    again = cli("store", "import", first, "--store", other, "--alone")
    assert again.code == 0 and again.out == "2 rows: 2 known\n"
    cli("store", "export", tmp_path / "c.parquet", "--store", other)
    assert (tmp_path / "c.parquet").read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["search", "x", "--tempo", "fast"], "tempo='fast' is no range"),
        (["search", "x", "--allow", "free"], "'free'"),
        (["search", "x", "--prefer", "colour=red"], "NAME=VALUE"),
        (["search", "x", "-k", "many"], "k='many'"),
        (["search", "x", "--tracks", "wide"], "tracks"),
        (["search", "--abc", "nowhere.abc"], "nowhere.abc"),
        (["add", "nowhere"], "nowhere"),
        (["add", ".", "--report", "r.txt"], "must end in .json or .csv"),
        (["add", ".", "--processes", "0"], "processes=0"),
        (["remove", "nobody:1"], "nobody:1"),
        (["stats", "--plot", "s.bmp"], "must end in"),
        (["export", "e.parquet", "--rows", "0"], "rows=0"),
        (["import", "nowhere.parquet"], "no file 'nowhere.parquet'"),
    ],
)
def test_mistakes_are_told_in_a_line(asked: list[str], says: str, own: pathlib.Path, cli: Run) -> None:
    ran = cli("store", *asked, "--store", own)
    assert ran.code == 2 and ran.out == "" and says in ran.err
    assert ran.err.count("error: ") == 1


def test_a_store_that_is_not_there_is_not_made_by_a_search(cli: Run, tmp_path: pathlib.Path) -> None:
    ran = cli("store", "search", "x", "--store", tmp_path / "none")
    assert ran.code == 2 and "there is no store" in ran.err and not (tmp_path / "none").exists()
    ran = cli("store", "import", "x.parquet", "--alone")
    assert ran.code == 2 and "--store FOLDER" in ran.err


def test_pace_tells_rate_and_time_left() -> None:
    times = iter([0.0, 0.5, 10.0, 20.0, 30.0, 40.0])
    pace = Pace(lambda: next(times))
    assert pace.said("reading", 0, 4000) == "reading: 0 of 4,000"
    assert pace.said("reading", 100, 4000) == "reading: 100 of 4,000"
    assert pace.said("reading", 1000, 4000) == "reading: 1,000 of 4,000, 100 a second, 30 s left"
    assert pace.said("writing", 0, 0) == "writing"
    assert pace.said("reading", 4000, 4000) == "reading: 4,000 of 4,000, 133 a second"
    assert [duration(s) for s in (59.4, 61, 7500)] == ["59 s", "1 min 1 s", "2 h 5 min"]


def test_numbers_as_they_are_written() -> None:
    assert span("tempo", "60..90") == (60, 90) and span("valence", "-0.5..") == (-0.5, None)
    assert span("valence", "..-0.2") == (None, -0.2) and span("bars", "8") == (8, 8)
    for text in ("", "..", "a..b", "nan..1", "1..inf"):
        with pytest.raises(ControlError, match="no range"):
            span("tempo", text)
    assert whole("k", "7", 1) == 7
    assert [size(n) for n in (1300, 6_466_513, 2_100_000_000)] == ["1 kB", "6.5 MB", "2.1 GB"]

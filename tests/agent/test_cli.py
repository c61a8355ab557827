"""The command line: its results for people and for scripts, its exit codes, what it says and where."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

import chiaroscore
from agent.cli.compose import folder_names
from notation import check
from rag_store.places import NAME

Run = Callable[..., Any]
SHORT = ["--bars", 8, "--tempo", 180, "--meter", "4/4", "--seed", 3]
SCALE = "X:1\nT:Scale\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nCDEF|GABc|]\n"
SHORT_BAR = "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GAB|c4|]\n"


@pytest.fixture
def scale(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "my scale.abc"
    path.write_text(SCALE)
    return path


def test_help_and_version(cli: Run, command: Run) -> None:
    for asked in ([], ["--help"], ["-h"]):
        ran = cli(*asked)
        assert ran.code == 0 and ran.err == ""
        assert all(word in ran.out for word in ("compose", "check", "render", "store", "doctor"))
    for name in ("compose", "check", "render", "doctor"):
        assert "--json" in cli(name, "--help").out
    assert command("--version").out == f"chiaroscore {chiaroscore.__version__}\n"
    assert json.loads(cli("--version", "--json").out) == {"chiaroscore": chiaroscore.__version__}


def test_help_loads_no_library_that_takes_time() -> None:
    slow = ["numpy", "PIL", "prompts", "torch", "chromadb", "music21", "rich.progress"]
    script = (
        "import sys\nfrom agent.cli import main\nmain(['compose', '--help'])\n"
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


# -- compose --------------------


def test_compose_for_people(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, command: Run
) -> None:
    ran = command("compose", picture, "-o", tmp_path / "out", *SHORT)
    assert ran.code == 0 and ran.err == ""
    lines = ran.out.splitlines()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert lines[0] == manifest["title"]
    assert "4/4, 180 qpm" in lines[1] and "8 bars" in lines[1]
    assert lines[2].startswith("  seen: ") and lines[3].startswith("  so: ")
    assert lines[4] == "  asked for and met, as measured on the score: tempo, meter, bars"
    assert str(tmp_path / "out") in lines[5] and len(lines) == 6
    named = {"sea.abc", "sea.mid", "sea.musicxml", "sea.wav", "report.html", "manifest.json"}
    assert named <= {path.name for path in (tmp_path / "out").iterdir()}
    assert check((tmp_path / "out" / "sea.abc").read_text()) == []


def test_compose_for_scripts(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run
) -> None:
    asked = [
        "--genre",
        "tango",
        "--key",
        "Em",
        "--instruments",
        "cello,harp",
        "--mood",
        "tense",
        "--formats",
        "mid,abc",
    ]
    ran = cli("compose", picture, "-o", tmp_path, "--bars", 8, "--json", *asked)
    assert ran.code == 0 and ran.err == ""
    found = json.loads(ran.out)
    [piece] = found["pieces"]
    assert found["failed"] == []
    assert (piece["genre"], piece["key"], piece["bars"], piece["seed"]) == ("tango", "E minor", 8, 0)
    assert {"Cello", "Harp"} >= {
        part["name"] for part in piece["instruments"] if part["role"] != "percussion"
    }
    assert [pathlib.Path(file).name for file in piece["files"]] == ["sea.mid", "sea.abc", "manifest.json"]
    assert all(pathlib.Path(file).is_file() for file in piece["files"])
    assert "asked for (tango)" in piece["because"][1]
    named = ["key", "bars", "genre", "mood", "instruments"]
    assert [one["name"] for one in piece["obeyed"]] == named
    assert piece["missed"] == [one["name"] for one in piece["obeyed"] if not one["met"]]


def test_a_request_that_was_not_met_is_said_plainly() -> None:
    from agent.cli.summary import requests

    good = {"name": "tempo", "asked": "90 qpm", "measured": "90 qpm", "met": True}
    bad = {"name": "bars", "asked": "16", "measured": "12 played", "met": False}
    assert requests([good, bad]) == [
        "  asked for and met, as measured on the score: tempo",
        "  NOT MET: bars 16; the score has 12 played",
    ]
    assert requests([]) == []


def test_compose_several_goes_on_after_a_bad_picture(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run
) -> None:
    twin = tmp_path / "in" / "Sea.jpg"
    twin.parent.mkdir()
    twin.write_bytes(picture.read_bytes())
    bad = tmp_path / "in" / "bad.png"
    bad.write_text("no picture")
    out = tmp_path / "out"
    ran = cli("compose", bad, picture, twin, "-o", out, *SHORT, "--formats", "abc", "--json")
    assert ran.code == 2
    found = json.loads(ran.out)
    assert [piece["picture"] for piece in found["pieces"]] == [str(picture), str(twin)]
    assert [(one["picture"], one["type"]) for one in found["failed"]] == [(str(bad), "InputError")]
    assert sorted(path.name for path in out.iterdir()) == ["Sea-2", "sea"]
    assert (out / "sea" / "sea.abc").read_text() == (out / "Sea-2" / "Sea.abc").read_text()
    ran = cli("compose", picture, bad, "-o", out, *SHORT, "--formats", "abc")
    assert ran.code == 2
    assert "error: 1 of 2 pictures could not be composed:" in ran.err and "bad.png" in ran.err
    assert ran.out.splitlines()[0] == found["pieces"][0]["title"]


def test_folder_names_never_clash() -> None:
    given = ["a/x.png", "b/X.jpg", "x-2.gif", "c/x.webp", "...", "y"]
    assert folder_names(given) == ["x", "X-2", "x-2-2", "x-3", "piece", "y"]


def test_ctrl_c_ends_with_130_and_leaves_nothing(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    asked = [*[str(picture)] * 30, "-o", str(tmp_path / "out"), "--formats", "abc"]
    running = subprocess.Popen(
        [sys.executable, "-m", "agent.cli", "compose", *asked],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # a test run in the background ignores the signal, and so would what it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while (
        not (tmp_path / "out" / "sea-2").exists() and running.poll() is None and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err == "stopped\n" and out == ""
    for folder in (tmp_path / "out").iterdir():
        assert sorted(path.name for path in folder.iterdir()) in ([], ["manifest.json", "sea.abc"])


# -- check --------------------


def test_check_says_file_line_column(
    scale: pathlib.Path, tmp_path: pathlib.Path, command: Run, cli: Run
) -> None:
    assert cli("check", scale) == type(cli("check", scale))(0, "", "")
    bad = tmp_path / "bad.abc"
    bad.write_text(SHORT_BAR)
    ran = cli("check", scale, bad)
    assert ran.code == 1 and ran.err == ""
    assert ran.out.startswith(f"{bad}:5:6: error: voice 1, bar 2 holds 3/4, 4/4 wants 4/4 (")
    from_pipe = command("check", "-", stdin=SHORT_BAR.encode())
    assert from_pipe.code == 1 and from_pipe.out == ran.out.replace(str(bad), "-")


def test_check_as_json(tmp_path: pathlib.Path, cli: Run) -> None:
    bad = tmp_path / "bad.abc"
    bad.write_text(SHORT_BAR)
    ran = cli("check", bad, tmp_path / "none.abc", "--json")
    found = json.loads(ran.out)
    assert ran.code == 2 and ran.err == ""
    assert (found["errors"], found["warnings"], len(found["unreadable"])) == (1, 0, 1)
    [problem] = found["problems"]
    assert (problem["file"], problem["line"], problem["column"], problem["code"]) == (
        str(bad),
        5,
        6,
        "bar-length",
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"T:caf\xe9", "is not UTF-8 text (byte 5 is 0xe9)"), (b"a" * (2**20 + 1), "longer than")],
    ids=["latin-1", "too long"],
)
def test_check_of_what_cannot_be_read(content: bytes, says: str, tmp_path: pathlib.Path, cli: Run) -> None:
    path = tmp_path / "x.abc"
    path.write_bytes(content)
    for given, said in ((path, says), (tmp_path, "is a folder"), (tmp_path / "none", "there is no file")):
        ran = cli("check", given)
        assert ran.code == 2 and ran.out == "" and ran.err.startswith("error: ") and said in ran.err


def test_output_into_a_closed_pipe_ends_quietly(tmp_path: pathlib.Path) -> None:
    bad = tmp_path / "bad.abc"
    bad.write_text("X:1\nM:4/4\nL:1/4\nK:C\n" + "CDE|" * 2000)
    asked = [sys.executable, "-m", "agent.cli", "check", str(bad)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 1


# -- render --------------------


def test_render(scale: pathlib.Path, tmp_path: pathlib.Path, cli: Run) -> None:
    import mido
    import soundfile

    ran = cli("render", scale, "-o", tmp_path / "out", "--formats", "mid,musicxml,svg,flac,mp3", "--json")
    assert ran.code == 0 and ran.err == ""
    names = [pathlib.Path(file).name for file in json.loads(ran.out)["files"]]
    assert names == ["my-scale.mid", "my-scale.musicxml", "my-scale.svg", "my-scale.flac", "my-scale.mp3"]
    midi = mido.MidiFile(tmp_path / "out" / "my-scale.mid")
    played = [m.note for track in midi.tracks for m in track if m.type == "note_on" and m.velocity > 0]
    assert played == [60, 62, 64, 65, 67, 69, 71, 72]
    assert soundfile.info(tmp_path / "out" / "my-scale.flac").duration >= 4.0
    assert "score-partwise" in (tmp_path / "out" / "my-scale.musicxml").read_text()


def test_render_from_a_pipe_and_with_faults(tmp_path: pathlib.Path, command: Run) -> None:
    ran = command("render", "-", "-o", tmp_path / "out", "--formats", "mid", stdin=SHORT_BAR.encode())
    assert ran.code == 0
    assert ran.out == f"{tmp_path / 'out' / 'tune.mid'}\n"
    assert "1 errors in the score" in ran.err


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("Once upon a time there was a queen.\n", [], "not ABC"),
        ("", [], "empty"),
        ("X:1\nK:C\nz4|\n", [], "no note"),
        (SCALE, ["--formats", "html"], "'html' is unknown"),
        (SCALE, ["--engine", "kazoo"], "kazoo"),
        (SCALE, ["--soundfont", "none.sf2"], "none.sf2"),
    ],
    ids=["prose", "empty", "silence", "format", "engine", "soundfont"],
)
def test_render_refuses(text: str, options: list[str], says: str, tmp_path: pathlib.Path, cli: Run) -> None:
    path = tmp_path / "x.abc"
    path.write_text(text)
    ran = cli("render", path, "-o", tmp_path / "out", *options)
    assert ran.code == 2 and ran.out == ""
    last = ran.err.strip().splitlines()[-1]
    assert last.startswith("error: ") and says in last
    assert not (tmp_path / "out").exists()


def test_midi2audio_is_refused_before_any_work_where_its_program_is_missing(
    scale: pathlib.Path, tmp_path: pathlib.Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = cli("render", scale, "-o", tmp_path / "out", "--engine", "midi2audio")
    assert ran.code == 2 and "midi2audio" in ran.err and "pyfluidsynth" in ran.err
    assert not (tmp_path / "out").exists()


# -- store and doctor --------------------


def test_store(built_store: pathlib.Path, cli: Run) -> None:
    built = json.loads(cli("store", "build", "--json").out)
    assert built["built"] is False and built["count"] > 1000
    assert pathlib.Path(built["place"]).is_relative_to(built_store)
    hits = json.loads(cli("store", "search", "a slow sad waltz", "-k", 3, "--genre", "waltz", "--json").out)[
        "hits"
    ]
    assert len(hits) == 3
    assert {hit["genre"] for hit in hits} == {"waltz"}
    assert all(hit["abc"].startswith("X:") and hit["licence"] and hit["why"] for hit in hits)
    table = cli("store", "search", "a slow sad waltz", "-k", 3, "--genre", "waltz").out
    assert all(hit["id"] in table for hit in hits)
    assert json.loads(cli("store", "stats", "--json").out)["count"] == built["count"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["", "-k", "1"], "empty"),
        (["x", "-k", "0"], "k=0"),
        (["x", "--genre", "noise"], "noise"),
        (["x", "--meter", "waltz"], "waltz"),
    ],
)
def test_store_search_refuses(asked: list[str], says: str, built_store: pathlib.Path, cli: Run) -> None:
    ran = cli("store", "search", *asked)
    assert ran.code == 2 and ran.out == "" and len(ran.err.splitlines()) == 1 and says in ran.err


def test_a_broken_store_is_named_with_its_cure(
    tmp_path: pathlib.Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIAROSCORE_CACHE", str(tmp_path))
    place = tmp_path / NAME
    place.mkdir()
    (place / "manifest.json").write_text("{")
    ran = cli("store", "search", "x")
    assert ran.code == 2 and len(ran.err.splitlines()) == 1 and "chiaroscore store build" in ran.err
    doctor = json.loads(cli("doctor", "--json").out)
    [store] = [part for part in doctor["parts"] if part["name"] == "exemplar store"]
    assert doctor["works"] is False and store["ok"] is False


def test_doctor(built_store: pathlib.Path, cli: Run) -> None:
    ran = cli("doctor", "--json")
    found = json.loads(ran.out)
    assert ran.code == 0 and found["works"] is True
    parts = {part["name"]: part for part in found["parts"]}
    assert all(part["ok"] for part in parts.values() if part["needed"])
    assert "6.7.2" in parts["abc reader"]["detail"]
    assert "exemplars" in parts["exemplar store"]["detail"]
    assert os.path.isfile(parts["soundfont"]["detail"])


def test_doctor_for_people_names_what_is_missing(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent import doctor
    from chiaroscore import MissingPartError

    def missing() -> str:
        raise MissingPartError("no FluidSynth library; install FluidSynth")

    def odd() -> str:
        raise RuntimeError("a library\nbroke")

    monkeypatch.setattr(doctor, "_fluidsynth", missing)
    for name in ("_image_network", "_sentence_network", "_store", "_engraver", "_sound_device"):
        monkeypatch.setattr(doctor, name, lambda: "fine")
    monkeypatch.setattr(doctor, "_midi2audio", odd)
    ran = cli("doctor")
    assert ran.code == 2
    [line] = [line for line in ran.out.splitlines() if "fluidsynth library" in line]
    assert line.startswith("MISSING") and "install FluidSynth" in line
    [line] = [line for line in ran.out.splitlines() if "midi2audio" in line]
    assert line.startswith("absent") and "RuntimeError: a library broke" in line
    assert "composing will not work" in ran.out

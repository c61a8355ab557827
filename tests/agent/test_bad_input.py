"""The table of bad input, end to end: one line that names the value, exit code 2, nothing written.

Every third or so is run as a process of its own, as users run it; the others call the same entry point here.
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

Run = Callable[..., Any]


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG made by hand, whatever its header claims."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels)),
        (b"IEND", b""),
    ]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory, picture: pathlib.Path) -> pathlib.Path:
    """A folder of bad pictures."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "poem.jpg").write_text("Shall I compare thee to a summer's day?\n" * 20)
    whole = folder / "whole.jpg"
    Image.effect_noise((400, 300), 80).convert("RGB").save(whole, quality=90)
    data = whole.read_bytes()
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    (folder / "none.png").write_bytes(png(0, 0, b""))
    (folder / "none.gif").write_bytes(b"GIF89a" + struct.pack("<HHBBB", 0, 0, 0, 0, 0) + b";")
    (folder / "bomb.png").write_bytes(png(50_000, 50_000, bytes(100_000)))
    (folder / "empty.png").write_bytes(b"")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "song.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return folder


PICTURES = [
    ("poem.jpg", "not a picture", True),
    ("cut.jpg", "damaged", True),
    ("none.png", "not a picture", False),
    ("none.gif", "none.gif", False),
    ("bomb.png", "2,500,000,000 pixels, too many", True),
    ("empty.png", "0 bytes", False),
    ("folder.png", "is a folder", True),
    ("pipe.png", "not a regular file", False),
    ("song.svg", "not a picture", False),
    ("absent.png", "there is no file", True),
    ("https://example.org/cat.jpg", "there is no file", False),
]


@pytest.mark.parametrize(("name", "says", "own_process"), PICTURES, ids=[row[0] for row in PICTURES])
def test_pictures(
    name: str, says: str, own_process: bool, bad: pathlib.Path, tmp_path: pathlib.Path, command: Run, cli: Run
) -> None:
    given = name if "://" in name else str(bad / name)
    ran = (command if own_process else cli)("compose", given, "-o", tmp_path / "out")
    _refused(ran, says, given)
    assert list(tmp_path.iterdir()) == []


def test_the_bomb_is_refused_without_unpacking_it(
    bad: pathlib.Path, tmp_path: pathlib.Path, command: Run
) -> None:
    """2.5 GB of pixels do not fit into the 2 GB of address space that the process gets."""
    ran = command(
        "compose",
        bad / "bomb.png",
        "-o",
        tmp_path / "out",
        prepare=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30,) * 2),
    )
    _refused(ran, "2,500,000,000 pixels, too many", "bomb.png")


REQUESTS = [
    (["--key", "H dorian"], "H dorian", True),
    (["--key", "C#major extra"], "C#major extra", False),
    (["--meter", "13/17"], "13/17", True),
    (["--meter", "4"], "'4'", False),
    (["--instruments", "kazoophone"], "kazoophone", True),
    (["--instruments", ""], "instrument", False),
    (["--genre", "dubstep-polka"], "dubstep-polka", False),
    (["--mood", "beige"], "beige", False),
    (["--formats", "abc,docx"], "docx", True),
    (["--formats", ","], "','", False),
    (["--bars", "0"], "bars 0", True),
    (["--bars", "many"], "bars 'many'", False),
    (["--bars", "9999999999999999999999"], "bars '9999", False),
    (["--tempo", "-3"], "tempo '-3'", True),
    (["--tempo", "nan"], "nan", False),
    (["--tempo", "1e400"], "1e400", False),
    (["--tempo", "Quickissimo"], "Quickissimo", False),
    (["--duration", "0"], "duration '0'", False),
    (["--duration", "inf"], "inf", False),
    (["--bars", "100", "--duration", "5"], "100 bars in 5 s", True),
    (["--bars", "8", "--duration", "60", "--tempo", "180", "--meter", "4/4"], "exclude each other", False),
    (["--seed", "-1"], "seed -1", False),
    (["--seed", "0.5"], "0.5", False),
    (["--soundfont", "absent.sf2"], "absent.sf2", False),
    (["--engine", "kazoo"], "kazoo", False),
    (["--colour", "red"], "--colour", True),
]


@pytest.mark.parametrize(
    ("asked", "says", "own_process"), REQUESTS, ids=[" ".join(row[0]) for row in REQUESTS]
)
def test_requests(
    asked: list[str],
    says: str,
    own_process: bool,
    picture: pathlib.Path,
    tmp_path: pathlib.Path,
    command: Run,
    cli: Run,
) -> None:
    _refused((command if own_process else cli)("compose", picture, "-o", tmp_path / "out", *asked), says)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_soundfont(picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run) -> None:
    _refused(
        cli("compose", picture, "-o", tmp_path / "out", "--soundfont", picture), "not a SoundFont", "sea.png"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "missing", [["compose"], ["compose", "a.png"], [], ["paint"], ["store"], ["check"]], ids=" ".join
)
def test_missing_and_unknown_words(missing: list[str], cli: Run) -> None:
    ran = cli(*missing)
    if not missing:
        assert ran.code == 0 and "compose" in ran.out
    else:
        _refused(ran, "--help")


OUTPUTS = [
    ("taken/out", True),
    ("taken", False),
    ("/proc/chiaroscore", True),
    ("/dev/full", False),
    ("/dev/null/out", False),
    ("x" * 300, False),
]


@pytest.mark.parametrize(("place", "own_process"), OUTPUTS, ids=[row[0][:20] for row in OUTPUTS])
def test_outputs_that_cannot_be_written(
    place: str, own_process: bool, picture: pathlib.Path, tmp_path: pathlib.Path, command: Run, cli: Run
) -> None:
    (tmp_path / "taken").write_text("mine")
    given = tmp_path / place
    _refused(
        (command if own_process else cli)("compose", picture, "-o", given), "cannot write", str(given)[:60]
    )
    assert (tmp_path / "taken").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_full_disk(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, command: Run
) -> None:
    """No file may grow beyond 300 kB: the sound does not fit, nothing is kept, what was there stays."""
    out = tmp_path / "out"
    out.mkdir()
    for name in ("sea.abc", "sea.wav", "manifest.json"):
        (out / name).write_text("an earlier result")

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    _refused(
        command("compose", picture, "-o", out, "--formats", "abc,wav", prepare=small_disk),
        "cannot write",
        str(out),
    )
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "sea.abc", "sea.wav"]
    assert {path.read_text() for path in out.iterdir()} == {"an earlier result"}
    _refused(
        command(
            "compose", picture, "-o", tmp_path / "new" / "deep", "--formats", "abc,wav", prepare=small_disk
        ),
        "cannot write",
    )
    assert not (tmp_path / "new").exists()


def test_errors_as_json(
    bad: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, command: Run, cli: Run
) -> None:
    for run, arguments, kind in (
        (command, ["compose", bad / "poem.jpg", "-o", tmp_path / "out", "--json"], "InputError"),
        (cli, ["compose", "--json", picture, "-o", tmp_path / "out", "--bars", "0"], "ControlError"),
        (cli, ["compose", "--json", picture], "ControlError"),
        (cli, ["--json", "render", "absent.abc", "-o", tmp_path / "out"], "InputError"),
        (cli, ["store", "search", "waltz", "-k", "many", "--json"], "ControlError"),
    ):
        ran = run(*arguments)
        assert ran.code == 2, ran
        error = json.loads(ran.out)["error"]
        assert error["type"] == kind
        assert error["message"] and "\n" not in error["message"]
        assert ran.err == ""


def test_verbose_shows_where(bad: pathlib.Path, tmp_path: pathlib.Path, cli: Run) -> None:
    ran = cli("compose", "-v", bad / "poem.jpg", "-o", tmp_path / "out")
    assert ran.code == 2
    assert "Traceback" in ran.err and ran.err.rstrip().splitlines()[-1].startswith("error: ")


def test_names_with_control_characters_do_not_reach_the_terminal(tmp_path: pathlib.Path, cli: Run) -> None:
    ran = cli("compose", tmp_path / "\x1b[31mred\x07.png", "-o", tmp_path / "out")
    _refused(ran, "there is no file", "x1b")
    assert "\x1b" not in ran.err and "\x07" not in ran.err


def _refused(ran: Any, *says: str) -> None:
    """One line that begins with ``error:``, exit code 2, nothing on standard output."""
    assert ran.code == 2, ran
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("error: ")
    assert "Traceback" not in ran.err
    for said in says:
        assert said in lines[0]
    assert ran.out == ""

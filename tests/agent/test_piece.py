"""A finished piece: repeatable to the byte, whole on the disk, and telling where it comes from."""

from __future__ import annotations

import hashlib
import io
import json
import pathlib
import subprocess
from typing import Any

import numpy as np
import pytest
from PIL import Image

import chiaroscore
from agent import Agent, Piece
from agent.formats import KNOWN
from chiaroscore import ControlError, InputError, MissingPartError
from notation import check

SHORT: dict[str, Any] = {"bars": 8, "tempo": 180, "meter": "4/4"}


def test_the_score_is_what_was_asked_for(piece: Piece) -> None:
    assert check(piece.abc) == []
    assert piece.tune.tempi[0].qpm == 180
    assert piece.plan.bars == 8
    assert [voice.bars[-1].number for voice in piece.tune.voices if voice.bars] == [8] * len(
        piece.tune.voices
    )
    assert len(piece.tune.voices) >= 3
    assert all(np.isfinite(value) or np.isnan(value) for value in piece.metrics.values())


def test_every_kind_of_picture_gives_the_same_piece(
    agent_of_run: Agent, piece: Piece, picture: pathlib.Path
) -> None:
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    kinds: list[Any] = [str(picture), picture.read_bytes(), image, np.asarray(image)]
    for kind in kinds:
        again = agent_of_run.compose(kind, **SHORT, seed=3)
        assert again.abc == piece.abc
        assert again.scene == piece.scene and again.plan == piece.plan
        assert again.name == ("sea" if isinstance(kind, str) else "piece")
    with picture.open("rb") as file:
        assert agent_of_run.compose(file, **SHORT, seed=3).abc == piece.abc


def test_steps_are_told_in_order(agent_of_run: Agent, picture: pathlib.Path) -> None:
    told: list[str] = []
    agent_of_run.compose(picture, **SHORT, seed=3, on_step=lambda step, value: told.append(step))
    assert told[:6] == ["perceive", "plan", "retrieve", "draft", "draft", "draft"]
    assert set(told[6:]) <= {"revise"}


def test_same_seed_same_bytes_other_seed_other_music(
    agent_of_run: Agent, piece: Piece, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    piece.save(tmp_path / "a", formats=KNOWN)
    agent_of_run.compose(picture, **SHORT, seed=3).save(tmp_path / "b", formats=KNOWN)
    first, second = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert first == second
    assert {name.rpartition(".")[2] for name in first} == {*KNOWN, "json"}
    assert agent_of_run.compose(picture, **SHORT, seed=4).abc != piece.abc


def test_another_process_writes_the_same_bytes(
    piece: Piece, picture: pathlib.Path, tmp_path: pathlib.Path, command: Any
) -> None:
    """Hash randomisation, the order of sets and the clock must not show."""
    piece.save(tmp_path / "here")
    asked = ["--bars", 8, "--tempo", 180, "--meter", "4/4", "--seed", 3]
    assert command("compose", picture, "-o", tmp_path / "there", *asked).code == 0
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


def test_the_manifest_says_how_to_get_it_again(
    agent_of_run: Agent, piece: Piece, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    piece.save(tmp_path, formats=["abc", "mid"])
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["chiaroscore"] == chiaroscore.__version__
    assert manifest["request"] == {"seed": 3, "tempo": 180.0, "meter": "4/4", "bars": 8}
    assert None not in manifest["versions"].values()
    assert all(one["licence"] and one["source"] and one["id"] for one in manifest["exemplars"])
    for name, digest in manifest["rendering"]["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert agent_of_run.compose(picture, **manifest["request"]).abc == piece.abc


def test_midi_and_sound_are_there_and_neither_silent_nor_clipped(
    piece: Piece, tmp_path: pathlib.Path
) -> None:
    import mido
    import soundfile

    piece.save(tmp_path, formats="mid,wav")
    played = mido.MidiFile(tmp_path / "sea.mid")
    starts = [m for track in played.tracks for m in track if m.type == "note_on" and m.velocity > 0]
    assert len(starts) == sum(len(note.pitches) for note in sounding(piece))
    assert played.length == pytest.approx(8 * 4 * 60 / 180, abs=0.01)
    samples, rate = soundfile.read(tmp_path / "sea.wav")
    assert rate == 44_100 and samples.shape[1] == 2
    assert 20 * np.log10(np.abs(samples).max()) == pytest.approx(-1.0, abs=0.1)
    assert len(samples) / rate >= played.length - 0.01


def test_an_independent_reader_finds_no_fault(piece: Piece, tmp_path: pathlib.Path) -> None:
    import os

    import symusic  # noqa: F401 - it says where its abc2midi is

    source, target = tmp_path / "piece.abc", tmp_path / "piece.mid"
    source.write_text(piece.abc)
    program = os.environ["SYMUSIC_ABC2MIDI"]
    done = subprocess.run(
        [program, source, "-o", target], capture_output=True, text=True, timeout=60, check=False
    )
    assert target.stat().st_size > 100
    assert "Error" not in done.stdout + done.stderr
    import mido

    from render import midi

    # as written: swing is in the sound of a piece alone
    ours, theirs = mido.MidiFile(file=io.BytesIO(midi(piece.tune))), mido.MidiFile(target)
    pairs = list(zip(note_ons(ours), note_ons(theirs), strict=True))
    assert len(pairs) > 50
    for (pitch, onset), (other, late) in pairs:
        assert pitch == other
        assert 0 <= late - onset < 0.1  # abc2midi rolls chords


def test_unknown_formats_and_places_write_nothing(piece: Piece, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ControlError, match="'docx' is unknown"):
        piece.save(tmp_path / "out", formats=["abc", "docx"])
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="cannot write"):
        piece.save(tmp_path / "file" / "out", formats=["abc"])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_play_without_a_sound_device_says_what_to_do(piece: Piece, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", "none-such")
    with pytest.raises(MissingPartError, match=r"no sound device.*piece\.save"):
        piece.play()


def test_play_with_a_device_plays_to_the_end(piece: Piece, monkeypatch: pytest.MonkeyPatch) -> None:
    """SDL's dummy device takes samples at the pace of a real one."""
    import time

    from agent.sound import Sound

    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    started = time.monotonic()
    Sound(piece.sound.samples[: 44_100 // 2], 44_100).play()
    assert time.monotonic() - started >= 0.4


def test_name_of_files(agent_of_run: Agent) -> None:
    from agent.identity import picture_name

    assert picture_name("/a/Ein Bild (2).JPG") == "Ein-Bild-2"
    assert picture_name("../../etc/..") == "piece"
    assert picture_name("<script>.png") == "script"
    assert picture_name(b"...") == "piece"


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    """Name to content of the files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def sounding(piece: Piece) -> list[Any]:
    """Notes of the tune that start a sound."""
    from notation import events

    return [type("Note", (), {"pitches": (row["pitch"],)}) for row in events(piece.tune)]


def note_ons(file: Any) -> list[tuple[int, float]]:
    """Pitches and times in quarter notes, to a hundredth, of all note starts."""
    found = []
    for track in file.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity > 0:
                found.append((message.note, round(ticks / file.ticks_per_beat, 2)))
    return sorted(found)


def test_pages_of_a_longer_piece_go_when_a_shorter_one_is_saved_over_it(piece, tmp_path):
    import hashlib
    import json

    piece.save(tmp_path, formats=["svg"])
    extra, changed, foreign = (
        tmp_path / f"{n}.svg" for n in (f"{piece.name}-8", f"{piece.name}-9", "other-8")
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for path in (extra, changed, foreign):
        path.write_text("<svg/>")
        manifest["rendering"]["files"][path.name] = hashlib.sha256(b"<svg/>").hexdigest()
    changed.write_text("<svg>mine</svg>")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    piece.save(tmp_path, formats=["abc"])
    assert extra.exists()  # no page was written
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    piece.save(tmp_path, formats=["svg"])
    assert not extra.exists() and changed.exists() and foreign.exists()

"""Synthesis: loud but not clipped, as long as the score, the same every time; and life without its parts."""

from __future__ import annotations

import ctypes.util
import hashlib
import importlib.util
import io
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import mido
import numpy as np
import pytest

from chiaroscore import ControlError, InputError, MissingPartError, RenderError
from notation import Tune
from render import loudness, midi, soundfont_path, synthesise
from render.fluid import BLOCK, library_path

RATE = 44100
Make = Callable[..., Tune]


def hand_made(
    events: list[tuple[int, mido.Message | mido.MetaMessage]], division: int = 480, kind: int = 1
) -> bytes:
    """A MIDI file of one track from (delta ticks, message)."""
    file = mido.MidiFile(type=kind, ticks_per_beat=division)
    file.tracks.append(mido.MidiTrack(message.copy(time=delta) for delta, message in events))
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def fundamental(samples: np.ndarray, start: float, length: float) -> float:
    """Frequency in Hz of the strongest partial of a stretch of sound, both in seconds."""
    mono = samples[int(start * RATE) : int((start + length) * RATE)].sum(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), n=8 * RATE))
    return float(np.argmax(spectrum)) / 8


@pytest.mark.parametrize("name", ["band", "changes", "pickup"])
def test_loud_not_clipped_and_as_long_as_the_score(tunes: dict[str, Tune], name: str) -> None:
    played = tunes[name].performance
    samples = synthesise(midi(tunes[name]))
    measured = loudness(samples)
    assert samples.dtype == np.float32 and samples.shape[1] == 2
    assert measured.peak_dbfs == pytest.approx(-1.0, abs=0.001)
    assert -35 < measured.rms_dbfs < -8
    assert not measured.clipped and not measured.silent
    length = len(samples) / RATE - played.seconds(played.duration)
    assert -1e-3 < length <= 2.01


def test_the_same_bytes_here_and_in_another_process(band: str, tmp_path: pathlib.Path) -> None:
    data = midi(band)
    here = {hashlib.sha256(synthesise(data).tobytes()).hexdigest() for _ in range(2)}
    (tmp_path / "band.mid").write_bytes(data)
    script = (
        "import hashlib, pathlib, sys; from render import synthesise; "
        "print(hashlib.sha256(synthesise(pathlib.Path(sys.argv[1]).read_bytes()).tobytes()).hexdigest())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "band.mid")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert {done.stdout.strip()} == here
    assert done.stderr == ""


def test_pitch_and_time_are_right_across_a_tempo_change() -> None:
    """An ocarina's A4 for one second, a tempo change, then its A5 for two."""
    samples = synthesise(
        hand_made(
            [
                (0, mido.MetaMessage("set_tempo", tempo=500_000)),
                (0, mido.Message("program_change", program=79)),
                (0, mido.Message("note_on", note=69, velocity=100)),
                (960, mido.Message("note_off", note=69)),
                (0, mido.MetaMessage("set_tempo", tempo=1_000_000)),
                (0, mido.Message("note_on", note=81, velocity=100)),
                (960, mido.Message("note_off", note=81)),
            ]
        )
    )
    assert fundamental(samples, 0.2, 0.6) == pytest.approx(440, rel=0.007)  # 12 cents
    assert fundamental(samples, 1.5, 1.2) == pytest.approx(880, rel=0.007)
    assert 3.0 <= len(samples) / RATE <= 5.01


def test_events_do_not_drift() -> None:
    """Clicks at a tempo that fits no block: the last is as near to its time as the first."""
    tempo, count = 333_333, 300
    clicks = [(0, mido.MetaMessage("set_tempo", tempo=tempo))]
    for index in range(count):
        clicks.append((0 if index == 0 else 120, mido.Message("note_on", channel=9, note=75, velocity=127)))
        clicks.append((0, mido.Message("note_off", channel=9, note=75)))
    samples = np.abs(synthesise(hand_made(clicks))).max(axis=1)
    delays = []
    for index in (1, count // 2, count - 1):
        due = round(index * 120 * tempo * RATE / 480 / 1e6)
        window = samples[due - 2 * BLOCK : due + 20 * BLOCK]
        delays.append(int(np.argmax(window > 0.5)))
    assert max(delays) - min(delays) <= BLOCK + 8


def test_notes_left_on_are_released_at_the_end() -> None:
    held = hand_made(
        [
            (0, mido.Message("program_change", program=48)),
            (0, mido.Message("note_on", note=60, velocity=100)),
            (480, mido.Message("control_change", control=64, value=127)),
        ]
    )
    samples = synthesise(held)
    assert np.abs(samples[-200:]).max() < 0.02


def test_chorus_send_is_heard() -> None:
    def play(send: int) -> np.ndarray:
        return synthesise(
            hand_made(
                [
                    (0, mido.Message("control_change", control=93, value=send)),
                    (0, mido.Message("note_on", note=60, velocity=100)),
                    (480, mido.Message("note_off", note=60)),
                ]
            )
        )

    dry, wet = play(0), play(127)
    shared = min(len(dry), len(wet))
    assert np.abs(dry[:shared] - wet[:shared]).max() > 0.01


@pytest.mark.parametrize("rate", [22050, 48000])
def test_other_rates(make_tune: Make, rate: int) -> None:
    samples = synthesise(midi(make_tune([(0, 69, 0, 4)])), rate=rate)
    assert 2.0 <= len(samples) / rate <= 4.01
    assert loudness(samples).peak_dbfs == pytest.approx(-1, abs=0.001)


def test_peak_can_be_chosen(make_tune: Make) -> None:
    samples = synthesise(midi(make_tune([(0, 69, 0, 4)])), peak_dbfs=-12.0)
    assert loudness(samples).peak_dbfs == pytest.approx(-12, abs=0.001)


def test_ctypes_is_left_as_it_was(band: str) -> None:
    synthesise(midi(band))
    assert ctypes.util.find_library.__module__ == "ctypes.util"
    assert pathlib.Path(library_path()).name.startswith(("lib", "fluid"))


def test_nothing_sounds(make_tune: Make) -> None:
    with pytest.raises(RenderError, match="nothing sounds"):
        synthesise(midi(make_tune([], duration=4)))


def test_too_long_is_refused_before_anything_is_computed() -> None:
    hours = hand_made(
        [(0, mido.Message("note_on", note=60)), (480 * 2 * 60 * 21, mido.Message("note_off", note=60))]
    )
    with pytest.raises(RenderError, match="20 minutes"):
        synthesise(hours)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"MThd\x00\x00\x00\x06\x00\x01", os.urandom(300), b"X:1\nK:C\nCDE|"]
)
def test_what_is_not_midi(data: bytes) -> None:
    with pytest.raises(InputError, match="not a MIDI file"):
        synthesise(data)


def test_midi_of_a_kind_that_cannot_be_played_in_order() -> None:
    with pytest.raises(InputError, match="format 2"):
        synthesise(hand_made([(0, mido.Message("note_on", note=60))], kind=2))


def test_midi_too_large_to_be_music() -> None:
    with pytest.raises(InputError, match="limit"):
        synthesise(bytes(9_000_000))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"engine": "timidity"}, "unknown sound engine"),
        ({"rate": 1000}, "1000 Hz"),
        ({"peak_dbfs": 3.0}, "3.0 dBFS"),
    ],
)
def test_what_cannot_be_asked(band: str, change: dict[str, object], words: str) -> None:
    with pytest.raises(ControlError, match=words):
        synthesise(midi(band), **change)


def test_default_font_is_the_one_of_the_wheel() -> None:
    path = soundfont_path()
    assert path.name == "TimGM6mb.sf2" and path.stat().st_size > 5_000_000


def test_fonts_that_are_none(band: str, tmp_path: pathlib.Path) -> None:
    data = midi(band)
    with pytest.raises(InputError, match="cannot read the SoundFont"):
        synthesise(data, soundfont=tmp_path / "absent.sf2")
    with pytest.raises(InputError, match="cannot read the SoundFont"):
        synthesise(data, soundfont=tmp_path)
    (tmp_path / "wave.sf2").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    with pytest.raises(InputError, match="is not a SoundFont"):
        synthesise(data, soundfont=tmp_path / "wave.sf2")


def test_a_font_cut_short_is_an_error_and_not_silence(
    band: str, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "half.sf2").write_bytes(soundfont_path().read_bytes()[:3_000_000])
    with pytest.raises(InputError, match="FluidSynth cannot load"):
        synthesise(midi(band), soundfont=tmp_path / "half.sf2")
    # a system library built on GLib says so itself, past every setting of FluidSynth
    said = [line for line in capfd.readouterr().err.splitlines() if line and "** (process" not in line]
    assert said == []


def test_another_font_is_taken(band: str, tmp_path: pathlib.Path) -> None:
    copy = tmp_path / "copy of font.sf2"
    shutil.copy(soundfont_path(), copy)
    assert np.array_equal(synthesise(midi(band), soundfont=copy), synthesise(midi(band)))


def test_no_default_font_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pretty_midi" else found(name)
    )
    with pytest.raises(MissingPartError, match="pip install pretty_midi"):
        soundfont_path()


def test_no_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.fluid._SYSTEM_NAMES", {})
    monkeypatch.setattr("render.fluid._bundled", list)
    with pytest.raises(MissingPartError, match="no FluidSynth library"):
        library_path()


def test_midi2audio_plays_where_its_program_exists(band: str) -> None:
    data = midi(band)
    if shutil.which("fluidsynth") is None:
        with pytest.raises(MissingPartError, match="fluidsynth program"):
            synthesise(data, engine="midi2audio")
        return
    ours, theirs = synthesise(data), synthesise(data, engine="midi2audio")
    assert loudness(theirs).peak_dbfs == pytest.approx(-1, abs=0.01)
    assert abs(len(ours) - len(theirs)) < 2.5 * RATE


def test_midi2audio_without_its_package(band: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "midi2audio" else found(name)
    )
    with pytest.raises(MissingPartError, match=r"chiaroscore\[midi2audio\]"):
        synthesise(midi(band), engine="midi2audio")


def test_midi2audio_failing_is_an_error(
    band: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """A fluidsynth program that writes nothing: the package ignores its exit code, we must not."""
    program = tmp_path / "fluidsynth"
    program.write_text("#!/bin/sh\necho no sound card today >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RenderError, match="no sound card today"):
        synthesise(midi(band), engine="midi2audio")

"""Sound files read back, the same bytes each time; levels by hand-checked examples."""

from __future__ import annotations

import io
import math
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from chiaroscore import InputError, RenderError
from render import encode_audio, loudness, save_audio
from render.audio import normalise, trim
from render.ogg import checksum

RATE = 44100


def tone(seconds: float = 1.5, level: float = 0.5) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * 441 * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, 0.5 * wave], axis=1).astype(np.float32)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".WAV"])
def test_files_read_back(tmp_path: pathlib.Path, suffix: str) -> None:
    samples = tone()
    path = save_audio(tmp_path / f"tone{suffix}", samples, RATE)
    read, rate = soundfile.read(path)
    assert rate == RATE
    assert abs(len(read) - len(samples)) <= 1 if suffix != ".mp3" else len(read) >= len(samples)
    middle = slice(20000, 40000)
    assert np.sqrt(np.mean(read[middle, 0] ** 2)) == pytest.approx(0.5 / math.sqrt(2), rel=0.02)
    assert np.sqrt(np.mean(read[middle, 1] ** 2)) == pytest.approx(0.25 / math.sqrt(2), rel=0.03)
    if suffix in (".wav", ".flac"):
        assert np.abs(read - samples).max() < 1 / 32767
        assert soundfile.info(path).subtype == "PCM_16"


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_the_same_bytes_here_and_in_another_process(suffix: str) -> None:
    script = (
        "import sys, numpy as np; from render import encode_audio; "
        "x = np.sin(np.arange(132300, dtype=np.float32) / 7).reshape(-1, 2); "
        f"sys.stdout.buffer.write(encode_audio(x, 44100, {suffix!r}))"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=True).stdout
    here = encode_audio(np.sin(np.arange(132300, dtype=np.float32) / 7).reshape(-1, 2), RATE, suffix)
    assert here == there


def test_ogg_checksum_is_that_of_libogg() -> None:
    """Every page as libogg wrote it carries the sum that we compute."""
    written = io.BytesIO()
    with soundfile.SoundFile(written, "w", RATE, 2, "VORBIS", format="OGG") as file:
        file.write(tone(0.5))
    data, at, pages = written.getvalue(), 0, 0
    while at < len(data):
        end = at + 27 + data[at + 26] + sum(data[at + 27 : at + 27 + data[at + 26]])
        assert data[at + 22 : at + 26] == checksum(data[at : at + 22] + bytes(4) + data[at + 26 : end])
        at, pages = end, pages + 1
    assert pages >= 3
    # One byte 1 is the polynomial x^32: what remains of it is 0x04C11DB7 by definition.
    assert checksum(b"\x01") == (0x04C11DB7).to_bytes(4, "little")


@pytest.mark.parametrize("name", ["tune.aac", "tune", "tune.mid"])
def test_unknown_suffix(tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(InputError, match="choose one of"):
        save_audio(tmp_path / name, tone(0.1), RATE)
    assert list(tmp_path.iterdir()) == []


def test_rate_that_mp3_has_not(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InputError, match="96000 Hz"):
        save_audio(tmp_path / "tune.mp3", tone(0.1), 96000)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="cannot write"):
        save_audio(tmp_path / "file" / "tune.wav", tone(0.1), RATE)


def test_loudness_of_known_signals() -> None:
    square = np.tile(np.array([[0.5, 0.5], [-0.5, -0.5]], dtype=np.float32), (100, 1))
    assert loudness(square).peak_dbfs == pytest.approx(20 * math.log10(0.5))
    assert loudness(square).rms_dbfs == pytest.approx(20 * math.log10(0.5))
    sine = loudness(tone(1.0, 1.0))
    assert sine.clipped
    assert sine.rms_dbfs == pytest.approx(10 * math.log10((0.5 + 0.125) / 2), abs=0.01)
    assert not loudness(tone(1.0, 0.99)).clipped


@pytest.mark.parametrize("samples", [np.zeros((100, 2), np.float32), np.zeros((0, 2), np.float32)])
def test_loudness_of_silence(samples: np.ndarray) -> None:
    found = loudness(samples)
    assert found.silent and not found.clipped and found.peak_dbfs == -math.inf == found.rms_dbfs


def test_one_negative_sample_counts_as_the_peak() -> None:
    samples = np.zeros((10, 2), np.float32)
    samples[3, 1] = -1.0
    assert loudness(samples).clipped
    assert normalise(samples, -6.0)[3, 1] == pytest.approx(-(10 ** (-6 / 20)))


def test_silence_cannot_be_made_loud() -> None:
    with pytest.raises(RenderError, match="nothing sounds"):
        normalise(np.full((100, 2), 1e-6, np.float32), -1.0)


def test_trim_cuts_only_the_quiet_tail_and_ends_in_nothing() -> None:
    samples = np.full((4 * RATE, 2), 0.5, np.float32)
    samples[RATE : 2 * RATE] = 0.0  # a rest inside stays
    samples[3 * RATE :] *= np.exp(-np.arange(RATE) / 3000)[:, None].astype(np.float32)
    kept = trim(samples, 3 * RATE, RATE)
    assert len(kept) - 3 * RATE == pytest.approx(3000 * math.log(1000), abs=2)
    assert kept[-1].tolist() == [0.0, 0.0]
    assert kept[3 * RATE - 1].tolist() == [0.5, 0.5]
    still = trim(np.zeros((RATE, 2), np.float32) + np.float32(0.5), RATE, RATE)
    assert len(still) == RATE and still[-1].tolist() == [0.5, 0.5]

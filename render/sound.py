"""MIDI to samples, with FluidSynth: in this process, or through the midi2audio package and its program."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError, InputError, MissingPartError, RenderError
from render.audio import normalise, trim
from render.fluid import BLOCK, Synth
from render.soundfont import soundfont_path
from render.timeline import Timeline, timeline

ENGINES = ("auto", "midi2audio", "pyfluidsynth")
#: Seconds computed after the last message: the longest releases and the reverb have died away by then.
TAIL = 2.0
#: Sampling rates FluidSynth takes (its setting synth.sample-rate).
RATES = (8000, 96000)
#: Control change that sends a channel to the chorus.
_CHORUS = 93


def synthesise(
    midi_bytes: bytes,
    *,
    soundfont: str | os.PathLike[str] | None = None,
    engine: str = "auto",
    rate: int = 44100,
    peak_dbfs: float = -1.0,
) -> NDArray[np.float32]:
    """Return the sound of a Standard MIDI File; the same input gives the same samples.

    Messages act within one FluidSynth block of their exact time (64 frames, 1.5 ms at 44100 Hz; never
    accumulating). After the end of the file up to two seconds of release follow, until they are 60 dB below
    the peak.

    Parameters
    ----------
    midi_bytes : bytes
        What `midi` returns, or any file of format 0 or 1.
    soundfont : path, optional
        An .sf2 or .sf3 file; by default the TimGM6mb font of the pretty_midi package.
    engine : {"auto", "pyfluidsynth", "midi2audio"}
        ``pyfluidsynth`` is FluidSynth as a library in this process, ``midi2audio`` runs the ``fluidsynth``
        program through the package of that name; ``auto`` is pyfluidsynth.
    rate : int
        Frames a second, 8000 to 96000.
    peak_dbfs : float
        Level of the loudest sample, -60 to -0.1 dBFS.

    Returns
    -------
    numpy.ndarray, shape (n_frames, 2), float32
        Left and right, full scale 1.0, not clipped.

    Raises
    ------
    InputError
        If the bytes are not MIDI or the SoundFont cannot be used.
    RenderError
        If the file is longer than twenty minutes, or nothing sounds.
    MissingPartError
        If the engine's library, package or program is not installed.
    ControlError
        If engine, rate or level is unknown or out of range.
    """
    check_engine(engine)
    if not RATES[0] <= rate <= RATES[1]:
        raise ControlError(f"a rate of {rate} Hz; FluidSynth plays {RATES[0]} to {RATES[1]}")
    if not -60.0 <= peak_dbfs <= -0.1:
        raise ControlError(f"a peak of {peak_dbfs} dBFS; choose one from -60 to -0.1")
    score = timeline(midi_bytes)
    font = soundfont_path(soundfont)
    play = _midi2audio if engine == "midi2audio" else _pyfluidsynth
    samples = normalise(play(score, midi_bytes, font, rate), peak_dbfs)
    return trim(samples, min(len(samples), round(score.seconds * rate)), rate)


def check_engine(engine: str) -> None:
    """Make sure that a sound engine is known and, for midi2audio, installed; `synthesise` does so itself.

    Raises
    ------
    ControlError
        If it is unknown.
    MissingPartError
        If its package or program is not installed.
    """
    if engine not in ENGINES:
        raise ControlError(f"unknown sound engine {engine!r}; choose one of {', '.join(ENGINES)}")
    if engine != "midi2audio":
        return
    if importlib.util.find_spec("midi2audio") is None:
        raise MissingPartError(
            "midi2audio is missing; pip install 'chiaroscore[midi2audio]', or use engine='pyfluidsynth'"
        )
    if shutil.which("fluidsynth") is None:
        raise MissingPartError(
            "midi2audio needs the fluidsynth program, and there is none on the PATH; "
            "install FluidSynth from your system's packages, or use engine='pyfluidsynth'"
        )


def _pyfluidsynth(score: Timeline, midi_bytes: bytes, font: pathlib.Path, rate: int) -> NDArray[np.float32]:
    """Play message by message into one array, in whole blocks."""
    last = _block(float(score.seconds), rate)
    samples = np.zeros((last + _block(TAIL, rate), 2), dtype=np.float32)
    chorus = any(m.type == "control_change" and m.control == _CHORUS and m.value for _, m in score.messages)
    with Synth(font, rate, chorus=chorus) as synth:
        at = 0
        for seconds, message in score.messages:
            start = _block(float(seconds), rate)
            synth.write(samples[at:start])
            at = start
            synth.send(message)
        synth.write(samples[at:last])
        synth.release()
        synth.write(samples[last:])
    return samples


def _block(seconds: float, rate: int) -> int:
    """Return the frame of the block border nearest to a time."""
    return round(seconds * rate / BLOCK) * BLOCK


def _midi2audio(score: Timeline, midi_bytes: bytes, font: pathlib.Path, rate: int) -> NDArray[np.float32]:
    """Run midi2audio's own command in a child process: FluidSynth's chatter stays out of our output."""
    import soundfile

    with tempfile.TemporaryDirectory(prefix="chiaroscore-") as folder:
        source, target = pathlib.Path(folder, "tune.mid"), pathlib.Path(folder, "tune.wav")
        source.write_bytes(midi_bytes)
        command = [
            sys.executable,
            "-m",
            "midi2audio",
            "-s",
            str(font),
            "-r",
            str(rate),
            str(source),
            str(target),
        ]
        limit = 60.0 + float(score.seconds)  # slower than real time is a fault
        try:
            done = subprocess.run(command, capture_output=True, timeout=limit, check=False)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise RenderError(
                f"the fluidsynth program did not end within {limit:.0f} s; use engine='pyfluidsynth'"
            ) from error
        if done.returncode != 0 or not target.is_file():
            said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            raise RenderError(
                f"midi2audio made no sound: {said[-1] if said else 'no message'}; use engine='pyfluidsynth'"
            )
        try:
            samples, _ = soundfile.read(target, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise InputError(
                f"midi2audio wrote a file that cannot be read: {error}; use engine='pyfluidsynth'"
            ) from error
    return samples if samples.shape[1] == 2 else np.repeat(samples[:, :1], 2, axis=1)

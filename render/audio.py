"""Finished samples: how loud they are, made as loud as they may be, and written to a file.

Conventions
----------- Samples are float32 of shape ``(n_frames, 2)``, full scale at 1.0. Levels are in dBFS: 0 is full
scale, silence is -inf.
"""

from __future__ import annotations

import io
import math
import os
import pathlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError, RenderError, write_bytes
from render.ogg import with_serial

#: Quieter than this no listener hears a note: what `Loudness.silent` means, and what cannot be normalised.
SILENCE_DBFS = -60.0

_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
}


@dataclass(frozen=True, slots=True)
class Loudness:
    """Peak and RMS level of a recording, both channels together."""

    peak_dbfs: float
    rms_dbfs: float
    clipped: bool  # at least one sample at or beyond full scale
    silent: bool  # peak below -60 dBFS


def loudness(samples: NDArray[np.float32]) -> Loudness:
    """Return how loud ``samples`` (any shape, full scale 1.0) are; no samples at all are silence."""
    peak = _peak(samples)
    mean_square = float(np.vdot(samples, samples)) / samples.size if samples.size else 0.0
    peak_dbfs = _decibels(peak)
    return Loudness(peak_dbfs, _decibels(math.sqrt(mean_square)), peak >= 1.0, peak_dbfs < SILENCE_DBFS)


def normalise(samples: NDArray[np.float32], peak_dbfs: float) -> NDArray[np.float32]:
    """Scale ``samples`` in place so that the largest is at ``peak_dbfs``; returns them.

    Raises
    ------
    RenderError
        If the samples are silent: at most -100 dBFS.
    """
    peak = _peak(samples)
    if _decibels(peak) <= -100.0:
        raise RenderError(
            "nothing sounds: the MIDI has no audible note; add notes, or take a font with its instruments"
        )
    samples *= np.float32(10.0 ** (peak_dbfs / 20.0) / peak)
    return samples


def trim(samples: NDArray[np.float32], end: int, rate: int) -> NDArray[np.float32]:
    """Cut the tail after frame ``end`` where it is 60 dB below the peak, and fade out what is left of it.

    Returns a view of ``samples``, at least ``end`` frames long. The fade is 50 ms, so a tail that was cut
    while it still sounded ends without a click.
    """
    loud = np.flatnonzero(
        np.abs(samples[end:]).max(axis=1, initial=0.0) > _peak(samples) * 10.0 ** (SILENCE_DBFS / 20.0)
    )
    kept = samples[: end + (int(loud[-1]) + 1 if len(loud) else 0)]
    fade = min(rate // 20, len(kept) - end)
    if fade:
        kept[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    return kept


def save_audio(path: str | os.PathLike[str], samples: NDArray[np.float32], rate: int) -> pathlib.Path:
    """Write ``samples`` (n_frames, 2) to a .wav or .flac (16 bit), .mp3 or .ogg file; returns the path.

    The file is written whole or not at all.

    Raises
    ------
    InputError
        If the suffix is another one, the format does not take the rate, or the file cannot be written.
    """
    suffix = pathlib.Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise InputError(
            f"cannot write sound as {suffix or 'no suffix'!r}; choose one of {', '.join(_FORMATS)}"
        )
    return write_bytes(path, encode_audio(samples, rate, suffix))


def encode_audio(samples: NDArray[np.float32], rate: int, suffix: str = ".wav") -> bytes:
    """Return ``samples`` (n_frames, 2) as the bytes of a file; ``suffix`` and errors as in `save_audio`."""
    import soundfile

    kind, subtype = _FORMATS[suffix]
    data = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16) if subtype == "PCM_16" else samples
    written = io.BytesIO()
    try:
        with soundfile.SoundFile(written, "w", rate, samples.shape[1], subtype, format=kind) as file:
            # A second at a time: libsndfile 1.2.2 overflows the stack on a long OGG written at once.
            for start in range(0, len(data), rate):
                file.write(data[start : start + rate])
    except soundfile.LibsndfileError as error:
        raise InputError(
            f"cannot write {suffix} at {rate} Hz: {error}; try 44100 Hz or another format"
        ) from error
    return with_serial(written.getvalue()) if kind == "OGG" else written.getvalue()


def _peak(samples: NDArray[np.float32]) -> float:
    """Return the largest absolute sample, without a copy of the samples."""
    return max(float(samples.max()), -float(samples.min())) if samples.size else 0.0


def _decibels(level: float) -> float:
    return 20.0 * math.log10(level) if level > 0 else -math.inf

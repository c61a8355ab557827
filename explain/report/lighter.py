"""A recording that fits into a page: as it is, or in one channel at half the rate, or none."""

from __future__ import annotations

import io

import numpy as np

#: Most bytes of a recording in a page.
MOST_SOUND = 1_250_000


def fitting(sound: bytes) -> bytes:
    """Return an Ogg of at most `MOST_SOUND` bytes; empty where the recording is longer than that lets it.

    One channel at half the rate takes about two fifths of the bytes: enough for three minutes. What is lost
    is the place of the players, and what sounds above a quarter of the old rate (11 kHz of a CD's).
    """
    if len(sound) <= MOST_SOUND:
        return sound
    import soundfile
    from scipy.signal import resample_poly

    from render import encode_audio

    try:
        samples, rate = soundfile.read(io.BytesIO(sound), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return b""
    half = resample_poly(samples.mean(axis=1), 1, 2).astype(np.float32)
    small = encode_audio(half[:, None], rate // 2, ".ogg")
    return small if len(small) <= MOST_SOUND else b""

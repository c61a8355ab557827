"""Sound to be heard: a player in a notebook, the loudspeaker elsewhere."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chiaroscore import MissingPartError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sound:
    """Stereo samples with their rate. In Jupyter it shows as a player that needs no network."""

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    @functools.cached_property
    def ogg(self) -> bytes:
        """The sound as the bytes of an Ogg Vorbis file: a third of the time of MP3, and no larger."""
        from render import encode_audio

        return encode_audio(self.samples, self.rate, ".ogg")

    def encoded(self, kind: str) -> bytes:
        """Return the bytes of a ``wav``, ``flac``, ``mp3`` or ``ogg`` file."""
        from render import encode_audio

        return self.ogg if kind == "ogg" else encode_audio(self.samples, self.rate, f".{kind}")

    @property
    def data_uri(self) -> str:
        """The sound in a ``data:`` URI, for a player."""
        return "data:audio/ogg;base64," + base64.b64encode(self.ogg).decode()

    def play(self) -> None:
        """Play through the loudspeaker, until the end.

        Raises
        ------
        MissingPartError
            If there is no sound device.
        """
        with _mixer(self.rate) as pygame:
            channel = pygame.sndarray.make_sound((self.samples * 32767).astype("int16")).play()
            while channel is not None and channel.get_busy():
                time.sleep(0.05)

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, str]:
        """Return a player for Jupyter."""
        return {
            "text/plain": f"Sound of {self.seconds:.1f} s",
            "text/html": f'<audio controls src="{self.data_uri}"></audio>',
        }


def device_name() -> str:
    """Return the name of the sound system that plays.

    Raises
    ------
    MissingPartError
        If there is no sound device.
    """
    with _mixer(44_100) as pygame:
        driver = pygame._sdl2.audio.get_audio_device_names(False)
        return ", ".join(driver) or "a device without a name"


@contextlib.contextmanager
def _mixer(rate: int) -> Iterator[Any]:
    """Open the sound device and lend pygame."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
        import pygame._sdl2.audio
    except ImportError as error:
        raise MissingPartError(f"no sound can be played ({error}); pip install pygame-ce") from error
    try:
        with _hushed():
            pygame.mixer.init(frequency=rate, size=-16, channels=2)
    except pygame.error as error:
        raise MissingPartError(
            f"no sound device to play on ({error}); write a file with piece.save(folder) and play that"
        ) from error
    try:
        yield pygame
    finally:
        pygame.mixer.quit()


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep what C libraries write to standard error (ALSA: ten lines without a device) off the terminal."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def in_notebook() -> bool:
    """Whether the code runs in a Jupyter kernel."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")

"""Sound to be heard: a player in a notebook, the loudspeaker elsewhere."""

from __future__ import annotations

import base64
import functools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    def data_uri(self) -> str:
        """The sound as MP3 in a ``data:`` URI."""
        from render import encode_audio

        return "data:audio/mpeg;base64," + base64.b64encode(encode_audio(self.samples, self.rate, ".mp3")).decode()

    def play(self) -> None:
        """Play through the loudspeaker, until the end.

        Raises
        ------
        MissingPartError
            If there is no sound device.
        """
        import os

        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        import pygame

        try:
            pygame.mixer.init(frequency=self.rate, size=-16, channels=2)
        except pygame.error as error:
            raise MissingPartError(
                f"no sound device to play on ({error}); write a file with piece.save(folder) and play that"
            ) from error
        try:
            channel = pygame.sndarray.make_sound((self.samples * 32767).astype("int16")).play()
            while channel is not None and channel.get_busy():
                time.sleep(0.05)
        finally:
            pygame.mixer.quit()

    def _repr_mimebundle_(self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None) -> dict[str, str]:
        """A player for Jupyter."""
        return {
            "text/plain": f"Sound of {self.seconds:.1f} s",
            "text/html": f'<audio controls src="{self.data_uri}"></audio>',
        }


def in_notebook() -> bool:
    """Whether the code runs in a Jupyter kernel."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")

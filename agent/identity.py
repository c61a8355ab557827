"""What tells a piece from others: its seed, made of the picture and the user's seed, and its name."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from agent.formats import file_stem
from agent.picture import Picture, picture_hash

if TYPE_CHECKING:
    from PIL import Image


def piece_seed(picture: Image.Image, seed: int) -> int:
    """Return the seed of a piece: made of the picture's pixels and the user's seed."""
    text = f"{picture_hash(picture)}:{seed}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big")


def picture_name(image: Picture) -> str:
    """Return the name for the files of a piece: the picture's own, or "piece" where it has none."""
    return file_stem(image, "piece") if isinstance(image, str | os.PathLike) else "piece"

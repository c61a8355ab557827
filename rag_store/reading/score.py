"""Reading a printed score, whatever its format."""

from __future__ import annotations

import pathlib

from chiaroscore import InputError
from rag_store.reading.kern import read_kern
from rag_store.reading.musicxml import read_musicxml
from rag_store.reading.transcript import Transcript


def read_score(path: pathlib.Path, kind: str) -> Transcript:
    """Return the score in a file of a kind: "musicxml" (also MXL) or "kern".

    Raises
    ------
    InputError
        If the kind is another, or the file cannot be read.
    """
    if kind == "musicxml":
        return read_musicxml(path)
    if kind == "kern":
        return read_kern(path)
    raise InputError(f"{kind!r} is no kind of score; use 'musicxml' or 'kern'")

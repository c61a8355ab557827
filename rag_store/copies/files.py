"""Segments as files: every array by itself, so that it can be mapped instead of read.

A folder of an index holds ``copies.json``, which names the content and the segments, and one folder a
segment, named by the digest of its arrays. A segment is never written twice; ``copies.json`` is written last,
whole or not at all, so whoever reads finds the index before or the one after, and never half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pathlib
import shutil
from collections.abc import Sequence

import numpy as np

from chiaroscore import replace_folder, write_text
from rag_store.copies.segment import FIELDS, Segment

#: File that names the segments, its format, and how the segments' folders begin.
NAME, FORMAT, FOLDER = "copies.json", 1, "copies-"


def save(segments: Sequence[Segment], folder: pathlib.Path, content: str) -> None:
    """Write segments, and sweep those that are no longer in use.

    Raises
    ------
    InputError
        If something cannot be written; the index that was there before stays whole.
    """
    names = [_write(segment, folder) for segment in segments]
    record = {"format": FORMAT, "content": content, "segments": names}
    write_text(folder / NAME, json.dumps(record, indent=1) + "\n")
    for old in folder.glob(FOLDER + "*"):
        if old.name not in names:
            shutil.rmtree(old, ignore_errors=True)


def load(folder: pathlib.Path, content: str) -> list[Segment] | None:
    """Return the segments written for this content, mapped; None if there are none, or broken ones."""
    try:
        record = json.loads((folder / NAME).read_text("utf-8"))
        if record["format"] != FORMAT or record["content"] != content:
            return None
        return [_read(folder / name) for name in record["segments"]]
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _write(segment: Segment, folder: pathlib.Path) -> str:
    """Write a segment unless it is there; returns the name of its folder."""
    files: dict[str, bytes] = {}
    digest = hashlib.sha256()
    for name, array in segment.arrays().items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
        files[f"{name}.npy"] = buffer.getvalue()
        digest.update(files[f"{name}.npy"])
    place = f"{FOLDER}{digest.hexdigest()[:16]}"
    with contextlib.suppress(OSError, ValueError):
        if all(os.path.getsize(folder / place / name) == len(data) for name, data in files.items()):
            return place
    replace_folder(folder / place, files)
    return place


def _read(place: pathlib.Path) -> Segment:
    """Map the arrays of a segment.

    Raises
    ------
    ValueError
        If they do not belong together.
    """
    arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in FIELDS}
    segment = Segment.from_arrays(arrays)
    if not segment.whole:
        raise ValueError(f"the arrays of {place.name} do not belong together")
    return segment

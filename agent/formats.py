"""The kinds of files a piece can be saved as; light, so that a request is checked before any work."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
from collections.abc import Iterable

from chiaroscore import ControlError

#: What `Piece.save` writes unless told otherwise.
FORMATS = ("abc", "mid", "musicxml", "svg", "wav", "html")
SOUND_FORMATS = ("wav", "flac", "mp3", "ogg")
#: Every kind.
KNOWN = (*FORMATS, *SOUND_FORMATS[1:])


def check_formats(formats: str | Iterable[str], known: Iterable[str] = KNOWN) -> tuple[str, ...]:
    """Return formats in order, once each; a text is split at commas.

    Raises
    ------
    ControlError
        If one is unknown, or there is none.

    Examples
    --------
    >>> check_formats("mid, wav,mid")
    ('mid', 'wav')
    """
    listed = formats.split(",") if isinstance(formats, str) else list(formats)
    wanted = tuple(dict.fromkeys(str(kind).strip().lower().removeprefix(".") for kind in listed))
    choice = ", ".join(known)
    if not any(wanted):
        raise ControlError(f"no format is named in {str(formats)[:60]!r}; choose from {choice}")
    for kind in wanted:
        if kind not in known:
            raise ControlError(f"format {kind[:40]!r} is unknown; choose from {choice}")
    return wanted


def page_names(name: str, count: int) -> list[str]:
    """Return the file names of engraved pages: numbered if there are several."""
    return [f"{name}.svg"] if count == 1 else [f"{name}-{number}.svg" for number in range(1, count + 1)]


def file_stem(path: str | os.PathLike[str], otherwise: str) -> str:
    """Return a path's own name as one that is safe for new files everywhere, at most 80 characters.

    Examples
    --------
    >>> file_stem("in/Ein Bild (2).JPG", "piece")
    'Ein-Bild-2'
    """
    stem = re.sub(r"[^\w.-]+", "-", pathlib.Path(path).stem).strip("-.")
    return stem[:80].rstrip("-.") or otherwise


def superseded(folder: str | os.PathLike[str], name: str, files: Iterable[str]) -> list[pathlib.Path]:
    """Return engraved pages of the piece that a folder's manifest tells of, which new files do not replace.

    Pages that were changed since, or that the manifest does not know, are not ours to take away.

    Parameters
    ----------
    folder
        Where a piece may have been saved before.
    name
        Name of the piece: the pages of another one stay.
    files
        Names of the files that are about to be written.
    """
    place, new = pathlib.Path(folder), set(files)
    try:
        known = json.loads((place / "manifest.json").read_text("utf-8"))["rendering"]["files"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
    page = re.compile(rf"{re.escape(name)}(-\d+)?\.svg")
    if not any(page.fullmatch(file) for file in new):
        return []
    pages = [(place / file, digest) for file, digest in known if page.fullmatch(file) and file not in new]
    return [path for path, digest in pages if path.is_file() and _digest(path) == digest]


def _digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

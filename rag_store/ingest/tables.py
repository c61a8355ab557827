"""What the readers of data sets' tables share: paths that stay in the data set's folder, lists as words."""

from __future__ import annotations

import pathlib
import re
from typing import Any

#: Words of a cell that mean that it is empty.
_NOTHING = frozenset(("", "na", "n/a", "nan", "none", "null"))


def inside(root: pathlib.Path, location: str) -> pathlib.Path | None:
    """Return the file that a table names by its path in the data set; None if it is none or leads outside."""
    parts = [part for part in location.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or location.startswith(("/", "\\")) or "\0" in location:
        return None
    path = root.joinpath(*parts)
    return path if path.is_file() else None


def cell(value: Any) -> str:
    """Return a cell's text, "" for the words that mean nothing."""
    text = " ".join(str(value).split()) if isinstance(value, str | int | float) else ""
    return "" if text.lower() in _NOTHING else text


def words(value: Any) -> str:
    """Return a list of tags, or a text of them divided by hyphens or commas, as words divided by commas."""
    tags = value if isinstance(value, list) else re.split(r"[-,;|]", cell(value))
    return ", ".join(tag for tag in map(cell, tags) if tag)

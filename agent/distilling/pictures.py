"""Pictures to teach with: base pictures from folders, and seeded variants of each.

Conventions
-----------
A *base* is a picture file; its *kin* is shared by all pictures that must never stand on two sides of a split:
near copies of it in other folders, and the partner that its blends are made with. Variant 0 is the picture
itself, scaled to `SIDE`.
"""

from __future__ import annotations

import csv
import functools
import json
import os
import pathlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from agent.distilling.grading import graded
from agent.picture import open_picture
from chiaroscore import InputError

#: Longest side of a variant, in pixels.
SIDE = 512
#: Shortest side of a base picture, in pixels.
SMALLEST = 96
#: Correlation of two thumbnails from which one picture is taken for a near copy of the other.
ALIKE = 0.93
_KINDS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".gif", ".bmp"))
_THUMB = 16
_BLENDS = 0.12  # share of variants that are blended with the partner


@dataclass(frozen=True, slots=True)
class Base:
    """A picture file: its name (folder and stem), who its kin are, where it is from and its licence."""

    name: str
    path: pathlib.Path
    kin: str
    provenance: str
    partner: pathlib.Path | None = None  # another picture of the same kin to blend with


def bases(folders: Iterable[str | os.PathLike[str]], *, blends: bool = True) -> list[Base]:
    """Return the base pictures of some folders, searched through, in the order of their names.

    Files that are no picture or smaller than `SMALLEST` are passed over. Near copies (thumbnails that
    correlate by `ALIKE` or more) are one kin, of which the first is kept. With ``blends`` the pictures are
    joined two and two: partners are one kin.

    Parameters
    ----------
    folders
        Folders with pictures. ``ATTRIBUTION.csv`` (columns file, source, licence, author) or
        ``PROVENANCE.json`` (file -> text) beside a picture says where it is from.

    Raises
    ------
    InputError
        If a folder does not exist, or none holds a picture.
    """
    found = [one for folder in folders for one in _files(pathlib.Path(folder))]
    kept: list[Base] = []
    thumbs: list[NDArray[np.float64]] = []
    for name, path in found:
        thumb = _thumb(path)
        if thumb is None or any(_like(thumb, other) for other in thumbs):
            continue
        thumbs.append(thumb)
        kept.append(Base(name, path, f"picture:{name}", provenance(path)))
    if not kept:
        raise InputError("no folder holds a picture that can be read; give folders with photographs")
    return _paired(kept) if blends else kept


def variants(base: Base, count: int, seed: int, *, start: int = 0) -> list[Image.Image]:
    """Return the variants ``start`` to ``count`` of a picture as RGB; variant 0 is the picture itself.

    The others are crops of 40 to 100 % of each side, mirrored or not, graded (`agent.distilling.grading`),
    and some blended with the picture's partner. The same base, index and seed give the same pixels.

    Raises
    ------
    InputError
        If the picture cannot be opened.
    """
    whole = _opened(base.path)
    other = _opened(base.partner) if base.partner is not None else None
    made = [whole] if start == 0 else []
    for index in range(max(1, start), count):
        chance = random.Random(f"{base.name}|{index}|{seed}")  # noqa: S311  # repeatable, not secret
        one = _crop(whole, chance)
        if other is not None and chance.random() < _BLENDS:
            one = _blend(one, _crop(other, chance), chance)
        made.append(graded(one, chance))
    return made[: max(0, count - start)]


def provenance(path: pathlib.Path) -> str:
    """Return where a picture is from and its licence, "unknown" where no file beside it says so."""
    return _notes(path.parent).get(path.name, f"{path.parent.name}/{path.name}; licence unknown")


@functools.lru_cache(maxsize=256)
def _notes(folder: pathlib.Path) -> dict[str, str]:
    table, texts = folder / "ATTRIBUTION.csv", folder / "PROVENANCE.json"
    notes: dict[str, str] = {}
    try:
        if texts.is_file():
            notes.update(
                {str(name): str(text) for name, text in json.loads(texts.read_text("utf-8")).items()}
            )
        if table.is_file():
            with table.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    said = (row.get(part) or "" for part in ("source", "original", "author", "licence"))
                    notes[row.get("file") or ""] = "; ".join(text for text in said if text)
    except (ValueError, AttributeError, csv.Error) as error:
        raise InputError(
            f"cannot read the picture notes in {str(folder)!r}: {error}; mend or remove them"
        ) from error
    return notes


def _files(folder: pathlib.Path) -> list[tuple[str, pathlib.Path]]:
    """Return the picture files of a folder with their names, "folder/stem"."""
    if not folder.is_dir():
        raise InputError(f"no folder {str(folder)!r}; give folders with pictures")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _KINDS and path.is_file())
    return [(f"{folder.name}/{path.relative_to(folder).with_suffix('').as_posix()}", path) for path in paths]


def _opened(path: pathlib.Path) -> Image.Image:
    picture = open_picture(path)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture


def _thumb(path: pathlib.Path) -> NDArray[np.float64] | None:
    """Return a standardised grey thumbnail, None if the file is no picture, too small or blank."""
    try:
        picture = open_picture(path)
    except InputError:
        return None
    if min(picture.size) < SMALLEST:
        return None
    grey = np.asarray(picture.convert("L").resize((_THUMB, _THUMB), Image.Resampling.BOX), dtype=np.float64)
    spread = float(grey.std())
    return None if spread < 1.0 else (grey - grey.mean()) / spread


def _like(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return float((one * other).mean()) >= ALIKE


def _paired(found: Sequence[Base]) -> list[Base]:
    """Return the bases joined two and two, far from each other in the list; an odd one stays alone."""
    half = len(found) // 2
    joined = list(found)
    for first in range(half):
        one, other = found[first], found[first + half]
        kin = f"pictures:{one.name}+{other.name}"
        joined[first] = replace(one, kin=kin, partner=other.path)
        joined[first + half] = replace(other, kin=kin, partner=one.path)
    return joined


def _crop(picture: Image.Image, chance: random.Random) -> Image.Image:
    """Return a part of a picture, mirrored half the time."""
    width, height = (round(side * chance.uniform(0.4, 1.0)) for side in picture.size)
    left, top = chance.randint(0, picture.width - width), chance.randint(0, picture.height - height)
    part = picture.crop((left, top, left + width, top + height))
    return ImageOps.mirror(part) if chance.random() < 0.5 else part


def _blend(one: Image.Image, other: Image.Image, chance: random.Random) -> Image.Image:
    """Return a picture that fades into another one, sideways or upwards."""
    ramp = Image.linear_gradient("L")  # black above, white below
    mask = ramp.rotate(chance.choice((0, 90, 180, 270))).resize(one.size)
    sharper = mask.point([max(0, min(255, round((level - 128) * 2.5 + 128))) for level in range(256)])
    return Image.composite(other.resize(one.size, Image.Resampling.BICUBIC), one, sharper)

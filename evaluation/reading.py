"""Reading music to measure: ABC, MIDI, MusicXML and Humdrum files as samples, and whole folders of them.

Conventions
-----------
What comes out is a `Sample`, the same for every format. Files are bounded in size, and what cannot be read is
an error of ours with the file's name and the reason; `read_folder` lists those instead of raising.
"""

from __future__ import annotations

import pathlib
import re
import zipfile
from dataclasses import dataclass

from chiaroscore import ChiaroscoreError, InputError
from evaluation.reading_midi import midi_sample
from evaluation.reading_score import score_sample
from evaluation.sample import Sample, sample_of
from notation import parse, split

#: Suffix -> the most bytes that are read; for .mxl what it unpacks to counts.
MOST_BYTES = {
    ".abc": 2**20, ".mid": 2**22, ".midi": 2**22,
    ".musicxml": 2**24, ".xml": 2**24, ".mxl": 2**24, ".krn": 2**21,
}  # fmt: skip
#: Files of a folder that are looked at.
MOST_FILES = 5_000


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read, and why."""

    path: str
    reason: str


def read_notes(path: str | pathlib.Path) -> tuple[Sample, ...]:
    """Return the pieces of a file: one of a MIDI file or a score, all tunes of an ABC book.

    Parameters
    ----------
    path
        ``.abc``, ``.mid``, ``.midi``, ``.musicxml``, ``.xml``, ``.mxl`` or ``.krn``.

    Raises
    ------
    InputError
        If the file cannot be read, is too large, is not of its format, or has no note.
    NotationError
        If an ABC tune is too much, or not ABC.
    """
    path = pathlib.Path(path)
    _check_size(path)
    suffix = path.suffix.lower()
    if suffix == ".abc":
        samples = _abc_samples(path)
    elif suffix in (".mid", ".midi"):
        samples = (midi_sample(path.read_bytes(), path.stem),)
    else:
        samples = (score_sample(path),)
    if not any((~sample.notes["drum"]).any() for sample in samples):
        raise InputError(f"{str(path)!r} has no note with a pitch; there is nothing to measure")
    return samples


def read_folder(folder: str | pathlib.Path) -> tuple[list[tuple[pathlib.Path, Sample]], list[Unread]]:
    """Return every piece of a folder and its subfolders, by path, and the files that could not be read.

    Of files that differ in their suffix only, such as the score, MIDI and MusicXML of one piece, the first in
    the order of `MOST_BYTES` is read.

    Raises
    ------
    InputError
        If there is no such folder, or it holds no file that could be read as music.
    """
    root = pathlib.Path(folder)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise InputError(f"{str(folder)!r} {what}; name a folder of scores ({', '.join(MOST_BYTES)})")
    found: list[tuple[pathlib.Path, Sample]] = []
    unread: list[Unread] = []
    for path in _files(root):
        try:
            found += [(path, sample) for sample in read_notes(path)]
        except ChiaroscoreError as error:
            unread.append(Unread(str(path), " ".join(str(error).split())))
    if not found:
        why = f"; {unread[0].path}: {unread[0].reason}" if unread else f" ({', '.join(MOST_BYTES)})"
        raise InputError(f"{str(folder)!r} holds no score that can be read{why}")
    return found, unread


def _files(root: pathlib.Path) -> list[pathlib.Path]:
    """Scores of a folder in a fixed order, one of each piece."""
    order = list(MOST_BYTES)
    best: dict[pathlib.Path, pathlib.Path] = {}
    for path in sorted(root.rglob("*"))[: 20 * MOST_FILES]:
        suffix = path.suffix.lower()
        if suffix not in MOST_BYTES or not path.is_file():
            continue
        stem = path.with_suffix("")
        if stem not in best or order.index(suffix) < order.index(best[stem].suffix.lower()):
            best[stem] = path
    return sorted(best.values())[:MOST_FILES]


def _check_size(path: pathlib.Path) -> None:
    """Refuse what is no file of a known suffix or too large.

    Raises
    ------
    InputError
        With the size seen and the limit.
    """
    limit = MOST_BYTES.get(path.suffix.lower())
    if limit is None:
        raise InputError(f"{str(path)!r} is no kind of score that is read; give {', '.join(MOST_BYTES)}")
    try:
        size = path.stat().st_size
        if path.suffix.lower() == ".mxl" and size <= limit:
            with zipfile.ZipFile(path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
    except FileNotFoundError as error:
        raise InputError(f"there is no file {str(path)!r}; check the path") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}; is it a whole file?") from error
    if size > limit:
        raise InputError(f"{str(path)!r} has {size:,} bytes, the limit is {limit:,}; give a shorter piece")


def _abc_samples(path: pathlib.Path) -> tuple[Sample, ...]:
    """Every tune of an ABC file that has notes."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{str(path)!r} is not UTF-8 text (byte {error.start}); convert it first") from error
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error}; check its permissions") from error
    text = text.replace("\r\n", "\n")
    if not re.search(r"^K:", text, re.MULTILINE):
        raise InputError(f"{str(path)!r} is not ABC: it has no K: field; check it with: chiaroscore check")
    tunes = split(text) if len(re.findall(r"^X:", text, re.MULTILINE)) > 1 else [text]
    return tuple(sample_of(parse(tune)) for tune in tunes if re.search(r"^K:", tune, re.MULTILINE))

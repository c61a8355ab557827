"""Finding music: folders, files, tune books, WADs, the data sets MidiCaps and PDMX, piece after piece.

Everything is streamed: the first piece comes at once, however many follow. What cannot be used comes as the
file and the reason, in its place. Ids are stable from run to run: ``"<collection>:<path in it>"``, a
``#`` and the part for pieces of a book.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from chiaroscore import ControlError, InputError
from rag_store.corpus import sources as builtin_sources
from rag_store.ingest.abc_book import tunes_in
from rag_store.ingest.item import Facts, Item, Refused
from rag_store.ingest.midicaps import is_midicaps, midicaps
from rag_store.ingest.pdmx import is_pdmx, pdmx
from rag_store.ingest.thesession import is_thesession_dump, thesession_refused
from rag_store.reading.wad import midi_lumps

#: What is found: a piece, or a file that cannot be used.
Found = Item | tuple[pathlib.Path, Refused]

#: Kinds by the end of a file's name.
KINDS = {
    ".abc": "abc", ".mid": "midi", ".midi": "midi", ".kar": "midi", ".krn": "kern", ".wad": "wad",
    ".musicxml": "musicxml", ".mxl": "musicxml", ".xml": "musicxml",
}  # fmt: skip
#: What ``kind`` of `find` may be.
CHOICES = ("auto", "abc", "midi", "musicxml", "kern", "wad", "midicaps", "pdmx")
#: Folders within folders that are followed.
DEEPEST = 32


def find(
    paths: Iterable[str | os.PathLike[str]], *, kind: str = "auto", name: str = "", licence: str = ""
) -> Iterator[Found]:
    """Yield the pieces in files and folders, in sorted order, as they are found.

    Parameters
    ----------
    paths : iterable of path
        Files, folders (searched through), a MidiCaps JSON-lines file, a PDMX.csv or the folder it lies in.
    kind : str
        Take only this kind of file; "auto" takes what is known by the end of its name.
    name : str
        Of the collection, the beginning of all ids; by default the name of the folder.
    licence : str
        Of pieces whose source states none.

    Raises
    ------
    InputError
        If a path does not exist.
    ControlError
        If the kind is unknown, or the name is that of a built-in source.
    """
    if kind not in CHOICES:
        raise ControlError(f"kind {kind!r} is unknown; use one of: {', '.join(CHOICES)}")
    if name and safe_name(name) in builtin_sources():
        raise ControlError(f"the name {name!r} is that of a built-in source; choose another one")
    chosen = [pathlib.Path(path).expanduser() for path in paths]
    for path in chosen:
        if not path.exists():
            raise InputError(f"there is no file or folder {str(path)!r}; check the path")
    return _found(chosen, kind, name, licence)


def _found(paths: Iterable[pathlib.Path], kind: str, name: str, licence: str) -> Iterator[Found]:
    for path in paths:
        collection = safe_name(name) if name else _collection(path)
        for found in _readable(path, _in(path, kind, collection)):
            yield _licensed(found, licence) if isinstance(found, Item) else found


def _readable(path: pathlib.Path, found: Iterator[Found]) -> Iterator[Found]:
    """Pass on what is found in a file; where the system does not let it be read, say so."""
    try:
        yield from found
    except OSError as error:
        yield path, Refused("unreadable", f"{path.name!r} cannot be read ({error.strerror})")


def _licensed(item: Item, licence: str) -> Item:
    return (
        item
        if item.facts.licence or not licence
        else replace(item, facts=replace(item.facts, licence=licence))
    )


def _in(path: pathlib.Path, kind: str, collection: str) -> Iterator[Found]:
    if kind in ("auto", "pdmx") and (table := is_pdmx(path)) is not None:
        yield from pdmx(table, collection)
    elif kind in ("auto", "midicaps") and (lines := is_midicaps(path)) is not None:
        yield from midicaps(lines, collection)
    elif kind in ("midicaps", "pdmx"):
        yield path, Refused("unknown format", f"{path.name!r} is no {kind} table; give the file itself")
    elif path.is_dir():
        for inside in _files(path, DEEPEST, (os.path.realpath(path),)):
            yield from _readable(inside, _inside(path, inside, kind, collection))
    elif is_thesession_dump(path):
        yield path, thesession_refused(path.name)
    elif KINDS.get(path.suffix.lower()) in _any(kind):
        yield from _pieces(path, collection, path.name, path.resolve().parent.name)
    else:
        yield path, Refused("unknown format", f"{path.name!r} is of no kind that is read: {', '.join(KINDS)}")


def _inside(folder: pathlib.Path, path: pathlib.Path, kind: str, collection: str) -> Iterator[Found]:
    """Yield what a file of a folder holds; files of other kinds are passed over."""
    if KINDS.get(path.suffix.lower()) in _any(kind):
        yield from _pieces(path, collection, path.relative_to(folder).as_posix(), folder.name)
    elif is_thesession_dump(path):
        yield path, thesession_refused(path.name)


def _any(kind: str) -> tuple[str, ...]:
    return tuple(sorted(set(KINDS.values()))) if kind == "auto" else (kind,)


def _files(folder: pathlib.Path, depth: int, above: tuple[str, ...]) -> Iterator[pathlib.Path]:
    """Yield the files below a folder by name; hidden ones and links back up are left out."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(
                (entry for entry in listing if not entry.name.startswith(".")), key=lambda e: e.name
            )
    except OSError:
        return
    for entry in entries:
        if entry.is_file():
            yield pathlib.Path(entry.path)
        elif depth and entry.is_dir():
            real = os.path.realpath(entry.path)
            if real not in above:
                yield from _files(pathlib.Path(entry.path), depth - 1, (*above, real))


def _pieces(path: pathlib.Path, collection: str, inside: str, source: str) -> Iterator[Found]:
    kind, identity = KINDS[path.suffix.lower()], f"{collection}:{inside}"
    facts = Facts(source=source)
    if kind == "abc":
        yield from tunes_in(path, identity, facts)
    elif kind == "wad":
        yield from _lumps(path, identity, facts)
    else:
        yield Item(identity, path, kind, facts=facts)


def _lumps(path: pathlib.Path, identity: str, facts: Facts) -> Iterator[Found]:
    try:
        lumps = midi_lumps(path)
    except (InputError, OSError) as error:
        yield path, Refused("unreadable", str(error))
        return
    for name, _ in lumps:
        yield Item(f"{identity}#{name}", path, "wad", name, facts)


def _collection(path: pathlib.Path) -> str:
    """Return the collection of a path: a folder's name, of a file that of its folder."""
    real = path.resolve()
    name = safe_name(real.name if real.is_dir() else real.parent.name)
    return f"{name}-files" if name in builtin_sources() else name


def safe_name(name: str) -> str:
    """Return a name for a collection: lower-case letters, digits, ``-``, ``_`` and ``.``, at most 40."""
    return re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-.")[:40] or "own"

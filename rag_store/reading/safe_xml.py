"""Opening MusicXML that somebody else made: bounded sizes, no entities, plain or in a zip (MXL)."""

from __future__ import annotations

import pathlib
import zipfile
import zlib
from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from chiaroscore import InputError

#: Bytes of a file on disk, and of a score once it is unpacked; a symphony movement has about 30 MB.
MOST_STORED, MOST_UNPACKED = 16_000_000, 48_000_000
#: Files in an MXL archive: score, container, a picture or two.
MOST_MEMBERS = 200
_CONTAINER = "META-INF/container.xml"
_MOST_CONTAINER = 65_536


def read_tree(path: pathlib.Path) -> ElementTree.Element:
    """Return the root of a MusicXML file or of the score in an MXL archive.

    Raises
    ------
    InputError
        If the file is too large, not XML, not a score, or declares entities (an old way to make a small file
        unpack to gigabytes).
    """
    if path.stat().st_size > MOST_STORED:
        _refuse(path, f"has {path.stat().st_size:,} bytes, the limit is {MOST_STORED:,}; split it")
    data = _unpacked(path) if zipfile.is_zipfile(path) else path.read_bytes()
    return _parsed(path, data)


def _parsed(path: pathlib.Path, data: bytes) -> ElementTree.Element:
    _no_entities(path, data)
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - bounded, and free of entities
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        _refuse(path, f"is not well-formed XML ({error}); export it again")


def _unpacked(path: pathlib.Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MOST_MEMBERS:
                _refuse(path, f"is an archive of {len(archive.infolist())} files; give it one score")
            return _bounded(path, archive, _score_name(path, archive), MOST_UNPACKED)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        _refuse(path, f"is a broken archive ({error}); export it again")


def _score_name(path: pathlib.Path, archive: zipfile.ZipFile) -> str:
    """Return the member that the container names, else the first XML file."""
    names = archive.namelist()
    if _CONTAINER in names:
        data = _bounded(path, archive, _CONTAINER, _MOST_CONTAINER)
        named_roots = _parsed(path, data).iter("{*}rootfile")
        roots = [element.get("full-path") for element in named_roots]
        named = next((root for root in roots if root in names), None)
        if named is not None:
            return named
    plain = [n for n in names if not n.startswith("META-INF") and n.lower().endswith((".xml", ".musicxml"))]
    if not plain:
        _refuse(path, "is an archive without a score")
    return plain[0]


def _bounded(path: pathlib.Path, archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Unpack a member, never more than ``most`` bytes of it, whatever size the archive claims."""
    with archive.open(name) as member:
        data = member.read(most + 1)
    if len(data) > most:
        _refuse(path, f"unpacks to more than {most:,} bytes; split it")
    return data


def _no_entities(path: pathlib.Path, data: bytes) -> None:
    """Read what stands before the first element and refuse a document type that declares entities."""
    parser = expat.ParserCreate()

    def declared(*_: object) -> NoReturn:
        _refuse(path, "declares XML entities, which no score needs; export it again without them")

    def begun(*_: object) -> NoReturn:
        raise _BodyReached

    parser.EntityDeclHandler, parser.StartElementHandler = declared, begun
    try:
        parser.Parse(data, True)
    except _BodyReached:
        return
    except (expat.ExpatError, ValueError, LookupError) as error:
        _refuse(path, f"is not well-formed XML ({error}); export it again")


class _BodyReached(Exception):
    """Inner signal: the first element begins."""


def _refuse(path: pathlib.Path, why: str) -> NoReturn:
    raise InputError(f"{path.name!r} {why}")

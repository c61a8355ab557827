"""The MIDI files inside a Doom WAD: a header, lumps of bytes, and a directory that names them."""

from __future__ import annotations

import os
import pathlib
import struct

from chiaroscore import InputError

#: Larger files and directories are refused; Freedoom's have 30 MB and 3,700 lumps.
MAX_BYTES = 256 * 2**20
MAX_LUMPS = 65_536
_HEADER, _ENTRY = struct.Struct("<4sii"), struct.Struct("<ii8s")


def midi_lumps(path: str | os.PathLike[str]) -> list[tuple[str, bytes]]:
    """Return name and bytes of every lump that is a Standard MIDI File, in the order of the directory.

    Lumps in id Software's MUS format are not read; `mus_lumps` names them.

    Raises
    ------
    InputError
        If the file cannot be read or is no WAD.
    """
    return [(name, data) for name, data in _music(path) if data[:4] == b"MThd"]


def mus_lumps(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the lumps in MUS format, which are not read.

    Raises
    ------
    InputError
        If the file cannot be read or is no WAD.
    """
    return [name for name, data in _music(path) if data[:4] == b"MUS\x1a"]


def _music(path: str | os.PathLike[str]) -> list[tuple[str, bytes]]:
    """Return the lumps that begin like music."""
    place = pathlib.Path(path)
    try:
        size = place.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"WAD {place.name[:80]!r} has {size:,} bytes; the limit is {MAX_BYTES:,}")
        with place.open("rb") as file:
            count, directory = _header(file.read(_HEADER.size), size, place.name)
            file.seek(directory)
            entries = list(_ENTRY.iter_unpack(file.read(count * _ENTRY.size)))
            found = []
            for start, length, name in entries:
                if start < 0 or length < 4 or start + length > size:
                    continue
                file.seek(start)
                if file.read(4) in (b"MThd", b"MUS\x1a"):
                    file.seek(start)
                    found.append((_name(name), file.read(length)))
            return found
    except OSError as error:
        raise InputError(f"WAD {place.name[:80]!r} cannot be read: {error}"[:200]) from None


def _header(data: bytes, size: int, name: str) -> tuple[int, int]:
    """Return how many lumps there are and where the directory stands."""
    if len(data) < _HEADER.size or data[:4] not in (b"IWAD", b"PWAD"):
        raise InputError(f"{name[:80]!r} is no WAD: it begins with {data[:4]!r}, not IWAD or PWAD")
    _, count, directory = _HEADER.unpack(data)
    if not 0 <= count <= MAX_LUMPS or directory < 0 or directory + count * _ENTRY.size > size:
        raise InputError(f"WAD {name[:80]!r} is broken: {count} lumps listed at byte {directory} of {size}")
    return count, directory


def _name(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("ascii", "replace")

"""Writing files so that a reader never sees half of one: to a temporary name beside it, then renamed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import IO

import platformdirs

from chiaroscore.errors import InputError

#: Environment variable that moves the cache (exemplar store) elsewhere.
CACHE_VARIABLE = "CHIAROSCORE_CACHE"


def cache_dir() -> pathlib.Path:
    """Return the folder for what can be rebuilt: ``$CHIAROSCORE_CACHE`` or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return pathlib.Path(named) if named else pathlib.Path(platformdirs.user_cache_dir("chiaroscore"))


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Make sure that files can be made in a folder, or the folder itself; leaves nothing behind.

    Raises
    ------
    InputError
        If not: something on the way is a file, or may not be written to.
    """
    target = pathlib.Path(folder)
    with _readable(target):
        if "\0" in str(target):  # exists() is merely False for such a path
            raise ValueError("it holds a NUL character")
        if target.exists() and not target.is_dir():
            raise InputError(f"cannot write into {str(target)!r}: it is a file; choose a folder")
        standing = target
        while not standing.exists() and standing != standing.parent:
            standing = standing.parent
        handle, scratch = tempfile.mkstemp(dir=standing, prefix=".chiaroscore-")
        os.close(handle)
        os.unlink(scratch)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> pathlib.Path:
    """Write ``data`` whole or not at all; returns the path.

    Raises
    ------
    InputError
        If the folder cannot be made or the file cannot be written; nothing half-written is left.
    """
    target = pathlib.Path(path)
    with _readable(target), _folder(target.parent):
        handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                _fill(file, data)
            os.chmod(scratch, 0o666 & ~_umask())
            os.replace(scratch, target)
        except BaseException:  # also a keyboard interrupt
            with contextlib.suppress(OSError):
                os.unlink(scratch)
            raise
    return target


def write_text(path: str | os.PathLike[str], text: str) -> pathlib.Path:
    """Write ``text`` as UTF-8, whole or not at all; see `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def replace_folder(folder: str | os.PathLike[str], files: Mapping[str, bytes]) -> list[pathlib.Path]:
    """Write all ``files`` (name -> content) into ``folder``, or none of them; returns their paths.

    The files are first written to a scratch folder inside the target and moved when all are whole, so a full
    disk leaves what was there as it was.

    Raises
    ------
    InputError
        If any file cannot be written.
    """
    target = pathlib.Path(folder)
    with _readable(target), _folder(target):
        for name in files:
            if (target / name).is_dir():  # found before anything is moved: a file cannot replace a folder
                raise IsADirectoryError(f"{name!r} in it is a folder")
        scratch = pathlib.Path(tempfile.mkdtemp(dir=target, prefix=".writing-"))
        try:
            for name, data in files.items():
                with open(scratch / name, "wb") as file:
                    _fill(file, data)
            for name in files:
                os.replace(scratch / name, target / name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return [target / name for name in files]


@contextlib.contextmanager
def _readable(target: pathlib.Path) -> Iterator[None]:
    """Turn the system's error into one that says what to do."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"cannot write {str(target)!r}: {reason}; choose a folder you may write to, with room left"
        ) from error


@contextlib.contextmanager
def _folder(target: pathlib.Path) -> Iterator[None]:
    """Make a folder with its parents; if the block fails, take away those that were made here."""
    missing = [place for place in (target, *target.parents) if not place.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in missing:
            with contextlib.suppress(OSError):  # not empty: somebody else writes there
                place.rmdir()
        raise


def _fill(file: IO[bytes], data: bytes) -> None:
    """Write and force to the disk, so that a full one is noticed now."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _umask() -> int:
    """Return the process's umask without changing it for longer than it takes to read."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

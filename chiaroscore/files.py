"""Writing files so that a reader never sees half of one: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping

import platformdirs

from chiaroscore.errors import InputError

#: Environment variable that moves the cache (exemplar store) elsewhere.
CACHE_VARIABLE = "CHIAROSCORE_CACHE"


def cache_dir() -> pathlib.Path:
    """Folder for what can be rebuilt (the exemplar store): ``$CHIAROSCORE_CACHE`` or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return pathlib.Path(named) if named else pathlib.Path(platformdirs.user_cache_dir("chiaroscore"))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> pathlib.Path:
    """Write ``data`` whole or not at all; returns the path.

    Raises
    ------
    InputError
        If the folder cannot be made or the file cannot be written; nothing half-written is left.
    """
    target = pathlib.Path(path)
    scratch: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o666 & ~_umask())
        os.replace(scratch, target)
    except OSError as error:
        if scratch is not None:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
        raise InputError(
            f"cannot write {str(target)!r}: {error.strerror or error}; choose a folder you may write to, with room left"
        ) from error
    return target


def write_text(path: str | os.PathLike[str], text: str) -> pathlib.Path:
    """Write ``text`` as UTF-8, whole or not at all; see `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def replace_folder(folder: str | os.PathLike[str], files: Mapping[str, bytes]) -> list[pathlib.Path]:
    """Write all ``files`` (name -> content) into ``folder``, or none of them; returns their paths.

    The files are first written to a scratch folder beside the target, so a full disk leaves the target as it was.

    Raises
    ------
    InputError
        If any file cannot be written.
    """
    target = pathlib.Path(folder)
    made_here = not target.exists()
    scratch: pathlib.Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        scratch = pathlib.Path(tempfile.mkdtemp(dir=target, prefix=".writing-"))
        for name, data in files.items():
            with open(scratch / name, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for name in files:
            os.replace(scratch / name, target / name)
        scratch.rmdir()
    except OSError as error:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        if made_here:
            with contextlib.suppress(OSError):
                target.rmdir()
        raise InputError(
            f"cannot write into {str(target)!r}: {error.strerror or error}; choose a folder you may write to, with room left"
        ) from error
    return [target / name for name in files]


def _umask() -> int:
    """Return the process's umask without changing it for longer than it takes to read."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

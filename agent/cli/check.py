"""``chiaroscore check``: what is wrong with an ABC file, line by line."""

from __future__ import annotations

import pathlib
import sys
from typing import Annotated, Any

import typer

from agent.cli import console
from chiaroscore import InputError

#: Four bytes, the most in UTF-8, for each character of the longest tune that `notation` reads.
MOST_BYTES = 2**20

Files = Annotated[list[str], typer.Argument(metavar="FILE", help="ABC files; - reads standard input.")]


def check(files: Files, as_json: console.AsJson = False, verbose: console.Verbose = False) -> None:
    """Find what is wrong with ABC files: FILE:LINE:COLUMN: SEVERITY: MESSAGE (WHAT TO DO).

    Ends with 1 if there are errors, 0 if there are none (warnings are allowed), 2 if a file cannot be read.
    """
    findings: list[dict[str, Any]] = []
    unread: list[dict[str, str]] = []
    for name in files:
        try:
            found = [{"file": name, **one} for one in problems(read_abc(name))]
        except InputError as error:
            unread.append({"file": name, **console.described(error)})
            if not as_json:
                console.fail(error, as_json=False)
            continue
        findings += found
        if not as_json:
            for one in found:
                console.show("{file}:{line}:{column}: {severity}: {message} ({hint})".format(**one))
    errors = sum(one["severity"] == "error" for one in findings)
    if as_json:
        counts = {"errors": errors, "warnings": len(findings) - errors}
        console.emit({"files": files, "problems": findings, **counts, "unreadable": unread})
    raise typer.Exit(console.MISTAKE if unread else console.FOUND if errors else console.OK)


def problems(abc: str) -> list[dict[str, Any]]:
    """Return the problems of an ABC text as plain values."""
    from dataclasses import asdict

    from notation import check as check_abc

    return [asdict(problem) for problem in check_abc(abc)]


def read_abc(name: str) -> str:
    """Return the text of an ABC file, or of standard input for ``-``.

    Raises
    ------
    InputError
        If it cannot be read, is longer than anything that is checked, or is not UTF-8.
    """
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            path = pathlib.Path(name)
            if path.is_dir():
                raise InputError(f"{name!r} is a folder; name ABC files in it")
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {name!r}; check the path") from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot read {name!r}: {getattr(error, 'strerror', None) or error}; check its permissions"
        ) from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{name!r} is longer than {MOST_BYTES:,} bytes; split the collection into tunes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name!r} is not UTF-8 text (byte {error.start} is {data[error.start]:#04x}); "
            "convert it to UTF-8 first"
        ) from error

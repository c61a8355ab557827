"""How the command line speaks: results to standard output, the rest to standard error, errors on one line.

Conventions
-----------
With ``--json`` exactly one JSON document is written to standard output, also for an error, and only ASCII, so
that any terminal and pipe takes it. Text of pictures and scores never reaches a terminal with its control
characters.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

#: Exit codes: done; done, errors were found; a mistake of the user's; a mistake of ours; stopped with Ctrl-C.
OK, FOUND, MISTAKE, BUG, STOPPED = 0, 1, 2, 70, 130

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output, nothing else there.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show what libraries say, and where an error came from.")
]


def flag(arguments: Sequence[str], *names: str) -> bool:
    """Whether one of the flags is among the arguments that are no file names (those before ``--``)."""
    before = arguments[: list(arguments).index("--")] if "--" in arguments else arguments
    return any(argument in names for argument in before)


def emit(document: Mapping[str, Any]) -> None:
    """Print one JSON document; numbers that JSON does not know become null."""
    print(json.dumps(plain(document), indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """Return a value made of JSON types only: paths as text, NaN and infinities as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def say(text: str) -> None:
    """Print a message for people to standard error."""
    print(printable(text), file=sys.stderr)


def show(text: str) -> None:
    """Print a line of the result to standard output."""
    print(printable(text))


def fail(error: BaseException, *, as_json: bool) -> None:
    """Report an error: on one line of standard error, or as the JSON document."""
    if as_json:
        emit({"error": described(error)})
    else:
        say(f"error: {message(error)}")


def described(error: BaseException) -> dict[str, str]:
    """Kind and message of an error, for JSON."""
    return {"type": type(error).__name__, "message": message(error)}


def message(error: BaseException) -> str:
    """Return what an error says, on one line."""
    formatted = getattr(error, "format_message", None)  # the argument parser's own errors
    text = formatted() if callable(formatted) else str(error)
    return " ".join(text.split()) or type(error).__name__


def printable(text: str) -> str:
    """Return text whose control characters and lone surrogates are spelled out."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def stderr_console() -> Console:
    """Return rich's console on standard error; it moves only on a terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to standard output; as wide as needed where it is not a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    wide = None if sys.stdout.isatty() else 240
    Console(file=sys.stdout, width=wide, highlight=False).print(drawn)

"""``chiaroscore revise``: a saved piece in, a changed one out."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import console
from agent.cli.compose import described
from agent.cli.requests import Engine, Output, SoundFont, check_output, check_sound
from agent.formats import FORMATS, KNOWN, check_formats
from chiaroscore import ControlError

if TYPE_CHECKING:
    from agent.piece import Piece

_RANGE = re.compile(r"^\s*(\d{1,4})(?:\s*-\s*(\d{1,4}))?\s*$")


def revise(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Where a piece was saved.")],
    output: Output,
    request: Annotated[
        str | None,
        typer.Argument(
            metavar="[REQUEST]", help="'slower, in minor, cello instead of flute'; see docs/editing.md."
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep", metavar="BARS", help="Keep these bars, 1-8 or 1-4,9-12; compose the rest anew."
        ),
    ] = None,
    extend: Annotated[
        str | None, typer.Option("--extend", metavar="N", help="Go on for N more bars.")
    ] = None,
    vary: Annotated[
        str | None, typer.Option("--vary", metavar="N", help="N other pieces for the same plan, best first.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="N", help="Of what --keep and --extend write anew.")
    ] = None,
    picture: Annotated[
        str | None, typer.Option("--picture", metavar="FILE", help="The piece's picture, for its page.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--formats", metavar="LIST", help=f"Of {','.join(KNOWN)}.")
    ] = ",".join(FORMATS),
    soundfont: SoundFont = None,
    engine: Engine = "auto",
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Change a saved piece: what is asked for is changed, the rest stays.

    Give a REQUEST, or one of --keep, --extend and --vary. With --vary each piece gets a folder of its own.
    """
    wanted = check_formats(formats)
    _check_one({"REQUEST": request, "--keep": keep, "--extend": extend, "--vary": vary})
    if request is not None:
        from agent.editing.vocabulary import read_edits

        read_edits(request)  # words that are not understood end here, before anything slow is imported
    bars = None if keep is None else ranges(keep)
    check_output(output)
    check_sound(wanted, soundfont, engine)
    from agent.editing.saved import load_piece

    started = time.perf_counter()
    old = load_piece(folder, picture=picture)
    pieces = _made(old, request, bars, extend, vary, seed)
    done = []
    for number, piece in enumerate(pieces, 1):
        place = output if vary is None else output / str(number)
        files = piece.save(place, formats=wanted, soundfont=soundfont, engine=engine)
        seconds = time.perf_counter() - started
        done.append({**described(piece, folder, files, seconds), "remarks": list(piece.remarks)})
    _report(done, as_json=as_json)


def ranges(text: str) -> list[tuple[int, int]]:
    """Return the bars of a text such as ``1-8`` or ``1-4,9-12``.

    Raises
    ------
    ControlError
        If it is none.
    """
    found = []
    for part in text.split(","):
        match = _RANGE.match(part)
        if match is None:
            raise ControlError(f"--keep {text[:40]!r} is no range of bars; write 1-8, or 1-4,9-12")
        first, last = match.groups()
        found.append((int(first), int(last or first)))
    return found


def _check_one(given: dict[str, str | None]) -> None:
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        said = "nothing is asked for" if not names else f"{' and '.join(names)} cannot go together"
        raise ControlError(f"{said}; give a REQUEST, or one of --keep, --extend and --vary")


def _made(
    old: Piece,
    request: str | None,
    bars: list[tuple[int, int]] | None,
    extend: str | None,
    vary: str | None,
    seed: str | None,
) -> Sequence[Piece]:
    """Return the new pieces."""
    from agent.editing import desk

    other: Any = seed  # numbers are checked, as texts, where they are used
    if request is not None:
        return [desk.revise(old, request)]
    if bars is not None:
        return [desk.keep(old, bars, other)]
    count: Any = extend if extend is not None else vary
    return [desk.extend(old, count, other)] if extend is not None else desk.vary(old, count)


def _report(done: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print the result: a document, or a summary for people."""
    if as_json:
        console.emit({"pieces": done})
        return
    from agent.cli.summary import lines

    for number, piece in enumerate(done):
        remarks = [f"  note: {remark}" for remark in piece["remarks"]]
        console.show(("\n" if number else "") + "\n".join([*lines(piece), *remarks]))

"""``chiaroscore store export`` and ``import``: all of a store as Parquet, and back."""

from __future__ import annotations

import pathlib
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import console
from agent.cli.store.numbers import size, whole
from agent.cli.store.place import Alone, Place, opened, opened_to_fill

if TYPE_CHECKING:
    from rag_store.parquet import Loaded

#: Refused rows that are told one by one.
MOST = 20


def export(
    path: Annotated[
        pathlib.Path,
        typer.Argument(metavar="FILE.parquet|FOLDER", help="To write; an older export is replaced."),
    ],
    rows: Annotated[
        str | None,
        typer.Option("--rows", metavar="N", help="Write a folder of files of so many exemplars each."),
    ] = None,
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Write all that the store holds to Parquet: music, attributes, licences, vectors.

    The same store gives the same bytes. Any program that reads Parquet can read it.
    """
    from agent.cli.progress import Progress

    started = time.perf_counter()
    shard = whole("rows", rows, 1) if rows is not None else None
    with Progress() as progress, opened(place, progress) as store:
        count = store.export(path, shard=shard, progress=progress.working)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    total = sum(file.stat().st_size for file in files)
    if as_json:
        seconds = round(time.perf_counter() - started, 3)
        console.emit({"count": count, "files": files, "bytes": total, "seconds": seconds})
    else:
        console.show(f"{count:,} exemplars in {path} ({size(total)})")


def import_(
    path: Annotated[
        pathlib.Path,
        typer.Argument(metavar="FILE.parquet|FOLDER", help="Written by chiaroscore store export."),
    ],
    alone: Alone = False,
    processes: Annotated[
        str | None, typer.Option("--processes", metavar="N", help="That read; by default one a core.")
    ] = None,
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Take an export into the store. Exemplars that are there are passed over, so it may be run again.

    Ends with 1 if rows were refused; what was refused, and why, is listed.
    """
    from agent.cli.progress import Progress

    started = time.perf_counter()
    count = whole("processes", processes, 0, 256) if processes is not None else None
    with Progress() as progress, opened_to_fill(place, progress, alone=alone) as store:
        done = store.load(path, processes=count, progress=progress.working)
    if as_json:
        refused = [{"id": identity, "reason": reason} for identity, reason in done.refused]
        seconds = round(time.perf_counter() - started, 3)
        console.emit(asdict(done) | {"refused": refused, "seconds": seconds})
    else:
        _show(done)
    raise typer.Exit(console.FOUND if done.refused else console.OK)


def _show(done: Loaded) -> None:
    numbers = Counter(stored=done.stored, known=done.known, refused=len(done.refused))
    numbers["built in"] = done.builtin
    console.show(f"{done.read:,} rows: " + ", ".join(f"{n:,} {name}" for name, n in numbers.items() if n))
    for remark in done.remarks:
        console.say(f"note: {remark}")
    for identity, reason in done.refused[:MOST]:
        console.say(f"refused: {identity}: {reason}")
    if len(done.refused) > MOST:
        console.say(f"and {len(done.refused) - MOST:,} more; --json lists all")

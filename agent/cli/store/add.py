"""``chiaroscore store add``: music of your own becomes exemplars."""

from __future__ import annotations

import csv
import io
import json
import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import console
from agent.cli.store.numbers import whole
from agent.cli.store.place import Alone, Place, opened_to_fill
from chiaroscore import ControlError, check_writable, write_text

if TYPE_CHECKING:
    from rag_store.ingest.report import Report


def add(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Files and folders: ABC, MIDI, MusicXML, kern; MidiCaps, PDMX."),
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Of the collection; by default the folder's.")
    ] = "",
    licence: Annotated[
        str,
        typer.Option("--licence", metavar="SPDX", help="Of what states none: CC-BY-4.0, CC0-1.0, PD ..."),
    ] = "",
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="KIND", help="auto, abc, midi, musicxml, kern, wad, midicaps, pdmx."),
    ] = "auto",
    processes: Annotated[
        str | None, typer.Option("--processes", metavar="N", help="That read; by default one a core.")
    ] = None,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="N", help="Look at so many pieces only.")
    ] = None,
    report: Annotated[
        pathlib.Path | None,
        typer.Option("--report", metavar="FILE", help="List what was refused, and why: .json or .csv."),
    ] = None,
    alone: Alone = False,
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Take music into the store. It may be stopped at any time and run again: it goes on where it was.

    Files that cannot be used are passed over and listed with the reason; copies of what is there are left
    out. Searches leave out pieces without a licence unless they are told otherwise (--allow). Ends with 1 if
    there was nothing that could be used.
    """
    from agent.cli.progress import Progress
    from rag_store.ingest.ingest import ingest

    workers = whole("processes", processes, 1, 256) if processes is not None else None
    most = whole("limit", limit, 1) if limit is not None else None
    if report is not None:
        _check_report(report)
    with Progress() as progress, opened_to_fill(place, progress, alone=alone) as store:
        try:
            found = ingest(
                store, paths, name=name, licence=licence, kind=kind, processes=workers, limit=most,
                progress=progress.working,
            )  # fmt: skip
        except KeyboardInterrupt:
            console.say("what was read so far is kept; the same command goes on from there")
            raise
        count = store.count()
    if report is not None:
        write_text(report, written(found, report.suffix.lower()))
    if as_json:
        console.emit({"count": count, **found.as_data()})
    else:
        _show(found, count)
    raise typer.Exit(console.OK if found.stored or found.known else console.FOUND)


def _check_report(report: pathlib.Path) -> None:
    """Refuse a file that could not be written, before anything is read."""
    if report.suffix.lower() not in (".json", ".csv"):
        raise ControlError(f"--report {str(report)!r} must end in .json or .csv")
    check_writable(report.parent)


def written(found: Report, kind: str) -> str:
    """Return a report as the text of a file: ``".csv"`` lists what was refused, ``".json"`` holds all."""
    if kind == ".json":
        return json.dumps(found.as_data(), indent=1, ensure_ascii=False) + "\n"
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["item", "kind", "reason"])
    lines.writerows([one.item, one.kind, one.reason] for one in found.refusals)
    return text.getvalue()


def _show(found: Report, count: int) -> None:
    if found.genres:
        console.table(["genre", "stored"], [[name, f"{n:,}"] for name, n in found.genres.most_common()])
        console.show("")
    if found.refusals:
        first = {one.kind: one for one in reversed(found.refusals)}
        console.table(
            ["refused", "pieces", "such as", "because"],
            [[kind, f"{n:,}", first[kind].item, first[kind].reason] for kind, n in found.kinds().items()],
        )
        console.show("")
    console.show(
        f"{found.found:,} pieces: {found.stored:,} stored, {len(found.refusals):,} refused, "
        f"{found.known:,} known from before; {found.seconds:.1f} s ({found.rate:.1f} a second)"
    )
    console.show(f"the store has {count:,} exemplars")

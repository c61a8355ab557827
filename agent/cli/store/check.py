"""``chiaroscore store check``: is every exemplar there, and is it found."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from agent.cli import console
from agent.cli.store.place import Place, opened

if TYPE_CHECKING:
    from rag_store.census import Examination


def check(place: Place = None, as_json: console.AsJson = False, verbose: console.Verbose = False) -> None:
    """Test that every exemplar is found again by its own vectors; ends with 1 if something is wrong."""
    from agent.cli.progress import Progress

    with Progress() as progress, opened(place, progress) as store:
        progress.working("testing the store", 0, 0)
        found = store.examine()
    problems = found.problems()
    if as_json:
        console.emit(as_record(found))
    else:
        _show(found)
        for line in problems or ["nothing is wrong with the store"]:
            console.show(line)
    raise typer.Exit(console.FOUND if problems else console.OK)


def as_record(found: Examination) -> dict[str, Any]:
    """Return an examination as plain values."""
    spaces = [asdict(one) | {"self_recall": one.recall} for one in found.spaces]
    return {
        "problems": found.problems(), "count": found.count, "waiting": found.waiting, "intact": found.intact,
        "spaces": spaces,
    }  # fmt: skip


def _show(found: Examination) -> None:
    console.show(f"exemplars: {found.count:,}, {'as written' if found.intact else 'NOT as written'}")
    console.table(
        ["space", "with a vector", "in the index", "missing", "orphans", "self-recall"],
        [
            [
                one.space,
                f"{one.exemplars:,}",
                f"{one.indexed:,}",
                f"{len(one.missing):,}",
                f"{len(one.orphans):,}",
                f"{one.asked - len(one.lost):,} of {one.asked:,}",
            ]
            for one in found.spaces
        ],
    )

"""``chiaroscore store build``: the built-in exemplars, ready to be searched."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from agent.cli import console
from agent.cli.store.place import Place


def build(
    force: Annotated[
        bool, typer.Option("--force", help="Build anew even if it is there; exemplars you added stay.")
    ] = False,
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Build the store, which otherwise happens at first use."""
    from agent.cli.progress import Progress
    from rag_store import Store, store_state

    started = time.perf_counter()
    built = force or not store_state(place).ready
    with Progress() as progress, Store.open(place, progress=progress.building, rebuild=force) as opened:
        count = opened.count()
    where, seconds = store_state(place).place, time.perf_counter() - started
    if as_json:
        console.emit({"place": where, "count": count, "built": built, "seconds": round(seconds, 3)})
    else:
        console.show(
            f"{count} exemplars in {where} ({f'built in {seconds:.1f} s' if built else 'already built'})"
        )

"""``chiaroscore store publish``: the store on a Chroma server, for other processes and machines."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from agent.cli import console
from agent.cli.store.place import Place, opened


def publish(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of the server, such as http://host:8000.")],
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove from the server what this store does not have.")
    ] = False,
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Send the store to a Chroma server (chroma run), where --store URL finds it.

    Only what differs is sent, so the command may be run again, also after it was interrupted. A token for the
    server is read from CHIAROSCORE_STORE_TOKEN.
    """
    from agent.cli.progress import Progress

    started = time.perf_counter()
    with Progress() as progress, opened(place, progress) as store:
        done = store.publish(url, prune=prune, progress=progress.working)
    if as_json:
        console.emit(asdict(done) | {"seconds": round(time.perf_counter() - started, 3)})
        return
    console.show(f"{done.written:,} written, {done.same:,} there already, {done.removed:,} removed at {url}")
    if done.others:
        console.say(f"note: {done.others:,} that only the server has were left; --prune removes them")

"""``chiaroscore store``: build the exemplar store, search it, test it."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

import typer

from agent.cli import console

store = typer.Typer(
    help="The exemplars that pieces learn from: build, search, count, test.", rich_markup_mode=None
)


@store.command()
def build(
    force: Annotated[
        bool, typer.Option("--force", help="Build anew even if it is there; exemplars you added stay.")
    ] = False,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Build the store, which otherwise happens at first use."""
    from rag_store import store_state

    started = time.perf_counter()
    built = force or not store_state().ready
    with _opened(rebuild=force) as opened:
        count = opened.count()
    place, seconds = store_state().place, time.perf_counter() - started
    if as_json:
        console.emit({"place": place, "count": count, "built": built, "seconds": round(seconds, 3)})
    else:
        console.show(
            f"{count} exemplars in {place} ({f'built in {seconds:.1f} s' if built else 'already built'})"
        )


@store.command()
def search(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What the music is like: 'slow sad waltz in minor'.")
    ],
    genre: Annotated[str | None, typer.Option("--genre", metavar="NAME")] = None,
    mood: Annotated[str | None, typer.Option("--mood", metavar="WORD")] = None,
    meter: Annotated[str | None, typer.Option("--meter", metavar="METER")] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", metavar="MODE", help="major, minor, dorian ...")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-k", metavar="N", help="How many, 1 to 100.")] = 5,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Find exemplars by a description, and by attributes."""
    with _opened() as opened:
        hits = opened.search(text, k=count, genre=genre, mood=mood, meter=meter, mode=mode)
    if as_json:
        console.emit({"hits": [{"score": hit.score, "why": hit.why, **asdict(hit.exemplar)} for hit in hits]})
        return
    rows = [
        [
            f"{hit.score:.3f}",
            e.id,
            e.title,
            f"{e.genre}, {e.mood}",
            f"{e.tonic} {e.mode}, {e.meter}",
            "; ".join(hit.why),
        ]
        for hit in hits
        for e in [hit.exemplar]
    ]
    console.table(["score", "id", "title", "genre, mood", "key, meter", "why"], rows)


@store.command()
def stats(as_json: console.AsJson = False, verbose: console.Verbose = False) -> None:
    """Count what the store holds."""
    with _opened() as opened:
        found = opened.stats()
    if as_json:
        console.emit(found)
        return
    for name, value in found.items():
        shown = (
            ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        )
        console.show(f"{name}: {shown}")


@store.command("check")
def check_store(as_json: console.AsJson = False, verbose: console.Verbose = False) -> None:
    """Test that every exemplar is found again; ends with 1 if something is wrong."""
    with _opened() as opened:
        found = opened.check()
    if as_json:
        console.emit({"problems": found})
    else:
        for line in found or ["nothing is wrong with the store"]:
            console.show(line)
    raise typer.Exit(console.FOUND if found else console.OK)


def _opened(*, rebuild: bool = False) -> Any:
    """Return the open store; it is built with a progress bar if it must be."""
    from agent.cli.progress import Progress
    from rag_store import Store

    with Progress() as progress:
        return Store.open(progress=progress.building, rebuild=rebuild)

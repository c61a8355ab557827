"""``chiaroscore store stats``: what the store holds."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from agent.cli import console
from agent.cli.store.numbers import size
from agent.cli.store.place import Place, opened

#: Values of an attribute that are printed; the rest are one number.
MOST = 12


def stats(
    plot: Annotated[
        pathlib.Path | None, typer.Option("--plot", metavar="FILE", help="Draw it: .png, .svg or .pdf.")
    ] = None,
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Count what the store holds: genres, sources, licences, tempi, emotions; and draw it."""
    from agent.cli.progress import Progress

    with Progress() as progress, opened(place, progress) as store:
        found = store.stats()
        if plot is not None:
            from rag_store.picture import plot as draw

            progress.working("drawing", 0, 0)
            draw(found, plot)
    if as_json:
        console.emit(found | ({"plot": plot} if plot else {}))
        return
    console.table(["what", "how much"], [[name, said(name, value)] for name, value in found.items()])
    if plot is not None:
        console.show(str(plot))


def said(name: str, value: Any) -> str:
    """Return one of the statistics in words."""
    if name == "bytes":
        return size(value)
    if name == "emotion":
        return _quadrants(value)
    if not isinstance(value, Mapping):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if "median" in value:
        return f"{value['low']:g} to {value['high']:g}, median {value['median']:g}, mean {value['mean']:g}"
    shown = [
        f"{key} {count:,}" if isinstance(count, int) else f"{key} {count}" for key, count in value.items()
    ]
    rest = f", and {len(shown) - MOST} more" if len(shown) > MOST else ""
    return ", ".join(shown[:MOST]) + rest


def _quadrants(emotion: Mapping[str, Any]) -> str:
    """Return the exemplars of the four quarters of the plane of emotion."""
    rows, half = emotion["counts"], len(emotion["counts"]) // 2

    def quarter(happy: bool, excited: bool) -> int:
        chosen = rows[half:] if happy else rows[:half]
        return sum(sum(row[half:] if excited else row[:half]) for row in chosen)

    return (
        f"happy and excited {quarter(True, True):,}, happy and calm {quarter(True, False):,}, "
        f"sad and excited {quarter(False, True):,}, sad and calm {quarter(False, False):,}"
    )

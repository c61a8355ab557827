"""Which store a command works on, and opening it."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from chiaroscore import ControlError, StoreError

if TYPE_CHECKING:
    from agent.cli.progress import Progress
    from rag_store import Store

Place = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="FOLDER|URL", help="Another store than the one in your cache, or a server's."
    ),
]
Alone = Annotated[
    bool,
    typer.Option(
        "--alone", help="Make --store FOLDER a new store for these alone, without the built-in exemplars."
    ),
]


def opened(place: str | None, progress: Progress) -> Store:
    """Return the open store: the one in the cache, built if it must be, or one that is there.

    Raises
    ------
    StoreError
        If a folder is named that holds no store, or the store cannot be opened.
    """
    from rag_store import Store
    from rag_store.served.address import is_address

    if place is not None and not is_address(place) and not _there(place):
        raise StoreError(
            f"there is no store at {place!r}; check the path, or make one: "
            f"chiaroscore store build --store {place}"
        )
    return Store.open(place, progress=progress.building)


def opened_to_fill(place: str | None, progress: Progress, *, alone: bool) -> Store:
    """Return the open store that is written to; a new and empty one if it is to stand alone.

    A store that was made alone is opened as it is, so that the same command may be run again.

    Raises
    ------
    ControlError
        If it is to stand alone but no folder is named, or the store there has the built-in exemplars.
    StoreError
        If it cannot be opened or made.
    """
    from rag_store import Store

    if not alone:
        return opened(place, progress)
    if place is None:
        raise ControlError("--alone makes a new store; name its folder: --store FOLDER")
    if not _there(place):
        return Store.create(place)
    found = opened(place, progress)
    if found.builtin:
        found.close()
        raise ControlError(
            f"the store at {place!r} has the built-in exemplars; name another folder for one alone"
        )
    return found


def _there(place: str) -> bool:
    return (pathlib.Path(place) / "manifest.json").is_file()

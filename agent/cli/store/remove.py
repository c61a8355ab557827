"""``chiaroscore store remove``: exemplars of your own go."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli import console
from agent.cli.store.place import Place, opened
from chiaroscore import StoreError


def remove(
    ids: Annotated[
        list[str], typer.Argument(metavar="ID", help="An id, or the beginning of ids and *: 'my:*'.")
    ],
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Remove exemplars that were added; built-in ones stay.

    The next store add of the files they came from brings them back.
    """
    from agent.cli.progress import Progress

    with Progress() as progress, opened(place, progress) as store:
        chosen = matching(ids, store.catalogue.ids())
        gone = store.remove(chosen, progress=progress.working)
    if as_json:
        console.emit({"removed": chosen, "count": gone})
    else:
        console.show(f"removed {gone} exemplars")


def matching(asked: list[str], there: list[str]) -> list[str]:
    """Return the ids that are asked for, each once, sorted.

    Raises
    ------
    StoreError
        If something asked for fits no id.
    """
    chosen: set[str] = set()
    for one in asked:
        beginning = one[:-1] if one.endswith("*") else None
        found = [i for i in there if (i == one if beginning is None else i.startswith(beginning))]
        if not found:
            raise StoreError(f"there is no exemplar {one!r}; see the ids with: chiaroscore store search")
        chosen.update(found)
    return sorted(chosen)

"""The mirror: a catalogue on this machine of what is on a server, brought up to date by what has changed.

It says up to which change it has read. Each page moves that on, so a process that is killed is continued by
the next one. When nobody writes, the mirror's digest must be the server's.
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
from collections.abc import Sequence

from chiaroscore import StoreError, cache_dir
from rag_store.builtin import Progress
from rag_store.catalogue import NAME, Catalogue
from rag_store.served.connection import Connection
from rag_store.served.index import ServedIndex
from rag_store.served.ledger import PAGE, Ledger, State

#: Key of the catalogue's mark: the change up to which it has read.
MARK = "mirrored"
#: How often changes that came meanwhile are followed.
ROUNDS = 3
STAGE = "copying the server's catalogue"


def folder_of(connection: Connection, state: State) -> pathlib.Path:
    """Return the folder of a mirror, made if need be; those of stores that were at this URL before go."""
    begin = f"mirror-{connection.address.digest}-"
    place = cache_dir() / f"{begin}{state.store[:16]}"
    for old in cache_dir().glob(begin + "*"):
        if old != place:
            shutil.rmtree(old, ignore_errors=True)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot keep a mirror in {str(place)!r}: {error.strerror or error}; "
            "choose another place with CHIAROSCORE_CACHE"
        ) from error
    return place


def bring_up_to_date(
    folder: pathlib.Path, ledger: Ledger, index: ServedIndex, progress: Progress | None = None
) -> State:
    """Read what has changed on the server; the caller holds the mirror's lock. Returns the server's state.

    Raises
    ------
    StoreError
        If the store is gone, or what is on the server is not what was written there.
    """
    for anew in (False, True):
        with contextlib.closing(_opened(folder, anew)) as mirror:
            state = _follow(mirror, ledger, index, progress)
            mark = mirrored(mirror)
            if mark <= state.reserved and (mark < state.reserved or mirror.content == state.content):
                return state
    raise StoreError(
        f"the exemplars at {ledger.where} are not those that were written there; "
        f"publish them again to an empty server with: chiaroscore store publish {ledger.where}"
    )


def mirrored(mirror: Catalogue) -> int:
    """Return the change up to which a mirror has read."""
    return int(mirror.recall(MARK) or 0)


def _opened(folder: pathlib.Path, anew: bool) -> Catalogue:
    if anew:
        for file in folder.glob(NAME + "*"):
            file.unlink(missing_ok=True)
    if not (folder / NAME).exists():
        return Catalogue.create(folder)
    try:
        return Catalogue(folder)
    except StoreError:  # a mirror can always be made anew
        return _opened(folder, True)


def _follow(mirror: Catalogue, ledger: Ledger, index: ServedIndex, progress: Progress | None) -> State:
    """Read until nothing new has come meanwhile, or until a busy writer has been followed for long enough."""
    state = ledger.current()
    for _ in range(ROUNDS):
        _read(mirror, ledger, index, state, progress)
        before, state = state, ledger.current(state.store)
        if before == state:
            break
    return state


def _read(
    mirror: Catalogue, ledger: Ledger, index: ServedIndex, state: State, progress: Progress | None
) -> None:
    """Read the changes after the mirror's mark; ranges grow where most of their changes were written over."""
    start = low = mirrored(mirror)
    if low >= state.reserved:
        return
    gone = ledger.removed(low, state.reserved)
    _remove(mirror, sorted(gone))
    width = PAGE
    while low < state.reserved:
        top = min(low + width, state.reserved)
        count, rows = index.between(low, top)
        if count > PAGE:
            width = max(width // 2, PAGE)
            continue
        mirror.write([e for e, change in rows if change > gone.get(e.exemplar.id, 0)], pending=False)
        mirror.remember(MARK, str(min(top, state.settled)))
        if progress:
            progress(STAGE, top - start, state.reserved - start)
        low, width = top, width * 2 if count < PAGE // 2 else width


def _remove(mirror: Catalogue, ids: Sequence[str]) -> None:
    for at in range(0, len(ids), PAGE):
        mirror.remove(ids[at : at + PAGE])
    mirror.settle([], mirror.dropped())

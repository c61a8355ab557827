"""Writing to a store on a server: numbers reserved, rows written, the mirror brought along, numbers settled.

The writer holds a lease on the server and the lock of its machine's mirror. Each row is whole as soon as it
shows in the first space, so what a killed writer left is taken as it is: the next writer reads it into its
mirror, removes what was half removed or half written, and settles the numbers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

from chiaroscore import StoreError
from rag_store.builtin import Progress
from rag_store.catalogue import Catalogue, Entry, Note
from rag_store.manifest import writer_lock
from rag_store.served.connection import Connection
from rag_store.served.index import ServedIndex
from rag_store.served.lease import Lease, leased
from rag_store.served.ledger import PAGE, Ledger, State
from rag_store.served.mirror import MARK, bring_up_to_date
from rag_store.writing import Writer, self_recall

#: Seconds that another process of this machine may still read into the mirror.
PATIENCE = 600.0


class ServedWriter(Writer):
    """A store on a server, open for writing; made by `served_writing`, which holds lease and lock."""

    def __init__(
        self, folder: pathlib.Path, catalogue: Catalogue, index: ServedIndex, ledger: Ledger, lease: Lease
    ) -> None:
        super().__init__(folder, catalogue, index)
        self._served, self._ledger, self._lease = index, ledger, lease
        self._state = ledger.current()

    def put(self, entries: Sequence[Entry], notes: Sequence[Note] = ()) -> None:
        """Write a batch: to the server, then into the mirror; the notes stay on this machine.

        Raises
        ------
        StoreError
            If the server is gone, the lease is lost, or a row is not found again by its own vector.
        """
        for start in range(0, len(entries), PAGE):
            part = entries[start : start + PAGE]
            with self._changes(len(part)) as first:
                self._served.number(part, first)
                self._served.upsert(part)
                self_recall(self._served, part)
                self._ledger.unbury([entry.exemplar.id for entry in part])
                self.catalogue.write(part, pending=False)
        self.catalogue.write((), notes)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove exemplars from server and mirror; returns how many were there."""
        there = sorted(self.catalogue.exemplars(ids))
        for start in range(0, len(there), PAGE):
            part = there[start : start + PAGE]
            with self._changes(len(part)) as first:
                self._ledger.bury(part, first)
                self._served.delete(part)
                self.catalogue.remove(part)
                self.catalogue.settle([], self.catalogue.dropped())
        return len(there)

    def catch_up(self, progress: Progress | None = None) -> int:
        """Finish what a killed writer left, which the mirror has read; returns how many changes that were."""
        state = self._state
        if state.settled < state.reserved:
            known = set(self.catalogue.ids())
            for space in self._served.spaces:
                self._served.delete(sorted(self._served.ids(space) - known))
            self._settle()
        return state.reserved - state.settled

    def describe(self, origin: str, sources: str, version: str) -> None:
        """Note what the store is made of now."""
        self._write(dataclasses.replace(self._state, origin=origin, sources=sources, chiaroscore=version))

    @contextlib.contextmanager
    def _changes(self, count: int) -> Iterator[int]:
        """Reserve numbers, yield the first, and settle them if all went well."""
        self._lease.check()
        first = self._state.reserved + 1
        self._write(dataclasses.replace(self._state, reserved=self._state.reserved + count))
        yield first
        self._settle()

    def _settle(self) -> None:
        done = self._state.reserved
        self.catalogue.remember(MARK, str(done))
        self._write(dataclasses.replace(self._state, settled=done, content=self.catalogue.content))

    def _write(self, state: State) -> None:
        self._ledger.write(state)
        self._state = state


@contextlib.contextmanager
def served_writing(
    connection: Connection,
    ledger: Ledger,
    index: ServedIndex,
    folder: pathlib.Path,
    *,
    wait: float,
    progress: Progress | None = None,
) -> Iterator[ServedWriter]:
    """Be the one writer of the store on a server.

    Raises
    ------
    StoreBusyError
        If another process is for longer than ``wait`` seconds.
    StoreError
        If the server is gone, or its rows are not those that were written.
    """
    with (
        leased(connection, ledger, wait) as lease,
        locked_writing(ledger, index, folder, lease, progress) as writer,
    ):
        yield writer


@contextlib.contextmanager
def locked_writing(
    ledger: Ledger, index: ServedIndex, folder: pathlib.Path, lease: Lease, progress: Progress | None = None
) -> Iterator[ServedWriter]:
    """Open the mirror for writing, up to date; the caller holds the lease."""
    with writer_lock(folder, PATIENCE):
        bring_up_to_date(folder, ledger, index, progress)
        with contextlib.closing(Catalogue(folder)) as catalogue:
            writer = ServedWriter(folder, catalogue, index, ledger, lease)
            writer.catch_up(progress)
            if catalogue.content != ledger.current().content:
                raise StoreError(f"the mirror of {ledger.where} is not what is there; open the store again")
            yield writer

"""Writing to a store: the one writer, and bringing the index up to date with the catalogue.

A session takes the store's lock, says in the catalogue that it writes, and takes that back when it ends. Who
finds the note without the lock finds what a killed process left: the index is then tested in a process of its
own (a broken one may take its process down), made anew from the catalogue if it does not stand the test, and
brought up to date. Nothing is embedded or read again for that.
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from chiaroscore import StoreError
from rag_store.catalogue import Catalogue, Entry, Note
from rag_store.chroma import BATCH, BORNE, Index, unreachable

Progress = Callable[[str, int, int], None]  # stage, done, total

#: Folder of Chroma's files in a generation.
INDEX = "chroma"
#: Times that unreachable rows are written again.
ROUNDS = 3
#: Seconds a broken index has to fail the test in.
PATIENCE = 600.0


class Writer:
    """A store open for writing; made by `writing`, which holds the lock."""

    def __init__(self, folder: pathlib.Path, catalogue: Catalogue, index: Index) -> None:
        self.folder, self.catalogue, self.index = folder, catalogue, index

    def put(self, entries: Sequence[Entry], notes: Sequence[Note] = ()) -> None:
        """Write a batch: first into the catalogue, in one transaction, then into the index.

        Raises
        ------
        StoreError
            If the disk refuses, or a row cannot be found again by its own vector.
        """
        self.catalogue.write(entries, notes)
        self._index(entries)

    def put_all(
        self, entries: Sequence[Entry], notes: Sequence[Note] = (), *, progress: Progress | None = None
    ) -> None:
        """Write any number of entries, batch by batch."""
        for start in range(0, len(entries), BATCH):
            self.put(entries[start : start + BATCH], notes if start == 0 else ())
            if progress:
                progress("writing the store", min(start + BATCH, len(entries)), len(entries))

    def remove(self, ids: Sequence[str]) -> int:
        """Remove exemplars from catalogue and index; returns how many were there."""
        gone = self.catalogue.remove(ids)
        self.index.delete(dropped := self.catalogue.dropped())
        self.catalogue.settle([], dropped)
        return gone

    def reconcile(self) -> None:
        """Mark what the index lacks as pending and take out what it should not hold, where counts differ."""
        counts = self.catalogue.counts(self.index.spaces)
        for space, held in self.index.counts().items():
            if held != counts[space]:
                known, there = set(self.catalogue.ids_in(space)), self.index.ids(space)
                self.catalogue.unsettle(sorted(known - there))
                self.index.delete(sorted(there - known))

    def catch_up(self, progress: Progress | None = None) -> int:
        """Write into the index what the catalogue says it may lack; returns how many rows that were."""
        dropped, pending = self.catalogue.dropped(), self.catalogue.pending()
        if dropped:
            self.index.delete(dropped)
            self.catalogue.settle([], dropped)
        for start in range(0, len(pending), BATCH):
            self._index(list(self.catalogue.entries(pending[start : start + BATCH])))
            if progress:
                progress("writing the index", min(start + BATCH, len(pending)), len(pending))
        return len(dropped) + len(pending)

    def _index(self, entries: Sequence[Entry]) -> None:
        if entries:
            self.index.upsert(entries)
            self_recall(self.index, entries)
            self.catalogue.settle([entry.exemplar.id for entry in entries])


@contextlib.contextmanager
def writing(
    folder: pathlib.Path, spaces: Mapping[str, tuple[str, int]], progress: Progress | None = None
) -> Iterator[Writer]:
    """Open a generation for writing, mended if need be; the caller holds the store's lock.

    Raises
    ------
    StoreError
        If the catalogue is broken or the index cannot be made.
    """
    with contextlib.closing(Catalogue(folder)) as catalogue:
        if catalogue.writing and not stands(folder, spaces):
            shutil.rmtree(folder / INDEX, ignore_errors=True)
            catalogue.unsettle()
        catalogue.set_writing(True)
        with contextlib.closing(Index.embedded(folder / INDEX, tuple(spaces))) as index:
            writer = Writer(folder, catalogue, index)
            writer.reconcile()
            writer.catch_up(progress)
            yield writer
        catalogue.set_writing(False)


def self_recall(index: Index, entries: Sequence[Entry]) -> None:
    """Ask for every entry by its own vectors and write again those that do not come back.

    Chroma fills its graph in parallel, and about one build of the built-in store in five leaves one row of
    four thousand that no search can reach; written a second time it is found. Among many neighbours nearly
    alike one may stay out of reach: a graph is approximate, and up to one row in a hundred is borne.

    Raises
    ------
    StoreError
        If more rows still do not come back after three rounds: the index is corrupt.
    """
    for space in index.spaces:
        by_id = {entry.exemplar.id: entry for entry in entries if space in entry.vectors}
        asked = set(by_id)
        for _ in range(ROUNDS):
            asked = set(unreachable(index, space, {one: by_id[one].vectors[space] for one in asked}))
            if not asked:
                break
            index.upsert([by_id[one] for one in sorted(asked)])
        if len(asked) > max(1, BORNE * len(by_id)):
            raise StoreError(
                f"the index does not find {len(asked)} of {len(by_id)} exemplars by their own {space} "
                f"vectors, such as {min(asked)!r}; the disk may be full or faulty: build it again"
            )


def stands(folder: pathlib.Path, spaces: Mapping[str, tuple[str, int]]) -> bool:
    """Whether an index that a killed process left can be used: tested in a process of its own."""
    if not (folder / INDEX).is_dir():
        return False
    command = [sys.executable, "-m", "rag_store.probe", str(folder), *spaces]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

"""A store on a server, open: the catalogue is this machine's mirror, the neighbours are the server's."""

from __future__ import annotations

import contextlib
import os
import pathlib
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from rag_store.builtin import Progress
from rag_store.catalogue import NAME, Catalogue
from rag_store.census import Examination
from rag_store.embedders import SpaceModel, same_models
from rag_store.manifest import Manifest, StoreBusyError, writer_lock
from rag_store.served.address import read_address
from rag_store.served.connection import Connection
from rag_store.served.index import ServedIndex
from rag_store.served.ledger import Ledger
from rag_store.served.mirror import bring_up_to_date, folder_of
from rag_store.served.writing import PATIENCE, served_writing
from rag_store.store import WAIT, Store
from rag_store.writing import Writer

#: Seconds for which the mirror counts as up to date.
FRESH = 2.0


class ServedStore(Store):
    """An open store on a Chroma server; `Store.open` with a URL makes one.

    Other processes' writes are seen within `FRESH` seconds, one's own at once. Not fork-safe.
    """

    def __init__(self, url: str, models: Mapping[str, SpaceModel], progress: Progress | None = None) -> None:
        self._connection = Connection(read_address(url))
        try:
            self._open(models, progress)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, models: Mapping[str, SpaceModel], progress: Progress | None) -> None:
        self._ledger = Ledger(self._connection)
        state = self._ledger.current()
        same_models(self._ledger.where, state.spaces, models)
        place = folder_of(self._connection, state)
        with writer_lock(place, PATIENCE):
            index = ServedIndex(self._connection, state.spaces)
            self._state = bring_up_to_date(place, self._ledger, index, progress)
        self._looked, self._refreshing = time.monotonic(), threading.Lock()
        self._inode = (place / NAME).stat().st_ino
        made_of = Manifest(place.name, state.spaces, state.origin, state.sources, state.chiaroscore)
        super().__init__(place, made_of, models)

    def refresh(self) -> None:
        """Take up what other processes have written.

        Raises
        ------
        StoreError
            If the server is gone, or holds another store now.
        """
        self._usable()
        with self._refreshing:
            self._looked = time.monotonic()
            if self._ledger.current(self._state.store) == self._state:
                return
            with contextlib.suppress(StoreBusyError), writer_lock(self._place, 0.0):
                index = ServedIndex(self._connection, self._manifest.spaces)
                self._state = bring_up_to_date(self._place, self._ledger, index)
            self._follow_file()

    @contextlib.contextmanager
    def writing(self, progress: Progress | None = None, *, wait: float = WAIT) -> Iterator[Writer]:
        """Be the store's one writer for a while, of all machines.

        Raises
        ------
        StoreError
            If another process writes for longer than ``wait`` seconds, or the server is gone.
        """
        self._usable()
        self._ledger.current(self._state.store)
        index = ServedIndex(self._connection, self._manifest.spaces)
        with served_writing(
            self._connection, self._ledger, index, self._place, wait=wait, progress=progress
        ) as writer:
            self._follow_file()
            yield writer

    def examine(self) -> Examination:
        """Test the whole store as `check` does; returns all that was counted."""
        self.refresh()
        return super().examine()

    def stats(self) -> dict[str, Any]:
        """Return what the store holds, as `Store.stats`; its place is the server."""
        return super().stats() | {"place": self._ledger.where, "mirror": str(self._place)}

    def close(self) -> None:
        """Let go of the mirror's files and of the connection."""
        if not self._closed and self._process == os.getpid():
            self._connection.close()
        super().close()

    def _follow_file(self) -> None:
        """Open the mirror again if its file was made anew; else SQLite shows what was written to it."""
        inode = (self._place / NAME).stat().st_ino
        if inode != self._inode:
            self._catalogue.close()
            self._catalogue, self._resident, self._inode = Catalogue(self._place), None, inode

    @property
    def _folder(self) -> pathlib.Path:
        return self._place

    @property
    def _read(self) -> Catalogue:
        self._usable()
        if time.monotonic() - self._looked >= FRESH:
            self.refresh()
        return self._catalogue

    def _opened(self) -> ServedIndex:
        return ServedIndex(self._connection, self._manifest.spaces)

    def _mend(self) -> None:
        """Leave the server's index as it is: the next writer brings it up to date."""


def open_served(url: str, models: Mapping[str, SpaceModel], progress: Progress | None = None) -> ServedStore:
    """Open the store on a server.

    Raises
    ------
    ControlError
        If the URL is none, or holds a name or password.
    StoreError
        If the server does not answer, has no store, or one of other models.
    """
    return ServedStore(url, models, progress)

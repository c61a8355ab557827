"""The index of a store on a server: the same collections as an embedded one, asked over HTTP.

They compare by inner product, of unit vectors the same as the cosine: for the cosine Chroma would keep
vectors of its own rounding, and a mirror could not tell them from others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chiaroscore import StoreError
from rag_store.catalogue import Entry
from rag_store.chroma import HNSW, PREFIX, Index
from rag_store.embed import Vectors
from rag_store.served.connection import Connection
from rag_store.served.ledger import PAGE
from rag_store.served.rows import from_server, to_server

#: The space whose rows carry text and attributes.
FIRST = "text"
#: Rows of a space that are listed at most.
MOST = 2**24
#: A server stays, so it need not write its graph with every batch: 5,000 rows are built again when it starts.
_CONFIGURATION: dict[str, Any] = {"hnsw": {**HNSW, "space": "ip", "batch_size": 100, "sync_threshold": 5000}}


class ServedIndex(Index):
    """The collections of a store on a server, open."""

    def __init__(
        self, connection: Connection, spaces: Mapping[str, tuple[str, int]], *, make: bool = False
    ) -> None:
        self._connection, self._kinds = connection, dict(spaces)
        self._client, self._where = connection.client, str(connection.address)
        self.spaces = tuple(sorted(spaces, key=lambda space: (space != FIRST, space)))
        self._process, self._open = os.getpid(), True
        self._changes: Mapping[str, int] = {}
        made = {
            PREFIX + space: connection.collection(PREFIX + space, make=_CONFIGURATION if make else None)
            for space in self.spaces
        }
        self._collections = {name: found for name, found in made.items() if found is not None}
        if len(self._collections) < len(made):
            raise StoreError(
                f"the server at {self._where} has lost collections of its store; publish it again with: "
                f"chiaroscore store publish {self._where}"
            )

    def close(self) -> None:
        """Be used no longer; the connection is closed by who opened it."""
        self._open = False

    def number(self, entries: Sequence[Entry], first: int) -> None:
        """Give the entries that are written next their changes, from ``first`` on."""
        self._changes = {entry.exemplar.id: first + i for i, entry in enumerate(entries)}

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Write entries that have been numbered; the first space last, so that what it shows is complete."""
        for space in reversed(self.spaces):
            held = [entry for entry in entries if space in entry.vectors]
            for start in range(0, len(held), PAGE):
                part = held[start : start + PAGE]
                carried: dict[str, Any] = {}
                if space == self.spaces[0]:
                    carried["metadatas"] = [to_server(e, self._changes[e.exemplar.id]) for e in part]
                    carried["documents"] = [e.exemplar.abc for e in part]
                with self._connection.asking():
                    self._at(space).upsert(
                        ids=[e.exemplar.id for e in part],
                        embeddings=np.stack([e.vectors[space] for e in part]),
                        **carried,
                    )

    def delete(self, ids: Sequence[str]) -> None:
        """Remove rows from every space; the first one first."""
        with self._connection.asking():
            super().delete(ids)

    def nearest(self, space: str, queries: Vectors, n: int) -> list[tuple[list[str], list[float]]]:
        """Return ids and cosines of the nearest rows of a space for each query, nearest first."""
        with self._connection.asking():
            return super().nearest(space, queries, n)

    def counts(self) -> dict[str, int]:
        """Count the rows of each space."""
        with self._connection.asking():
            return super().counts()

    def ids(self, space: str) -> set[str]:
        """Return the ids of a space."""
        found: set[str] = set()
        while len(found) <= MOST:
            with self._connection.asking():
                page = self._at(space).get(include=[], limit=20 * PAGE, offset=len(found))["ids"]
            if found.issuperset(page):
                return found
            found.update(page)
        raise StoreError(f"the server at {self._where} gives more than {MOST} rows; is it Chroma?")

    def between(self, after: int, top: int) -> tuple[int, list[tuple[Entry, int]]]:
        """Return how many rows have changes in a range, at most one more than a page, and if no more, these.

        Raises
        ------
        StoreError
            If a row is no exemplar, or the server gives others than it was asked for.
        """
        first, *others = self.spaces
        where = {"$and": [{"change": {"$gt": after}}, {"change": {"$lte": top}}]}
        with self._connection.asking():
            found = self._at(first).get(
                where=where, limit=PAGE + 1, include=["metadatas", "documents", "embeddings"]
            )
            ids = list(found["ids"])
            if len(ids) > top - after:
                raise StoreError(f"the server at {self._where} gave more rows than changes; is it Chroma?")
            if not ids or len(ids) > PAGE:
                return len(ids), []
            beside = {space: self._vectors(space, ids) for space in others}
            beside[first] = dict(zip(ids, found["embeddings"], strict=True))
            rows = list(zip(ids, found["documents"], found["metadatas"], strict=True))
        read = [
            from_server(identity, abc, metadata, _vectors_of(identity, beside), self._kinds)
            for identity, abc, metadata in rows
        ]
        if len(set(ids)) < len(ids) or not all(after < change <= top for _, change in read):
            raise StoreError(
                f"the server at {self._where} gave other rows than it was asked for; is it Chroma?"
            )
        return len(ids), read

    def _vectors(self, space: str, ids: list[str]) -> dict[str, Any]:
        found = self._at(space).get(ids=ids, include=["embeddings"])
        return dict(zip(found["ids"], found["embeddings"], strict=True))


def _vectors_of(identity: str, beside: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {space: rows[identity] for space, rows in beside.items() if identity in rows}

"""The index: one Chroma collection a space, made from the catalogue. Nothing of Chroma's leaves this file.

Why so: Chroma's default embedder downloads, so every call passes ``embedding_function=None`` and our vectors;
``add`` ignores known ids, so `upsert`; metadata filters scan the whole database (269 ms at 100,000 rows), so
filters are masks over the catalogue's columns. The space of captions carries text and attributes too: a store
is readable by any Chroma client, and another machine can take a copy of it from a server.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chiaroscore import StoreError
from rag_store.catalogue import Entry
from rag_store.embed import Vectors
from rag_store.records import to_metadata

BATCH = 2000  # Chroma refuses more than 5,461 rows a call
PREFIX = "exemplars."
#: The space whose collection carries text and attributes, too.
CARRIER = "text"
#: HNSW parameters. Chroma's defaults gave recall@5 = 0.70 at 100,000 rows. A low ``sync_threshold`` writes
#: the graph with every batch: what is not written is built again by each process that opens it, 1 ms a row.
HNSW: dict[str, Any] = {
    "space": "cosine",
    "ef_construction": 200,
    "ef_search": 200,
    "max_neighbors": 32,
    "batch_size": 2,
    "sync_threshold": 2,
}
#: Share of the rows that an index may lose: it is approximate.
BORNE = 0.01
#: Queries asked of Chroma at once: SQLite takes 32,766 ids, three for each query.
QUERIES = 500


class Index:
    """The collections of a store, open.

    Not fork-safe: Chroma's threads do not live on in a forked child. A child must open its own (best in a
    spawned process); using the parent's raises `StoreError`.
    """

    def __init__(self, client: Any, where: str, spaces: Sequence[str]) -> None:
        self._client, self._where, self.spaces = client, where, tuple(spaces)
        self._process, self._open = os.getpid(), True
        try:
            self._collections: dict[str, Any] = {
                found.name: client.get_collection(found.name, embedding_function=None)
                for found in client.list_collections()
                if found.name.startswith(PREFIX)
            }
        except Exception as error:  # Chroma raises many kinds, of its own and of SQLite's
            raise _unopened(where, error) from error

    @classmethod
    def embedded(cls, folder: pathlib.Path, spaces: Sequence[str]) -> Index:
        """Open the collections in a folder, which is made if it is not there.

        Raises
        ------
        StoreError
            If Chroma cannot open it.
        """
        import chromadb
        from chromadb.config import Settings

        try:
            client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
        except Exception as error:
            raise _unopened(str(folder), error) from error
        return cls(client, str(folder), spaces)

    def close(self) -> None:
        """Let go of the files."""
        if self._open and self._process == os.getpid():
            self._client.close()
        self._open = False

    def counts(self) -> dict[str, int]:
        """Count the rows of each space."""
        return {
            space: int(self._at(space).count()) if PREFIX + space in self._collections else 0
            for space in self.spaces
        }

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Write entries into every space they have a vector in; a known id is replaced."""
        for space in self.spaces:
            held = [entry for entry in entries if space in entry.vectors]
            for start in range(0, len(held), BATCH):
                chosen = held[start : start + BATCH]
                carried: dict[str, Any] = {}
                if space == CARRIER:
                    carried["metadatas"] = [to_metadata(entry.exemplar) for entry in chosen]
                    carried["documents"] = [entry.exemplar.abc for entry in chosen]
                self._made(space).upsert(
                    ids=[entry.exemplar.id for entry in chosen],
                    embeddings=np.stack([entry.vectors[space] for entry in chosen]),
                    **carried,
                )

    def delete(self, ids: Sequence[str]) -> None:
        """Remove rows from every space."""
        for space in self.spaces:
            if PREFIX + space in self._collections:
                for start in range(0, len(ids), BATCH):
                    self._at(space).delete(ids=list(ids[start : start + BATCH]))

    def nearest(self, space: str, queries: Vectors, n: int) -> list[tuple[list[str], list[float]]]:
        """Return ids and cosines of the nearest rows of a space for each query, nearest first.

        Parameters
        ----------
        queries : numpy.ndarray, shape (m, dim)
        n : int
            How many at most.
        """
        if PREFIX + space not in self._collections:
            return [([], []) for _ in range(len(queries))]
        answers: list[tuple[list[str], list[float]]] = []
        for start in range(0, len(queries), QUERIES):
            found = self._at(space).query(
                query_embeddings=np.ascontiguousarray(queries[start : start + QUERIES]),
                n_results=n,
                include=["distances"],
            )
            answers += [
                (list(ids), [1.0 - float(d) for d in distances])
                for ids, distances in zip(found["ids"], found["distances"], strict=True)
            ]
        return answers

    def ids(self, space: str) -> set[str]:
        """Return the ids of a space."""
        if PREFIX + space not in self._collections:
            return set()
        return set(self._at(space).get(include=[])["ids"])

    def _made(self, space: str) -> Any:
        if PREFIX + space not in self._collections:
            self._collections[PREFIX + space] = self._client.get_or_create_collection(
                PREFIX + space, embedding_function=None, configuration={"hnsw": dict(HNSW)}
            )
        return self._at(space)

    def _at(self, space: str) -> Any:
        if not self._open or self._process != os.getpid():
            raise StoreError(
                "this index has been closed, or belongs to another process; open the store again"
            )
        return self._collections[PREFIX + space]


def unreachable(index: Index, space: str, vectors: Mapping[str, Vectors]) -> Iterator[str]:
    """Yield the ids that their own vectors do not find in a space.

    Found means among the first three, or behind three others of the same vector.
    """
    ids = sorted(vectors)
    for start in range(0, len(ids), QUERIES):
        part = ids[start : start + QUERIES]
        queries = np.stack([vectors[identity] for identity in part])
        for identity, (found, cosines) in zip(part, index.nearest(space, queries, 3), strict=True):
            behind_copies = len(found) == 3 and cosines[-1] > 1 - 1e-5
            if identity not in found and not behind_copies:
                yield identity


def _unopened(where: str, error: Exception) -> StoreError:
    return StoreError(f"Chroma cannot open {where!r}: {error}; rebuild it with: chiaroscore store build")

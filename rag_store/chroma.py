"""The thin skin over Chroma 1.5: open, fill, ask. Nothing of Chroma's leaves this file.

Why so: Chroma's default embedder downloads, so every call passes ``embedding_function=None`` and our vectors;
``add`` ignores known ids, so `upsert`; metadata filters scan the whole database (269 ms at 100,000 rows), so
genres are collections and the rest is filtered in Python.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chiaroscore import StoreError
from rag_store.embed import Vectors
from rag_store.exemplar import Exemplar
from rag_store.records import HNSW, PREFIX, collection_name, from_record, to_metadata

BATCH = 2000  # Chroma refuses more than 5,461 rows a call


@dataclass(frozen=True, slots=True)
class Row:
    """One answer of a query: id, cosine to the query, metadata."""

    id: str
    cosine: float
    metadata: dict[str, Any]


class Database:
    """One generation's folder, open.

    Not fork-safe: Chroma's threads do not live on in a forked child. A child must open its own (best in a
    spawned process); using the parent's raises `StoreError`.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        import chromadb
        from chromadb.config import Settings

        try:
            settings = Settings(anonymized_telemetry=False)
            self._client: Any = chromadb.PersistentClient(str(folder), settings=settings)
            self._collections: dict[str, Any] = {
                found.name: self._client.get_collection(found.name, embedding_function=None)
                for found in self._client.list_collections()
                if found.name.startswith(PREFIX)
            }
        except Exception as error:  # Chroma raises many kinds, of its own and of SQLite's
            raise StoreError(
                f"Chroma cannot open {str(folder)!r}: {error}; rebuild it with: chiaroscore store build"
            ) from error
        self._process = os.getpid()
        self._open = True

    def close(self) -> None:
        """Let go of the files."""
        if self._open and self._process == os.getpid():
            self._client.close()
        self._open = False

    def counts(self) -> dict[str, int]:
        """Count the rows of each collection."""
        return {name: int(self._at(name).count()) for name in sorted(self._collections)}

    def upsert(self, genre: str, exemplars: Sequence[Exemplar], vectors: Vectors) -> None:
        """Write the exemplars of one genre; a known id is replaced."""
        name = collection_name(genre)
        if name not in self._collections:
            self._collections[name] = self._client.get_or_create_collection(
                name, embedding_function=None, configuration={"hnsw": dict(HNSW)}
            )
        for start in range(0, len(exemplars), BATCH):
            chosen = exemplars[start : start + BATCH]
            self._at(name).upsert(
                ids=[exemplar.id for exemplar in chosen],
                embeddings=np.ascontiguousarray(vectors[start : start + BATCH]),
                metadatas=[to_metadata(exemplar) for exemplar in chosen],
                documents=[exemplar.abc for exemplar in chosen],
            )

    def delete(self, ids: Sequence[str]) -> None:
        """Remove rows from every collection."""
        for name in self._collections:
            for part in _batches(ids):
                self._at(name).delete(ids=part)

    def nearest(self, name: str, queries: Vectors, n: int) -> list[list[Row]]:
        """Return the ``n`` nearest rows of a collection for each query, nearest first, ties by id."""
        found = self._at(name).query(
            query_embeddings=np.ascontiguousarray(queries), n_results=n, include=["distances", "metadatas"]
        )
        answers = zip(found["ids"], found["distances"], found["metadatas"], strict=True)
        return [
            sorted(
                (Row(i, 1.0 - float(d), dict(m)) for i, d, m in zip(*answer, strict=True)),
                key=lambda r: (-round(r.cosine, 6), r.id),
            )
            for answer in answers
        ]

    def fetch(self, name: str, ids: Sequence[str]) -> dict[str, Exemplar]:
        """Return the exemplars of some ids that a collection holds."""
        found: dict[str, Exemplar] = {}
        for part in _batches(ids):
            got = self._at(name).get(ids=part, include=["metadatas", "documents"])
            rows = zip(got["ids"], got["documents"], got["metadatas"], strict=True)
            found |= {identity: from_record(identity, abc, metadata) for identity, abc, metadata in rows}
        return found

    def vectors(self, name: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of some ids that a collection holds."""
        found: dict[str, Vectors] = {}
        for part in _batches(ids):
            got = self._at(name).get(ids=part, include=["embeddings"])
            rows = zip(got["ids"], got["embeddings"], strict=True)
            found |= {identity: np.asarray(vector, dtype=np.float32) for identity, vector in rows}
        return found

    def everything(self, name: str) -> list[Exemplar]:
        """Return all exemplars of a collection, by id."""
        found = self._at(name).get(include=["metadatas", "documents"])
        rows = zip(found["ids"], found["documents"], found["metadatas"], strict=True)
        return sorted((from_record(i, abc, metadata) for i, abc, metadata in rows), key=lambda e: e.id)

    @property
    def names(self) -> list[str]:
        """Names of the collections, sorted."""
        return sorted(self._collections)

    def _at(self, name: str) -> Any:
        if not self._open:
            raise StoreError("this store has been closed; open it again with Store.open()")
        if self._process != os.getpid():
            raise StoreError(
                f"this store was opened in process {self._process}, its fork {os.getpid()} cannot use it; "
                "open it in the worker, and start workers by spawn"
            )
        return self._collections[name]


def _batches(ids: Sequence[str]) -> list[list[str]]:
    """Split ids into lists that Chroma and SQLite take; none for no ids, which Chroma refuses."""
    return [list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)]

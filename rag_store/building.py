"""Filling a new generation of a store, testing it, and switching to it."""

from __future__ import annotations

import pathlib
import shutil
import uuid
from collections.abc import Sequence

import chiaroscore
from chiaroscore import StoreError
from rag_store.builtin import Progress, builtin_digest, builtin_exemplars, builtin_vectors
from rag_store.chroma import Database
from rag_store.corpus import sources
from rag_store.embed import Embedder, Vectors
from rag_store.exemplar import Exemplar
from rag_store.manifest import GENERATION, Manifest, read_manifest, sweep, write_manifest
from rag_store.originality import index_of
from rag_store.records import collection_name, content_digest
from rag_store.words import genre_names

#: Times that unreachable rows are written again.
ROUNDS = 3
#: Queries asked of Chroma at once: SQLite takes 32,766 ids, three for each query.
QUERIES = 500


def build(
    place: pathlib.Path,
    exemplars: Sequence[Exemplar] | None,
    embedder: Embedder,
    progress: Progress | None = None,
) -> Manifest:
    """Build a store and switch to it; the caller holds the writer's lock. None builds the built-in exemplars.

    Raises
    ------
    StoreError
        If an exemplar cannot be found again by its own vector, an id comes twice, or a genre is unknown.
    """
    origin, made_of = ("builtin", builtin_digest()) if exemplars is None else ("custom", "")
    chosen = list(builtin_exemplars(progress)) if exemplars is None else list(exemplars)
    if exemplars is None:
        chosen += _added_by_users(place)
    validate(chosen)
    vectors = builtin_vectors(chosen, embedder, progress)
    generation = GENERATION + uuid.uuid4().hex[:12]
    database = Database(place / generation)
    try:
        genres = fill(database, chosen, vectors, progress)
        self_recall(database, chosen, vectors, progress)
    except BaseException:  # also a keyboard interrupt: the manifest still names the old generation
        database.close()
        shutil.rmtree(place / generation, ignore_errors=True)
        raise
    database.close()
    content = content_digest(chosen)
    index_of(chosen, place / generation, content)
    manifest = Manifest(
        generation, embedder.id, embedder.dim, origin, made_of, content, genres, chiaroscore.__version__
    )
    write_manifest(place, manifest)
    sweep(place, keep=generation)
    return manifest


def validate(exemplars: Sequence[Exemplar]) -> None:
    """Refuse what the store could not find again.

    Raises
    ------
    StoreError
        On an empty list, a repeated or empty id, an unknown genre or an empty caption.
    """
    if not exemplars:
        raise StoreError("there are no exemplars to store; give at least one")
    seen: set[str] = set()
    for exemplar in exemplars:
        if not exemplar.id or exemplar.id in seen:
            raise StoreError(f"exemplar id {exemplar.id!r} is empty or comes twice; ids must be unique")
        if exemplar.genre not in genre_names():
            raise StoreError(
                f"exemplar {exemplar.id} has the unknown genre {exemplar.genre!r}; "
                f"use one of: {', '.join(genre_names())}"
            )
        if not exemplar.caption.strip():
            raise StoreError(f"exemplar {exemplar.id} has no caption; it could never be found")
        seen.add(exemplar.id)


def fill(
    database: Database, exemplars: Sequence[Exemplar], vectors: Vectors, progress: Progress | None
) -> dict[str, int]:
    """Write exemplars into their genres' collections; returns the number in each genre."""
    genres: dict[str, int] = {}
    done = 0
    for genre in sorted({exemplar.genre for exemplar in exemplars}):
        rows = [i for i, exemplar in enumerate(exemplars) if exemplar.genre == genre]
        database.upsert(genre, [exemplars[i] for i in rows], vectors[rows])
        genres[genre] = len(rows)
        done += len(rows)
        if progress:
            progress("writing the store", done, len(exemplars))
    return genres


def self_recall(
    database: Database, exemplars: Sequence[Exemplar], vectors: Vectors, progress: Progress | None
) -> None:
    """Ask for every exemplar by its own vector and write again those that do not come back.

    Chroma fills its graph in parallel, and about one build of the built-in store in five leaves one row of
    four thousand that no search can reach; written a second time it is found.

    Raises
    ------
    StoreError
        If a row still does not come back after three rounds: the index is corrupt.
    """
    done = 0
    for genre in sorted({exemplar.genre for exemplar in exemplars}):
        rows = [i for i, exemplar in enumerate(exemplars) if exemplar.genre == genre]
        for _ in range(ROUNDS):
            lost = unreachable(database, [exemplars[i] for i in rows], vectors[rows])
            if not lost:
                break
            again = [rows[i] for i in lost]
            database.upsert(genre, [exemplars[i] for i in again], vectors[again])
        else:
            raise StoreError(
                f"the index does not find {exemplars[again[0]].id!r} by its own vector; "
                "the disk may be full or faulty: build it again"
            )
        done += len(rows)
        if progress:
            progress("checking the store", done, len(exemplars))


def unreachable(database: Database, exemplars: Sequence[Exemplar], vectors: Vectors) -> list[int]:
    """Return the positions of the exemplars of one genre that their own vectors do not find.

    Found means among the first three, or behind three others of the same vector.
    """
    name = collection_name(exemplars[0].genre)
    lost: list[int] = []
    for start in range(0, len(exemplars), QUERIES):
        part = range(start, min(start + QUERIES, len(exemplars)))
        for i, answer in zip(part, database.nearest(name, vectors[part.start : part.stop], 3), strict=True):
            behind_copies = len(answer) == 3 and answer[-1].cosine > 1 - 1e-5
            if exemplars[i].id not in [row.id for row in answer] and not behind_copies:
                lost.append(i)
    return lost


def _added_by_users(place: pathlib.Path) -> list[Exemplar]:
    """Exemplars that users added to the store that is being replaced."""
    try:
        manifest = read_manifest(place)
    except StoreError:
        return []
    if manifest is None or manifest.origin != "builtin" or not (place / manifest.generation).is_dir():
        return []
    database = Database(place / manifest.generation)
    try:
        kept = [exemplar for name in database.names for exemplar in database.everything(name)]
    finally:
        database.close()
    return [exemplar for exemplar in kept if exemplar.id.partition(":")[0] not in sources()]

"""Filling a new generation of a store, and switching to it."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import uuid
from collections.abc import Mapping, Sequence

import chiaroscore
from chiaroscore import NotationError, StoreError
from notation import parse
from rag_store.builtin import (
    Progress,
    builtin_digest,
    builtin_exemplars,
    builtin_vectors,
    load_shipped,
    text_digest,
)
from rag_store.catalogue import Catalogue, Entry, Note
from rag_store.corpus import sources
from rag_store.embed import Vectors
from rag_store.embedders import ByCaption, SpaceModel, placed, spaces_of
from rag_store.exemplar import Exemplar
from rag_store.fingerprint import fingerprint
from rag_store.lines import Line, tune_lines
from rag_store.manifest import GENERATION, Manifest, read_manifest, sweep, write_manifest
from rag_store.melodies import melodies
from rag_store.originality import shipped_lines
from rag_store.words import genre_names
from rag_store.writing import writing

Models = Mapping[str, SpaceModel]


def build(
    place: pathlib.Path,
    exemplars: Sequence[Exemplar] | None,
    models: Models,
    progress: Progress | None = None,
    *,
    may_be_empty: bool = False,
) -> Manifest:
    """Build a store and switch to it; the caller holds the writer's lock. None builds the built-in exemplars.

    What users added to a built-in store is taken over, with its vectors where the models are the same.

    Raises
    ------
    StoreError
        If an exemplar cannot be found again by its own vector, an id comes twice, or a genre is unknown.
    """
    origin, made_of = ("builtin", builtin_digest()) if exemplars is None else ("custom", "")
    chosen = list(builtin_exemplars(progress)) if exemplars is None else list(exemplars)
    if chosen or not may_be_empty:
        validate(chosen)
    generation = GENERATION + uuid.uuid4().hex[:12]
    folder, spaces = place / generation, spaces_of(models)
    try:
        Catalogue.create(folder).close()
        with writing(folder, spaces) as writer:
            if chosen:
                entries = entries_of(chosen, models, builtin=exemplars is None, progress=progress)
                writer.put_all(entries, progress=progress)
            if exemplars is None:
                writer.put_all(*_added_by_users(place, models), progress=progress)
            melodies(folder, writer.catalogue)
    except BaseException:  # also a keyboard interrupt: the manifest still names the old generation
        shutil.rmtree(folder, ignore_errors=True)
        raise
    manifest = Manifest(generation, spaces, origin, made_of, chiaroscore.__version__)
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


def entries_of(
    exemplars: Sequence[Exemplar],
    models: Models,
    *,
    builtin: bool = False,
    progress: Progress | None = None,
) -> list[Entry]:
    """Return exemplars as they are written: embedded, with print and lines (as shipped where they are).

    Raises
    ------
    NotationError
        If an exemplar's ABC is no tune.
    """
    vectors = _shipped_places(exemplars, models, progress) if builtin else placed(exemplars, models)
    prints = {identity: entry["print"] for identity, entry in load_shipped().kept.items()} if builtin else {}
    return [
        Entry(exemplar, {space: rows[i] for space, rows in vectors.items()}, *_heard(exemplar, prints))
        for i, exemplar in enumerate(exemplars)
    ]


def _heard(exemplar: Exemplar, prints: Mapping[str, str]) -> tuple[str, list[Line]]:
    shipped = shipped_lines().get(text_digest(exemplar.abc))
    if shipped is not None and exemplar.id in prints:
        return prints[exemplar.id], shipped
    try:
        tune = parse(exemplar.abc)
        return fingerprint(tune), shipped if shipped is not None else tune_lines(tune)
    except NotationError as error:
        error.add_note(f"while storing exemplar {exemplar.id!r}")
        raise


def _shipped_places(
    exemplars: Sequence[Exemplar], models: Models, progress: Progress | None
) -> dict[str, Vectors]:
    found: dict[str, Vectors] = {}
    for space, model in models.items():
        if isinstance(model, ByCaption):
            found[space] = builtin_vectors(exemplars, model.embedder, progress)
        else:
            found |= placed(exemplars, {space: model})
    return found


def _added_by_users(place: pathlib.Path, models: Models) -> tuple[list[Entry], list[Note]]:
    """Return what users added to the store that is being replaced, and what its ingests noted."""
    with contextlib.suppress(StoreError):
        manifest = read_manifest(place)
        if manifest is not None and manifest.origin == "builtin":
            with contextlib.closing(Catalogue(place / manifest.generation)) as catalogue:
                ids = [one for one in catalogue.ids() if one.partition(":")[0] not in sources()]
                kept, notes = list(catalogue.entries(ids)), list(catalogue.notes().values())
            same = {space for space in models if manifest.spaces.get(space) == spaces_of(models)[space]}
            fresh = placed([e.exemplar for e in kept], {s: m for s, m in models.items() if s not in same})
            return [
                Entry(
                    e.exemplar,
                    {s: e.vectors[s] for s in same if s in e.vectors}
                    | {s: rows[i] for s, rows in fresh.items()},
                    e.print,
                    e.lines,
                )
                for i, e in enumerate(kept)
            ], notes
    return [], []

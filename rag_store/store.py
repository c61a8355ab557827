"""The exemplar store: open (built on first use), search, look up, add, remove, check.

Conventions
-----------
A store has one writer at a time, behind a file lock; readers need none. A `Store` may be opened again and
again in a process. It is not fork-safe: open it in the worker, and start workers by spawn.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any

import numpy as np

from chiaroscore import ControlError, StoreError, cache_dir
from notation import Tune
from rag_store.building import build, entries_of, validate
from rag_store.builtin import Progress, builtin_digest
from rag_store.catalogue import Catalogue
from rag_store.chroma import Index
from rag_store.corpus import licences, sources
from rag_store.embed import Embedder, MiniLM
from rag_store.embedders import ByCaption, SpaceModel, same_models
from rag_store.exemplar import Exemplar
from rag_store.lines import melody_line
from rag_store.manifest import REBUILD, Manifest, StoreBusyError, read_manifest, writer_lock
from rag_store.originality import NAME as ORIGINALITY
from rag_store.originality import Match, Originality, index_of
from rag_store.probe import compare
from rag_store.resident import Resident, resident
from rag_store.search import Hit, Row, broad, diversify, fuse, targeted
from rag_store.wanted import Wanted, checked, read_words
from rag_store.writing import INDEX, Writer, writing

#: Folder of the store in `chiaroscore.cache_dir`.
NAME = "store-v2"
#: Licences that are used unless a search says otherwise: all known ones that do not forbid commercial use.
DEFAULT_LICENCES: frozenset[str] = frozenset(
    n for n, entry in licences().items() if entry["commercial"] != "no"
)
#: Seconds to wait for another process that builds or writes the store.
WAIT = 120.0
#: Most hits of one search.
MOST = 100


class Store:
    """An open store. Use `Store.open`, or `Store.build` for one of your own exemplars."""

    def __init__(self, place: pathlib.Path, manifest: Manifest, models: Mapping[str, SpaceModel]) -> None:
        self._place, self._manifest, self._models = place, manifest, dict(models)
        self._originality: tuple[str, Originality] | None = None
        self._resident: tuple[int, Resident] | None = None
        same_models(str(place), manifest.spaces, models)
        self._catalogue = Catalogue(self._folder)
        self._mend()
        if not (self._folder / INDEX / "chroma.sqlite3").is_file():
            self._catalogue.close()
            raise StoreError(
                f"the store at {str(place)!r} has lost its index ({manifest.generation}/{INDEX}); {REBUILD}"
            )
        self._index = Index.embedded(self._folder / INDEX, tuple(manifest.spaces))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        progress: Progress | None = None,
        embedder: Embedder | None = None,
        rebuild: bool = False,
    ) -> Store:
        """Open the store; build it from the built-in exemplars if there is none, or if they have changed.

        Parameters
        ----------
        path : path, optional
            The store's folder; None is ``store-v2`` in `chiaroscore.cache_dir`.
        progress : callable, optional
            Called with ``(stage, done, total)`` while building.
        embedder : Embedder, optional
            Of captions; None is `MiniLM`.
        rebuild : bool
            Build anew in any case. Exemplars that were added are kept.

        Raises
        ------
        StoreError
            If the store is of another model or format, broken, or being written by another process for too
            long.
        MissingPartError
            If the weights or music21's corpus are not installed.
        """
        place, models = _place(path), models_of(embedder)
        manifest = None if rebuild else read_manifest(place)
        if manifest is not None:
            same_models(str(place), manifest.spaces, models)
        if rebuild or _stale(manifest):
            with writer_lock(place, WAIT):
                manifest = (
                    None if rebuild else read_manifest(place)
                )  # another process may have built it meanwhile
                if rebuild or _stale(manifest):
                    manifest = build(place, None, models, progress)
        if manifest is None:
            raise StoreError(f"the store at {str(place)!r} vanished while it was opened; {REBUILD}")
        return cls(place, manifest, models)

    @classmethod
    def build(
        cls,
        path: str | os.PathLike[str],
        exemplars: Iterable[Exemplar],
        *,
        progress: Progress | None = None,
        embedder: Embedder | None = None,
    ) -> Store:
        """Build a store of these exemplars alone, replacing what is at ``path``, and open it.

        Raises
        ------
        StoreError
            If an exemplar is unfit, the index does not find every exemplar again, or another process is
            writing.
        """
        place, models = _place(path), models_of(embedder)
        with writer_lock(place, WAIT):
            manifest = build(place, list(exemplars), models, progress)
        return cls(place, manifest, models)

    def search(
        self,
        text: str,
        *,
        k: int = 5,
        genre: str | None = None,
        mood: str | None = None,
        meter: str | None = None,
        mode: str | None = None,
        tempo_class: str | None = None,
        licences: Collection[str] | None = DEFAULT_LICENCES,
        strict: bool = False,
    ) -> list[Hit]:
        """Interim: today's rules over exact candidates."""
        if not text.strip():
            raise ControlError(
                "the search text is empty; describe the music, such as 'slow sad waltz in minor'"
            )
        if not 1 <= k <= MOST:
            raise ControlError(f"k={k} is out of range; ask for 1 to {MOST} exemplars")
        given = checked(Wanted(genre, mood, meter, mode, tempo_class))
        wanted = read_words(text, given)
        held = self.resident
        query = self._models["text"].embedder.embed([text])[0]  # type: ignore[attr-defined]
        cosines = held.vectors["text"] @ query
        rows: list[Row] = []
        genres = held.columns.texts["genre"]
        for name in genres.names:
            n = max(200, 20 * k) if strict or name == wanted.genre else max(30, 4 * k)
            at = np.flatnonzero(genres.equals(name))
            for i in at[np.argsort(-cosines[at], kind="stable")][:n]:
                rows.append(Row(held.columns.ids[i], float(cosines[i]), held.columns.row(int(i))))
        rows = [row for row in rows if licences is None or row.metadata["licence"] in licences]
        if strict:
            rows = [row for row in rows if len(given.met(row.metadata)) == len(given.asked())]
        pool = max(40, 4 * k)
        ranked = fuse(broad(rows)[:pool], targeted(rows, wanted)[:pool], wanted)[:pool]
        place = held.columns.place
        chosen = diversify(ranked, {r.row.id: held.vectors["text"][place[r.row.id]] for r in ranked}, k)
        found = self._catalogue.exemplars([r.row.id for r in chosen])
        return [Hit(found[r.row.id], round(r.score, 6), list(r.why)) for r in chosen]

    def get(self, identity: str) -> Exemplar:
        """Return the exemplar of an id.

        Raises
        ------
        StoreError
            If there is none.
        """
        found = self._read.exemplars([identity])
        if not found:
            raise StoreError(f"there is no exemplar {identity!r}; search the store for the ids it has")
        return found[identity]

    @property
    def originality(self) -> Originality:
        """Index of the exemplars' melodic lines; made anew if its file is missing or of other content."""
        content = self._read.content
        if self._originality is None or self._originality[0] != content:
            index = Originality.load(self._folder / ORIGINALITY, content)
            if index is None:
                index = index_of(self._catalogue, self._folder)
            self._originality = content, index
        return self._originality[1]

    def longest_match(self, tune: Tune) -> Match:
        """Return the longest stretch of a melody that an exemplar has too; see `rag_store.originality`."""
        return self.originality.longest(melody_line(tune))

    def count(self) -> int:
        """Return the number of exemplars."""
        return self._read.count()

    def stats(self) -> dict[str, Any]:
        """Return what the store holds: counts by genre, mood, mode, source, licence; models; place."""
        columns = self.resident.columns
        counted = {
            field: dict(
                sorted(
                    (name, int(count))
                    for name, count in zip(
                        columns.texts[field].names,
                        np.bincount(columns.texts[field].codes, minlength=len(columns.texts[field].names)),
                        strict=True,
                    )
                )
            )
            for field in ("genre", "mood", "mode", "source", "licence")
        }
        made = self._manifest
        return {
            "count": len(columns), **counted,
            "spaces": {space: f"{model} ({dim}-d)" for space, (model, dim) in made.spaces.items()},
            "origin": made.origin, "place": str(self._place), "chiaroscore": made.chiaroscore,
        }  # fmt: skip

    def check(self) -> list[str]:
        """Test the whole store; returns what is wrong, an empty list if nothing is.

        Catalogue and index must hold the same rows, every one must be found by its own vectors, and the
        exemplars must be those that were written.
        """
        catalogue = self._read
        problems = [f"{fault}; {REBUILD}" for fault in compare(catalogue, self._index, sample=2**31)]
        if waiting := len(catalogue.pending()):
            problems.append(
                f"{waiting} exemplars wait for their place in the index; open the store to write them"
            )
        if not catalogue.intact():
            problems.append(f"the exemplars are not those that were written; {REBUILD}")
        return problems

    def add(self, exemplars: Iterable[Exemplar], *, progress: Progress | None = None) -> int:
        """Add exemplars of your own, or replace those of the same id; returns how many were written.

        Raises
        ------
        StoreError
            If an id begins with the key of a built-in source, an exemplar is unfit, or another process is
            writing.
        """
        chosen = list(exemplars)
        validate(chosen)
        self._mind_builtin(exemplar.id for exemplar in chosen)
        entries = entries_of(chosen, self._models)
        with self.writing(progress) as writer:
            writer.put_all(entries, progress=progress)
        return len(chosen)

    def remove(self, ids: Iterable[str], *, progress: Progress | None = None) -> int:
        """Remove exemplars of your own; returns how many were there.

        Raises
        ------
        StoreError
            If an id is of a built-in source, or another process is writing.
        """
        chosen = list(ids)
        self._mind_builtin(chosen)
        with self.writing(progress) as writer:
            return writer.remove(chosen)

    @contextlib.contextmanager
    def writing(self, progress: Progress | None = None, *, wait: float = WAIT) -> Iterator[Writer]:
        """Be the store's one writer for a while.

        Raises
        ------
        StoreError
            If another process writes for longer than ``wait`` seconds.
        """
        self._index.usable()
        with writer_lock(self._place, wait):
            self._take_up()
            self._index.close()
            try:
                with writing(self._folder, self._manifest.spaces, progress) as writer:
                    yield writer
            finally:
                self._index = Index.embedded(self._folder / INDEX, tuple(self._manifest.spaces))

    def close(self) -> None:
        """Let go of the store's files."""
        self._index.close()
        self._catalogue.close()

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def resident(self) -> Resident:
        """The attributes and vectors in memory; read again when another process has written."""
        version = self._read.version
        if self._resident is None or self._resident[0] != version:
            self._resident = version, resident(self._folder, self._catalogue, self._manifest.spaces)
        return self._resident[1]

    @property
    def _folder(self) -> pathlib.Path:
        return self._place / self._manifest.generation

    @property
    def _read(self) -> Catalogue:
        """The catalogue, if it may be used here."""
        self._index.usable()
        return self._catalogue

    def _mind_builtin(self, ids: Iterable[str]) -> None:
        for identity in ids:
            if self._manifest.origin == "builtin" and identity.partition(":")[0] in sources():
                raise StoreError(
                    f"id {identity!r} belongs to a built-in source; begin it with a name of your own"
                )

    def _mend(self) -> None:
        """Finish what a killed writer left, unless a writer is at work."""
        if self._catalogue.writing or self._catalogue.unsettled():
            with (
                contextlib.suppress(StoreBusyError),
                writer_lock(self._place, 0.0),
                writing(self._folder, self._manifest.spaces),
            ):
                pass

    def _take_up(self) -> None:
        """Move to the generation that is current now: another process may have built meanwhile."""
        manifest = read_manifest(self._place)
        if manifest is None:
            raise StoreError(f"the store at {str(self._place)!r} was removed; open it again")
        same_models(str(self._place), manifest.spaces, self._models)
        if manifest.generation != self._manifest.generation:
            self._catalogue.close()
            self._manifest, self._resident, self._originality = manifest, None, None
            self._catalogue = Catalogue(self._folder)


def models_of(embedder: Embedder | None = None) -> dict[str, SpaceModel]:
    """Return the models of a store: captions, by ``embedder`` or `MiniLM`."""
    return {"text": ByCaption(embedder or MiniLM())}


def _place(path: str | os.PathLike[str] | None) -> pathlib.Path:
    return pathlib.Path(path) if path is not None else cache_dir() / NAME


def _stale(manifest: Manifest | None) -> bool:
    """Whether the built-in exemplars must be stored (anew)."""
    return manifest is None or (manifest.origin == "builtin" and manifest.sources != builtin_digest())

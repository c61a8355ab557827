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
import threading
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chiaroscore import StoreError
from notation import Tune
from rag_store.building import build, entries_of, validate
from rag_store.builtin import Progress
from rag_store.catalogue import Catalogue
from rag_store.census import Examination, examine
from rag_store.chroma import Index
from rag_store.copies import CopyIndex, Likeness
from rag_store.corpus import sources
from rag_store.embed import Embedder
from rag_store.embedders import SpaceModel, same_models
from rag_store.exemplar import Exemplar
from rag_store.lines import melody_line
from rag_store.manifest import REBUILD, Manifest, StoreBusyError, read_manifest, writer_lock
from rag_store.melodies import melodies
from rag_store.originality import Match
from rag_store.places import is_stale, models_of, place_of
from rag_store.resident import Resident, resident
from rag_store.searched import Searched
from rag_store.served.address import is_address
from rag_store.statistics import counts, size
from rag_store.writing import INDEX, Writer, writing

if TYPE_CHECKING:
    from rag_store.parquet import Loaded
    from rag_store.served.publishing import Published

#: Seconds to wait for another process that builds or writes the store.
WAIT = 120.0


class Store(Searched):
    """An open store. Use `Store.open`, or `Store.build` for one of your own exemplars."""

    def __init__(self, place: pathlib.Path, manifest: Manifest, models: Mapping[str, SpaceModel]) -> None:
        self._place, self._manifest, self._models = place, manifest, dict(models)
        self._melodies: tuple[str, CopyIndex] | None = None
        self._resident: tuple[int, Resident] | None = None
        same_models(str(place), manifest.spaces, models)
        self._catalogue = Catalogue(self._folder)
        self._process, self._closed = os.getpid(), False
        self._held: Index | None = None
        self._opening = threading.Lock()
        if self._catalogue.writing or self._catalogue.unsettled():
            self._mend()

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
            The store's folder, or the URL of a Chroma server to which one was published; None is ``store-v2``
            in `chiaroscore.cache_dir`.
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
        if is_address(path) and not rebuild:
            from rag_store.served.store import open_served

            return open_served(str(path), models_of(embedder), progress)
        place, models = place_of(path), models_of(embedder)
        manifest = None if rebuild else read_manifest(place)
        if manifest is not None:
            same_models(str(place), manifest.spaces, models)
        if rebuild or is_stale(manifest):
            with writer_lock(place, WAIT):
                manifest = (
                    None if rebuild else read_manifest(place)
                )  # another process may have built it meanwhile
                if rebuild or is_stale(manifest):
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
        place, models = place_of(path), models_of(embedder)
        with writer_lock(place, WAIT):
            manifest = build(place, list(exemplars), models, progress)
        return cls(place, manifest, models)

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, embedder: Embedder | None = None) -> Store:
        """Make an empty store for exemplars of your own alone, and open it.

        Raises
        ------
        StoreError
            If there is a store at ``path``, or the folder cannot be written.
        """
        place, models = place_of(path), models_of(embedder)
        with writer_lock(place, WAIT):
            if read_manifest(place) is not None:
                raise StoreError(f"there is a store at {str(place)!r}; open that one, or name another folder")
            manifest = build(place, [], models, may_be_empty=True)
        return cls(place, manifest, models)

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
    def melodies(self) -> CopyIndex:
        """Index of the exemplars' melodic lines; brought up to date with what was added."""
        content = self._read.content
        if self._melodies is None or self._melodies[0] != content:
            self._melodies = content, melodies(self._folder, self._catalogue)
        return self._melodies[1]

    def longest_match(self, tune: Tune) -> Match:
        """Return the longest stretch of a melody that an exemplar has too; see `rag_store.originality`."""
        return self.melodies.longest(melody_line(tune))

    def likenesses(self, tune: Tune, k: int = 5) -> list[Likeness]:
        """Return the exemplars whose melodies share most with a tune's, ornaments and note values aside.

        Best first; a verdict "copy" or "kin" says something, see `rag_store.copies`.
        """
        return self.melodies.similar(tune, k)

    def count(self) -> int:
        """Return the number of exemplars."""
        return self._read.count()

    def stats(self) -> dict[str, Any]:
        """Return what the store holds as plain values: the counts of `rag_store.statistics.counts`, and more.

        These are ``count``, ``spaces`` (name -> model and dimension), ``bytes`` on disk, ``origin``,
        ``place``, and the version of ``chiaroscore`` that built it.
        """
        made = self._manifest
        return {
            "count": self.count(), **counts(self.resident.columns),
            "spaces": {s: f"{m} ({d}-d)" for s, (m, d) in made.spaces.items()},
            "bytes": size(self._folder), "origin": made.origin, "place": str(self._place),
            "chiaroscore": made.chiaroscore,
        }  # fmt: skip

    def check(self) -> list[str]:
        """Test the whole store; returns what is wrong, an empty list if nothing is.

        Catalogue and index must hold the same rows, every one must be found by its own vectors, and the
        exemplars must be those that were written.
        """
        return self.examine().problems()

    def examine(self) -> Examination:
        """Test the whole store as `check` does; returns all that was counted."""
        return examine(self._read, self._index)

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
        self._usable()
        with writer_lock(self._place, wait):
            self._take_up()
            self._let_go()
            with writing(self._folder, self._manifest.spaces, progress) as writer:
                yield writer

    def export(
        self, path: str | os.PathLike[str], *, shard: int | None = None, progress: Progress | None = None
    ) -> int:
        """Write all that the store holds to Parquet; see `rag_store.parquet.exporting.export`."""
        from rag_store.parquet import export

        return export(self, path, shard=shard, progress=progress)

    def load(
        self,
        path: str | os.PathLike[str],
        *,
        processes: int | None = None,
        progress: Progress | None = None,
    ) -> Loaded:
        """Take the exemplars of an export into the store; see `rag_store.parquet.loading.load`."""
        from rag_store.parquet import load

        return load(self, path, processes=processes, progress=progress)

    def publish(
        self, url: str, *, prune: bool = False, wait: float = WAIT, progress: Progress | None = None
    ) -> Published:
        """Send what the store holds to a Chroma server; see `rag_store.served.publishing.publish`."""
        from rag_store.served.publishing import publish

        return publish(self._read, self._manifest, url, prune=prune, wait=wait, progress=progress)

    def close(self) -> None:
        """Let go of the store's files."""
        if not self._closed and self._process == os.getpid():
            self._let_go()
            self._catalogue.close()
        self._closed = True

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def models(self) -> Mapping[str, SpaceModel]:
        """Model of every space."""
        return self._models

    @property
    def spaces(self) -> Mapping[str, tuple[str, int]]:
        """Space of vectors -> id of its model, dimension."""
        return self._manifest.spaces

    @property
    def builtin(self) -> bool:
        """Whether it holds the built-in exemplars, and not only a user's own."""
        return self._manifest.origin == "builtin"

    @property
    def catalogue(self) -> Catalogue:
        """All that the store knows, to read."""
        return self._read

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
        self._usable()
        return self._catalogue

    @property
    def _index(self) -> Index:
        """The index, opened when it is first needed; mended if it does not hold what the catalogue says."""
        self._usable()
        with self._opening:
            if self._held is None:
                self._held = self._opened()
                if self._held.counts() != self._catalogue.counts(self._held.spaces):
                    self._held.close()
                    self._mend()
                    self._held = self._opened()
            return self._held

    def _let_go(self) -> None:
        with self._opening:
            if self._held is not None:
                self._held.close()
            self._held = None

    def _usable(self) -> None:
        if self._closed:
            raise StoreError("this store has been closed; open it again with Store.open()")
        if self._process != os.getpid():
            raise StoreError(
                f"this store was opened in process {self._process}, its fork {os.getpid()} cannot use it; "
                "open it in the worker, and start workers by spawn"
            )

    def _mind_builtin(self, ids: Iterable[str]) -> None:
        for identity in ids:
            if self._manifest.origin == "builtin" and identity.partition(":")[0] in sources():
                raise StoreError(
                    f"id {identity!r} belongs to a built-in source; begin it with a name of your own"
                )

    def _opened(self) -> Index:
        return Index.embedded(self._folder / INDEX, tuple(self._manifest.spaces))

    def _mend(self) -> None:
        """Finish what a killed writer left, unless a writer is at work."""
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
            self._let_go()
            self._catalogue.close()
            self._manifest, self._resident, self._melodies = manifest, None, None
            self._catalogue = Catalogue(self._folder)

"""The exemplar store: open (built on first use), search, look up, add, check.

Conventions ----------- A store has one writer at a time, behind a file lock; readers need none. A `Store` may
be opened again and again in a process. It is not fork-safe: open it in the worker, and start workers by
spawn.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from chiaroscore import ControlError, StoreError, cache_dir
from notation import Tune
from rag_store.building import build, fill, self_recall, unreachable, validate
from rag_store.builtin import Progress, builtin_digest
from rag_store.chroma import Database, Row
from rag_store.corpus import licences, sources
from rag_store.embed import Embedder, MiniLM, Vectors
from rag_store.exemplar import Exemplar
from rag_store.lines import melody_line
from rag_store.manifest import REBUILD, Manifest, read_manifest, write_manifest, writer_lock
from rag_store.originality import NAME as INDEX
from rag_store.originality import Match, Originality, index_of
from rag_store.records import PREFIX, collection_name, content_digest
from rag_store.search import Hit, Ranked, broad, diversify, fuse, targeted
from rag_store.wanted import Wanted, checked, read_words

#: Folder of the store in `chiaroscore.cache_dir`.
NAME = "store-v1"
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

    def __init__(self, place: pathlib.Path, manifest: Manifest, embedder: Embedder) -> None:
        self._place, self._manifest, self._embedder = place, manifest, embedder
        self._originality: tuple[str, Originality] | None = None
        _same_model(place, manifest, embedder)
        folder = place / manifest.generation
        if not (folder / "chroma.sqlite3").is_file():
            raise StoreError(
                f"the store at {str(place)!r} has lost its files ({manifest.generation}); {REBUILD}"
            )
        self._database = Database(folder)
        found = sum(self._database.counts().values())
        if found < manifest.count:
            self._database.close()
            raise StoreError(
                f"the store at {str(place)!r} has {found} exemplars of {manifest.count}; {REBUILD}"
            )

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
            The store's folder; None is ``store-v1`` in `chiaroscore.cache_dir`.
        progress : callable, optional
            Called with ``(stage, done, total)`` while building.
        embedder : Embedder, optional
            None is `MiniLM`.
        rebuild : bool
            Build anew in any case. Exemplars that were added with `add` are kept.

        Raises
        ------
        StoreError
            If the store is of another model or format, broken, or being written by another process for too
            long.
        MissingPartError
            If the weights or music21's corpus are not installed.
        """
        place, chosen = _place(path), embedder or MiniLM()
        manifest = None if rebuild else read_manifest(place)
        if manifest is not None:
            _same_model(place, manifest, chosen)
        if rebuild or _stale(manifest):
            with writer_lock(place, WAIT):
                manifest = (
                    None if rebuild else read_manifest(place)
                )  # another process may have built it meanwhile
                if rebuild or _stale(manifest):
                    manifest = build(place, None, chosen, progress)
        if manifest is None:
            raise StoreError(f"the store at {str(place)!r} vanished while it was opened; {REBUILD}")
        return cls(place, manifest, chosen)

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
        place, chosen = _place(path), embedder or MiniLM()
        with writer_lock(place, WAIT):
            manifest = build(place, list(exemplars), chosen, progress)
        return cls(place, manifest, chosen)

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
        """Return the ``k`` best exemplars for a description of music, best first (rule: `rag_store.search`).

        Parameters
        ----------
        text : str
            What the music should be like. Attributes that it names and that are not given are read from it.
        k : int
            How many, 1 to 100. Fewer come back if the store has no more that fit.
        genre, mood, meter, mode, tempo_class : str, optional
            Attributes wanted: they lead the targeted track. They are wishes, not conditions, unless
            ``strict``.
        licences : collection of str, optional
            Licences allowed; None allows all. The default leaves non-commercial ones out.
        strict : bool
            Leave out what does not meet every attribute given (of the 200 nearest of each genre).

        Raises
        ------
        ControlError
            If the text is empty, ``k`` is out of range, or an attribute is unknown.
        """
        if not text.strip():
            raise ControlError(
                "the search text is empty; describe the music, such as 'slow sad waltz in minor'"
            )
        if not 1 <= k <= MOST:
            raise ControlError(f"k={k} is out of range; ask for 1 to {MOST} exemplars")
        given = checked(Wanted(genre, mood, meter, mode, tempo_class))
        wanted = read_words(text, given)
        rows = self._candidates(self._embedder.embed([text]), wanted, k, strict)
        rows = [row for row in rows if licences is None or row.metadata["licence"] in licences]
        if strict:
            rows = [row for row in rows if len(given.met(row.metadata)) == len(given.asked())]
        pool = max(40, 4 * k)
        ranked = fuse(broad(rows)[:pool], targeted(rows, wanted)[:pool], wanted)[:pool]
        return self._hits(diversify(ranked, self._vectors_of(ranked), k))

    def get(self, identity: str) -> Exemplar:
        """Return the exemplar of an id.

        Raises
        ------
        StoreError
            If there is none.
        """
        for name in self._database.names:
            found = self._database.fetch(name, [identity])
            if found:
                return found[identity]
        raise StoreError(f"there is no exemplar {identity!r}; search the store for the ids it has")

    @property
    def originality(self) -> Originality:
        """Index of the exemplars' melodic lines; made anew if its file is missing or of other content."""
        manifest = self._manifest
        if self._originality is None or self._originality[0] != manifest.content:
            folder = self._place / manifest.generation
            index = Originality.load(folder / INDEX, manifest.content)
            if index is None:
                index = index_of(self._everything(), folder, manifest.content)
            self._originality = manifest.content, index
        return self._originality[1]

    def longest_match(self, tune: Tune) -> Match:
        """Return the longest stretch of a melody that an exemplar has too; see `rag_store.originality`."""
        return self.originality.longest(melody_line(tune))

    def count(self) -> int:
        """Return the number of exemplars."""
        return sum(self._database.counts().values())

    def stats(self) -> dict[str, Any]:
        """Return what the store holds: counts by genre, mood, mode, source, licence; model; place."""
        exemplars = self._everything()
        counted = {
            field: dict(sorted(Counter(str(getattr(e, field)) for e in exemplars).items()))
            for field in ("genre", "mood", "mode", "source", "licence")
        }
        made = self._manifest
        return {
            "count": len(exemplars), **counted, "model": made.model, "dim": made.dim,
            "origin": made.origin, "place": str(self._place), "chiaroscore": made.chiaroscore,
        }  # fmt: skip

    def check(self) -> list[str]:
        """Test the whole store; returns what is wrong, an empty list if nothing is.

        Every exemplar must be found by its own vector; counts and content must be those of the manifest.
        """
        problems: list[str] = []
        if self._genres() != self._manifest.genres:
            problems.append(
                f"counts by genre are {self._genres()}, the manifest says {self._manifest.genres}; {REBUILD}"
            )
        everything: list[Exemplar] = []
        for name in self._database.names:
            exemplars = self._database.everything(name)
            if not exemplars:
                continue
            found = self._database.vectors(name, [e.id for e in exemplars])
            everything += exemplars
            lost = unreachable(self._database, exemplars, as_matrix(found, [e.id for e in exemplars]))
            if lost:
                problems.append(
                    f"no search reaches {', '.join(exemplars[i].id for i in lost[:5])}; {REBUILD}"
                )
        if content_digest(everything) != self._manifest.content:
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
        for exemplar in chosen:
            if self._manifest.origin == "builtin" and exemplar.id.partition(":")[0] in sources():
                raise StoreError(
                    f"id {exemplar.id!r} belongs to a built-in source; begin it with a name of your own"
                )
        vectors = self._embedder.embed([exemplar.caption for exemplar in chosen])
        with writer_lock(self._place, WAIT):
            self._take_up()
            ids = [exemplar.id for exemplar in chosen]
            replaced = [e for name in self._database.names for e in self._database.fetch(name, ids).values()]
            if replaced:
                self._database.delete(ids)  # it may lie in another genre
            fill(self._database, chosen, vectors, progress)
            self_recall(self._database, chosen, vectors, progress)
            content = content_digest(chosen, replaced, self._manifest.content)
            self._manifest = dataclasses.replace(self._manifest, genres=self._genres(), content=content)
            write_manifest(self._place, self._manifest)
        return len(chosen)

    def close(self) -> None:
        """Let go of the store's files."""
        self._database.close()

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _candidates(self, query: Vectors, wanted: Wanted, k: int, strict: bool) -> list[Row]:
        """Over-fetch from every genre, most from the asked one: what both tracks choose from."""
        rows: list[Row] = []
        for name in self._database.names:
            many = strict or (wanted.genre is not None and name == collection_name(wanted.genre))
            rows += self._database.nearest(name, query, max(200, 20 * k) if many else max(30, 4 * k))[0]
        return rows

    def _vectors_of(self, ranked: Sequence[Ranked]) -> dict[str, Vectors]:
        return {
            i: v
            for name, ids in _by_collection(ranked).items()
            for i, v in self._database.vectors(name, ids).items()
        }

    def _hits(self, chosen: Sequence[Ranked]) -> list[Hit]:
        found = {
            i: e
            for name, ids in _by_collection(chosen).items()
            for i, e in self._database.fetch(name, ids).items()
        }
        return [Hit(found[r.row.id], round(r.score, 6), list(r.why)) for r in chosen]

    def _everything(self) -> list[Exemplar]:
        return [exemplar for name in self._database.names for exemplar in self._database.everything(name)]

    def _genres(self) -> dict[str, int]:
        """Count the exemplars of each genre that has any."""
        counts = self._database.counts().items()
        return {name.removeprefix(PREFIX).replace("-", " "): n for name, n in counts if n}

    def _take_up(self) -> None:
        """Move to the generation that is current now: another process may have built or added meanwhile."""
        manifest = read_manifest(self._place)
        if manifest is None:
            raise StoreError(f"the store at {str(self._place)!r} was removed; open it again")
        _same_model(self._place, manifest, self._embedder)
        if manifest.generation != self._manifest.generation:
            self._database.close()
            self._database = Database(self._place / manifest.generation)
        self._manifest = manifest


def as_matrix(vectors: dict[str, Vectors], ids: Sequence[str]) -> Vectors:
    """Stack vectors in the order of ids, shape ``(n, dim)``."""
    return np.stack([vectors[identity] for identity in ids])


def _by_collection(ranked: Sequence[Ranked]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for item in ranked:
        ids.setdefault(collection_name(item.row.metadata["genre"]), []).append(item.row.id)
    return ids


def _place(path: str | os.PathLike[str] | None) -> pathlib.Path:
    return pathlib.Path(path) if path is not None else cache_dir() / NAME


def _stale(manifest: Manifest | None) -> bool:
    """Whether the built-in exemplars must be stored (anew)."""
    return manifest is None or (manifest.origin == "builtin" and manifest.sources != builtin_digest())


def _same_model(place: pathlib.Path, manifest: Manifest, embedder: Embedder) -> None:
    if (manifest.model, manifest.dim) != (embedder.id, embedder.dim):
        raise StoreError(
            f"the store at {str(place)!r} was built with the model {manifest.model!r} ({manifest.dim}-d), "
            f"the current one is {embedder.id!r} ({embedder.dim}-d); {REBUILD}"
        )

"""Taking a Parquet export into a store: checked row by row, stopped and started again without harm."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from rag_store.catalogue import Catalogue, Entry
from rag_store.corpus import sources
from rag_store.embedders import placed
from rag_store.ingest.workers import in_order
from rag_store.parquet.checked import fault, heard
from rag_store.parquet.file import Source, batches, opened
from rag_store.parquet.table import Row, rows
from rag_store.writing import Progress, Writer

if TYPE_CHECKING:
    from rag_store.store import Store

#: Exemplars of one transaction.
BATCH = 1000
#: Rows from which several processes read the ABC: below, they take longer to start than the work.
MANY = 500


@dataclass(slots=True)
class Loaded:
    """What a load did."""

    read: int = 0  # rows of the file
    stored: int = 0  # new, or in place of another exemplar of the same id
    known: int = 0  # there already, the same
    builtin: int = 0  # of built-in sources, which the store has of its own
    refused: list[tuple[str, str]] = field(default_factory=list)  # id, reason
    remarks: list[str] = field(default_factory=list)  # what happened to vectors, what the file lacks


def load(
    store: Store,
    path: str | os.PathLike[str],
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Take the exemplars of an export (`export`) into a store; those it has already are passed over.

    Vectors are taken over where file and store are of the same model, else exemplars are embedded anew. An
    exemplar of the same id and other content is replaced. Built-in exemplars are passed over, unless the
    store is one of your own exemplars alone. Every batch is written whole or not at all: a load that was
    stopped goes on when it is run again. Processes are spawned: a script that calls it needs
    ``if __name__ == "__main__"``.

    Parameters
    ----------
    store
        To write to.
    path
        A file, or a folder of files.
    processes
        That read the ABC; by default one a core, and none but this one for few rows.
    progress
        Called with ``(stage, done, total)``.

    Raises
    ------
    InputError
        If the file cannot be read, or is not a table of exemplars.
    StoreError
        If another process writes the store.
    """
    source = opened(path)
    done = Loaded(remarks=_remarks(source, store))
    count = processes if processes is not None else (os.cpu_count() or 1) if source.count >= MANY else 0
    with store.writing(progress) as writer:
        chosen = _Chosen(store, writer.catalogue, source, done)
        answers = in_order(heard, chosen.rows(progress), count, _lost)
        while part := list(islice(answers, BATCH)):
            _put(writer, store, source, _sound(part, done))
    return done


class _Chosen:
    """The rows of a file that are to be stored; the others are counted, refused ones with their reason."""

    def __init__(self, store: Store, catalogue: Catalogue, source: Source, done: Loaded) -> None:
        self._catalogue, self._source, self._done = catalogue, source, done
        self._builtin = frozenset(sources()) if store.builtin else frozenset[str]()
        self._seen: set[str] = set()

    def rows(self, progress: Progress | None) -> Iterator[Row]:
        """Yield them, in the order of the file."""
        for read in batches(self._source):
            held = list(rows(read))
            known = self._catalogue.exemplars([row.exemplar.id for row in held])
            yield from (row for row in held if self._wanted(row, known))
            self._done.read += len(held)
            if progress:
                progress("reading Parquet", self._done.read, self._source.count)

    def _wanted(self, row: Row, known: Mapping[str, Any]) -> bool:
        identity = row.exemplar.id
        wrong = "its id comes twice" if identity in self._seen else fault(row, self._source.spaces)
        self._seen.add(identity)
        if wrong:
            self._done.refused.append((identity, wrong))
        elif identity.partition(":")[0] in self._builtin:
            self._done.builtin += 1
        elif known.get(identity) == row.exemplar:
            self._done.known += 1
        else:
            return True
        return False


def _sound(part: Sequence[tuple[Row, Entry | str]], done: Loaded) -> list[Entry]:
    """Return those rows whose ABC is a tune."""
    done.refused += [(row.exemplar.id, answer) for row, answer in part if isinstance(answer, str)]
    entries = [answer for _, answer in part if not isinstance(answer, str)]
    done.stored += len(entries)
    return entries


def _put(writer: Writer, store: Store, source: Source, entries: Sequence[Entry]) -> None:
    """Write entries with the vectors of the file where the models are the same, others made anew."""
    same = _same(source, store)
    kept = [{space: entry.vectors[space] for space in same if space in entry.vectors} for entry in entries]
    for space, model in store.models.items():
        lacking = [i for i, vectors in enumerate(kept) if space not in vectors]
        made = placed([entries[i].exemplar for i in lacking], {space: model})[space] if lacking else ()
        for i, vector in zip(lacking, made, strict=True):
            kept[i][space] = vector
    writer.put(
        [Entry(e.exemplar, vectors, e.print, e.lines) for e, vectors in zip(entries, kept, strict=True)]
    )


def _same(source: Source, store: Store) -> list[str]:
    """Return the spaces that file and store have of the same model."""
    return [space for space, model in source.spaces.items() if store.spaces.get(space) == model]


def _remarks(source: Source, store: Store) -> list[str]:
    said = []
    for space, (model, dim) in store.spaces.items():
        if space not in _same(source, store):
            theirs = (
                "none" if space not in source.spaces else "those of {} ({}-d)".format(*source.spaces[space])
            )
            fate = "embedded anew" if space in store.models else "left without"
            said.append(f"{space} vectors: the file has {theirs}, the store uses {model} ({dim}-d): {fate}")
    said += [
        f"{space} vectors: the store has no such space: left out"
        for space in source.spaces
        if space not in store.spaces
    ]
    if source.count != source.said:
        said.append(
            f"the export was of {source.said} exemplars, {source.count} rows are there: files may be missing"
        )
    return said


def _lost(row: Row, reason: str) -> str:
    return f"its ABC could not be read: {reason}"

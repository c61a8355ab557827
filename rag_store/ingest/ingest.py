"""The ingest: several processes read and analyse, this one leaves copies out, embeds and writes.

It can be killed at any moment and run again. An exemplar and the note that its item is done are written in
one transaction; an item that is noted with the same digest (of its file and of what its source says of it) is
not read again. Items are taken in a fixed order, so the same files give the same store however often the way
there was cut short.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from rag_store.building import Models
from rag_store.catalogue import Entry, Note
from rag_store.embedders import placed
from rag_store.ingest.item import Item, Prepared, Refused
from rag_store.ingest.prepare import prepare
from rag_store.ingest.report import Refusal, Report
from rag_store.ingest.sources import find
from rag_store.ingest.workers import in_order
from rag_store.writing import Progress, Writer

if TYPE_CHECKING:
    from rag_store.store import Store

#: Exemplars of one transaction: what a kill can cost, and what is embedded at once.
BATCH = 128
#: Raised when readers change so that files are to be read again.
READERS = "1"
STORED = "stored"


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """What a process says of an item: its digest, and what it holds; None if the digest is the known one."""

    digest: str
    outcome: Prepared | Refused | None


def ingest(
    store: Store,
    paths: Sequence[str | os.PathLike[str]],
    *,
    name: str = "",
    licence: str = "",
    kind: str = "auto",
    processes: int | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Take music into a store; what was taken in before and has not changed is passed over.

    Parameters
    ----------
    store
        The store; this process becomes its one writer for as long as it takes.
    paths
        Files and folders: ABC, MIDI, MusicXML, kern, WAD; or those of a data set, see ``kind``.
    name
        Of the collection, the beginning of the ids; by default the name of the folder.
    licence
        Of pieces whose source states none; by default "unstated", which searches leave out.
    kind
        ``"auto"``, or what the files are: see `rag_store.ingest.sources`.
    processes
        That read; by default one a core, 0 for none but this one.
    limit
        Most items to look at.
    progress
        Called with ``(stage, done, total)``.

    Raises
    ------
    InputError
        If a path does not exist or holds no music.
    ControlError
        If the name, the licence or the kind cannot be.
    StoreError
        If another process writes the store.
    """
    started, report = time.perf_counter(), Report()
    with store.writing(progress) as writer:
        notes = writer.catalogue.notes()
        items = _items(paths, name, licence, kind, limit, report)
        report.found = len(items) + len(report.refusals)
        tasks = [(item, notes[item.id].digest if item.id in notes else "") for item in items]
        many = processes if processes is not None else os.cpu_count() or 1
        answers = in_order(_read, tasks, many, _lost)
        stored = {item for item, note in notes.items() if note.outcome == STORED}
        held = _Batch(writer, store.models, report, writer.catalogue.prints(), stored)
        for count, ((item, _), done) in enumerate(answers, 1):
            held.take(item, done)
            if progress and (count % 10 == 0 or count == len(items)):
                progress("reading music", count, len(items))
        held.flush()
    report.seconds = time.perf_counter() - started
    return report


class _Batch:
    """Gathers what was read until there is enough to embed and write."""

    def __init__(
        self, writer: Writer, models: Models, report: Report, prints: dict[str, str], stored: set[str]
    ) -> None:
        self.writer, self.models, self.report = writer, models, report
        self.prints, self.stored = prints, stored
        self.prepared: list[Prepared] = []
        self.notes: list[Note] = []

    def take(self, item: Item, done: Done) -> None:
        """Take one item's outcome; a full batch is written."""
        if done.outcome is None:
            self.report.known += 1
            return
        outcome = self._copy(done.outcome) if isinstance(done.outcome, Prepared) else done.outcome
        if isinstance(outcome, Refused):
            if item.id in self.stored:  # its file has changed since
                self.writer.remove([item.id])
            self.report.refusals.append(Refusal(item.id, outcome.kind, outcome.reason))
            self.notes.append(Note(item.id, done.digest, outcome.kind, outcome.reason))
        else:
            self.prepared.append(outcome)
            self.notes.append(Note(item.id, done.digest, STORED))
        if len(self.notes) >= BATCH:
            self.flush()

    def _copy(self, prepared: Prepared) -> Prepared | Refused:
        """Refuse a piece whose print another one has, in the store or before it in this run."""
        own = prepared.exemplar.id
        first = self.prints.setdefault(prepared.print, own) if prepared.print else own
        return prepared if first == own else Refused("copy", f"the same melody as {first}")

    def flush(self) -> None:
        """Embed and write what there is."""
        if not self.notes:
            return
        exemplars = [one.exemplar for one in self.prepared]
        vectors = placed(exemplars, self.models) if exemplars else {}
        entries = [
            Entry(one.exemplar, {space: rows[i] for space, rows in vectors.items()}, one.print, one.lines)
            for i, one in enumerate(self.prepared)
        ]
        self.writer.put(entries, self.notes)
        self.report.stored += len(entries)
        self.report.genres.update(exemplar.genre for exemplar in exemplars)
        self.prepared, self.notes = [], []


def _items(
    paths: Sequence[str | os.PathLike[str]],
    name: str,
    licence: str,
    kind: str,
    limit: int | None,
    report: Report,
) -> list[Item]:
    """Return what there is to read, in order; files that hold nothing go into the report at once."""
    items: list[Item] = []
    for found in islice(find(paths, kind=kind, name=name, licence=licence), limit):
        if isinstance(found, Item):
            items.append(found)
        else:
            path, refused = found
            report.refusals.append(Refusal(str(path), refused.kind, refused.reason))
    return items


def _read(task: tuple[Item, str]) -> Done:
    """Read one item, unless its digest is the known one; runs in another process."""
    item, known = task
    digest = digest_of(item)
    return Done(digest, None if digest == known else prepare(item))


def _lost(task: tuple[Item, str], reason: str) -> Done:
    return Done(digest_of(task[0]), Refused("crash", reason))


def digest_of(item: Item) -> str:
    """Return the digest of an item's file and of what its source says of it; of no file that of nothing."""
    try:
        stat = item.path.stat()
        data = _file_digest(item.path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        data = ""
    said = json.dumps([READERS, data, item.kind, item.part, dataclasses.astuple(item.facts)])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


@lru_cache(maxsize=64)
def _file_digest(path: pathlib.Path, changed: int, size: int) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()

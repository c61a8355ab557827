"""The catalogue: one SQLite file that holds all a store knows; what Chroma indexes is made from it.

An exemplar, its vectors, its print, its lines and the note of the ingest that brought it are written in one
transaction, so a process that is killed leaves all of a batch or nothing. Rows that the index may not hold
yet are marked as pending in the same transaction; whoever writes next brings the index up to date with them.
"""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chiaroscore import StoreError
from rag_store.columns import NUMBERS, TEXTS, Coded, Columns
from rag_store.embed import Vectors
from rag_store.exemplar import Exemplar
from rag_store.lines import Line, from_bytes, to_bytes
from rag_store.manifest import REBUILD
from rag_store.records import FIELDS, content_digest, from_row, to_row

#: File of the catalogue in a generation's folder.
NAME = "catalogue.sqlite"
#: Seconds to wait while another process commits a batch.
PATIENCE = 60.0
#: Variables of one statement that every SQLite takes.
MANY = 900
#: Order of the rows that searches work on.
BY_GENRE = "ORDER BY genre, id"

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE exemplars (row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, {", ".join(FIELDS)},
    print TEXT NOT NULL, lines BLOB NOT NULL, pending INTEGER NOT NULL);
CREATE INDEX prints ON exemplars (print);
CREATE INDEX pending ON exemplars (row) WHERE pending;
CREATE TABLE vectors (space TEXT NOT NULL, row INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (space, row)) WITHOUT ROWID;
CREATE TABLE journal (item TEXT PRIMARY KEY, digest TEXT NOT NULL, outcome TEXT NOT NULL,
    reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE dropped (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An exemplar as it is written, with everything that is kept beside it."""

    exemplar: Exemplar
    vectors: Mapping[str, Vectors]  # a row for every space of the store
    print: str = ""
    lines: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one item of an ingest."""

    item: str
    digest: str  # of what was read: another digest is read again
    outcome: str  # "stored", or the kind of a refusal
    reason: str = ""


class Catalogue:
    """An open catalogue. Any number of processes may read one; who writes holds the store's lock."""

    def __init__(self, folder: pathlib.Path) -> None:
        path = folder / NAME
        if not path.is_file():
            raise StoreError(f"the store's catalogue {str(path)!r} is missing; {REBUILD}")
        self._path = path
        self._connection = sqlite3.connect(
            path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("PRAGMA cache_size = -65536")
            self._connection.execute("SELECT key, value FROM meta").fetchall()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StoreError(f"the store's catalogue {str(path)!r} is broken ({error}); {REBUILD}") from error

    @classmethod
    def create(cls, folder: pathlib.Path) -> Catalogue:
        """Make an empty catalogue in a folder that has none.

        Raises
        ------
        StoreError
            If the file cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(folder / NAME)) as made:
                made.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot make a catalogue in {str(folder)!r}: {error}") from error
        return cls(folder)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def count(self) -> int:
        """Count the exemplars."""
        return int(self._one("SELECT count(*) FROM exemplars"))

    def genres(self) -> dict[str, int]:
        """Count the exemplars of each genre, by name."""
        return dict(self._rows("SELECT genre, count(*) FROM exemplars GROUP BY genre ORDER BY genre"))

    def licences(self) -> dict[str, int]:
        """Count the exemplars under each licence, by name."""
        return dict(self._rows("SELECT licence, count(*) FROM exemplars GROUP BY licence ORDER BY licence"))

    @property
    def content(self) -> str:
        """Digest of all exemplars, whatever order they came in."""
        return str(self._value("content", "0" * 32))

    @property
    def writing(self) -> bool:
        """Whether a writer is at work, or was killed at it."""
        return self._value("writing") == "1"

    def set_writing(self, on: bool) -> None:
        """Note that a writer begins or has ended."""
        with self._transaction() as run:
            run.execute("INSERT OR REPLACE INTO meta VALUES ('writing', ?)", ["1" if on else "0"])

    def recall(self, key: str) -> str:
        """Return what was noted under a name with `remember`; "" if nothing was."""
        return self._value(f"note.{key}")

    def remember(self, key: str, value: str) -> None:
        """Note a text under a name, beside the exemplars."""
        with self._transaction() as run:
            run.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [f"note.{key}", value])

    @property
    def version(self) -> int:
        """A number that changes when another connection has written."""
        return int(self._one("PRAGMA data_version"))

    def _value(self, key: str, default: str = "") -> str:
        found = self._rows("SELECT value FROM meta WHERE key = ?", [key])
        return str(found[0][0]) if found else default

    def write(self, entries: Sequence[Entry], notes: Sequence[Note] = (), *, pending: bool = True) -> None:
        """Write a batch, replacing what has the same id: all of it or nothing.

        Raises
        ------
        StoreError
            If the disk refuses.
        """
        with self._transaction() as run:
            replaced = self.exemplars([entry.exemplar.id for entry in entries])
            self._erase(run, list(replaced), dropped=False)
            for entry in entries:
                self._insert(run, entry, pending)
            last = max(self.last_row(), self._one("SELECT coalesce(max(row), 0) FROM exemplars"))
            run.execute("INSERT OR REPLACE INTO meta VALUES ('last', ?)", [str(last)])
            content = content_digest([entry.exemplar for entry in entries], replaced.values(), self.content)
            run.execute("INSERT OR REPLACE INTO meta VALUES ('content', ?)", [content])
            run.executemany(
                "INSERT OR REPLACE INTO journal VALUES (?, ?, ?, ?)",
                [(note.item, note.digest, note.outcome, note.reason) for note in notes],
            )

    def _insert(self, run: sqlite3.Connection, entry: Entry, pending: bool) -> None:
        values = [*to_row(entry.exemplar), entry.print, to_bytes(entry.lines), int(pending)]
        marks = ", ".join("?" * (len(values) + 1))
        row = run.execute(f"INSERT INTO exemplars VALUES (NULL, {marks})", [entry.exemplar.id, *values])  # noqa: S608
        run.executemany(
            "INSERT INTO vectors VALUES (?, ?, ?)",
            [
                (space, row.lastrowid, np.ascontiguousarray(vector, dtype="<f4").tobytes())
                for space, vector in entry.vectors.items()
            ],
        )
        run.execute("DELETE FROM dropped WHERE id = ?", [entry.exemplar.id])

    def remove(self, ids: Sequence[str]) -> int:
        """Remove exemplars; the index still has to lose them. Returns how many went.

        The journal forgets them, and what was left out as a copy: an ingest may bring them again.
        """
        with self._transaction() as run:
            gone = self.exemplars(ids)
            self._erase(run, list(gone), dropped=True)
            run.executemany("DELETE FROM journal WHERE item = ?", [[one] for one in gone])
            run.execute("DELETE FROM journal WHERE outcome = 'copy'")
            content = content_digest((), gone.values(), self.content)
            run.execute("INSERT OR REPLACE INTO meta VALUES ('content', ?)", [content])
        return len(gone)

    def _erase(self, run: sqlite3.Connection, ids: Sequence[str], *, dropped: bool) -> None:
        for part in _parts(ids):
            marks = ", ".join("?" * len(part))
            rows = f"SELECT row FROM exemplars WHERE id IN ({marks})"  # noqa: S608
            run.execute(f"DELETE FROM vectors WHERE row IN ({rows})", part)  # noqa: S608
            run.execute(f"DELETE FROM exemplars WHERE id IN ({marks})", part)  # noqa: S608
            if dropped:
                run.executemany("INSERT OR REPLACE INTO dropped VALUES (?)", [[one] for one in part])

    def exemplars(self, ids: Sequence[str]) -> dict[str, Exemplar]:
        """Return the exemplars of those ids that are there."""
        found: dict[str, Exemplar] = {}
        for part in _parts(ids):
            marks = ", ".join("?" * len(part))
            rows = self._rows(f"SELECT id, {', '.join(FIELDS)} FROM exemplars WHERE id IN ({marks})", part)  # noqa: S608
            found |= {row[0]: from_row(row) for row in rows}
        return found

    def everything(self) -> Iterator[Exemplar]:
        """Yield all exemplars, by id."""
        for row in self._connection.execute(f"SELECT id, {', '.join(FIELDS)} FROM exemplars ORDER BY id"):  # noqa: S608
            yield from_row(row)

    def ids(self) -> list[str]:
        """Return all ids, sorted."""
        return [row[0] for row in self._rows("SELECT id FROM exemplars ORDER BY id")]

    def counts(self, spaces: Sequence[str]) -> dict[str, int]:
        """Count the vectors of each space."""
        found = dict(self._rows("SELECT space, count(*) FROM vectors GROUP BY space"))
        return {space: int(found.get(space, 0)) for space in spaces}

    def ids_in(self, space: str) -> list[str]:
        """Return the ids that have a vector in a space, sorted."""
        return [
            row[0]
            for row in self._rows(
                "SELECT id FROM exemplars JOIN vectors USING (row) WHERE space = ? ORDER BY id", [space]
            )
        ]

    def entries(self, ids: Sequence[str] | None = None) -> Iterator[Entry]:
        """Yield exemplars with all that is kept beside them, by id; None yields all."""
        for part in _parts(sorted(ids) if ids is not None else self.ids()):
            marks = ", ".join("?" * len(part))
            where = f"FROM exemplars WHERE id IN ({marks})"
            beside = {
                row[0]: (row[1], row[2], row[3])
                for row in self._rows(f"SELECT id, row, print, lines {where}", part)
            }
            vectors: dict[int, dict[str, Vectors]] = {}
            for space, row, data in self._rows(
                f"SELECT space, row, vector FROM vectors WHERE row IN (SELECT row {where})",  # noqa: S608
                part,
            ):
                vectors.setdefault(row, {})[space] = np.frombuffer(data, "<f4")
            for identity, exemplar in sorted(self.exemplars(part).items()):
                row, print_, lines = beside[identity]
                yield Entry(exemplar, vectors.get(row, {}), print_, from_bytes(lines))

    def lines(self, after: int = 0) -> Iterator[tuple[str, str, list[Line]]]:
        """Yield id, title and lines of the exemplars, by id; only of rows after one, if it is given."""
        for identity, title, data in self._connection.execute(
            "SELECT id, title, lines FROM exemplars WHERE row > ? ORDER BY id", [after]
        ):
            yield identity, title, from_bytes(data)

    def last_row(self) -> int:
        """Return the highest row that was ever written: rows of later batches are higher."""
        return int(self._value("last", "0"))

    def prints(self) -> dict[str, str]:
        """Return print -> id of the first exemplar that has it; those without one left out."""
        return dict(self._rows("SELECT print, min(id) FROM exemplars WHERE print <> '' GROUP BY print"))

    def unsettled(self) -> bool:
        """Whether the index may lack rows, or hold some that are gone."""
        return bool(
            self._one(
                "SELECT EXISTS (SELECT 1 FROM exemplars WHERE pending) OR EXISTS (SELECT 1 FROM dropped)"
            )
        )

    def intact(self) -> bool:
        """Whether the exemplars are those that were written: their digest is that of the transactions."""
        return content_digest(self.everything()) == self.content

    def pending(self) -> list[str]:
        """Return the ids of rows that the index may not hold, sorted."""
        return sorted(row[0] for row in self._rows("SELECT id FROM exemplars WHERE pending"))

    def dropped(self) -> list[str]:
        """Return the ids that the index may still hold although they are gone."""
        return [row[0] for row in self._rows("SELECT id FROM dropped")]

    def settle(self, ids: Sequence[str], dropped: Sequence[str] = ()) -> None:
        """Note that the index holds these rows, and no longer those that were dropped."""
        with self._transaction() as run:
            run.executemany("UPDATE exemplars SET pending = 0 WHERE id = ?", [[one] for one in ids])
            run.executemany("DELETE FROM dropped WHERE id = ?", [[one] for one in dropped])

    def unsettle(self, ids: Sequence[str] | None = None) -> None:
        """Mark rows as pending; None marks all, for an index that is made anew."""
        with self._transaction() as run:
            if ids is None:
                run.execute("UPDATE exemplars SET pending = 1")
                run.execute("DELETE FROM dropped")
            else:
                run.executemany("UPDATE exemplars SET pending = 1 WHERE id = ?", [[one] for one in ids])

    def notes(self) -> dict[str, Note]:
        """Return what became of every item of every ingest, by item."""
        return {row[0]: Note(*row) for row in self._rows("SELECT item, digest, outcome, reason FROM journal")}

    def columns(self) -> Columns:
        """Return the attributes of all exemplars, by genre and id: a genre is compared in one run."""
        names = [*TEXTS, *NUMBERS]
        rows = self._rows(
            f"SELECT id, {', '.join(names)}, instruments, length(abc) FROM exemplars {BY_GENRE}"  # noqa: S608
        )
        held = list(zip(*rows, strict=True)) if rows else [()] * (len(names) + 3)
        by_name = dict(zip(names, held[1:], strict=False))
        ids = tuple(held[0])
        return Columns(
            ids,
            {identity: i for i, identity in enumerate(ids)},
            {name: Coded.of(by_name[name]) for name in TEXTS},
            {name: np.array(by_name[name], np.float32) for name in NUMBERS},
            Coded.of(held[-2]),
            np.array(held[-1], np.int32),
        )

    def vectors(self, space: str, dim: int) -> Vectors:
        """Return the vectors of a space, shape ``(n, dim)``, rows as in `columns`; nan stands for none."""
        order = {row[0]: i for i, row in enumerate(self._rows(f"SELECT row FROM exemplars {BY_GENRE}"))}  # noqa: S608
        matrix = np.full((len(order), dim), np.nan, dtype=np.float32)
        for row, data in self._connection.execute("SELECT row, vector FROM vectors WHERE space = ?", [space]):
            matrix[order[row]] = np.frombuffer(data, "<f4")
        return matrix

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"cannot write the store's catalogue {str(self._path)!r}: {error}") from error

    def _rows(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._connection.execute(text, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"the store's catalogue {str(self._path)!r} cannot be read ({error}); {REBUILD}"
            ) from error

    def _one(self, text: str) -> Any:
        return self._rows(text)[0][0]


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    held = list(ids)
    return (held[start : start + MANY] for start in range(0, len(held), MANY))

"""Teacher data on disk: examples in shards of Parquet.

Conventions
-----------
A folder holds ``part-00000.parquet`` and so on, at most `ROWS` rows each, compressed with zstd; vectors are
fixed-size lists of float16. The schema's metadata (`Header`) says the format, the encoder, the lengths of the
vectors, the teacher and the licence, and all shards of a folder say the same. A shard is written under
another name and then renamed, so it is there whole or not at all; a run that was stopped goes on with the
next one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError, write_bytes
from mapper.example import SCHEMA, Example

if TYPE_CHECKING:
    import pyarrow

FORMAT = 1
#: Most rows of a shard that is written, and of one that is read.
ROWS, MOST_ROWS = 2000, 1_000_000
#: Largest difference of two vectors E_v, in any number, at which one example repeats the other.
SAME = 0.02
_KEY = b"chiaroscore.examples"
_TEXTS = [name for name, kind in SCHEMA.items() if kind == "text"]
_VECTORS = [name for name, kind in SCHEMA.items() if kind == "vector"]


@dataclass(frozen=True, slots=True)
class Header:
    """What all shards of a folder share; ``dims`` are the lengths of ``seen``, ``why`` and ``heard``."""

    encoder: str
    teacher: str
    licence: str
    dims: tuple[int, int, int]
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """Return the header as JSON."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True).encode()

    @classmethod
    def of(cls, metadata: dict[bytes, bytes] | None) -> Header:
        """Return the header in the metadata of a Parquet schema.

        Raises
        ------
        ValueError
            If there is none of this format.
        """
        said = json.loads((metadata or {}).get(_KEY, b"null"))
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise ValueError("it holds no teacher data of format 1")
        dims = said.get("dims")
        if not (
            isinstance(dims, list) and len(dims) == 3 and all(type(n) is int and 0 < n < 65536 for n in dims)
        ):
            raise ValueError("its metadata name no lengths of vectors")
        first, second, third = dims
        return cls(str(said["encoder"]), str(said["teacher"]), str(said["licence"]), (first, second, third))


class ShardWriter:
    """Adds examples to a folder; a context manager that writes what is left when it ends well.

    Parameters
    ----------
    folder
        Of the shards; what is there already must have the same header.
    header
        What the examples have in common.
    rows
        Of a shard.

    Raises
    ------
    InputError
        If shards of another encoder, teacher or shape are there, or damaged ones.
    """

    def __init__(self, folder: str | os.PathLike[str], header: Header, *, rows: int = ROWS) -> None:
        self.folder, self.header, self.rows = pathlib.Path(folder), header, rows
        self.ids: set[str] = set()
        self._told: dict[bytes, list[NDArray[np.float32]]] = {}
        self._open: list[Example] = []
        self._next = 0
        for path in shard_paths(self.folder, empty=True):
            if header_of(path) != header:
                raise InputError(
                    f"{str(path)!r} was made by {header_of(path).teacher!r} with the encoder "
                    f"{header_of(path).encoder!r}, not {header.teacher!r} with {header.encoder!r}; "
                    "give another folder"
                )
            for one in _examples(path, header):
                self._enter(one)
            self._next = int(path.stem.split("-")[1]) + 1

    def __enter__(self) -> ShardWriter:
        """Return itself."""
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Write what is left, unless something went wrong."""
        if kind is None:
            self.flush()

    def add(self, example: Example) -> bool:
        """Add an example; return False if it is there: its id, or one that sees, says and plans the same.

        Raises
        ------
        InputError
            If a vector has another length than the header says or a number that is not finite.
        """
        _check(example, self.header, example.id)
        if example.id in self.ids or self._repeats(example):
            return False
        self._enter(example)
        self._open.append(example)
        if len(self._open) >= self.rows:
            self.flush()
        return True

    def flush(self) -> None:
        """Write the examples that are open as a shard."""
        if self._open:
            write_bytes(self.folder / f"part-{self._next:05d}.parquet", _packed(self._open, self.header))
            self._next += 1
            self._open = []

    def _repeats(self, example: Example) -> bool:
        """Tell whether one like it is there: a text's vector hangs on chance, so only its words count."""
        before = self._told.get(_words(example), [])
        if example.kind == "text":
            return bool(before)
        return any(float(np.abs(example.seen - other).max()) <= SAME for other in before)

    def _enter(self, example: Example) -> None:
        self.ids.add(example.id)
        self._told.setdefault(_words(example), []).append(example.seen)


def read(folder: str | os.PathLike[str]) -> Iterator[Example]:
    """Yield the examples of a folder, in the order they were written.

    Raises
    ------
    InputError
        If there are none, a shard is damaged or foreign, or shards do not belong together.
    """
    paths = shard_paths(folder)
    header = header_of(paths[0])
    for path in paths:
        if header_of(path) != header:
            raise InputError(f"{str(path)!r} and {str(paths[0])!r} are of different teachers or encoders")
        yield from _examples(path, header)


def arrays(folder: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Return the columns of a folder: texts as arrays of `str`, vectors stacked, float32, shape (n, length).

    Raises
    ------
    InputError
        As `read`.
    """
    rows = list(read(folder))
    columns: dict[str, NDArray[Any]] = {
        name: np.array([getattr(row, name) for row in rows], dtype=object) for name in _TEXTS
    }
    return columns | {name: np.stack([getattr(row, name) for row in rows]) for name in _VECTORS}


def shard_paths(folder: str | os.PathLike[str], *, empty: bool = False) -> list[pathlib.Path]:
    """Return the shards of a folder in order.

    Raises
    ------
    InputError
        If there are none, unless ``empty`` allows it.
    """
    found = sorted(pathlib.Path(folder).glob("part-[0-9][0-9][0-9][0-9][0-9].parquet"))
    if not found and not empty:
        raise InputError(
            f"{str(folder)!r} holds no teacher data (part-00000.parquet); "
            "make some with chiaroscore distill data"
        )
    return found


def header_of(path: pathlib.Path) -> Header:
    """Return the header of a shard.

    Raises
    ------
    InputError
        If the file is damaged or holds something else.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        return Header.of(parquet.read_schema(path).metadata)
    except (OSError, ValueError, KeyError, TypeError, pyarrow.ArrowException) as error:
        raise InputError(
            f"cannot read teacher data from {str(path)!r}: {error}; remove it and run again"
        ) from error


def _examples(path: pathlib.Path, header: Header) -> Iterator[Example]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows > MOST_ROWS:
                raise ValueError(f"it has {file.metadata.num_rows:,} rows; the most is {MOST_ROWS:,}")
            if file.schema_arrow.remove_metadata() != _schema(header).remove_metadata():
                raise ValueError("its columns are not those of teacher data")
            table = file.read()
        texts = {name: table[name].to_pylist() for name in _TEXTS}
        vectors = {
            name: _stacked(table[name], length) for name, length in zip(_VECTORS, header.dims, strict=True)
        }
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise InputError(
            f"cannot read teacher data from {str(path)!r}: {error}; remove it and run again"
        ) from error
    for row in range(table.num_rows):
        one = Example(
            **{name: column[row] for name, column in texts.items()},
            **{name: column[row] for name, column in vectors.items()},
        )
        _check(one, header, f"{path.name}, row {row}")
        yield one


def _stacked(column: pyarrow.ChunkedArray, length: int) -> NDArray[np.float32]:
    """Return a column of vectors as (n, length)."""
    if column.null_count:
        raise ValueError("a vector is missing")
    flat = column.combine_chunks().flatten()
    if flat.null_count:
        raise ValueError("a vector has no number in some place")
    return np.asarray(flat.to_numpy(zero_copy_only=False), dtype=np.float32).reshape(len(column), length)


def _packed(examples: list[Example], header: Header) -> bytes:
    """Return examples as the bytes of a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    schema = _schema(header)
    columns = [pyarrow.array([getattr(one, name) for one in examples], pyarrow.string()) for name in _TEXTS]
    for name, length in zip(_VECTORS, header.dims, strict=True):
        flat = np.concatenate([getattr(one, name) for one in examples]).astype(np.float16)
        columns.append(
            pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(flat), type=schema.field(name).type)
        )
        assert length * len(examples) == len(flat)  # noqa: S101  # `_check` saw to it
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_arrays(columns, schema=schema), file, compression="zstd")
    return file.getvalue()


def _schema(header: Header) -> pyarrow.Schema:
    import pyarrow

    lengths = dict(zip(_VECTORS, header.dims, strict=True))
    fields = [pyarrow.field(name, pyarrow.string()) for name in _TEXTS]
    fields += [pyarrow.field(name, pyarrow.list_(pyarrow.float16(), lengths[name])) for name in _VECTORS]
    return pyarrow.schema(fields, metadata={_KEY: header.to_bytes()})


def _check(one: Example, header: Header, where: str) -> None:
    """Refuse an example that does not fit the header."""
    if not all(isinstance(getattr(one, name), str) for name in _TEXTS) or not one.id or not one.kin:
        raise InputError(f"{where}: an id, a kin or a text is missing; make the data again")
    if one.kind not in ("picture", "text"):
        raise InputError(f"{where}: the kind is {one.kind[:40]!r}, not picture or text; make the data again")
    if one.encoder != header.encoder:
        raise InputError(
            f"{where}: seen by {one.encoder[:60]!r}, not {header.encoder!r}; use one encoder in a folder"
        )
    for name, length in zip(_VECTORS, header.dims, strict=True):
        vector = getattr(one, name)
        if vector.shape != (length,) or not np.isfinite(vector).all():
            raise InputError(
                f"{where}: {name} is not {length} finite numbers (shape {vector.shape}); make it again"
            )


def _words(one: Example) -> bytes:
    """Return a digest of all that an example says."""
    said = json.dumps([one.kin, one.kind, one.rationale, one.music])
    return hashlib.sha256(said.encode()).digest()

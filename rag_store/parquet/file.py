"""Opening a Parquet export: is it a table of exemplars, and of which models are its vectors."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chiaroscore import InputError
from rag_store.parquet.table import FIELDS, FORMAT, PREFIX, VECTOR, columns

#: Rows that are read at once.
ROWS = 500
#: Bytes of a row group, unpacked, and of the texts in a file's own description.
MOST_BYTES, MOST_HEADER = 2**30, 2**24
#: What reading a damaged file, or a description that is none, may raise.
DAMAGE = (OSError, pa.ArrowException, LookupError, ValueError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Source:
    """The files of an export, whose columns are known to be right."""

    files: tuple[pathlib.Path, ...]
    spaces: dict[str, tuple[str, int]]  # space -> id of the model, dimension
    count: int  # rows of the files
    said: int  # exemplars that the export had


def opened(path: str | os.PathLike[str]) -> Source:
    """Return the file, or the files of a folder by name, once their columns are checked.

    Raises
    ------
    InputError
        If there is none, one cannot be read, a column lacks or has another type, or they are of two exports.
    """
    place = pathlib.Path(path)
    files = sorted(place.glob("*.parquet")) if place.is_dir() else [place]
    if not files:
        raise InputError(f"the folder {str(place)!r} holds no .parquet files; name an export of a store")
    heads = [_head(file) for file in files]
    if len({head.said for head in heads}) > 1:
        raise InputError(f"the files in {str(place)!r} are of several exports; name a folder that holds one")
    return Source(tuple(files), heads[0].spaces, sum(head.rows for head in heads), heads[0].count)


def batches(source: Source) -> Iterator[Any]:
    """Yield all rows as ``pyarrow.RecordBatch``, each proved whole, with nulls only among the vectors.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    for file in source.files:
        with _reading(file), _file(file) as read:
            for batch in read.iter_batches(ROWS):
                batch.validate(full=True)
                if nulls := [name for name in _full(batch.schema.names) if _nulls(batch.column(name))]:
                    raise InputError(f"{str(file)!r} has empty values in the column {nulls[0]!r}; fill them")
                yield batch


@dataclass(frozen=True, slots=True)
class _Head:
    """What one file says of its export, and how many rows it has."""

    said: str
    spaces: dict[str, tuple[str, int]]
    count: int
    rows: int


def _head(file: pathlib.Path) -> _Head:
    with _reading(file), _file(file) as read:
        schema, meta = read.schema_arrow, read.metadata
        said = {k.decode(): v.decode() for k, v in (meta.metadata or {}).items()}
        if said.get(PREFIX + "format") != FORMAT:
            found = said.get(PREFIX + "format", "none")
            raise InputError(f"{str(file)!r} is no export of a store of format {FORMAT} (it has: {found})")
        spaces = {
            str(space): (str(model), int(dim))
            for space, (model, dim) in json.loads(said[PREFIX + "spaces"]).items()
        }
        _check_columns(file, schema, list(spaces))
        for number in range(meta.num_row_groups):
            if (size := meta.row_group(number).total_byte_size) > MOST_BYTES:
                raise InputError(f"{str(file)!r} has a row group of {size:,} bytes; write smaller ones")
        own = sorted(one for one in said.items() if one[0].startswith(PREFIX))
        return _Head(str(own), spaces, int(said[PREFIX + "count"]), int(meta.num_rows))


def _check_columns(file: pathlib.Path, schema: Any, spaces: Sequence[str]) -> None:
    wanted = columns(spaces)
    there = dict(zip(schema.names, schema.types, strict=True))
    if lacking := [name for name in FIELDS if name not in there]:
        raise InputError(f"{str(file)!r} lacks the columns: {', '.join(lacking)}")
    for name, kind in there.items():
        if name not in wanted:
            raise InputError(
                f"{str(file)!r} has the unknown column {name!r}; leave out all but: {', '.join(wanted)}"
            )
        if not kind.equals(wanted[name]):
            raise InputError(f"the column {name!r} of {str(file)!r} is {kind}, not {wanted[name]}")


def _full(names: Sequence[str]) -> list[str]:
    """Return the columns that may hold no nulls."""
    return [name for name in names if not name.startswith(VECTOR)]


def _nulls(column: Any) -> bool:
    """Whether a column, or any list in it, holds a null."""
    if column.null_count:
        return True
    if pa.types.is_list(column.type):
        return _nulls(column.flatten())
    return pa.types.is_struct(column.type) and any(map(_nulls, column.flatten()))


@contextlib.contextmanager
def _file(file: pathlib.Path) -> Iterator[Any]:
    with pq.ParquetFile(
        file,
        thrift_string_size_limit=MOST_HEADER,
        thrift_container_size_limit=MOST_HEADER,
        page_checksum_verification=True,
    ) as read:
        yield read


@contextlib.contextmanager
def _reading(file: pathlib.Path) -> Iterator[None]:
    """Turn the errors of a damaged or missing file into one that says what it is."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"there is no file {str(file)!r}; check the path") from error
    except DAMAGE as error:
        text = " ".join(str(error).split())[:200]
        raise InputError(f"{str(file)!r} cannot be read as Parquet ({text}); export it again") from error

"""The table of exemplars: its columns, and exemplars as a batch of rows and back.

A row holds the fields of `Exemplar` under their names, ``print``, ``lines`` (a list of lines, each with the
lists ``onset``, ``pitch`` and ``bar``) and for every space of the store a list of float32,
``vector_<space>``, null for an exemplar without one. The file's metadata, all texts:

=========================  ==========================================================================
``chiaroscore.format``     `FORMAT`
``chiaroscore.version``    that wrote it
``chiaroscore.count``      exemplars of the whole export, in all its files
``chiaroscore.content``    digest of all exemplars, as the catalogue keeps it
``chiaroscore.spaces``     JSON: space -> [id of the model, dimension]
``chiaroscore.licences``   JSON: licence -> how many exemplars are under it
``chiaroscore.note``       how licences are to be read
=========================  ==========================================================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rag_store.catalogue import Entry
from rag_store.embed import Vectors
from rag_store.exemplar import Exemplar
from rag_store.lines import Line

FORMAT = "1"
#: What the names of metadata begin with.
PREFIX = "chiaroscore."
#: What the names of columns of vectors begin with.
VECTOR = "vector_"
NOTE = "Each exemplar is under the licence of its row; 'PD music; encoding ...' tells of both by themselves."

_LINE = pa.struct({"onset": pa.list_(pa.int64()), "pitch": pa.list_(pa.uint8()), "bar": pa.list_(pa.int32())})
_TYPES = {
    "str": pa.string(),
    "float": pa.float64(),
    "int": pa.int32(),
    "tuple[str, ...]": pa.list_(pa.string()),
}
#: Types of the fields of an exemplar, all of which a file must have.
FIELDS: dict[str, Any] = {field.name: _TYPES[str(field.type)] for field in dataclasses.fields(Exemplar)}
#: What a file may leave out: it is then found from the ABC.
BESIDE: dict[str, Any] = {"print": pa.string(), "lines": pa.list_(_LINE)}
_FLOATS = pa.list_(pa.float32())


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row as it was read: an exemplar, and what the file says beside it; None where it says nothing."""

    exemplar: Exemplar
    vectors: Mapping[str, Vectors]
    print: str | None = None
    lines: Sequence[Line] | None = None


def columns(spaces: Sequence[str]) -> dict[str, Any]:
    """Return the type of every column, by name, in order."""
    return FIELDS | BESIDE | {VECTOR + space: _FLOATS for space in spaces}


def batch(entries: Sequence[Entry], schema: Any) -> Any:
    """Return entries as a ``pyarrow.RecordBatch`` of a schema made from `columns`."""
    made: dict[str, Any] = {
        name: pa.array([getattr(entry.exemplar, name) for entry in entries], kind)
        for name, kind in FIELDS.items()
    }
    made["print"] = pa.array([entry.print for entry in entries], pa.string())
    made["lines"] = _lines([entry.lines for entry in entries])
    for name in schema.names[len(made) :]:
        made[name] = _vectors([entry.vectors.get(name.removeprefix(VECTOR)) for entry in entries])
    return pa.RecordBatch.from_arrays([made[name] for name in schema.names], schema=schema)


def rows(read: Any) -> Iterator[Row]:
    """Yield the rows of a ``pyarrow.RecordBatch`` whose columns have the types of `columns`."""
    names = read.schema.names
    fields = {name: read.column(name).to_pylist() for name in FIELDS}
    spaces = [name.removeprefix(VECTOR) for name in names if name.startswith(VECTOR)]
    vectors = {space: _lists(read.column(VECTOR + space)) for space in spaces}
    prints = read.column("print").to_pylist() if "print" in names else [None] * len(read)
    lines: Sequence[Any] = _lines_of(read.column("lines")) if "lines" in names else [None] * len(read)
    for i in range(len(read)):
        values = {name: column[i] for name, column in fields.items()}
        values["instruments"] = tuple(values["instruments"])
        held = {space: found for space in spaces if (found := vectors[space][i]) is not None}
        yield Row(Exemplar(**values), held, prints[i], lines[i])


def _vectors(held: Sequence[Vectors | None]) -> Any:
    flat = [np.asarray(vector, np.float32) for vector in held if vector is not None]
    return pa.ListArray.from_arrays(
        _offsets([0 if vector is None else len(vector) for vector in held]),
        pa.array(np.concatenate(flat) if flat else np.zeros(0, np.float32)),
        mask=pa.array([vector is None for vector in held], pa.bool_()),
    )


def _lines(groups: Sequence[Sequence[Line]]) -> Any:
    flat = [line for group in groups for line in group]
    offsets = _offsets([len(line) for line in flat])

    def lists(name: str, kind: Any) -> Any:
        values = np.concatenate([getattr(line, name) for line in flat]) if flat else np.zeros(0, np.int64)
        return pa.ListArray.from_arrays(offsets, pa.array(values).cast(kind))

    fields = [lists(field.name, field.type.value_type) for field in _LINE]
    return pa.ListArray.from_arrays(
        _offsets([len(group) for group in groups]), pa.StructArray.from_arrays(fields, fields=list(_LINE))
    )


def _offsets(sizes: Sequence[int]) -> Any:
    return pa.array(np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int32))


def _lists(column: Any) -> list[Any]:
    """Return the lists of numbers of a column, one array a row, None for a null."""
    offsets, values, there = (
        column.offsets.to_numpy(),
        column.values.to_numpy(),
        column.is_valid().to_pylist(),
    )
    return [values[offsets[i] : offsets[i + 1]] if there[i] else None for i in range(len(column))]


def _lines_of(column: Any) -> list[list[Line]]:
    offsets, notes = column.offsets.to_pylist(), column.values
    fields = {name: _lists(notes.field(name)) for name in ("onset", "pitch", "bar")}
    return [
        [
            Line(*(fields[name][k].astype(np.int64) for name in ("onset", "pitch", "bar")))
            for k in range(offsets[i], offsets[i + 1])
        ]
        for i in range(len(column))
    ]

"""Writing a store to Parquet: the same store gives the same bytes, and a large one needs little memory."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

import chiaroscore
from chiaroscore import ControlError, InputError, StoreError
from rag_store.catalogue import Entry
from rag_store.parquet.table import FIELDS, FORMAT, NOTE, PREFIX, VECTOR, batch, columns
from rag_store.records import content_digest
from rag_store.writing import Progress

if TYPE_CHECKING:
    from rag_store.store import Store

#: Rows of one group, which is what is held in memory.
GROUP = 1000
#: Names of the files of an export in several.
SHARD = re.compile(r"exemplars-\d{5}\.parquet")
#: Columns of few values, which are written as codes.
_CODED = ["genre", "mood", "tonic", "mode", "meter", "tempo_class", "source", "licence"]


def export(
    store: Store, path: str | os.PathLike[str], *, shard: int | None = None, progress: Progress | None = None
) -> int:
    """Write all that a store holds, sorted by id; returns the number of exemplars.

    What is written is one file or, if ``shard`` is given, a folder of files ``exemplars-00000.parquet`` ...
    of that many rows. It has a temporary name until it is whole. An older export at ``path`` is replaced.

    Raises
    ------
    InputError
        If the place cannot be written, or holds something that is no such export.
    ControlError
        If ``shard`` is less than one row.
    StoreError
        If another process writes the store meanwhile, or its exemplars are not those that were written.
    """
    if shard is not None and shard < 1:
        raise ControlError(f"files of {shard} rows cannot be; give at least 1")
    target = pathlib.Path(path)
    _mind(target, folder=shard is not None)
    scratch = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        with _put_right(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            count = _write(store, scratch, shard, progress)
            _replace(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            scratch.unlink()
    return count


def _write(store: Store, scratch: pathlib.Path, shard: int | None, progress: Progress | None) -> int:
    """Write one file or the folder of several; what was read must be what the catalogue says it holds."""
    catalogue, content, total = store.catalogue, store.catalogue.content, store.count()
    schema, said, digest, done = schema_of(store), description(store), "0", 0
    entries = catalogue.entries()
    for path in _files(scratch, total, shard):
        with path.open("wb") as file, pq.ParquetWriter(file, schema, **_options(schema)) as writer:
            writer.add_key_value_metadata(said)
            for group in _groups(islice(entries, shard)):
                writer.write_batch(batch(group, schema), row_group_size=GROUP)
                digest, done = content_digest([e.exemplar for e in group], (), digest), done + len(group)
                if progress:
                    progress("writing Parquet", done, total)
    if content != catalogue.content:
        raise StoreError("another process wrote the store while it was exported; export it again")
    if (digest, done) != (content, total):
        raise StoreError("the exemplars are not those that were written; see: chiaroscore store check")
    return done


def schema_of(store: Store) -> Any:
    """Return the schema of a store's table."""
    return pa.schema([pa.field(name, kind) for name, kind in columns(sorted(store.spaces)).items()])


def description(store: Store) -> dict[str, str]:
    """Return the metadata of a store's export; see `rag_store.parquet.table`."""
    said = {
        "format": FORMAT,
        "version": chiaroscore.__version__,
        "count": str(store.count()),
        "content": store.catalogue.content,
        "spaces": json.dumps(store.spaces, sort_keys=True),
        "licences": json.dumps(store.catalogue.licences(), sort_keys=True),
        "note": NOTE,
    }
    return {PREFIX + name: text for name, text in said.items()}


def _options(schema: Any) -> dict[str, Any]:
    """Return how a file is written: numbers of vectors byte by byte, which packs them better."""
    vectors = [f"{name}.list.element" for name in schema.names if name.startswith(VECTOR)]
    return {
        "compression": "zstd", "use_dictionary": [name for name in _CODED if name in FIELDS],
        "use_byte_stream_split": vectors, "write_statistics": ["id", *_CODED], "store_schema": False,
        "write_page_checksum": True,
    }  # fmt: skip


def _groups(entries: Iterator[Entry]) -> Iterator[Sequence[Entry]]:
    while group := list(islice(entries, GROUP)):
        yield group


def _files(scratch: pathlib.Path, total: int, shard: int | None) -> Iterator[pathlib.Path]:
    """Yield the files to write: the scratch file itself, or those in the scratch folder; at least one."""
    if shard is None:
        yield scratch
        return
    scratch.mkdir()
    for number in range(max(1, -(-total // shard))):
        yield scratch / f"exemplars-{number:05}.parquet"


def _mind(target: pathlib.Path, *, folder: bool) -> None:
    """Refuse to replace what is no export."""
    if not folder and target.is_dir():
        raise InputError(f"{str(target)!r} is a folder; name a file, or rows a file to fill a folder")
    if folder and target.exists() and not target.is_dir():
        raise InputError(f"{str(target)!r} is a file; name a folder for an export in several files")
    strange = (
        sorted(p.name for p in target.iterdir() if not SHARD.fullmatch(p.name)) if target.is_dir() else []
    )
    if strange:
        raise InputError(
            f"{str(target)!r} holds {strange[0]!r}, which is no part of an export; name a new folder"
        )


def _replace(scratch: pathlib.Path, target: pathlib.Path) -> None:
    """Give what is whole its name."""
    if target.is_dir():
        old = scratch.with_name(scratch.name + "-old")
        os.replace(target, old)
        os.replace(scratch, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(scratch, target)


@contextlib.contextmanager
def _put_right(target: pathlib.Path) -> Iterator[None]:
    """Turn the system's error into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write {str(target)!r}: {error.strerror or error}; "
            "choose a place you may write to, with room left"
        ) from error

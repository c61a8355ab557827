"""How an `Exemplar` lies in a table's row and in Chroma's metadata, and the digest of many of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from chiaroscore import StoreError
from rag_store.exemplar import Exemplar

#: Fields in the order of a row; the id goes before them.
FIELDS = tuple(field.name for field in dataclasses.fields(Exemplar) if field.name != "id")
#: The same without the ABC.
ATTRIBUTES = tuple(name for name in FIELDS if name != "abc")
_PLAIN: dict[str, Callable[[Any], str | int | float]] = {
    "str": str, "float": float, "int": int, "tuple[str, ...]": "|".join
}  # fmt: skip
_TYPES: dict[str, Callable[[Any], str | int | float]] = {
    field.name: _PLAIN[str(field.type)] for field in dataclasses.fields(Exemplar)
}


def to_row(exemplar: Exemplar) -> list[str | int | float]:
    """Return the values of `FIELDS`."""
    return list(to_metadata(exemplar, FIELDS).values())


def from_row(row: Sequence[Any]) -> Exemplar:
    """Return the exemplar of a row: its id and the values of `FIELDS`."""
    values = dict(zip(FIELDS, row[1:], strict=True))
    values["instruments"] = tuple(name for name in values["instruments"].split("|") if name)
    return Exemplar(id=row[0], **values)


def to_metadata(exemplar: Exemplar, fields: Sequence[str] = ATTRIBUTES) -> dict[str, str | int | float]:
    """Return fields as plain values: instruments joined by "|", no negative zero (Chroma drops its sign)."""
    plain = {name: _TYPES[name](getattr(exemplar, name)) for name in fields}
    return {name: value + 0.0 if isinstance(value, float) else value for name, value in plain.items()}


def from_record(identity: str, abc: str, metadata: Mapping[str, Any]) -> Exemplar:
    """Return the exemplar of a record of Chroma.

    Raises
    ------
    StoreError
        If a field is missing: the record is from another version.
    """
    try:
        return from_row([identity, *(abc if name == "abc" else metadata[name] for name in FIELDS)])
    except KeyError as error:
        raise StoreError(
            f"exemplar {identity!r} lacks the field {error}; rebuild the store: chiaroscore store build"
        ) from error


def content_digest(added: Iterable[Exemplar], removed: Iterable[Exemplar] = (), start: str = "0") -> str:
    """Digest of a set of exemplars in any order: the sum of their digests, so that it can be carried on."""
    total = int(start, 16) + sum(map(_row_digest, added)) - sum(map(_row_digest, removed))
    return f"{total % (1 << 128):032x}"


def _row_digest(exemplar: Exemplar) -> int:
    text = json.dumps([exemplar.id, exemplar.abc, to_metadata(exemplar)], sort_keys=True)
    return int(hashlib.sha256(text.encode()).hexdigest()[:32], 16)

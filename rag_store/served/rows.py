"""A row on a server: an entry of the catalogue as Chroma's metadata, and read back with distrust.

All fields lie there under their names, for any client of Chroma. Chroma's server gives one in fourteen
fractions back wrong in the last digit, so these are in ``exact`` once more, as text. Print and melodic lines
go along (0.3 kB a piece, few over 2 kB): to make them again takes 6 ms a piece.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chiaroscore import NotationError, StoreError
from notation import parse
from rag_store.catalogue import Entry
from rag_store.embed import Vectors
from rag_store.exemplar import Exemplar
from rag_store.lines import Line, from_bytes, to_bytes, tune_lines
from rag_store.records import FIELDS, from_record, to_metadata
from rag_store.words import genre_names

#: Characters of an id, of any other text, of an ABC, of packed lines; bytes of unpacked lines.
LONGEST = {"id": 500, "text": 10_000, "abc": 200_000, "lines": 60_000, "unpacked": 2**20}
#: Largest whole number of a row.
LARGEST = 2**31 - 1
#: Numbers of changes stay below what JSON's numbers hold.
MOST_CHANGES = 2**53
_KINDS = {field.name: str(field.type) for field in dataclasses.fields(Exemplar)}
FRACTIONS = tuple(name for name in FIELDS if _KINDS[name] == "float")


def to_server(entry: Entry, change: int) -> dict[str, str | int | float]:
    """Return the metadata of an entry that is the store's ``change``-th change.

    Raises
    ------
    StoreError
        If one of its texts is too long for a server.
    """
    plain = to_metadata(entry.exemplar)
    _fit(entry.exemplar)
    packed = base64.b64encode(to_bytes(entry.lines)).decode()
    exact = json.dumps([float(plain[name]) for name in FRACTIONS])
    own: dict[str, str | int | float] = {"change": change, "exact": exact, "print": entry.print}
    return plain | own | {"lines": packed if len(packed) <= LONGEST["lines"] else ""}


def from_server(
    identity: Any,
    abc: Any,
    metadata: Any,
    vectors: Mapping[str, Vectors],
    spaces: Mapping[str, tuple[str, int]],
) -> tuple[Entry, int]:
    """Return the entry of a server's row and the number of its change.

    Raises
    ------
    StoreError
        If the row is not one that `to_server` would make.
    """
    try:
        exemplar = _exemplar(identity, abc, metadata)
        change = _whole(metadata["change"], MOST_CHANGES)
        held = {space: _vector(row, spaces[space][1]) for space, row in vectors.items()}
        return Entry(
            exemplar, held, _text(metadata["print"]), _lines(metadata["lines"], exemplar.abc)
        ), change
    except (ValueError, TypeError, KeyError, AttributeError, NotationError, zlib.error) as error:
        raise StoreError(
            f"the server's row {str(identity)[:60]!r} is no exemplar ({type(error).__name__}: "
            f"{str(error)[:120]}); update chiaroscore, or publish the store again"
        ) from error


def _exemplar(identity: Any, abc: Any, metadata: Mapping[str, Any]) -> Exemplar:
    exact = dict(zip(FRACTIONS, json.loads(_text(metadata["exact"])), strict=True))
    checked = {name: _checked(name, exact.get(name, metadata.get(name))) for name in FIELDS if name != "abc"}
    made = from_record(_text(identity), abc, checked)
    if not made.id or not made.caption.strip() or made.genre not in genre_names():
        raise ValueError(f"its id or caption is empty, or its genre {made.genre!r} is unknown")
    _fit(made)
    return made


def _checked(name: str, value: Any) -> Any:
    if _KINDS[name] == "int":
        return _whole(value, LARGEST)
    return _fraction(value) if _KINDS[name] == "float" else _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST["text"]:
        raise ValueError("a text is missing or too long")
    return value


def _whole(value: Any, most: int) -> int:
    if type(value) is not int or not -most <= value <= most:
        raise ValueError(f"{str(value)[:30]!r} is no whole number in range")
    return value


def _fraction(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise ValueError(f"{str(value)[:30]!r} is no number")
    return float(value)


def _vector(row: Any, dim: int) -> Vectors:
    vector = np.asarray(row, dtype=np.float32)
    if vector.shape != (dim,) or not abs(float(np.linalg.norm(vector)) - 1) < 1e-2:
        raise ValueError(f"a vector has the shape {vector.shape}, not {(dim,)}, or is no unit vector")
    return vector


def _lines(packed: Any, abc: str) -> Sequence[Line]:
    """Unpack melodic lines; those too long to go along are made again from the ABC."""
    if packed == "":
        return tune_lines(parse(abc))
    if not isinstance(packed, str) or len(packed) > LONGEST["lines"]:
        raise ValueError("its melodic lines are missing or too long")
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(_decoded(packed), LONGEST["unpacked"])
    if not unpacker.eof:
        raise ValueError("its melodic lines are cut off or too long")
    lines = from_bytes(zlib.compress(raw, 0))
    if any(
        len(line) and (line.pitch.max() > 127 or np.diff(line.onset).min(initial=0) < 0) for line in lines
    ):
        raise ValueError("its melodic lines are no music")
    return lines


def _decoded(packed: str) -> bytes:
    try:
        return base64.b64decode(packed, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its melodic lines are no base64: {error}") from error


def _fit(exemplar: Exemplar) -> None:
    texts = [
        value for name, value in to_metadata(exemplar).items() if isinstance(value, str) and name != "abc"
    ]
    if (
        len(exemplar.id) > LONGEST["id"]
        or len(exemplar.abc) > LONGEST["abc"]
        or max(map(len, texts)) > LONGEST["text"]
    ):
        raise StoreError(
            f"exemplar {exemplar.id[:60]!r} is too long for a server: at most {LONGEST['abc']} characters of "
            f"ABC and {LONGEST['text']} of any other text; shorten it"
        )

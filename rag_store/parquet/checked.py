"""What a row must be before it is stored: bounded, plain, and a tune. Files may come from anywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chiaroscore import ControlError, NotationError
from notation import instrument, parse
from notation.limits import MAX_BARS, MAX_CHARACTERS, MAX_PLAYED, MAX_VOICES
from rag_store.catalogue import Entry
from rag_store.embed import Vectors
from rag_store.exemplar import Exemplar
from rag_store.fingerprint import fingerprint
from rag_store.lines import Line, tune_lines
from rag_store.parquet.table import FIELDS, Row
from rag_store.words import genre_names

#: Characters of a text; of those not named, 300.
LENGTHS = {"abc": MAX_CHARACTERS, "title": 2_000, "caption": 8_000}
#: Ranges of numbers, both ends within.
RANGES: dict[str, tuple[float, float]] = {
    "tempo": (1, 2_000), "density": (0, 1_000), "low": (0, 127), "high": (0, 127), "voices": (1, MAX_VOICES),
    "bars": (1, MAX_BARS), "valence": (-1, 1), "arousal": (-1, 1), "year": (0, 9_999),
}  # fmt: skip
_PRINT = re.compile(r"[0-9a-f]{0,64}")


def fault(row: Row, spaces: Mapping[str, tuple[str, int]]) -> str:
    """Return what is wrong with a row, in words; "" if nothing is. The ABC is looked at by `heard`.

    Parameters
    ----------
    row
        As it was read.
    spaces
        Of the file: space -> id of the model, dimension.
    """
    return (
        _of_texts(row.exemplar)
        or _of_numbers(row.exemplar)
        or next(filter(None, (_of_vector(name, row.vectors[name], dim) for name, (_, dim) in spaces.items()
                              if name in row.vectors)), "")
        or _of_beside(row)
    )  # fmt: skip


def heard(row: Row) -> Entry | str:
    """Return the row as it is stored, print and lines from its ABC where the file has none; or a fault."""
    try:
        tune = parse(row.exemplar.abc)
    except NotationError as error:
        return f"its ABC is no tune: {error}"
    if not any(voice.notes for voice in tune.voices):
        return "its ABC has no notes"
    own_print = row.print if row.print is not None else fingerprint(tune)
    lines = row.lines if row.lines is not None else tune_lines(tune)
    return Entry(row.exemplar, row.vectors, own_print, lines)


def _of_texts(exemplar: Exemplar) -> str:
    for name, kind in FIELDS.items():
        value: Any = getattr(exemplar, name)
        if str(kind) != "string":
            continue
        most = LENGTHS.get(name, 300)
        if len(value) > most:
            return f"its {name} has {len(value):,} characters, the most is {most:,}"
        if name != "abc" and not value.isprintable():
            return f"its {name} holds control characters"
        if name in ("id", "caption") and not value.strip():
            return f"its {name} is empty"
    if exemplar.genre not in genre_names():
        return f"its genre {exemplar.genre!r} is unknown"
    return _of_instruments(exemplar.instruments)


def _of_instruments(names: Sequence[str]) -> str:
    try:
        strange = [name for name in names if instrument(name).name != name]
    except ControlError as error:
        return f"its instruments: {error}"
    return f"its instrument {strange[0]!r} is not a name of the table" if strange else ""


def _of_numbers(exemplar: Exemplar) -> str:
    for name, (low, high) in RANGES.items():
        value = getattr(exemplar, name)
        if not (math.isfinite(value) and low <= value <= high):
            return f"its {name} {value!r} is not from {low:g} to {high:g}"
    return "" if exemplar.low <= exemplar.high else "its lowest pitch is above its highest"


def _of_vector(space: str, vector: Vectors, dim: int) -> str:
    if len(vector) != dim:
        return f"its {space} vector has {len(vector)} numbers, not {dim}"
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return "" if abs(length - 1) < 1e-2 else f"its {space} vector has the length {length:g}, not 1"


def _of_beside(row: Row) -> str:
    if row.print is not None and not _PRINT.fullmatch(row.print):
        return f"its print {row.print[:70]!r} is not hexadecimal"
    lines = row.lines or ()
    if len(lines) > MAX_VOICES or sum(map(len, lines)) > MAX_PLAYED:
        return f"it has {len(lines):,} lines of {sum(map(len, lines)):,} notes, which is too many"
    return next(filter(None, map(_of_line, lines)), "")


def _of_line(line: Line) -> str:
    if not len(line.onset) == len(line.pitch) == len(line.bar):
        return "a line has not as many onsets as pitches and bars"
    if not len(line):
        return ""
    steps = np.diff(line.onset, prepend=0)
    if steps.min() < 0 or steps.max() >= 2**31:
        return "the onsets of a line do not go forward"
    if line.pitch.max() > 127 or line.bar.min() < 0 or line.bar.max() > MAX_BARS:
        return "a line has pitches above 127 or impossible bars"
    return ""

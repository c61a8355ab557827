"""The plan bank: plans of the teacher with their E_m, and rationales with their E_r, found by nearness.

It goes with a mapper as ``bank.safetensors``. Vectors lie in it as bytes with one scale a row; texts that
occur several times are stored once, in the file's metadata.

Conventions
-----------
``n`` plans, ``m`` rationales; vectors have unit length, so that products are cosines.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError, write_bytes
from mapper.choices import NUMBERS, TEXTS, Choices

if TYPE_CHECKING:
    from mapper.example import Example

Floats = NDArray[np.float32]

BANK = "bank.safetensors"
WHAT, FORMAT = "chiaroscore plan bank", 1
#: Most plans and rationales that are taken in, and most bytes of a file that is read.
PLANS, RATIONALES, MOST_BYTES = 8000, 2000, 64_000_000
#: Cosine from which two plans that chose the same, or two rationales, count as one.
SAME = 0.995
#: Longest rationale that is kept, in characters.
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bank is read: fitted on validation examples by `mapper.deciding.calibrated`."""

    neighbours: int = 32  # how many of the nearest plans vote
    temperature: float = 0.05  # of their weights, as a difference of cosines
    head: float = 0.5  # share of the plan head in the probabilities, the rest being the votes'

    def __post_init__(self) -> None:
        good = (
            type(self.neighbours) is int and 1 <= self.neighbours <= 4096
            and 1e-4 <= self.temperature <= 10 and 0 <= self.head <= 1
        )  # fmt: skip
        if not good:
            raise InputError(f"a bank cannot be read by {self}; make the bank again")


@dataclass(frozen=True, eq=False)
class Bank:
    """Plans and rationales."""

    heard: Floats  # (n, length of E_m)
    codes: dict[str, NDArray[np.uint16]]  # by text field of `Choices`, shape (n,): places in ``tables``
    tables: dict[str, tuple[str, ...]]  # texts by field
    numbers: dict[str, Floats]  # by number field of `Choices`, shape (n,)
    why: Floats  # (m, length of E_r)
    rationales: tuple[str, ...]
    reading: Reading = dataclasses.field(default_factory=Reading)
    digest: str = ""  # SHA-256 of the file it was loaded from

    def __len__(self) -> int:
        return len(self.heard)

    def plan(self, at: int) -> Choices:
        """Return what the plan at a place chose."""
        chosen: dict[str, Any] = {name: self.tables[name][self.codes[name][at]] for name in TEXTS}
        chosen |= {name: round(float(self.numbers[name][at]), 4) for name in NUMBERS}
        return Choices(**chosen)

    def rationale(self, why: Floats) -> tuple[str, float]:
        """Return the rationale nearest to E_r, and its cosine; ("", 0) of a bank without any."""
        if not self.rationales:
            return "", 0.0
        near = self.why @ why
        at = int(near.argmax())
        return self.rationales[at], float(near[at])

    def save(self, folder: str | os.PathLike[str]) -> pathlib.Path:
        """Write the bank into the folder of its mapper; returns the file's path."""
        from safetensors.numpy import save

        arrays: dict[str, NDArray[Any]] = {f"code.{name}": codes for name, codes in self.codes.items()}
        arrays |= {f"number.{name}": values.astype(np.float32) for name, values in self.numbers.items()}
        for name, rows in (("heard", self.heard), ("why", self.why)):
            arrays[name], arrays[f"{name}.scale"] = _packed(rows)
        said = {
            "what": WHAT, "format": FORMAT, "reading": dataclasses.asdict(self.reading),
            "tables": self.tables, "rationales": self.rationales,
        }  # fmt: skip
        path = pathlib.Path(folder) / BANK
        write_bytes(path, save(dict(sorted(arrays.items())), {"bank": json.dumps(said, ensure_ascii=False)}))
        return path


def bank_of(
    examples: Iterable[Example],
    groups: Mapping[str, str] | None = None,
    *,
    most: int = PLANS,
    rationales: int = RATIONALES,
    seed: int = 0,
) -> Bank:
    """Return the bank of some examples, which must be of the training part only.

    Kins take turns, so that a bank that cannot hold all holds some of each; what repeats another is left out.

    Parameters
    ----------
    groups
        Genre -> genre group.

    Raises
    ------
    InputError
        If there is no example, or a plan is none.
    """
    from pydantic import ValidationError

    from mapper.choices import choices_of
    from prompts import Plan

    rows = _in_turns(list(examples), seed)
    if not rows:
        raise InputError("a bank needs at least one example; make teacher data with `distill data`")
    try:
        found = [(row, choices_of(Plan.model_validate_json(row.plan), groups)) for row in rows]
    except ValidationError as error:
        raise InputError(
            f"an example has no valid plan ({error.error_count()} faults); make the data again"
        ) from error
    chosen = _distinct([(row.heard, dataclasses.replace(one, title="")) for row, one in found], most)
    told = _distinct([(row.why, row.rationale) for row in rows], rationales)
    plans = [found[at][1] for at in chosen]
    tables = {name: tuple(sorted({getattr(one, name) for one in plans})) for name in TEXTS}
    places = {name: {text: at for at, text in enumerate(table)} for name, table in tables.items()}
    return Bank(
        heard=_stacked([rows[at].heard for at in chosen]),
        codes={
            name: np.array([places[name][getattr(one, name)] for one in plans], dtype=np.uint16)
            for name in TEXTS
        },
        tables=tables,
        numbers={name: np.array([getattr(one, name) for one in plans], dtype=np.float32) for name in NUMBERS},
        why=_stacked([rows[at].why for at in told]),
        rationales=tuple(rows[at].rationale[:_LONGEST] for at in told),
    )


def load_bank(folder: str | os.PathLike[str], heard: int = 0, why: int = 0) -> Bank:
    """Read the bank of a mapper.

    Parameters
    ----------
    heard, why
        Lengths that its vectors must have; 0 takes any.

    Raises
    ------
    InputError
        If there is none, or it is damaged, of another kind or for another mapper.
    """
    import safetensors

    path = pathlib.Path(folder) / BANK
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(f"it has {size:,} bytes; at most {MOST_BYTES:,} are read")
        data = path.read_bytes()
        return _read(data, heard, why)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        safetensors.SafetensorError,
    ) as error:
        said = " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
        raise InputError(
            f"cannot read the plan bank {str(path)!r}: {said}; copy the whole mapper again"
        ) from error


def _read(data: bytes, heard: int, why: int) -> Bank:
    from safetensors import deserialize
    from safetensors.numpy import load

    deserialize(data)  # refuses what is no safetensors file before its header is looked at
    said = _metadata(data)
    arrays = load(data)
    tables = {name: tuple(map(str, said["tables"][name])) for name in TEXTS}
    found = Bank(
        heard=_unpacked(arrays, "heard", heard),
        codes={name: arrays[f"code.{name}"] for name in TEXTS},
        tables=tables,
        numbers={name: arrays[f"number.{name}"] for name in NUMBERS},
        why=_unpacked(arrays, "why", why),
        rationales=tuple(map(str, said["rationales"])),
        reading=Reading(**said["reading"]),
        digest=hashlib.sha256(data).hexdigest(),
    )
    _check(found)
    return found


def _metadata(data: bytes) -> dict[str, Any]:
    """Return what the file says it holds."""
    length = int.from_bytes(data[:8], "little")
    said = json.loads(json.loads(data[8 : 8 + length]).get("__metadata__", {}).get("bank", "null"))
    if not isinstance(said, dict) or said.get("what") != WHAT or said.get("format") != FORMAT:
        raise ValueError(f"it is no {WHAT} of format {FORMAT}")
    return said


def _check(found: Bank) -> None:
    """Refuse columns that do not fit together."""
    count = len(found.heard)
    if not count:
        raise ValueError("it holds no plan")
    for name in TEXTS:
        codes = found.codes[name]
        if codes.shape != (count,) or codes.dtype != np.uint16 or codes.max() >= len(found.tables[name]):
            raise ValueError(f"{name} does not stand for {count} plans")
    for name in NUMBERS:
        values = found.numbers[name]
        if values.shape != (count,) or values.dtype != np.float32 or not np.isfinite(values).all():
            raise ValueError(f"{name} is not {count} numbers")
    if len(found.rationales) != len(found.why):
        raise ValueError(f"{len(found.rationales)} rationales have {len(found.why)} vectors")


def _in_turns(rows: list[Example], seed: int) -> list[Example]:
    """Return the examples so that every kin has its first before any has its second."""
    random.Random(f"{seed}:bank").shuffle(rows)  # noqa: S311 - repeatable, not secret
    turn: dict[str, int] = {}
    keyed = []
    for row in rows:
        turn[row.kin] = turn.get(row.kin, -1) + 1
        keyed.append((turn[row.kin], row))
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _distinct(rows: Sequence[tuple[Floats, object]], most: int) -> list[int]:
    """Return the places of up to ``most`` rows, none like an earlier one that said the same."""
    kept: list[int] = []
    by_saying: dict[object, list[Floats]] = {}
    for at, (vector, said) in enumerate(rows):
        if len(kept) == most:
            break
        before = by_saying.setdefault(said, [])
        if not any(float(vector @ other) > SAME for other in before):
            before.append(vector)
            kept.append(at)
    return kept


def _stacked(vectors: Sequence[Floats]) -> Floats:
    rows = np.stack(vectors).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _packed(rows: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return rows as bytes, and the scale of each."""
    scale = np.maximum(np.abs(rows).max(axis=1, initial=0.0), 1e-12) / 127
    return np.round(rows / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def _unpacked(arrays: Mapping[str, NDArray[Any]], name: str, length: int) -> Floats:
    """Return the rows, made unit length again."""
    packed, scale = arrays[name], arrays[f"{name}.scale"]
    if (
        packed.dtype != np.int8
        or packed.ndim != 2
        or scale.shape != packed.shape[:1]
        or not np.isfinite(scale).all()
    ):
        raise ValueError(f"{name} is not rows of bytes with a scale each")
    if length and packed.shape[1] != length:
        raise ValueError(f"{name} has vectors of length {packed.shape[1]}, and the mapper's have {length}")
    rows = packed.astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)

"""Where a revised piece comes from: its parents, nearest first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.piece import Piece


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A piece that another was made from, and how."""

    what: str  # what was done to it: "revise", "keep", "extend", "vary"
    request: str  # with which words or numbers
    abc_sha256: str
    seed: int
    title: str


def ancestry(parent: Piece, what: str, request: str) -> tuple[Ancestor, ...]:
    """Return the line of a piece that is made from ``parent``, nearest first."""
    digest = hashlib.sha256(parent.abc.encode()).hexdigest()
    return (Ancestor(what, request, digest, parent.seed, parent.plan.title), *parent.lineage)


def recorded(lineage: Iterable[Ancestor]) -> list[dict[str, Any]]:
    """Return a line as the manifest keeps it."""
    return [asdict(one) for one in lineage]


def from_record(rows: Iterable[Mapping[str, Any]]) -> tuple[Ancestor, ...]:
    """Return a line as a manifest has it."""
    return tuple(
        Ancestor(
            str(row["what"]), str(row["request"]), str(row["abc_sha256"]), int(row["seed"]), str(row["title"])
        )
        for row in rows
    )

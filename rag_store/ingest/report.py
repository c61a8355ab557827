"""What an ingest did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that was not stored, and why."""

    item: str  # its id, or the path of a file that holds none
    kind: str
    reason: str


@dataclass(slots=True)
class Report:
    """Counts and refusals of one ingest."""

    found: int = 0  # items of all files
    known: int = 0  # stored or refused by an earlier run and unchanged since
    stored: int = 0
    genres: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Items read a second, without those known."""
        return (self.found - self.known) / self.seconds if self.seconds else 0.0

    def kinds(self) -> dict[str, int]:
        """Count the refusals of each kind, most first."""
        return dict(Counter(refusal.kind for refusal in self.refusals).most_common())

    def as_data(self) -> dict[str, Any]:
        """Return plain data for a file: counts, then every refusal."""
        return {
            "found": self.found, "known": self.known, "stored": self.stored,
            "seconds": round(self.seconds, 1), "genres": dict(sorted(self.genres.items())),
            "refused": self.kinds(),
            "refusals": [
                {"item": one.item, "kind": one.kind, "reason": one.reason} for one in self.refusals
            ],
        }  # fmt: skip

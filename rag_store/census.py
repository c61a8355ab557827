"""What catalogue and index hold, compared row by row: missing rows, orphans, rows that no search reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag_store.catalogue import Catalogue
from rag_store.chroma import BORNE, Index, unreachable
from rag_store.manifest import REBUILD

#: Exemplars whose vectors are held at once.
ROWS = 4000


@dataclass(frozen=True, slots=True)
class Census:
    """Of one space. Rows that wait for their place in the index are left out of all but ``exemplars``."""

    space: str
    exemplars: int  # that have a vector, by the catalogue
    indexed: int  # rows of the index
    missing: tuple[str, ...]  # ids that the index lacks
    orphans: tuple[str, ...]  # ids of the index that the catalogue does not know
    asked: int  # exemplars that were searched by their own vectors
    lost: tuple[str, ...]  # and not found

    @property
    def recall(self) -> float:
        """Share of the exemplars asked for that their own vectors find; 1 if none was asked for."""
        return 1 - len(self.lost) / self.asked if self.asked else 1.0

    def faults(self) -> Iterator[str]:
        """Yield what is wrong, in words."""
        if self.missing:
            first = self.missing[0]
            yield f"{len(self.missing)} exemplars are not in the {self.space} index, such as {first!r}"
        if self.orphans:
            first = self.orphans[0]
            yield f"the {self.space} index holds {len(self.orphans)} rows of no exemplar, such as {first!r}"
        if len(self.lost) > BORNE * self.asked:
            yield f"no search of the {self.space} index reaches {', '.join(self.lost[:5])}"


def census(catalogue: Catalogue, index: Index, sample: int) -> Iterator[Census]:
    """Yield the census of every space; of more exemplars than ``sample`` an even choice is searched."""
    unsettled = set(catalogue.pending()) | set(catalogue.dropped())
    for space in index.spaces:
        known, held = set(catalogue.ids_in(space)), index.ids(space)
        asked = sorted((known & held) - unsettled)
        asked = asked[:: max(1, len(asked) // max(1, sample))]
        yield Census(
            space,
            exemplars=len(known),
            indexed=len(held),
            missing=tuple(sorted(known - held - unsettled)),
            orphans=tuple(sorted(held - known - unsettled)),
            asked=len(asked),
            lost=tuple(_lost(catalogue, index, space, asked)),
        )


def _lost(catalogue: Catalogue, index: Index, space: str, asked: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(asked), ROWS):
        part = list(catalogue.entries(asked[start : start + ROWS]))
        yield from unreachable(index, space, {e.exemplar.id: e.vectors[space] for e in part})


@dataclass(frozen=True, slots=True)
class Examination:
    """What a test of a whole store found."""

    count: int  # exemplars of the catalogue
    waiting: int  # of them, those that wait for their place in the index
    intact: bool  # whether they are those that were written
    spaces: tuple[Census, ...]

    def problems(self) -> list[str]:
        """Return what is wrong, in words, with what to do; nothing if nothing is."""
        said = [f"{fault}; {REBUILD}" for one in self.spaces for fault in one.faults()]
        if self.waiting:
            said.append(
                f"{self.waiting} exemplars wait for their place in the index; open the store to write them"
            )
        if not self.intact:
            said.append(f"the exemplars are not those that were written; {REBUILD}")
        return said


def examine(catalogue: Catalogue, index: Index) -> Examination:
    """Test a whole store: every exemplar is searched by its own vectors, and all are read."""
    return Examination(
        catalogue.count(),
        len(catalogue.pending()),
        catalogue.intact(),
        tuple(census(catalogue, index, sample=catalogue.count())),
    )

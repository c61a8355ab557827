"""Two tracks and their joining: broad by text, targeted by attributes, as in MTM, then variety.

Rules
-----
* Broad track: all genres' nearest captions, ordered by cosine.
* Targeted track (if attributes are asked or named by the text): rows of the asked genre, or of all; ordered
  by the weight of the attributes they meet, then by cosine; rows that meet none are not in it.
* Joining: cosine as a share of the best one, plus the share of the asked weight that is met; the latter
  counts double when any attribute was asked outright (what was only read from the text then weighs half).
  Divided by the highest sum possible.
* Variety: maximal marginal relevance (Carbonell & Goldstein 1998), three quarters of the weight on relevance,
  decides which are chosen; the joined score decides their order.

Equal scores are ordered by id, so the same question has the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_store.embed import Vectors
from rag_store.exemplar import Exemplar
from rag_store.wanted import WEIGHTS, Wanted

RELEVANCE = 0.75  # of the MMR weight; the rest punishes likeness to what is already chosen


@dataclass(frozen=True, slots=True)
class Row:
    """One answer of a query: id, cosine to the query, metadata."""

    id: str
    cosine: float
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: the exemplar, its score in (0, 1] (1: first on every track), and why it is here."""

    exemplar: Exemplar
    score: float
    why: list[str]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A row with its joined score and its reasons."""

    row: Row
    score: float
    why: tuple[str, ...]


def broad(rows: Sequence[Row]) -> list[Row]:
    """Order rows by their cosine to the query."""
    return sorted(rows, key=lambda row: (-round(row.cosine, 6), row.id))


def targeted(rows: Sequence[Row], wanted: Wanted) -> list[Row]:
    """Order the rows that meet asked attributes by the weight of what they meet, then by cosine."""
    chosen = [row for row in rows if share(row, wanted) > 0]
    return sorted(chosen, key=lambda row: (-share(row, wanted), -round(row.cosine, 6), row.id))


def share(row: Row, wanted: Wanted) -> float:
    """Return how much of the asked weight a row meets, in [0, 1]; none outside the asked genre.

    What was read from the text weighs half beside what was asked outright.
    """
    if wanted.genre is not None and row.metadata.get("genre") != wanted.genre:
        return 0.0  # most rows
    asked, met = wanted.asked(), wanted.met(row.metadata)
    if not asked:
        return 0.0
    outright = set(asked) - wanted.read
    weights = {name: WEIGHTS[name] * (0.5 if outright and name in wanted.read else 1.0) for name in asked}
    return sum(weights[name] for name in met) / sum(weights.values())


def fuse(broad_track: Sequence[Row], targeted_track: Sequence[Row], wanted: Wanted) -> list[Ranked]:
    """Join the two tracks; best first."""
    weight = 0.0 if not targeted_track else 2.0 if set(wanted.asked()) - wanted.read else 1.0
    rows = {row.id: row for row in (*broad_track, *targeted_track)}
    at_broad = {row.id: rank for rank, row in enumerate(broad_track, 1)}
    at_targeted = {row.id: rank for rank, row in enumerate(targeted_track, 1)}
    best = max([1e-6, *(row.cosine for row in rows.values())])
    joined: list[Ranked] = []
    for identity, row in rows.items():
        score = (max(row.cosine, 0.0) / best + weight * share(row, wanted)) / (1.0 + weight)
        why = []
        if identity in at_broad:
            why.append(f"broad: rank {at_broad[identity]}, cosine {row.cosine:.2f}")
        if identity in at_targeted:
            why.append(f"targeted: rank {at_targeted[identity]}, {_said(row, wanted)}")
        joined.append(Ranked(row, score, tuple(why)))
    return sorted(joined, key=lambda ranked: (-round(ranked.score, 9), ranked.row.id))


def diversify(ranked: Sequence[Ranked], vectors: Mapping[str, Vectors], k: int) -> list[Ranked]:
    """Choose ``k`` by maximal marginal relevance; returned in order of score."""
    left, chosen = list(ranked), list(ranked[:1])
    left = left[1:]
    while left and len(chosen) < k:
        likeness = {
            candidate.row.id: max(
                float(vectors[candidate.row.id] @ vectors[other.row.id]) for other in chosen
            )
            for candidate in left
        }
        following = min(
            left,
            key=lambda c: (-round(RELEVANCE * c.score - (1 - RELEVANCE) * likeness[c.row.id], 9), c.row.id),
        )
        chosen.append(following)
        left.remove(following)
    return sorted(chosen, key=lambda c: (-c.score, c.row.id))


def _said(row: Row, wanted: Wanted) -> str:
    """Say which asked attributes a row meets and which not: "genre tango, meter 4/4 (not mood sad)"."""
    met = wanted.met(row.metadata)
    said = ", ".join(f"{name.replace('_', ' ')} {row.metadata[name]}" for name in met)
    missed = [
        f"{name.replace('_', ' ')} {value}" for name, value in wanted.asked().items() if name not in met
    ]
    read = " [read from the text]" if set(met) <= wanted.read else ""
    return said + (f" (not {', '.join(missed)})" if missed else "") + read

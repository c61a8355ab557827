"""What a search gives."""

from __future__ import annotations

from dataclasses import dataclass

from rag_store.exemplar import Exemplar


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: the exemplar, its score in [0, 1] (1: first on every track), and why it is here."""

    exemplar: Exemplar
    score: float
    why: list[str]

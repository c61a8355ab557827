"""A written score and what it was made of: what a writer hands to the critic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.offline.writer.form import Section
    from agent.offline.writer.melody import Use


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was mended in a model's score without asking it again."""

    code: str  # stable short name: "bar-short", "prose", "range" ...
    what: str  # a sentence: "bar 7 was a quarter note short: a rest fills it"
    voice: str = ""
    bar: int = 0  # counted from 1; 0 for the whole text


@dataclass(frozen=True, slots=True)
class Draft:
    """A written score and what it was made of."""

    abc: str
    form: tuple[Section, ...]
    uses: tuple[Use, ...]  # which bar holds which figure of which exemplar
    chords: tuple[str, ...]  # Roman numerals in order
    seed: int
    redo: dict[str, int]  # which parts of the work were done with another seed
    writer: str = "offline"  # id of the mind that wrote it
    repairs: tuple[Repair, ...] = ()
    motives: dict[str, str] = field(default_factory=dict)  # letter of a section -> why it is as it is

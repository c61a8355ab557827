"""A teacher's plan in short: what was chosen, as it stands in a bank; and the plan's traits beside it.

Conventions
-----------
Units are those of `prompts.Plan`. Lists are told as texts, so that equal ones are stored once: words divided
by ``"|"``, players as ``"Violin:melody|Cello:bass"``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prompts import Plan


@dataclass(frozen=True, slots=True)
class Choices:
    """What one plan chose. The first five are its traits: what votes are about."""

    mode: str
    pace: str  # class of the tempo, as `mapper.traits` has it
    meter: str
    genre: str
    group: str  # of the genre
    families: str  # of the instruments, in alphabetical order
    title: str
    key: str
    form: str
    dynamics: str
    articulation: str
    words: str  # of feeling
    rhythm: str  # words
    players: str
    valence: float
    arousal: float
    tempo: float
    bars: float
    density: float
    note_length: float
    swing: float
    center: float
    spread: float

    @property
    def seats(self) -> tuple[tuple[str, str], ...]:
        """Instruments and their roles."""
        return tuple(
            (name, role) for name, _, role in (one.rpartition(":") for one in self.players.split("|"))
        )


#: Fields that are texts, and those that are numbers.
TEXTS = tuple(one.name for one in fields(Choices) if one.type == "str")
NUMBERS = tuple(one.name for one in fields(Choices) if one.type == "float")
#: Question of `mapper.traits` -> field.
FIELDS = {"mode": "mode", "tempo": "pace", "meter": "meter", "genre": "genre", "group": "group"}


def choices_of(plan: Plan, groups: Mapping[str, str] | None = None) -> Choices:
    """Return what a plan chose.

    Parameters
    ----------
    groups
        Genre -> genre group; a genre without one is its own.
    """
    from mapper.traits import traits_of

    traits, rhythm = traits_of(plan, groups), plan.rhythm
    return Choices(
        traits.mode, traits.tempo, traits.meter, traits.genre, traits.group,
        "|".join(sorted(traits.families)), plan.title, plan.key, plan.form, plan.dynamics,
        rhythm.articulation, _listed(plan.emotion.words), _listed(rhythm.words),
        "|".join(f"{part.instrument}:{part.role}" for part in plan.instruments),
        plan.emotion.valence, plan.emotion.arousal, plan.tempo, float(plan.bars), rhythm.density,
        rhythm.note_length, rhythm.swing, float(plan.tessitura.center), float(plan.tessitura.spread),
    )  # fmt: skip


def _listed(words: list[str]) -> str:
    return "|".join(word.replace("|", " ") for word in words)

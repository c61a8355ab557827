"""What is told of a plan in a few words: the questions that the plan head answers, and mappers are judged by.

Conventions
-----------
A question has one answer (a plan has one mode); instrument families are in a plan or not. The tempo is the
base-2 logarithm of quarter notes a minute, so that distances are ratios. Which answers there are is taken
from the teacher's plans (`Vocabulary.of`) and goes with the mapper.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError
from notation.instruments import instrument
from prompts import Plan
from rag_store.words import tempo_class

#: Questions with one answer.
QUESTIONS = ("mode", "tempo", "meter", "genre", "group")


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared of two plans."""

    mode: str  # "dorian"
    tempo: str  # class of the tempo, as the store has it: "slow", "moderate", "fast", "very fast"
    meter: str  # "6/8"
    genre: str
    group: str  # of the genre; the genre itself where no groups were given
    families: frozenset[str]  # of the instruments, as `notation.instruments` names them
    log_tempo: float  # base 2, of quarter notes a minute


@dataclass(frozen=True)
class Vocabulary:
    """Answers by question, and families, each in alphabetical order."""

    questions: tuple[tuple[str, tuple[str, ...]], ...]
    families: tuple[str, ...]

    @staticmethod
    def of(traits: Sequence[Traits]) -> Vocabulary:
        """Return what occurs in some plans."""
        questions = tuple((name, tuple(sorted({getattr(one, name) for one in traits}))) for name in QUESTIONS)
        return Vocabulary(questions, tuple(sorted(frozenset().union(*(one.families for one in traits)))))


def traits_of(plan: Plan, groups: Mapping[str, str] | None = None) -> Traits:
    """Return the traits of a plan.

    Parameters
    ----------
    groups
        Genre -> genre group; a genre without one is its own.
    """
    mode = plan.key.rsplit(" ", 1)[-1]
    return Traits(
        mode, tempo_class(plan.tempo), plan.meter, plan.genre, (groups or {}).get(plan.genre, plan.genre),
        frozenset(family_of(part.instrument) for part in plan.instruments), math.log2(plan.tempo),
    )  # fmt: skip


@functools.cache
def family_of(name: str) -> str:
    """Return the family of an instrument, "other" for a name that is none (a model may have made it up)."""
    try:
        return instrument(name).family
    except ControlError:
        return "other"


def answers(traits: Sequence[Traits], vocabulary: Vocabulary) -> dict[str, NDArray[np.float32]]:
    """Return traits as numbers.

    Returns
    -------
    dict
        By question the place of the answer in the vocabulary, shape ``(n,)``, -1 where it is not in it;
        ``"families"`` 0 or 1, shape ``(n, families)``; ``"log_tempo"``, shape ``(n,)``.
    """
    table: dict[str, NDArray[np.float32]] = {}
    for name, known in vocabulary.questions:
        place = {answer: at for at, answer in enumerate(known)}
        table[name] = np.array([place.get(getattr(one, name), -1) for one in traits], dtype=np.float32)
    table["families"] = np.array(
        [[family in one.families for family in vocabulary.families] for one in traits], dtype=np.float32
    ).reshape(len(traits), len(vocabulary.families))
    table["log_tempo"] = np.array([one.log_tempo for one in traits], dtype=np.float32)
    return table

"""A piece on the desk: its score, what of it is to be written anew, and what was said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.editing.harmonise import harmonise_melody
from agent.editing.score import Line, Score, tune_of, write_score
from agent.keys import Key, parse_key
from agent.offline.causes import request
from agent.offline.writer.figures import figures
from agent.offline.writer.form import Section
from agent.offline.writer.given import Given, GivenLine
from agent.offline.writer.motif import Figure
from agent.offline.writer.pattern import table as writer_table
from agent.offline.writer.theory import tonic
from agent.offline.writer.write import sheet_of
from prompts import Plan

#: Source that `agent.offline.writer.Use` names for figures of the piece itself.
OWN = "kept bars"


@dataclass(frozen=True, slots=True)
class Sketch:
    """A score under revision."""

    score: Score
    asked: dict[str, Any]  # requests as `Controls.asked` gives them
    fresh: frozenset[int] = frozenset()  # places of voices that are written anew
    kept: frozenset[int] | None = None  # bars that stay, from 0; None for all
    form: tuple[Section, ...] = ()  # the plan's if empty
    source: str = OWN  # name of what new bars develop
    other: bool = False  # another seed is wanted
    remarks: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The plan as it stands."""
        return self.score.plan

    @property
    def key(self) -> Key:
        """The key as it stands."""
        return parse_key(self.score.plan.key)

    @property
    def untouched(self) -> bool:
        """Whether every note is there already."""
        return not self.fresh and self.kept is None

    def text(self) -> str:
        """Return the ABC of a score of which nothing is written anew."""
        return write_score(self.score)

    def planned(self, element: str, said: str, effect: str, **values: Any) -> Sketch:
        """Return the sketch with changes of the plan and their cause; ``None`` values are not set."""
        causes = {**self.plan.causes}
        causes[element] = [*causes.get(element, []), request(said.strip(), effect)]
        plan = self.plan.model_copy(update={**values, "causes": causes})
        return replace(self, score=replace(self.score, plan=plan))

    def with_score(self, score: Score) -> Sketch:
        """Return the sketch with another score."""
        return replace(self, score=score)

    def asking(self, *without: str, **requests: Any) -> Sketch:
        """Return the sketch with other requests on record; those of ``without`` are struck."""
        asked = {name: value for name, value in self.asked.items() if name not in without}
        return replace(self, asked={**asked, **requests})

    def noting(self, remark: str) -> Sketch:
        """Return the sketch with a remark for the user."""
        return replace(self, remarks=(*self.remarks, remark))

    def anew(self, *roles: str, melody: bool = False) -> Sketch:
        """Return the sketch with the voices of some roles marked to be written anew."""
        places = {
            place
            for place, line in enumerate(self.score.lines)
            if line.part.role in roles and (melody or place or line.part.role != "melody")
        }
        return replace(self, fresh=self.fresh | places)

    def given(self) -> Given:
        """Return what the writer takes over."""
        score = harmonised(self.score)
        everything = frozenset(range(score.plan.bars))
        kept = everything if self.kept is None else self.kept
        lines = {
            name: GivenLine(line.events, kept, line.dynamics)
            for place, (name, line) in enumerate(zip(score.names, score.lines, strict=True))
            if place not in self.fresh
        }
        return Given(lines, score.spans, kept, self._figures(kept), self.form)

    def _figures(self, kept: frozenset[int]) -> tuple[Figure, ...]:
        """Return the figures that new bars develop: those of the melody that stays."""
        if 0 in self.fresh or self.kept is None:
            return ()
        return figures_of(self.score.melody, self.plan, kept, self.source)


def figures_of(line: Line, plan: Plan, bars: frozenset[int], source: str) -> tuple[Figure, ...]:
    """Return the figures of some bars (from 0) of a voice."""
    sheet = sheet_of(plan)
    events = [event for event in line.events if event.end <= plan.bars * sheet.bar.length]
    found = figures(tune_of(events, sheet), source, sheet.bar)
    return tuple(figure for figure in found if figure.bar - 1 in bars)


def family(plan: Plan) -> str:
    """Return the family of harmony of a plan's genre."""
    return str(writer_table("styles")["genres"][plan.genre]["family"])


def harmonised(score: Score) -> Score:
    """Return the score with chords; one that names none gets those that fit its notes."""
    if score.spans:
        return score
    key = parse_key(score.plan.key)
    pitched: Sequence[Line] = [line for line in score.lines if line.part.role != "percussion"]
    events = sorted((event for line in pitched for event in line.events), key=lambda event: event.start)
    spans = harmonise_melody(
        events, score.bar, score.plan.bars, tonic(key.tonic), key.mode, family(score.plan)
    )
    return replace(score, spans=tuple(spans))

"""One composition, step by step: who sits in which chair, what was remarked, what was asked of a model.

`Sitting` has the offline mind, or whatever minds an agent was given, in all chairs; `agent.vlm.sitting` puts
a model into them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.drafting import Judge, Step, Write, Written, best_draft
from chiaroscore import ControlError

if TYPE_CHECKING:
    from PIL import Image

    from agent.chairs import Perceiver, Planner, Writer
    from agent.controls import Controls
    from agent.offline.writer.given import Given
    from agent.vlm.transcript import Call
    from prompts import Plan, Scene
    from rag_store import Hit

Tell = Callable[[str, Any], None]


@dataclass(frozen=True)
class Planned:
    """A plan, what a user has to know of it, and what the manifest keeps of the mapper that made it."""

    plan: Plan
    remarks: tuple[str, ...] = ()
    mapped: dict[str, Any] | None = None


class Sitting:
    """The steps of one composition.

    Attributes
    ----------
    minds
        Who did "perceive" and "plan"; who wrote stands in the draft.
    remarks
        What a user has to know, such as who stood in for whom.
    calls
        What was asked of a model, in order.
    """

    def __init__(self, perceiver: Perceiver, planner: Planner, writer: Writer, candidates: int) -> None:
        self.perceiver, self.planner, self.writer = perceiver, planner, writer
        self.candidates = candidates
        self.minds = {"perceive": mind_name(perceiver), "plan": mind_name(planner)}
        self.remarks: list[str] = []
        self.calls: list[Call] = []

    def perceive(self, picture: Image.Image, controls: Controls) -> Scene:
        """Return step 1."""
        return self.perceiver.perceive(picture)

    def plan(self, scene: Scene, controls: Controls, seed: int) -> Plan:
        """Return step 2."""
        return self.planner.plan(scene, controls, seed)

    def plans(self, scene: Scene, controls: Controls, seed: int, count: int | None) -> list[Planned]:
        """Return step 2 as often as it is wanted: one plan, whose drafts are the candidates.

        A mind that has several plans for a picture gives up to ``count``, and each becomes a candidate.
        """
        return [Planned(self.plan(scene, controls, seed))]

    def describe(self, scene: Scene, plan: Plan, controls: Controls, seed: int) -> Plan:
        """Return the plan with the music described in words; the offline planner has described it already."""
        return plan

    def write(
        self,
        plan: Plan,
        hits: Sequence[Hit],
        seed: int,
        judge: Judge,
        candidates: int | None,
        tell: Step,
        given: Given,
    ) -> Written:
        """Return step 3: the best of some drafts, refined; ``candidates`` None takes the usual number.

        Raises
        ------
        ControlError
            If music is given to a writer that does not take it over.
        """
        return best_draft(self._scribe(plan, hits, given), judge, seed, candidates or self.candidates, tell)

    def _scribe(self, plan: Plan, hits: Sequence[Hit], given: Given) -> Write:
        """Return what writes drafts; only the offline writer takes music over that is given."""
        from agent.offline.writer import OfflineWriter
        from agent.offline.writer.given import NOTHING

        exemplars = [hit.exemplar for hit in hits]
        if given is NOTHING:
            return functools.partial(self.writer.write, plan, exemplars)
        if isinstance(self.writer, OfflineWriter):
            return functools.partial(self.writer.write, plan, exemplars, given=given)
        raise ControlError("continue_from needs the offline writer; leave out the theme, or the other writer")


def mind_name(mind: object) -> str:
    """Return the name of a mind: "offline" for our own, else its class."""
    kind = type(mind)
    return "offline" if kind.__module__.startswith("agent.offline.") else kind.__name__

"""One composition with a model in the chairs, and the offline mind beside it for what the model cannot do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.drafting import Judge, Step, Written
from agent.offline.writer.form import sections
from agent.offline.writer.given import NOTHING, Given
from agent.sitting import Sitting, Tell
from agent.vlm import constraints
from agent.vlm.options import Options
from agent.vlm.perceive import perceive
from agent.vlm.plan import plan as planned
from agent.vlm.run import Run
from agent.vlm.sketch import sketch, with_sketch
from agent.vlm.writing import best_score

if TYPE_CHECKING:
    from PIL import Image

    from agent.controls import Controls
    from agent.vlm.protocol import Backend
    from prompts import Plan, Scene, SketchAnswer
    from rag_store import Hit


class ModelSitting(Sitting):
    """The steps of one composition by a model.

    Parameters
    ----------
    offline
        Who sits beside the model.
    backend
        What runs it.
    options
        Its limits; None takes the usual ones.
    steps
        Which of "perceive", "plan" and "write" are the model's.
    seed
        Of the piece.
    tell
        Told of every call; see `Run`.
    """

    def __init__(
        self,
        offline: Sitting,
        backend: Backend,
        options: Options | None,
        steps: frozenset[str],
        seed: int,
        tell: Tell,
    ) -> None:
        super().__init__(offline.perceiver, offline.planner, offline.writer, offline.candidates)
        self.offline, self.steps = offline, steps
        self.run = Run(backend, options or Options(), seed, tell)
        # what the run gathers is what the piece is told
        self.run.minds.update(self.minds)
        self.minds, self.remarks, self.calls = self.run.minds, self.run.remarks, self.run.calls
        self._sketch: SketchAnswer | None = None
        self._controls: Controls | None = None

    def perceive(self, picture: Image.Image, controls: Controls) -> Scene:
        """Return step 1 by the model."""
        self._controls = controls
        if "perceive" not in self.steps:
            return super().perceive(picture, controls)
        return perceive(self.run, picture, controls, self.perceiver)

    def plan(self, scene: Scene, controls: Controls, seed: int) -> Plan:
        """Return step 2 by the model."""
        if "plan" not in self.steps:
            return super().plan(scene, controls, seed)
        return planned(self.run, scene, controls, seed, self.planner)

    def describe(self, scene: Scene, plan: Plan, controls: Controls, seed: int) -> Plan:
        """Return the plan with the model's description of the music, for which exemplars are then sought."""
        if not self.steps & {"plan", "write"}:
            return plan
        form = sections(plan.form, plan.bars, _form_rng(seed))
        self._sketch = sketch(self.run, scene, plan, form, controls)
        return plan if self._sketch is None else with_sketch(plan, self._sketch)

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
        """Return step 3 by the model; by the offline writer where music is given, or the model cannot."""
        if "write" not in self.steps:
            return super().write(plan, hits, seed, judge, candidates, tell, given)
        if given is not NOTHING:
            self.remarks.append("a theme was given: the offline writer develops it, not the model")
            return super().write(plan, hits, seed, judge, candidates, tell, given)
        return best_score(
            self.run,
            plan,
            hits,
            sections(plan.form, plan.bars, _form_rng(seed)),
            self._sketch,
            constraints.text(self._controls) if self._controls else "none",
            judge,
            candidates or 1,
            tell,
            lambda: super(ModelSitting, self).write(plan, hits, seed, judge, candidates, tell, given),
        )


def _form_rng(seed: int) -> random.Random:
    """Return what lays out the form: the offline writer's own, so that it may take over."""
    return random.Random(f"{seed}:form:0")  # noqa: S311 - music, no secrets

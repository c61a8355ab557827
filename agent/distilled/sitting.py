"""One composition with a mapper in the planner's chair; the offline mind looks and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.sitting import Planned, Sitting

if TYPE_CHECKING:
    from PIL import Image

    from agent.chairs import Writer
    from agent.controls import Controls
    from agent.distilled.eyes import Floats
    from agent.distilled.planner import DistilledMind
    from prompts import Scene


class DistilledSitting(Sitting):
    """The steps of one composition by a mapper.

    Parameters
    ----------
    mind
        The mapper with what looks for it.
    writer
        Who writes the score.
    candidates
        Drafts for a plan.
    """

    def __init__(self, mind: DistilledMind, writer: Writer, candidates: int) -> None:
        from agent.offline.perceive import OfflinePerceiver

        super().__init__(OfflinePerceiver(), mind.planner, writer, candidates)
        self.mind = mind
        self.minds["plan"] = mind.id
        self._seen: Floats | None = None

    def perceive(self, picture: Image.Image, controls: Controls) -> Scene:
        """Return step 1; the same look gives E_v for step 2."""
        scene, self._seen = self.mind.eye.look(picture)
        return scene

    def plans(self, scene: Scene, controls: Controls, seed: int, count: int | None) -> list[Planned]:
        """Return step 2: a plan for each candidate that was asked for, one by default."""
        assert self._seen is not None, "perceive comes first"  # noqa: S101
        return self.mind.plans(scene, self._seen, controls, seed, count or 1)

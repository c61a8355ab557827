"""The three chairs of a composition: who sits in one has one method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image

    from agent.controls import Controls
    from agent.draft import Draft
    from prompts import Plan, Scene
    from rag_store import Exemplar


class Perceiver(Protocol):
    """Step 1: what is in the picture."""

    def perceive(self, picture: Image.Image) -> Scene:
        """Return the scene of a picture."""


class Planner(Protocol):
    """Step 2: what the music shall be."""

    def plan(self, scene: Scene, controls: Controls, seed: int) -> Plan:
        """Return the plan for a scene under a user's controls."""


class Writer(Protocol):
    """Step 3: the score."""

    def write(
        self, plan: Plan, exemplars: Sequence[Exemplar], seed: int, redo: dict[str, int] | None = None
    ) -> Draft:
        """Return a draft; ``redo`` gives other seeds to the parts of the work it names."""

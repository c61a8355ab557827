"""The prompts that a run would send, without a model and without a network.

The agent itself composes, with a script in the model's place: the messages are those of a real run, since the
same code makes them. What a later prompt needs of an earlier answer is what the offline mind saw and planned,
and each prompt says so. The rehearsal ends where the first score would be written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from agent.agent import Agent
from agent.controls import Controls
from agent.identity import piece_seed
from agent.offline.perceive import OfflinePerceiver
from agent.offline.plan import OfflinePlanner
from agent.picture import Picture, open_picture
from agent.vlm.options import Options
from agent.vlm.protocol import Abilities, Request
from agent.vlm.scripted import ScriptedBackend
from agent.vlm.standin import plan_answer, scene_answer, sketch_answer
from agent.vlm.transcript import Call

if TYPE_CHECKING:
    from PIL import Image

    from prompts import Plan, Scene
    from rag_store import Store

#: What is taken for granted of a model that is not asked: that it sees, and that its decoder can be held.
ABLE = Abilities(images=True, schema=True, grammar=True, seed=True)
#: What stands in a step's prompt for what the model would have answered before.
_STANDS_IN = {
    "perceive": "nothing stands in: this is what a run sends first",
    "plan": "the scene is the offline mind's; a run has the model's own answer there",
    "sketch": "scene and plan are the offline mind's; a run has the model's own answers there",
    "write": "plan and description are the offline mind's; a run has the model's own answers there, and "
    "the exemplars that are found with them",
}


class _EndedError(Exception):
    """The rehearsal has all prompts."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt as it would be sent."""

    call: Call  # step, version, messages, constraint, seed, temperature, most tokens
    note: str  # what stands in it for an answer that no model gave

    def record(self) -> dict[str, Any]:
        """Return the prompt as JSON holds it; pictures as size and hash."""
        kept = ("step", "prompt", "messages", "constraint", "seed", "temperature", "max_tokens")
        whole = self.call.record()
        return {**{name: whole[name] for name in kept}, "note": self.note}


def rehearse(
    picture: Picture,
    requests: Mapping[str, Any] | None = None,
    *,
    writer: Literal["model", "offline"] | None = None,
    options: Options | None = None,
    store: Store | None = None,
    abilities: Abilities = ABLE,
) -> list[Prompt]:
    """Return the prompts of the steps that a model would do, in order.

    Parameters
    ----------
    picture, requests, store
        As for `Agent.compose`; a candidate count is of no matter.
    writer
        With ``"offline"`` there is no prompt for the score.
    options
        Limits of the run; they set how much of the exemplars is sent.
    abilities
        What the model is taken to do; one that does not see gets no prompt for step 1.

    Raises
    ------
    InputError, ControlError
        As `Agent.compose` does.
    """
    asked = {name: value for name, value in (requests or {}).items() if name not in ("n", "on_step")}
    stage = _Stage(open_picture(picture), asked)
    backend = ScriptedBackend([stage.answer], abilities=abilities, repeat=True)
    limits = replace(options or Options(), tries=1)
    agent = Agent(vlm=backend, writer=writer, options=limits, store=store)
    with contextlib.suppress(_EndedError):
        agent.compose(stage.picture, **asked, on_step=stage.step)
    return [Prompt(call, _STANDS_IN.get(call.step, "")) for call in stage.calls]


class _Stage:
    """Who answers in a rehearsal, and what was asked."""

    def __init__(self, picture: Image.Image, requests: Mapping[str, Any]) -> None:
        self.calls: list[Call] = []
        self.picture = picture
        self._asking = ""
        self._requests = requests
        self._scene: Scene | None = None
        self._plan: Plan | None = None

    def step(self, step: str, value: Any) -> None:
        """Follow the composition, and end it when there is nothing left to ask first."""
        if step == "ask":
            self._asking = value[0]
        if step == "reply":
            self.calls.append(value)
        if step == "draft" or (step == "reply" and value.step == "write"):
            raise _EndedError

    def answer(self, request: Request) -> str:
        """Return what the offline mind has to say to the step that asks."""
        if self._asking == "perceive":
            return scene_answer(self._seen()).model_dump_json()
        if self._asking == "plan":
            return plan_answer(self._planned()).model_dump_json()
        return sketch_answer(self._planned()).model_dump_json() if self._asking == "sketch" else ""

    def _seen(self) -> Scene:
        self._scene = self._scene or OfflinePerceiver().perceive(self.picture)
        return self._scene

    def _planned(self) -> Plan:
        if self._plan is None:
            named = {name: value for name, value in self._requests.items() if name != "continue_from"}
            controls = Controls.parse(**named)
            seed = piece_seed(self.picture, controls.seed or 0)
            self._plan = OfflinePlanner().plan(self._seen(), controls, seed)
        return self._plan

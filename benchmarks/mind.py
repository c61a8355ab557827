"""What the agent costs around a model: ``python -m benchmarks.mind``.

A scripted model answers as a vision-language model of some seven billion weights would in time: every token
of an answer takes as long as makes the whole run last about twenty seconds. Everything else that happens
between picture and piece is the agent's: retrieval, checks, repairs, metrics, judging. Takes two minutes.
"""

from __future__ import annotations

import pathlib
import statistics
import time
from collections import Counter
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from agent.agent import Agent
from agent.controls import Controls
from agent.offline.perceive import OfflinePerceiver
from agent.offline.plan import OfflinePlanner
from agent.picture import open_picture
from agent.piece import Piece
from agent.vlm.options import Options
from agent.vlm.protocol import Abilities, estimated_tokens
from agent.vlm.scripted import ScriptedBackend
from agent.vlm.standin import plan_answer, scene_answer, sketch_answer

_PICTURE = pathlib.Path(__file__).parent.parent / "examples" / "images" / "d01_sunset_hills.jpg"
#: Seconds that the model takes for a piece, all answers together.
MODEL_SECONDS = 20.0
_RUNS = 3
_ABLE = Abilities(images=True, schema=True, grammar=True, seed=True)


@dataclass(frozen=True, slots=True)
class Overhead:
    """One run: seconds in all and in the model, calls by step, and who wrote."""

    total: float
    model: float
    calls: Counter[str]
    writer: str

    @property
    def share(self) -> float:
        """The agent's time over the model's."""
        return (self.total - self.model) / self.model


def answers(agent: Agent) -> list[str]:
    """Return what the model says at every step; the scores are the offline writer's for the same plan."""
    picture = open_picture(_PICTURE)
    scene = OfflinePerceiver().perceive(picture)
    plan = OfflinePlanner().plan(scene, Controls.parse(bars=16), 0)
    thoughts = [
        one.model_dump_json() for one in (scene_answer(scene), plan_answer(plan), sketch_answer(plan))
    ]
    scores = []
    for candidates in (1, 2, 3):  # another number of candidates finds another best one
        composer = Agent(
            vlm=ScriptedBackend(thoughts, abilities=_ABLE),
            writer="offline",
            store=agent.store,
            candidates=candidates,
        )
        scores.append(composer.compose(picture, bars=16).abc)
    return [*thoughts, *scores]


def measured(agent: Agent, script: list[str]) -> Overhead:
    """Compose once with the scripted model and return what it took."""
    tokens = sum(estimated_tokens(text) for text in script[:5])
    backend = ScriptedBackend(
        script, abilities=_ABLE, repeat=True, seconds_a_token=MODEL_SECONDS / tokens
    )  # fmt: skip
    composer = Agent(vlm=backend, store=agent.store, options=Options(rounds=1))
    started = time.perf_counter()
    piece: Piece = composer.compose(_PICTURE, bars=16)
    _ = piece.midi, piece.metrics, piece.obeyed
    total = time.perf_counter() - started
    calls = Counter(call.step for call in piece.calls)
    return Overhead(total, sum(call.seconds for call in piece.calls), calls, piece.writer)


def main() -> None:
    """Measure and print."""
    agent = Agent(vlm="offline")
    agent.compose(_PICTURE, bars=16)
    script = answers(agent)
    runs = [measured(agent, script) for _ in range(_RUNS)]
    middle = sorted(runs, key=lambda one: one.share)[len(runs) // 2]
    started = time.perf_counter()
    _ = agent.compose(_PICTURE, bars=16).midi
    offline = time.perf_counter() - started
    table = Table(title="The agent around a model (16 bars, one round of refinement)")
    for heading in ("what", "figure"):
        table.add_column(heading)
    for what, figure in (
        ("model, all answers together", f"{middle.model:.1f} s"),
        ("everything else: picture to ABC, MIDI, metrics", f"{middle.total - middle.model:.2f} s"),
        ("share of the model's time", f"{middle.share:.1%} (median of {_RUNS})"),
        ("shares of all runs", ", ".join(f"{one.share:.1%}" for one in runs)),
        ("model calls a piece", ", ".join(f"{step} {count}" for step, count in middle.calls.items())),
        ("who wrote", middle.writer),
        ("the offline mind alone, for comparison", f"{offline:.2f} s"),
        ("seconds of all runs, mean", f"{statistics.mean(one.total for one in runs):.1f} s"),
    ):
        table.add_row(what, figure)
    Console().print(table)


if __name__ == "__main__":
    main()

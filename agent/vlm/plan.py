"""Step 2 by a model: what the music shall be, every choice with its reason, completed to a whole plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.controls import Controls
from agent.genres import genre
from agent.keys import parse_key
from agent.offline.reading import asked_place, read_scene
from agent.offline.wording import description
from agent.tempo import beat_quarters
from agent.vlm import constraints
from agent.vlm.asking import ask_json, or_none
from agent.vlm.completion import completed, with_feeling
from agent.vlm.menu import choices
from agent.vlm.motives import with_motives
from agent.vlm.run import Run
from prompts import Emotion, Plan, PlanAnswer, Scene

if TYPE_CHECKING:
    from agent.chairs import Planner

#: Most words of feeling in a plan.
_MOST_WORDS = 4
#: Characters of a reason in a remark.
_TOLD = 240
_NAMES = {"seats": "roles"}


def plan(run: Run, scene: Scene, controls: Controls, seed: int, offline: Planner) -> Plan:
    """Return what the music for a scene shall be.

    Parameters
    ----------
    run
        The composition; ``minds["plan"]`` is set, and what could not be had is remarked.
    scene
        From step 1.
    controls
        What was asked for; it goes before anything the model says.
    seed
        Of the piece.
    offline
        Who completes the model's choices, and plans if the model gives no answer that fits.

    Raises
    ------
    ControlError
        If requests cannot be met together.
    BackendError
        If the model has never answered.
    """
    values = {
        "scene": scene_text(scene),
        "constraints": constraints.text(controls),
        "choices": choices(controls),
    }
    answer = or_none(
        run,
        lambda: ask_json(run, "plan", values, PlanAnswer, constraints.narrowing(controls), loose="seen"),
        "the offline mind planned the music",
    )
    if answer is None:
        run.minds["plan"] = "offline"
        return offline.plan(scene, controls, seed)
    run.minds["plan"] = run.backend.id
    found, remarks = plan_of(answer, scene, controls, seed, offline, f"model {run.backend.id}")
    run.remarks.extend(remarks)
    return found


def plan_of(
    answer: PlanAnswer, scene: Scene, controls: Controls, seed: int, planner: Planner, source: str
) -> tuple[Plan, list[str]]:
    """Return the plan of an answer, and what a user has to know of it.

    Raises
    ------
    ControlError
        If requests cannot be met together.
    """
    found, kept, left_out = completed(answer, scene, controls, seed, planner)
    remarks = [
        f"the model's {_NAMES.get(name, name)} gave way: {why[:_TOLD]}" for name, why in left_out.items()
    ]
    found = found.model_copy(update={"title": answer.title, "emotion": _feeling(found, answer, controls)})
    found, more = _in_its_manner(found, answer, controls)
    found = found.model_copy(
        update={"description": _described(found, with_feeling(scene, answer), controls, seed)}
    )
    return with_motives(found, answer, scene, controls, kept, source), [*remarks, *more]


def scene_text(scene: Scene) -> str:
    """Return what of a scene matters to the music, as compact JSON."""
    colour, dynamic, emotion = scene.colour, scene.dynamic, scene.emotion
    found: dict[str, Any] = {
        "objects": {one.name: round(one.probability, 2) for one in scene.objects},
        "setting": scene.setting,
        "colour": {
            "words": colour.words,
            "colours": {one.name: round(one.share, 2) for one in colour.swatches},
            **{name: round(getattr(colour, name), 2) for name in ("brightness", "saturation", "warmth")},
        },
        "dynamic": {
            "words": dynamic.words,
            **{name: round(getattr(dynamic, name), 2) for name in ("busyness", "symmetry", "openness")},
        },
        "emotion": {
            "words": emotion.words,
            "valence": round(emotion.valence, 2),
            "arousal": round(emotion.arousal, 2),
        },
        "description": scene.description,
    }
    return json.dumps(found, ensure_ascii=False, separators=(", ", ": "))


def _feeling(found: Plan, answer: PlanAnswer, controls: Controls) -> Emotion:
    """Return the music's feeling: a mood we know, the model's words; numbers asked for stay as they are."""
    own, said, asked = found.emotion, answer.emotion.value, asked_place(controls)
    words = list(dict.fromkeys([*own.words[:1], *said.words]))
    return Emotion(
        words=words[:_MOST_WORDS],
        valence=said.valence if asked[0] is None else own.valence,
        arousal=said.arousal if asked[1] is None else own.arousal,
    )


def _in_its_manner(found: Plan, answer: PlanAnswer, controls: Controls) -> tuple[Plan, list[str]]:
    """Return the plan with the model's rhythm and loudness, where no feeling was asked for."""
    said = answer.rhythm.value
    rhythm = found.rhythm.model_copy(update={"words": said.words})
    if asked_place(controls) == (None, None):
        rhythm = rhythm.model_copy(update={"articulation": said.articulation})
        return found.model_copy(update={"rhythm": rhythm, "dynamics": answer.dynamics.value}), []
    remarks = [
        f"the model's {name} {theirs} gave way to the feeling that was asked for"
        for name, theirs, ours in (
            ("dynamics", answer.dynamics.value, found.dynamics),
            ("articulation", said.articulation, rhythm.articulation),
        )
        if theirs != ours
    ]
    return found.model_copy(update={"rhythm": rhythm}), remarks


def _described(found: Plan, scene: Scene, controls: Controls, seed: int) -> str:
    """Return one sentence on the music as it is planned now."""
    return description(
        read_scene(scene, controls, seed), genre(found.genre), parse_key(found.key), found.meter,
        found.tempo / beat_quarters(found.meter), found.instruments, found.rhythm, found.dynamics,
    )  # fmt: skip

"""From a model's choices to a whole plan: the planner fills in what follows from them.

The choices stand beside the user's requests, which go first, and the offline planner makes a plan of both, so
that a model's plan is as consistent as any. What the planner would have decided by its mappings, and the
model has decided otherwise, is the model's: the title, the feeling, who plays what, the manner of playing.

Conventions
-----------
A choice is one entry of `agent.vlm.agreeing.IMPORTANCE`; an element is a field of `prompts.PlanAnswer`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent import conflicts
from agent.controls import Controls
from agent.offline.manner import choose_tessitura
from agent.offline.mappings import mapping
from agent.offline.reading import asked_place, read_scene
from agent.vlm.agreeing import Choices, agreed
from agent.vlm.sense import (
    check_bass,
    check_feeling,
    check_genre,
    check_players,
    check_tempo,
    lead_of,
    seats,
)
from prompts import Emotion, Part, Plan, PlanAnswer, Scene

if TYPE_CHECKING:
    from agent.chairs import Planner

#: Choices in their order where a feeling was asked for: those by which the planner reaches it give way first.
_UNDER_A_FEELING = (
    "meter", "instruments", "form", "bars", "genre", "key", "tempo", "register", "density", "seats",
)  # fmt: skip
#: Choices that the planner takes as requests; "seats" are put in afterwards.
_REQUESTS = ("genre", "meter", "instruments", "tempo", "key", "form", "bars", "register", "density")


def completed(
    answer: PlanAnswer, scene: Scene, controls: Controls, seed: int, planner: Planner
) -> tuple[Plan, Choices, dict[str, str]]:
    """Return a plan by the choices of an answer, those that are in it, and the others with the reason.

    Parameters
    ----------
    answer
        Checked against `prompts.PlanAnswer`.
    scene
        What is in the picture; the planner is given it with the feeling of the answer.
    controls
        What was asked for.
    seed
        Of the piece.
    planner
        Who fills in the rest.

    Raises
    ------
    ControlError
        If what was asked for cannot be met.
    """
    return gated(choices_of(answer, controls), with_feeling(scene, answer), controls, seed, planner)


def gated(
    wanted: Choices, felt: Scene, controls: Controls, seed: int, planner: Planner
) -> tuple[Plan, Choices, dict[str, str]]:
    """Return a plan by anybody's choices, those that are in it, and the others with the reason.

    Parameters
    ----------
    wanted
        Choices that the user has left open (`left_open`).
    felt
        The scene, with the feeling that the music shall have.
    controls, seed, planner
        As for `completed`.

    Raises
    ------
    ControlError
        If what was asked for cannot be met.
    """
    calm = replace(controls, mood=None, valence=None, arousal=None)

    def attempt(kept: Choices, asked: Controls) -> Plan:
        return _attempted(kept, felt, asked, seed, planner)

    plan, left_out = agreed(wanted, lambda kept: attempt(kept, calm))
    kept = {name: value for name, value in wanted.items() if name not in left_out}
    if asked_place(controls) != (None, None):  # the planner tries drafts: what cannot move is settled before
        plan, more = agreed(kept, lambda some: attempt(some, controls), _UNDER_A_FEELING, together=0)
        left_out |= more
        kept = {name: value for name, value in kept.items() if name not in more}
    return plan, kept, left_out


def choices_of(answer: PlanAnswer, controls: Controls) -> dict[str, Any]:
    """Return the choices of an answer that the user has left to it.

    A duration that was asked for leaves no choice of bars, and a tempo word a choice within it.
    """
    players = answer.instruments.value
    found: dict[str, Any] = {
        "genre": answer.genre.value,
        "meter": answer.meter.value,
        "instruments": tuple(dict.fromkeys(one.instrument for one in players)),
        "tempo": float(answer.tempo.value),
        "key": answer.key.value,
        "form": answer.form.value,
        "seats": tuple((one.instrument, one.role) for one in players),
        "bars": answer.bars.value,
        "register": answer.register.value,
        "density": answer.rhythm.value.density,
    }
    return left_open(found, controls)


def left_open(found: Choices, controls: Controls) -> dict[str, Any]:
    """Return the choices that a user's requests leave open; see `choices_of`."""
    asked = set(controls.asked()) - ({"tempo"} if isinstance(controls.tempo, str) else set())
    if "duration" in asked:
        asked.add("bars")
    return {name: value for name, value in found.items() if name not in asked}


def with_feeling(scene: Scene, answer: PlanAnswer) -> Scene:
    """Return the scene with the feeling that the music shall have.

    The planner stretches a picture's feeling to that of music (``ordinary`` of ``agent/data/mappings.json``);
    the answer's is the music's already, so the stretching is undone.
    """
    ordinary, felt = mapping("ordinary"), answer.emotion.value
    emotion = Emotion(
        words=felt.words,
        valence=felt.valence / ordinary["valence_gain"] + ordinary["valence"],
        arousal=felt.arousal / ordinary["arousal_gain"] + ordinary["arousal"],
    )
    return scene.model_copy(update={"emotion": emotion})


def _attempted(kept: Choices, scene: Scene, controls: Controls, seed: int, planner: Planner) -> Plan:
    """Return the plan by some choices; ControlError if they do not agree."""
    both = _both(kept, controls)
    plan = planner.plan(scene, both, seed)
    check_tempo(plan, controls)
    check_genre(plan, controls)
    check_bass(plan, controls)
    if "seats" not in kept or not ("instruments" in kept or controls.instruments):
        return plan
    plan = _seated(plan, seats(kept["seats"], plan.instruments), scene, both, seed)
    check_players(plan, both)
    check_bass(plan, controls)
    check_feeling(plan, controls, seed)
    return plan


def _both(kept: Choices, controls: Controls) -> Controls:
    """Return the user's requests and, beside them, a model's choices as such."""
    requests = {name: kept[name] for name in _REQUESTS if name in kept}
    own = Controls.parse(**requests)
    both = replace(controls, **{name: getattr(own, name) for name in requests})
    conflicts.check(both)
    return both


def _seated(plan: Plan, parts: list[Part], scene: Scene, controls: Controls, seed: int) -> Plan:
    """Return the plan with other parts, the melody laid where its player sings best."""
    causes = dict(plan.causes)
    tessitura = plan.tessitura
    if lead_of(parts) != lead_of(plan.instruments):
        tessitura, causes["tessitura"] = choose_tessitura(read_scene(scene, controls, seed), parts, controls)
    return plan.model_copy(update={"instruments": parts, "tessitura": tessitura, "causes": causes})

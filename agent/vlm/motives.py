"""Why a model's plan is as it is: its motivation for every element, as causes and as reasoning.

Conventions
-----------
Elements are those of `prompts.Plan.causes`. An element that the user fixed keeps the request as its
cause, one that the planner filled in the published mapping; all others have what the model says moved it.
"""

from __future__ import annotations

from typing import Any

from agent.controls import Controls
from agent.offline.causes import REQUEST, cause
from agent.offline.reading import asked_place
from agent.vlm.agreeing import Choices
from prompts import Cause, Plan, PlanAnswer, Scene

#: Element of a plan -> field of the answer, and the choices of which one has to be in the plan.
_ELEMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "emotion": ("emotion", ()),
    "genre": ("genre", ("genre",)),
    "tempo": ("tempo", ("tempo",)),
    "key": ("key", ("key",)),
    "meter": ("meter", ("meter",)),
    "form": ("form", ("form",)),
    "bars": ("bars", ("bars",)),
    "instruments": ("instruments", ("instruments", "seats")),
    "rhythm": ("rhythm", ()),
    "dynamics": ("dynamics", ()),
    "tessitura": ("register", ("register",)),
}
#: Elements that are the planner's where a feeling was asked for.
_OF_A_FEELING = ("emotion", "dynamics")


def decided(kept: Choices, controls: Controls) -> tuple[str, ...]:
    """Return the elements of a plan that are the model's.

    Parameters
    ----------
    kept
        Choices of the model that are in the plan.
    controls
        What was asked for.
    """
    felt = asked_place(controls) != (None, None)
    return tuple(
        element
        for element, (_, choices) in _ELEMENTS.items()
        if (any(one in kept for one in choices) if choices else not (felt and element in _OF_A_FEELING))
    )


def with_motives(
    plan: Plan, answer: PlanAnswer, scene: Scene, controls: Controls, kept: Choices, source: str
) -> Plan:
    """Return the plan with the model's reasons where the model decided.

    Parameters
    ----------
    plan
        By the planner, with its own causes.
    answer
        Of the model.
    scene
        What is in the picture, as step 1 says it.
    controls, kept
        As in `decided`.
    source
        Who answered: "model <id>".
    """
    causes = {element: [settled(one, plan, kept) for one in found] for element, found in plan.causes.items()}
    for element in decided(kept, controls):
        choice = getattr(answer, _ELEMENTS[element][0])
        path, value = place(scene, choice.seen, controls)
        asked = [one for one in causes.get(element, []) if one.scene == REQUEST]
        causes[element] = [cause(path, value, choice.because, source), *asked]
    return plan.model_copy(update={"causes": causes, "reasoning": _reasoning(plan, answer, kept, controls)})


def place(scene: Scene, seen: str, controls: Controls) -> tuple[str, str]:
    """Return the path of what moved an element, and what is there in short."""
    feeling = scene.emotion
    requests = ", ".join(f"{name} {value}" for name, value in controls.asked().items() if name != "seed")
    words = f"{', '.join(feeling.words)} (valence {feeling.valence:+.2f}, arousal {feeling.arousal:+.2f})"
    found = {
        "objects": ("objects", ", ".join(f"{one.name} ({one.probability:.2f})" for one in scene.objects[:3])),
        "setting": ("setting", scene.setting),
        "colour": ("colour", ", ".join(scene.colour.words)),
        "dynamic": ("dynamic.words", ", ".join(scene.dynamic.words)),
        "emotion": ("emotion.words", words),
        "description": ("description", scene.description),
        "request": (REQUEST, requests) if requests else ("plan", "a request that nobody made"),
    }
    return found[seen]


def settled(one: Cause, plan: Plan, kept: Choices) -> Cause:
    """Return a cause of the planner's as it is in truth: what it took for a request may be the model's."""
    if one.scene in ("emotion.valence", "emotion.arousal"):
        feeling = plan.emotion
        value = f"valence {feeling.valence:+.2f}, arousal {feeling.arousal:+.2f}"
        return one.model_copy(update={"scene": "plan.emotion", "value": value})
    if one.scene == "emotion.words":
        return one.model_copy(update={"scene": "plan.emotion"})
    if one.scene == REQUEST and one.value == "other requests":
        return one.model_copy(update={"scene": "plan", "value": "other choices"})
    name = _chosen(one, kept) if one.scene == REQUEST else ""
    return one.model_copy(update={"scene": f"plan.{name}"}) if name else one


def _chosen(one: Cause, kept: Choices) -> str:
    """Return the element that a model chose and the planner took for a request, "" if it was a request."""
    for name, value in kept.items():
        if name != "seats" and one.value == shown(value):
            return {"register": "tessitura", "density": "rhythm"}.get(name, name)
    return ""


def shown(value: Any) -> str:
    """Return a choice as the planner writes requests."""
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _reasoning(plan: Plan, answer: PlanAnswer, kept: Choices, controls: Controls) -> str:
    """Return the reasons joined, a sentence for every element that is the model's."""
    said = {
        "emotion": ", ".join(plan.emotion.words),
        "genre": plan.genre,
        "tempo": f"{plan.tempo:.0f} qpm",
        "key": plan.key,
        "meter": plan.meter,
        "form": plan.form,
        "bars": str(plan.bars),
        "instruments": ", ".join(dict.fromkeys(part.instrument for part in plan.instruments)),
        "rhythm": ", ".join(plan.rhythm.words),
        "dynamics": plan.dynamics,
        "tessitura": f"around MIDI {plan.tessitura.center}",
    }
    sentences = []
    for element in decided(kept, controls):
        because = getattr(answer, _ELEMENTS[element][0]).because.rstrip(".")
        sentences.append(f"{element.capitalize()} {said[element]}: {because}.")
    return " ".join(sentences)[:3000]

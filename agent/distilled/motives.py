"""Why a mapper's plan is as it is: the nearest plans of its teacher, and what published mappings say beside.

A mapper goes from the picture as a whole to a place in the space of music descriptions; no part of the
picture stands behind one element more than another. So the first cause of what it decided is the picture,
with the nearest plans and how sure it is. Where the offline planner, asked about the same scene, decides the
same, its causes follow: they lead to parts of the scene, and say why that makes sense, not what the mapper
did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent.offline.causes import REQUEST, cause
from agent.offline.reading import asked_place
from agent.vlm.motives import settled, shown
from prompts import Cause, Plan

if TYPE_CHECKING:
    from agent.controls import Controls
    from agent.vlm.agreeing import Choices
    from mapper.deciding import Decision, Neighbour

#: Path of a cause that is the whole picture.
PICTURE = "picture"
#: Element of a plan -> choices of which one has to be in it; question whose answer tells how sure it is.
_ELEMENTS: dict[str, tuple[tuple[str, ...], str]] = {
    "emotion": ((), ""),
    "genre": (("genre",), "genre"),
    "tempo": (("tempo",), "tempo"),
    "key": (("key",), "mode"),
    "meter": (("meter",), "meter"),
    "form": (("form",), ""),
    "bars": (("bars",), ""),
    "instruments": (("instruments", "seats"), ""),
    "rhythm": (("genre", "meter", "tempo"), ""),
    "dynamics": (("genre", "meter", "tempo"), ""),
}
#: Elements that are the planner's where a feeling was asked for.
_OF_A_FEELING = ("emotion", "dynamics", "rhythm")
#: What is compared to see whether the offline planner says the same.
_SAID: dict[str, Callable[[Plan], Any]] = {
    "emotion": lambda plan: plan.emotion.words[0],
    "genre": lambda plan: plan.genre,
    "tempo": lambda plan: plan.tempo_text,
    "key": lambda plan: plan.key.rsplit(" ", 1)[-1],
    "meter": lambda plan: plan.meter,
    "form": lambda plan: plan.form,
    "bars": lambda plan: plan.bars,
    "instruments": lambda plan: sorted(part.instrument for part in plan.instruments),
    "rhythm": lambda plan: plan.rhythm.articulation,
    "dynamics": lambda plan: plan.dynamics,
}


def with_motives(
    plan: Plan,
    beside: Plan,
    decision: Decision,
    kept: Choices,
    told: tuple[str, float],
    mind: str,
    controls: Controls,
) -> Plan:
    """Return the plan with its causes and its reasoning.

    Parameters
    ----------
    plan
        Completed by the planner, with its own causes.
    beside
        What the offline planner makes of the same scene by itself.
    decision
        Of the mapper.
    kept
        Choices of the mapper that are in the plan.
    told
        The rationale of the teacher that is nearest to E_r, and its cosine.
    mind
        Id of the mapper.
    controls
        What was asked for.
    """
    causes = {name: [settled(one, plan, kept) for one in found] for name, found in plan.causes.items()}
    decided = _decided(kept, controls)
    agreed = [name for name in decided if _SAID[name](plan) == _SAID[name](beside)]
    for name in decided:
        asked = [one for one in plan.causes.get(name, []) if one.scene == REQUEST and not _chosen(one, kept)]
        others = (
            [one for one in beside.causes.get(name, []) if one.scene != REQUEST] if name in agreed else []
        )
        causes[name] = [_first(name, decision, mind), *others, *asked]
    return plan.model_copy(
        update={"causes": causes, "reasoning": _reasoning(decision, told, mind, decided, agreed)}
    )


def _decided(kept: Choices, controls: Controls) -> list[str]:
    """Return the elements of a plan that are the mapper's."""
    felt = asked_place(controls) != (None, None)
    own = [name for name, (choices, _) in _ELEMENTS.items() if all(one in kept for one in choices)]
    return [name for name in own if not (felt and name in _OF_A_FEELING)]


def _chosen(one: Cause, kept: Choices) -> bool:
    """Whether the planner took a choice of the mapper's for a request."""
    return one.value in (*(shown(value) for name, value in kept.items() if name != "seats"), "other requests")


def _first(name: str, decision: Decision, mind: str) -> Cause:
    """Return the cause that is the mapper's own."""
    question, near = _ELEMENTS[name][1], decision.nearest
    sure = f"; {100 * decision.sure[question]:.0f} % sure" if question in decision.sure else ""
    others = f", with {', '.join(_near(one) for one in near[1:])}" if near[1:] else ""
    effect = (
        f"the mapper takes it from the plans of its teacher that are nearest to what it hears{others}{sure}"
    )
    return cause(PICTURE, f"near {_near(near[0])}", effect, mind)


def _near(one: Neighbour) -> str:
    return f"{one.title[:60]} ({one.similarity:.2f})"


def _reasoning(
    decision: Decision, told: tuple[str, float], mind: str, decided: list[str], agreed: list[str]
) -> str:
    """Return in words how the plan came about, and what was not reasoned."""
    near = "; ".join(_near(one) for one in decision.nearest)
    others = [name for name in decided if name not in agreed]
    sentences = [
        f"Planned by {mind} without reasoning in words: the picture became a vector, that a vector of "
        "reasons, and both a vector of music.",
        f"Nearest plans of its teacher (cosine): {near}.",
        f"Nearest rationale ({told[1]:.2f}), which is another picture's: {told[0]}" if told[0] else "",
        f"The published mappings, asked beside it, say the same of {', '.join(agreed)}." if agreed else "",
        f"They would decide otherwise about {', '.join(others)}." if others else "",
    ]
    return " ".join(one for one in sentences if one)[:3000]

"""What a model would answer if it saw and planned as the offline mind does: for rehearsals and tests.

Every answer has the form that the step's prompt asks for; texts are cut to the lengths that it allows.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent import density, register
from agent.offline.writer.form import sections
from prompts import Cause, Plan, PlanAnswer, Scene, SceneAnswer, SketchAnswer

#: Where an element of the plan is explained if its own causes are not named after it.
_ELEMENTS = (
    "emotion", "genre", "tempo", "key", "meter", "form", "bars", "instruments", "rhythm", "dynamics",
    "register",
)  # fmt: skip
#: What a model may say it saw.
_SEEN = ("objects", "setting", "colour", "dynamic", "emotion", "description", "request")
#: Decorations, fields and staccato dots, which are ours to write.
_OURS = re.compile(r"![^!]*!|\[[A-Z]:[^]]*\]\s?|(?<![^\s!|])\.(?=[\[A-Ga-g^_=])")


def scene_answer(scene: Scene) -> SceneAnswer:
    """Return a scene as a model would answer step 1."""
    words = list(scene.colour.words) or [swatch.name for swatch in scene.colour.swatches]
    objects = [{"name": one.name[:60], "share": one.probability} for one in scene.objects[:8]]
    return SceneAnswer.model_validate(
        {
            "objects": objects or [{"name": scene.setting, "share": 0.5}],
            "setting": scene.setting,
            "colour": {"words": words[:4] or ["plain"]},
            "dynamic": {"words": scene.dynamic.words[:4], "busyness": scene.dynamic.busyness},
            "emotion": {
                "words": scene.emotion.words[:4],
                "valence": scene.emotion.valence,
                "arousal": scene.emotion.arousal,
            },
            "description": scene.description[:600],
            "reasoning": (scene.reasoning or scene.description)[:400],
        }
    )


def plan_answer(plan: Plan) -> PlanAnswer:
    """Return a plan as a model would answer step 2."""
    values: dict[str, Any] = {
        "emotion": {
            "words": plan.emotion.words[:3],
            "valence": plan.emotion.valence,
            "arousal": plan.emotion.arousal,
        },
        "genre": plan.genre,
        "tempo": round(plan.tempo),
        "key": plan.key,
        "meter": plan.meter,
        "form": plan.form,
        "bars": plan.bars,
        "instruments": [{"instrument": part.instrument, "role": part.role} for part in plan.instruments[:6]],
        "rhythm": {
            "words": plan.rhythm.words[:3],
            "density": _word(plan.rhythm.density, density.WORDS),
            "articulation": plan.rhythm.articulation,
        },
        "dynamics": plan.dynamics,
        "register": _word(plan.tessitura.center, register.WORDS),
    }
    choices = {name: {**_reason(plan.causes, name), "value": values[name]} for name in _ELEMENTS}
    return PlanAnswer.model_validate({"title": plan.title[:60], **choices})


def sketch_answer(plan: Plan) -> SketchAnswer:
    """Return a plan's description as a model would answer the question for the music in words."""
    laid = sections(plan.form, plan.bars, random.Random(0))  # noqa: S311 - which letters there are
    letters = list(dict.fromkeys(section.letter for section in laid))[:8]
    ideas = [
        {"letter": letter[:8], "because": plan.emotion.words[0][:160], "idea": _idea(at)}
        for at, letter in enumerate(letters)
    ]
    return SketchAnswer.model_validate({"description": plan.description[:700], "sections": ideas})


def score_answer(abc: str) -> str:
    """Return a finished score of ours as a model would write it: the music alone, voice by voice."""
    lines: list[str] = []
    voice = ""
    for line in abc.partition("\nK:")[2].splitlines()[1:]:
        if line.startswith("V:"):
            voice = line[2:].strip()
        elif line and not line.startswith("%%"):
            lines.append(f"[V:{voice}] {_OURS.sub('', line).strip()}")
    return "\n".join(lines)


def _idea(at: int) -> str:
    return "the theme, stated plainly" if at == 0 else "a contrast to what came before"


def _word(value: float, bands: Mapping[str, tuple[float, ...]]) -> str:
    """Return the name of the band that a value lies in; the last one takes what lies above all."""
    return next((name for name, band in bands.items() if value < band[1]), list(bands)[-1])


def _reason(causes: Mapping[str, Sequence[Cause]], element: str) -> dict[str, str]:
    """Return what was seen and why it leads to an element, from the plan's causes."""
    found = causes.get(element) or ()
    if not found:
        return {"seen": "emotion", "because": "it suits the feeling of the picture"}
    seen = found[0].scene.partition(".")[0]
    because = found[0].effect[:160] or "it was asked for"
    return {"seen": seen if seen in _SEEN else "emotion", "because": because}

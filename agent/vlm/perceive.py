"""Step 1 by a model: what is in the picture, with what can be measured measured.

The model names things, setting, movement and feeling and says why; colour, light and composition are
measured as the offline mind measures them, for a number that was measured is better than one that was
guessed. The scene's evidence says which is which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.offline.colour import colour_measures, see_colour
from agent.offline.composition import composition_measures, rank_composition
from agent.offline.describe import measured_by
from agent.offline.labels import group_of
from agent.offline.perceive import inside
from agent.vlm import constraints
from agent.vlm.asking import ask_json, or_none
from agent.vlm.run import Run
from prompts import Colour, Dynamic, Emotion, Evidence, Scene, SceneAnswer, SeenObject

if TYPE_CHECKING:
    from PIL import Image

    from agent.chairs import Perceiver
    from agent.controls import Controls

#: Most words of colour and light in a scene (`prompts.Colour`).
_MOST_WORDS = 6
#: Elements of a scene that a model says.
_SAID = ("objects", "setting", "emotion", "dynamic.words", "dynamic.busyness", "colour.words", "description")


def perceive(run: Run, picture: Image.Image, controls: Controls, offline: Perceiver) -> Scene:
    """Return what is in a picture.

    Parameters
    ----------
    run
        The composition; ``minds["perceive"]`` is set.
    picture
        RGB, of any size; the model is shown it with its longer side at most ``options.max_side``.
    controls
        What was asked for.
    offline
        Who looks at it if the model cannot see, or gives no answer that fits.

    Raises
    ------
    BackendError
        If the model has never answered.
    """
    if not run.abilities.images:
        run.remarks.append(f"{run.backend.id} cannot see pictures; the offline mind looked at it")
        return _by(offline, run, picture)
    values = {"constraints": constraints.text(controls)}
    shown = scaled(picture, run.options.max_side)
    answer = or_none(
        run,
        lambda: ask_json(run, "perceive", values, SceneAnswer, images=(shown,)),
        "the offline mind looked at the picture",
    )
    if answer is None:
        return _by(offline, run, picture)
    run.minds["perceive"] = run.backend.id
    return scene_of(answer, picture, f"{run.backend.id}, prompt {run.calls[-1].prompt}")


def scene_of(answer: SceneAnswer, picture: Image.Image, source: str) -> Scene:
    """Return the scene of an answer and of a picture's measures; ``source`` names who answered."""
    _, lab, box = inside(picture)
    measures = {**colour_measures(lab), **composition_measures(lab)}
    ranks = {**rank_composition(measures), "busyness": answer.dynamic.busyness}
    methods = dict.fromkeys(_SAID, f"said by {source}")
    methods["colour.words"] += ", measured words after them"
    measured = {
        element: f"measured in CIELAB: {method}"
        for element, method in measured_by(measures, box).items()
        if element not in methods
    }
    return Scene(
        objects=_objects(answer),
        setting=answer.setting,
        emotion=Emotion(
            words=answer.emotion.words, valence=answer.emotion.valence, arousal=answer.emotion.arousal
        ),
        dynamic=Dynamic(words=answer.dynamic.words, **ranks),
        colour=_coloured(answer.colour.words, see_colour(lab, measures)),
        description=answer.description,
        reasoning=answer.reasoning,
        evidence=[
            Evidence(element=element, method=method[:400])
            for element, method in {**methods, **measured}.items()
        ],
    )


def scaled(picture: Image.Image, longest: int) -> Image.Image:
    """Return a picture with its longer side at most so many pixels; never enlarged."""
    if max(picture.size) <= longest:
        return picture
    from PIL import Image as pil

    share = longest / max(picture.size)
    size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    return picture.resize(size, pil.Resampling.LANCZOS, reducing_gap=3.0)


def _by(offline: Perceiver, run: Run, picture: Image.Image) -> Scene:
    run.minds["perceive"] = "offline"
    return offline.perceive(picture)


def _objects(answer: SceneAnswer) -> list[SeenObject]:
    """Return the things that were named, each once by its largest share, in falling order."""
    named: dict[str, SeenObject] = {}
    for one in sorted(answer.objects, key=lambda one: -one.share):
        found = SeenObject(name=one.name, probability=float(one.share), group=group_of(one.name))
        named.setdefault(one.name.casefold(), found)
    return list(named.values())


def _coloured(words: list[str], measured: Colour) -> Colour:
    """Return the measured colours with the model's words before the measured ones."""
    both = list(dict.fromkeys([*words, *measured.words]))
    return measured.model_copy(update={"words": both[:_MOST_WORDS]})

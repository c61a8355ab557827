"""From words to a scene: what a text says, as the offline mind's first chair would put it.

Conventions
-----------
No picture is needed, and none is pretended: the scene's evidence says that words were read. Objects, colours
and feelings come from the words; what they do not say stays at its default. A little chance, by a seed,
stands for how differently a thing may look. The scene can go straight to `agent.offline.plan.OfflinePlanner`.
"""

from __future__ import annotations

import functools
import random
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.offline.colour import colour_measures, see_colour
from agent.offline.describe import dynamic_words, emotion_words
from agent.offline.labels import group_of
from agent.offline.tables import table
from mapper.scenes import Telling
from prompts import Colour, Dynamic, Emotion, Evidence, Scene, SeenObject

#: Height and width of the pixels that stand for the colours which the words name.
_PIXELS = (24, 32)
#: How far things named by words vary in lightness, in a* and b*, and how far a light word shifts lightness.
_LIGHTNESS, _CHROMA, _SHIFT = 11.0, 5.0, 22.0
_MOST = 6


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A scene read from words; ``measures`` of colour and composition are those that the words give."""

    telling: Telling
    scene: Scene
    measures: dict[str, float]


def told(telling: Telling, seed: int = 0) -> Told:
    """Return the scene of a textual scene; same words and seed give the same.

    Examples
    --------
    >>> from mapper.scenes import tellings
    >>> first = next(tellings(1))
    >>> told(first).scene.setting == first.setting
    True
    """
    chance = random.Random(f"{telling.text}|{seed}")  # noqa: S311  # repeatable, not secret
    lab = _painted(telling, chance)
    measures = colour_measures(lab) if lab is not None else {}
    colour = _colour(lab, measures) if lab is not None else Colour()
    emotion = _emotion(telling, chance)
    ranks, composed = _layout(telling, chance)
    dynamic = Dynamic(words=dynamic_words(ranks, emotion.arousal), **ranks)
    scene = Scene(
        objects=_objects(telling, chance),
        setting=telling.setting or "unknown",
        emotion=emotion,
        dynamic=dynamic,
        colour=colour,
        description=telling.text[:1200],
        reasoning="Read from words: "
        + (", ".join((*telling.objects, *telling.feelings)) or "nothing known")[:1900],
        evidence=_evidence(telling),
    )
    return Told(telling, scene, measures | composed)


def _colour(lab: NDArray[np.float64], measures: dict[str, float]) -> Colour:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # colours beyond sRGB are clipped, as is meant
        return see_colour(lab, measures)


def _objects(telling: Telling, chance: random.Random) -> list[SeenObject]:
    """Return the things named, each as sure as an image network might be: together they take at most all."""
    left, found = 1.0, []
    for name in telling.objects[:_MOST]:
        share = left * chance.uniform(0.4, 0.85)
        left -= share
        found.append(SeenObject(name=name, probability=round(share, 3), group=group_of(name)))
    return found


def _emotion(telling: Telling, chance: random.Random) -> Emotion:
    """Return the feeling, within what single photographs reach (`agent.offline.affect`)."""
    valence, arousal = (
        round(min(max(value + chance.gauss(0, 0.06), low), high), 3)
        for value, (low, high) in (
            (telling.valence, table("affect")["valence"]["range"]),
            (telling.arousal, table("affect")["arousal"]["range"]),
        )
    )
    words = list(dict.fromkeys([*emotion_words(valence, arousal)[:1], *telling.feelings]))
    return Emotion(words=words[:4], valence=valence, arousal=arousal)


def _layout(telling: Telling, chance: random.Random) -> tuple[dict[str, float], dict[str, float]]:
    """Return ranks of composition for the scene, and the measures that have these ranks among photographs."""
    ranks = {"busyness": 0.5, "symmetry": 0.5, "openness": 0.5}
    measures = {}
    calibration = table("calibration")
    for rank, measure, value in (
        ("busyness", "edges", telling.busyness),
        ("openness", "open", telling.openness),
    ):
        if value is not None:
            ranks[rank] = round(min(max(value + chance.gauss(0, 0.08), 0.0), 1.0), 3)
            values = calibration["measures"][measure]
            measures[measure] = float(np.interp(ranks[rank], calibration["quantiles"], values))
    return ranks, measures


def _painted(telling: Telling, chance: random.Random) -> NDArray[np.float64] | None:
    """Return Lab pixels in the colours named, the first ones in the largest areas; None if none is named."""
    known = [_lab()[name] for name in telling.colours[:5] if name in _lab()]
    if not known:
        return None
    draw = np.random.default_rng(chance.getrandbits(48))
    shares = draw.dirichlet([4.0 / (place + 1) for place in range(len(known))])
    height, width = _PIXELS
    ends = np.rint(np.cumsum([0.0, *shares]) * height * width).astype(int)
    lab = np.array(known)[np.repeat(np.arange(len(known)), np.diff(ends))].reshape(height, width, 3)
    rest = round((1 - telling.coverage) * height)
    lab[:rest] = draw.normal(
        (48.0, 1.0, 5.0), (18.0, 4.0, 8.0), (rest, 1, 3)
    )  # what the words do not speak of
    lab += draw.normal(0, 1, lab.shape) * (_LIGHTNESS, _CHROMA, _CHROMA)
    lab[..., 0] = np.clip(lab[..., 0] + _SHIFT * telling.light + draw.normal(0, 3), 0, 100)
    return lab


@functools.cache
def _lab() -> dict[str, list[float]]:
    """Return the Lab values of the colour names."""
    return {row["name"]: row["lab"] for row in table("colour_names")["colours"]}


def _evidence(telling: Telling) -> list[Evidence]:
    """Return how each element was found: by reading."""
    read = {
        "objects": "named in the text; how sure, by chance",
        "setting": "of the thing that the text is about",
        "emotion.valence": "words of the text, placed by hand",
        "emotion.arousal": "words of the text, placed by hand",
    }
    if telling.colours:
        read["colour"] = f"colours named or usual: {', '.join(telling.colours[:5])}"
    if telling.busyness is not None:
        read["dynamic.busyness"] = "usual for the thing that the text is about"
    return [Evidence(element=element, method=method[:400]) for element, method in read.items()]

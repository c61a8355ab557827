"""Perceiving a picture without a language model: step 1 of the chain, measured part by part.

`analyse` measures (network, colour, composition), `OfflinePerceiver` turns the measures into a `Scene`
whose evidence names the method behind each element.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from agent.offline.affect import Affect, feel
from agent.offline.colour import colour_measures, lab_pixels, see_colour
from agent.offline.composition import composition_measures, rank_composition
from agent.offline.describe import Finding, describe, dynamic_words, emotion_words, evidence, reason
from agent.offline.frame import inner_box
from agent.offline.labels import PEOPLE, find_setting, group_shares, likeness, seen_objects, starry
from agent.offline.network import Sight, look
from prompts import Dynamic, Emotion, Scene, SeenObject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image


@dataclasses.dataclass(frozen=True)
class Look:
    """All measures of a picture: the network's, Lab pixels (height, width, 3), named numbers, box used."""

    sight: Sight
    lab: NDArray[np.float64]
    measures: dict[str, float]
    box: tuple[float, float, float, float]


def analyse(picture: Image.Image) -> Look:
    """Return all measures of an RGB picture, taken inside its even margin if it has one."""
    inner, lab, box = inside(picture)
    return Look(look(inner), lab, {**colour_measures(lab), **composition_measures(lab)}, box)


def inside(
    picture: Image.Image,
) -> tuple[Image.Image, NDArray[np.float64], tuple[float, float, float, float]]:
    """Return what lies inside the even margin of an RGB picture, its Lab pixels, and the box used."""
    whole = lab_pixels(picture)
    box = inner_box(whole)
    if box == (0.0, 0.0, 1.0, 1.0):
        return picture, whole, box
    width, height = picture.size
    left, top, right, bottom = box
    inner = picture.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    )
    return inner, lab_pixels(inner), box


class OfflinePerceiver:
    """The offline mind's first chair: image network, regression on human ratings, colour measures."""

    def perceive(self, picture: Image.Image) -> Scene:
        """Return what is in an RGB picture, as `agent.picture.open_picture` gives it; always the same.

        Raises
        ------
        MissingPartError
            If the image network is not installed.

        Examples
        --------
        >>> from agent.picture import open_picture
        >>> scene = OfflinePerceiver().perceive(open_picture("examples/images/d05_coffee_cup.jpg"))
        >>> scene.objects[0].name
        'coffee'
        """
        found = analyse(picture)
        affect = feel(found.sight, found.measures)
        return scene_of(found, affect)


def scene_of(found: Look, affect: Affect) -> Scene:
    """Return the `Scene` of a picture's measures and of what people would feel at it."""
    probabilities, measures = found.sight.probabilities, found.measures
    groups, guesses = group_shares(probabilities), seen_objects(probabilities)
    setting, rule = find_setting(guesses, groups, affect.kinds, measures)
    objects = _trusted(guesses, setting, affect, measures)
    ranks = rank_composition(measures)
    emotion = Emotion(
        words=emotion_words(affect.valence, affect.arousal),
        valence=round(affect.valence, 3),
        arousal=round(affect.arousal, 3),
    )
    finding = Finding(
        objects=objects,
        guesses=guesses,
        like=next((like for thing in objects if (like := likeness(thing.name, probabilities))), ""),
        groups=groups,
        setting=setting,
        rule=rule,
        affect=affect,
        emotion=emotion,
        dynamic=Dynamic(words=dynamic_words(ranks, affect.arousal), **ranks),
        colour=see_colour(found.lab, measures),
        measures=measures,
        box=found.box,
    )
    return Scene(
        objects=objects,
        setting=setting,
        emotion=emotion,
        dynamic=finding.dynamic,
        colour=finding.colour,
        description=describe(finding),
        reasoning=reason(finding),
        evidence=evidence(finding),
    )


def _trusted(
    guesses: list[SeenObject], setting: str, affect: Affect, measures: dict[str, float]
) -> list[SeenObject]:
    """Return the guesses that no measure contradicts, with people, whom ImageNet leaves out."""
    if setting == "space" and starry(measures):
        return [thing for thing in guesses if thing.group == "space"]
    people = affect.kinds["person"]
    if people < PEOPLE:
        return guesses
    person = SeenObject(name="person", probability=round(people, 3), group="person")
    return sorted([*guesses, person], key=lambda thing: -thing.probability)

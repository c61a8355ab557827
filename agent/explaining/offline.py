"""The maps of a scene that the offline mind saw: what in the picture made it say so, checked by hiding.

Feeling and things come from the image network and are shared out among places by
`agent.explaining.decomposition`; colour, light and composition are exact (`agent.explaining.pixels`). For
valence, arousal and the likeliest thing the map is checked by hiding places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agent.explaining.decomposition import Floats, Parts, emotion_parts, label_map
from agent.explaining.outcomes import Reading, feeling, measured_part, outcomes, reduced, thing
from agent.explaining.pixels import Found, colour_maps, composition_maps
from agent.explaining.scenery import scene_items
from agent.offline.affect import TARGETS, coefficients
from agent.offline.colour import colour_measures
from agent.offline.composition import composition_measures
from agent.offline.labels import PERHAPS, group_members, members
from agent.offline.network import Activity, activities, stranger, views
from agent.offline.perceive import inside
from agent.offline.tables import table
from explain.explanation import Check, Element
from explain.faithfulness import check_of, rank_correlation, trials
from explain.heat import Box, HeatMap
from prompts import Scene

#: Difference between the whole and the blurred picture below which a map is not checked.
LEAST = 0.05
#: Steps of the curves and maps of chance: in a report, and thoroughly.
QUICK, THOROUGH = (4, 2), (10, 5)
_CHECKED = ("scene.emotion.valence", "scene.emotion.arousal", "scene.objects.0")
_FEELING = (
    "decomposition: the regression's sum over features and texture of the image network, shared out among "
    "places without remainder; labels to first order"
)
_THING = "gradient times activation on the image network's last feature maps (Grad-CAM), both views"
_PERSON = "decomposition of the regression on OASIS categories, person against the other kinds"


@dataclass(frozen=True)
class Seen:
    """What is inside a picture's margin, looked at: network activity at both views and where these lie."""

    picture: Image.Image
    lab: NDArray[np.float64]
    activity: tuple[Activity, ...]
    boxes: tuple[Box, ...]
    held: Floats
    covers: Box


def scene_elements(picture: Image.Image, scene: Scene, thorough: bool = False) -> tuple[Element, ...]:
    """Return the elements of an offline scene that were measured, with their maps.

    Parameters
    ----------
    picture
        RGB, as `agent.picture.open_picture` gives it; the one that the scene was made of.
    scene
        As `agent.offline.perceive.OfflinePerceiver` gives it.
    thorough
        Longer curves, more chance, both views, and the map of the network with random weights, for the
        checks of valence, arousal and the likeliest thing (about eight times the work).

    Returns
    -------
    tuple of Element
        Those with a map, or with ``absent`` saying why there is none; words and summaries are left out.
    """
    seen = look_inside(picture)
    found = {**network_maps(seen, scene), **_pixel_maps(seen, scene)}
    checks = _checks(seen, scene, found, thorough)
    elements = []
    for one in scene_items(scene):
        made = found.get(one.id)
        if made is None:
            absent = _absent(one.id, scene)
            elements += [replace(one, absent=absent)] if absent else []
            continue
        text = f"{one.text}. {_sum_of(seen, one.id)}" if one.id.startswith("scene.emotion.") else one.text
        placed = replace(made.map, covers=seen.covers)
        elements.append(replace(one, text=text, map=placed, method=made.method, check=checks.get(one.id)))
    return tuple(elements)


def look_inside(picture: Image.Image) -> Seen:
    """Return what a picture shows inside its even margin, and what the network does at it."""
    inner, lab, covers = inside(picture)
    measures = {**colour_measures(lab), **composition_measures(lab)}
    activity = tuple(activities(views(inner), lambda one: one))
    return Seen(inner, lab, activity, _boxes(inner.size), measured_part(measures), covers)


def network_maps(seen: Seen, scene: Scene) -> dict[str, Found]:
    """Return the maps of feeling, things and setting, by the ids of their elements."""
    found = {
        f"scene.emotion.{target}": Found(_heat(_feeling(seen, target).total), _FEELING)
        for target in TARGETS[:2]
    }
    for place, one in enumerate(scene.objects):
        if one.name == "person":
            found[f"scene.objects.{place}"] = Found(_heat(_person(seen)), _PERSON)
        elif members(one.name):
            grid = label_map(seen.activity, seen.boxes, members(one.name))
            found[f"scene.objects.{place}"] = Found(_heat(grid), _THING)
    group = group_members(scene.setting)
    if group and np.mean([one.probabilities[list(group)].sum() for one in seen.activity]) >= PERHAPS:
        found["scene.setting"] = Found(
            _heat(label_map(seen.activity, seen.boxes, group)), f"{_THING}; all things of the group"
        )
    return found


def _pixel_maps(seen: Seen, scene: Scene) -> dict[str, Found]:
    made = {**colour_maps(seen.lab, scene.colour), **composition_maps(seen.lab)}
    return {f"scene.{path}": one for path, one in made.items()}


def _checks(seen: Seen, scene: Scene, found: dict[str, Found], thorough: bool) -> dict[str, Check | None]:
    """Return the checks of what is checked, all from one batch of hidden pictures."""
    asked = {name: reading for name in _CHECKED if name in found and (reading := _reading(name, scene))}
    steps, chances = THOROUGH if thorough else QUICK
    made = trials(
        reduced(seen.picture), outcomes(list(asked.values()), seen.held, thorough),
        [found[name].map for name in asked], steps=steps, chances=chances,
    )  # fmt: skip
    sanity = _sanity(seen, scene, found) if thorough else {}
    names = {"scene.objects.0": f"probability of {scene.objects[0].name}"} if scene.objects else {}
    return {
        name: check_of(trial, names.get(name, name.rpartition(".")[2]), LEAST, sanity.get(name))
        for name, trial in zip(asked, made, strict=True)
    }


def _reading(identity: str, scene: Scene) -> Reading | None:
    if identity.startswith("scene.emotion."):
        return feeling(identity.rpartition(".")[2])
    return thing(scene.objects[0].name)


def _sanity(seen: Seen, scene: Scene, found: dict[str, Found]) -> dict[str, float]:
    """Return for each map its rank correlation with the one of a network with random weights."""
    strange = with_network(seen, stranger(0))
    return {
        name: rank_correlation(found[name].map, one.map) for name, one in network_maps(strange, scene).items()
        if name in found
    }  # fmt: skip


def with_network(seen: Seen, network: Any) -> Seen:
    """Return the same picture as another network of the same build sees it."""
    activity = tuple(activities(views(seen.picture), lambda one: one, network))
    return replace(seen, activity=activity)


def _feeling(seen: Seen, target: str) -> Parts:
    """Return the parts of valence or arousal, in the scene's unit."""
    direction = np.zeros(len(TARGETS))
    direction[TARGETS.index(target)] = table("affect")[target]["spread"]
    return emotion_parts(seen.activity, seen.boxes, direction)


def _person(seen: Seen) -> Floats:
    """Return what speaks for a person and against the other three kinds."""
    direction = np.where(np.arange(len(TARGETS)) < 2, 0.0, -1 / 3)
    direction[TARGETS.index("person")] = 1.0
    return emotion_parts(seen.activity, seen.boxes, direction).total


def _sum_of(seen: Seen, identity: str) -> str:
    """Return the account of valence or arousal: what each kind of evidence adds to the average photograph."""
    target = identity.rpartition(".")[2]
    parts, index, report = _feeling(seen, target), TARGETS.index(target), table("affect")[target]
    chances = np.mean([one.probabilities for one in seen.activity], axis=0)
    fit, spread = coefficients(), report["spread"]
    labels = float(chances @ fit["label_weights"][:, index]) + float(fit["intercept"][index]) - report["mean"]
    return (
        f"To the average photograph's {report['mean']:+.2f} the network's features add "
        f"{parts.features.sum():+.2f}, texture {parts.texture.sum():+.2f}, the meaning of labels "
        f"{spread * labels:+.2f}, colour and composition {spread * float(seen.held[index]):+.2f}; the sum is "
        f"cut to the range of people's ratings, {report['range'][0]:+.2f} to {report['range'][1]:+.2f}."
    )


def _absent(identity: str, scene: Scene) -> str:
    """Return why something that was measured has no map, "" for words and summaries."""
    if identity == "scene.setting":
        return "the setting was found by a rule on the whole picture, not by one thing in a place"
    if identity.startswith("scene.objects."):
        return "the image network has no class of this name, so nothing can be followed back to a place"
    return ""


def _boxes(size: tuple[int, int]) -> tuple[Box, Box]:
    """Return where the network's views lie: the whole picture and its middle square."""
    width, height = size
    across, down = min(1.0, height / width), min(1.0, width / height)
    return (0.0, 0.0, 1.0, 1.0), (0.5 - across / 2, 0.5 - down / 2, 0.5 + across / 2, 0.5 + down / 2)


def _heat(grid: Floats) -> HeatMap:
    return HeatMap(grid.astype(np.float32), signed=True)

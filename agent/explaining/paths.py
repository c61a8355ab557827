"""Paths of causes as ids of elements: what in the picture, in the plan, or among the requests is meant.

A cause names one path; its value may speak of more (``"valence +0.03, arousal +0.03"``, ``"vivid, gold"``).
Then it becomes a link from each. A path that leads to no element stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any

from agent.offline.reading import colour_family
from prompts import Cause, Colour

#: Word of light, colour or movement -> the measure that it puts into words.
_MEASURES = {
    "scene.colour.brightness": ("very dark", "dark", "dim", "light", "bright"),
    "scene.colour.saturation": ("muted", "vivid", "saturated", "black and white", "monochrome", "grey"),
    "scene.colour.contrast": ("soft", "high contrast"),
    "scene.colour.warmth": ("warm", "cool"),
    "scene.colour.swatches": ("colourful",),
    "scene.dynamic.busyness": ("still", "floating", "flowing", "lively", "busy", "turbulent"),
    "scene.dynamic.symmetry": ("balanced", "symmetrical", "lopsided"),
    "scene.dynamic.openness": ("spacious", "open", "crowded"),
}
_MEASURE_OF = {word: identity for identity, words in _MEASURES.items() for word in words}
#: What the timbres of a line-up lean on, as `agent.offline.players` weighs them.
_TIMBRES = {
    "bright": ("scene.emotion.valence", "scene.emotion.arousal", "scene.colour.brightness"),
    "soft": ("scene.emotion.arousal",),
    "dark": ("scene.emotion.valence", "scene.colour.brightness"),
}
#: Requests that a genre may meet by itself.
_LEANING = ("meter", "key", "tempo", "instruments")
_FELT = re.compile(r"\b(valence|arousal) [+-]")
_FEELING = re.compile(r"^[+-]\d|^valence|^arousal")
_CHOICES = {
    "tempo": ("tempo", "duration"), "bars": ("bars", "duration"), "form": ("form",), "meter": ("meter",),
    "key": ("key",), "genre": ("genre",), "instruments": ("instruments", "register"),
    "rhythm": ("density",), "tessitura": ("register",), "emotion": ("mood", "valence", "arousal"),
}  # fmt: skip


def sources_of(
    cause: Cause, element: str, known: Set[str], colour: Colour, asked: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the ids that a cause names, none if there are no such elements.

    Parameters
    ----------
    cause
        Of a plan's element.
    element
        Which one: ``"tempo"``.
    known
        Ids of all elements.
    colour
        Of the scene: for words that name a colour.
    asked
        Requests by name, as `agent.controls.Controls.asked` gives them.
    """
    if cause.scene.split(".")[0].split("[")[0] == "request":
        return tuple(f"request.{name}" for name in requests_of(cause, element, asked))
    path = _plain(cause.scene)
    if path.startswith("plan."):
        found = _nearest(path, known)
        return (found,) if found and found != f"plan.{element}" else ()
    timbre = re.search(r"these (\w+) timbres", cause.effect)
    named: tuple[str, ...] = ()
    if timbre:
        named = _TIMBRES.get(timbre[1], ())
    elif path.startswith("scene.emotion"):
        named = tuple(f"scene.emotion.{name}" for name in dict.fromkeys(_FELT.findall(cause.value)))
    elif path in ("scene.colour", "scene.colour.words", "scene.dynamic", "scene.dynamic.words"):
        named = _worded(cause.value, colour)
    named = tuple(one for one in named if one in known)
    if named:
        return named
    found = _nearest(path, known)
    return (found,) if found else ()


def requests_of(cause: Cause, element: str, asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the requests that a cause speaks of.

    First those whose value it gives, then a feeling that was asked for, then those that decide the element,
    then all. What was asked in other words, by an edit or a theme, is ``"words"``.
    """
    wanted = [name for name in asked if name != "seed"]
    same = [name for name in wanted if cause.value in _shown(asked[name])]
    felt = [name for name in wanted if name in ("mood", "valence", "arousal")]
    own = [name for name in wanted if name in _CHOICES.get(element, ())]
    if same:
        return tuple(same)
    if felt and (_FEELING.match(cause.value) or cause.value in _shown(asked.get("mood"))):
        return tuple(felt)
    if own:
        return tuple(own)
    if cause.value == "other requests":
        return tuple(name for name in wanted if name in _LEANING) or ("words",)
    return tuple(name for name in wanted if f"{name} " in f"{cause.value} ") or ("words",)


def _shown(value: Any) -> tuple[str, ...]:
    """Return how causes write a value that was asked for."""
    number = (f"{value:g}", f"{value:g} s") if isinstance(value, int | float) else ()
    return (str(value), *number)


def _plain(path: str) -> str:
    """Return a cause's path with dots and its root: ``"objects[0].name"`` as ``"scene.objects.0.name"``."""
    dotted = re.sub(r"\[(\d+)\]", r".\1", path.strip()).strip(".")
    return dotted if dotted.split(".")[0] in ("scene", "plan") else f"scene.{dotted}"


def _nearest(path: str, known: Set[str]) -> str:
    """Return the element at a path, or the nearest one above; empty if there is none."""
    while path not in known and path.count("."):
        path = path.rpartition(".")[0]
    return path if path in known and path.count(".") else ""


def _worded(said: str, colour: Colour) -> tuple[str, ...]:
    """Return the measures and colours that words stand for."""
    found: list[str] = []
    for word in said.split(", "):
        if word in _MEASURE_OF:
            found.append(_MEASURE_OF[word])
            continue
        found += [
            f"scene.colour.swatches.{at}"
            for at, one in enumerate(colour.swatches)
            if colour_family(one.lightness, one.a, one.b) == word
        ]
    return tuple(dict.fromkeys(found))

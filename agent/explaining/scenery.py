"""What is in the picture as elements of an explanation, and which of them are parts of a larger one.

Conventions
-----------
Ids are paths into `prompts.Scene` behind ``scene.``, with dots: ``"scene.objects.0"``. Nothing here has a map
yet; the minds bring the maps.
"""

from __future__ import annotations

from collections.abc import Iterator

from explain import Element, Link
from prompts import Scene

#: Whole -> its parts.
_WHOLES = {
    "scene.emotion": ("scene.emotion.valence", "scene.emotion.arousal"),
    "scene.emotion.words": ("scene.emotion.valence", "scene.emotion.arousal"),
    "scene.dynamic": ("scene.dynamic.busyness", "scene.dynamic.symmetry", "scene.dynamic.openness"),
    "scene.dynamic.words": ("scene.dynamic.busyness", "scene.dynamic.symmetry", "scene.dynamic.openness"),
    "scene.colour": (
        "scene.colour.brightness", "scene.colour.saturation", "scene.colour.contrast", "scene.colour.warmth",
    ),
    "scene.colour.words": (
        "scene.colour.brightness", "scene.colour.saturation", "scene.colour.contrast", "scene.colour.warmth",
    ),
}  # fmt: skip


def scene_items(scene: Scene) -> tuple[Element, ...]:
    """Return every element of a scene, without maps, in the order of `prompts.Scene`."""
    said = {f"scene.{one.element}": one.method for one in scene.evidence}
    return tuple(
        Element(identity, "scene", label, value, _method(said, identity))
        for identity, label, value in _items(scene)
    )


def middle(identity: str) -> float:
    """Return the value of a scale at which an element says nothing: 0 for signed ones, 0.5 for 0 to 1."""
    measured = identity.startswith(("scene.dynamic.", "scene.colour."))
    return 0.5 if measured and identity != "scene.colour.warmth" else 0.0


def parts_of(scene: Scene) -> tuple[Link, ...]:
    """Return the links from the parts of a scene to what sums them up.

    Objects weigh by their probability, colours by their share, measures alike; each against the average of
    the parts of the same whole.
    """
    objects = [(f"scene.objects.{at}", one.probability) for at, one in enumerate(scene.objects)]
    inside = [
        (f"scene.objects.{at}", one.probability)
        for at, one in enumerate(scene.objects)
        if one.group == scene.setting
    ]
    colours = [(f"scene.colour.swatches.{at}", one.share) for at, one in enumerate(scene.colour.swatches)]
    links = [
        *_joined("scene.objects", objects, "one of what was recognised"),
        *_joined("scene.setting", inside, f"belongs to {scene.setting}"),
        *_joined("scene.colour.swatches", colours, "one of the colours"),
    ]
    for whole, parts in _WHOLES.items():
        links += _joined(whole, [(part, 1.0) for part in parts], "one of the measures")
    return tuple(links)


def _joined(whole: str, parts: list[tuple[str, float]], text: str) -> list[Link]:
    total = sum(weight for _, weight in parts)
    return [
        Link(part, whole, text, weight * len(parts) / total) for part, weight in parts if total and weight > 0
    ]


def _method(said: dict[str, str], identity: str) -> str:
    """Return how an element was measured: its own entry of the evidence, else that of what it is part of."""
    path = identity
    while path.count(".") > 1 and path not in said:
        path = path.rpartition(".")[0]
    return said.get(path, "")


def _items(scene: Scene) -> Iterator[tuple[str, str, str]]:
    """Yield id, label and value."""
    names = ", ".join(one.name for one in scene.objects)
    yield "scene.objects", "what was recognised", names or "nothing"
    for at, thing in enumerate(scene.objects):
        yield f"scene.objects.{at}", thing.name, f"p = {thing.probability:.2f}"
    yield "scene.setting", "setting", scene.setting
    emotion, dynamic, colour = scene.emotion, scene.dynamic, scene.colour
    yield "scene.emotion", "feeling", f"valence {emotion.valence:+.2f}, arousal {emotion.arousal:+.2f}"
    yield "scene.emotion.words", "words of feeling", ", ".join(emotion.words)
    yield "scene.emotion.valence", "valence", f"{emotion.valence:+.2f}"
    yield "scene.emotion.arousal", "arousal", f"{emotion.arousal:+.2f}"
    yield "scene.dynamic", "movement", ", ".join(dynamic.words)
    yield "scene.dynamic.words", "words of movement", ", ".join(dynamic.words)
    for name in ("busyness", "symmetry", "openness"):
        yield f"scene.dynamic.{name}", name, f"{getattr(dynamic, name):.2f}"
    yield "scene.colour", "colour", ", ".join(colour.words) or "nothing that stands out"
    yield "scene.colour.words", "words of colour", ", ".join(colour.words)
    yield "scene.colour.swatches", "main colours", ", ".join(one.name for one in colour.swatches)
    for at, swatch in enumerate(colour.swatches):
        yield f"scene.colour.swatches.{at}", swatch.name, f"{swatch.share:.0%}, {swatch.hex}"
    for name in ("brightness", "saturation", "contrast"):
        yield f"scene.colour.{name}", name, f"{getattr(colour, name):.2f}"
    yield "scene.colour.warmth", "warmth", f"{colour.warmth:+.2f}"

"""Scenes with one thing changed, everything else as it was: what the mappings are asked "what if" with.

Only the scene is changed, not the picture, so that one measure at a time can be moved; words that put the
measure into words go with it. Names stay, since the planner's chance hangs on them.
"""

from __future__ import annotations

from agent.offline.describe import dynamic_words, emotion_words
from prompts import Scene

#: Ends of the scales.
_ENDS = {"valence": (-1.0, 1.0), "arousal": (-1.0, 1.0), "warmth": (-1.0, 1.0)}
#: Measure -> what more and less of it is called.
WORDS = {
    "valence": ("more pleasant", "less pleasant"),
    "arousal": ("more stirring", "calmer"),
    "brightness": ("brighter", "darker"),
    "saturation": ("stronger in colour", "paler in colour"),
    "contrast": ("richer in contrast", "poorer in contrast"),
    "warmth": ("warmer in colour", "cooler in colour"),
    "busyness": ("busier", "stiller"),
    "symmetry": ("more symmetrical", "more lopsided"),
    "openness": ("more open", "more crowded"),
}
_PART = {
    **dict.fromkeys(("valence", "arousal"), "emotion"),
    **dict.fromkeys(("busyness", "symmetry", "openness"), "dynamic"),
}


def named(measure: str, amount: float) -> str:
    """Return a change in words.

    Examples
    --------
    >>> named("brightness", 0.3)
    '0.30 brighter'
    """
    more, less = WORDS[measure]
    return f"{abs(amount):.2f} {more if amount > 0 else less}"


def value_of(scene: Scene, measure: str) -> float:
    """Return a measure of a scene."""
    return float(getattr(getattr(scene, _PART.get(measure, "colour")), measure))


def room(scene: Scene, measure: str, way: int) -> float:
    """Return how far a measure can be moved up (1) or down (-1)."""
    low, high = _ENDS.get(measure, (0.0, 1.0))
    return high - value_of(scene, measure) if way > 0 else value_of(scene, measure) - low


def moved(scene: Scene, measure: str, amount: float) -> Scene:
    """Return a scene with one measure moved, held within its scale.

    Brightness and saturation move the main colours too, not only their mean.
    """
    low, high = _ENDS.get(measure, (0.0, 1.0))
    value = min(max(value_of(scene, measure) + amount, low), high)
    part = _PART.get(measure, "colour")
    if part == "emotion":
        return _felt(scene, measure, value)
    if part == "dynamic":
        return _stirred(scene, measure, value)
    return _coloured(scene, measure, value)


def without(scene: Scene, place: int) -> Scene:
    """Return a scene in which an object is not seen; with the last of its group the setting goes too."""
    gone = scene.objects[place]
    objects = [
        one.model_copy(update={"probability": 0.0}) if at == place else one
        for at, one in enumerate(scene.objects)
    ]
    kin = any(one.group == gone.group for at, one in enumerate(scene.objects) if at != place)
    setting = "unknown" if gone.group == scene.setting and not kin else scene.setting
    return scene.model_copy(update={"objects": objects, "setting": setting})


def _felt(scene: Scene, measure: str, value: float) -> Scene:
    """Return a scene with another feeling and the words for it."""
    place = {"valence": scene.emotion.valence, "arousal": scene.emotion.arousal, measure: value}
    words = emotion_words(place["valence"], place["arousal"])
    return scene.model_copy(update={"emotion": scene.emotion.model_copy(update={**place, "words": words})})


def _stirred(scene: Scene, measure: str, value: float) -> Scene:
    """Return a scene with another measure of movement and the words for it."""
    dynamic = scene.dynamic
    ranks = {name: getattr(dynamic, name) for name in ("busyness", "symmetry", "openness")} | {measure: value}
    words = dynamic_words(ranks, scene.emotion.arousal)
    return scene.model_copy(update={"dynamic": dynamic.model_copy(update={**ranks, "words": words})})


def _coloured(scene: Scene, measure: str, value: float) -> Scene:
    """Return a scene with another measure of colour; words that spoke of the old measure are struck."""
    colour = scene.colour
    swatches = colour.swatches
    if measure == "brightness":
        lift = 100 * (value - colour.brightness)
        swatches = [
            one.model_copy(update={"lightness": min(max(one.lightness + lift, 0.0), 100.0)})
            for one in swatches
        ]
    elif measure == "saturation":
        ratio = (value + 0.05) / (colour.saturation + 0.05)
        swatches = [
            one.model_copy(
                update={axis: min(max(getattr(one, axis) * ratio, -128.0), 128.0) for axis in "ab"}
            )
            for one in swatches
        ]
    said = _SPOKEN.get(measure, ())
    words = [word for word in colour.words if word not in said]
    update = {measure: value, "swatches": swatches, "words": words}
    return scene.model_copy(update={"colour": colour.model_copy(update=update)})


#: Words of colour that put a measure into words.
_SPOKEN = {
    "brightness": ("very dark", "dark", "dim", "light", "bright"),
    "saturation": ("muted", "vivid", "black and white"),
    "contrast": ("soft", "high contrast"),
    "warmth": ("warm", "cool"),
}

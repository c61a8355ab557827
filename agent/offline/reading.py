"""What the planner takes from a scene: themes with their strength, words, mood, and chance for each choice.

Conventions
-----------
Strengths lie in [0, 1]. Themes are names of ``agent/data/themes.json``.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import random
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from agent.controls import Controls
from agent.moods import Mood, find_mood, nearest_mood
from agent.offline.mappings import mapping, palette_lift
from prompts import Colour, Scene

#: What a setting or a group is worth against a named object: it is the recogniser's summary, not a sighting.
_SUMMARY = 0.7
#: A picture in which nothing reaches this probability is taken, weakly, for an abstract one.
_PERHAPS, _UNNAMED = 0.15, 0.4
_SAME_AS = {
    "black and white": ("monochrome", "grey"),
    "vivid": ("saturated",),
    "dim": ("dark",),
    "very dark": ("dark", "black"),
    "calm": ("still",),
    "quiet": ("still",),
    "crowded": ("busy",),
    "spacious": ("open",),
    "balanced": ("symmetrical",),
    "floating": ("still", "flowing"),
    "stormy": ("turbulent",),
    "light": ("bright",),
}
_HUES = (
    (15, "pink"),
    (48, "red"),
    (72, "orange"),
    (105, "yellow"),
    (165, "green"),
    (230, "cyan"),
    (308, "blue"),
)


@dataclass(frozen=True, slots=True)
class Theme:
    """Something seen, how strongly, and what in the scene says so."""

    name: str
    strength: float
    path: str  # into the Scene: "objects[0]", "setting"
    value: str  # "espresso (p=.86)"


@dataclass(frozen=True, slots=True)
class Reading:
    """A scene as the planner reads it."""

    scene: Scene
    valence: float  # as music has it, against an ordinary photograph; or of the mood that was asked for
    arousal: float
    mood: Mood
    moods: tuple[str, ...]  # all mood words said, as canonical ones
    mood_asked: bool  # a mood, valence or arousal was asked for
    themes: dict[str, Theme]  # strongest first
    words: dict[str, float]
    lift: float  # `agent.offline.mappings.palette_lift`
    seed: int
    felt: tuple[float, float]  # valence and arousal as they stand in the scene, or as they were asked for

    def chance(self, choice: str) -> random.Random:
        """Return the stream of chance of one choice; other choices and pictures have others."""
        seen = ",".join(
            [one.name for one in self.scene.objects] + [s.name for s in self.scene.colour.swatches]
        )
        digest = hashlib.sha256(f"{self.seed}|{choice}|{seen}|{self.scene.setting}".encode()).digest()
        return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311  # repeatable, not secret

    def strength(self, theme: str) -> float:
        """Strength of a theme, 0 if it is not seen."""
        return self.themes[theme].strength if theme in self.themes else 0.0


def read_scene(scene: Scene, controls: Controls, seed: int) -> Reading:
    """Return what the planner takes from a scene; what was asked of the mood replaces the picture's."""
    ordinary, felt = mapping("ordinary"), scene.emotion
    wanted = asked_place(controls)
    valence = min(max(ordinary["valence_gain"] * (felt.valence - ordinary["valence"]), -1.0), 1.0)
    arousal = min(max(ordinary["arousal_gain"] * (felt.arousal - ordinary["arousal"]), -1.0), 1.0)
    named = [found for word in scene.emotion.words if (found := find_mood(word))]
    mood = min(
        named,
        key=lambda one: math.hypot(one.valence - felt.valence, one.arousal - felt.arousal),
        default=None,
    )
    valence, arousal = (
        own if one is None else one for one, own in zip(wanted, (valence, arousal), strict=True)
    )
    place = (felt.valence if wanted[0] is None else valence, felt.arousal if wanted[1] is None else arousal)
    asked = wanted != (None, None)
    if asked:
        mood = controls.mood or nearest_mood(*place, seen=False)
    return Reading(
        scene,
        valence,
        arousal,
        mood or nearest_mood(felt.valence, felt.arousal),
        tuple(dict.fromkeys(one.name for one in ([mood] if asked and mood else named))),
        asked,
        _themes(scene),
        _words(scene),
        palette_lift(scene.colour),
        seed,
        place,
    )


def asked_place(controls: Controls) -> tuple[float | None, float | None]:
    """Return the valence and arousal asked for, themselves or with a mood; a number goes first."""
    mood = controls.mood
    valence = controls.valence if controls.valence is not None or mood is None else mood.valence
    arousal = controls.arousal if controls.arousal is not None or mood is None else mood.arousal
    return valence, arousal


def colour_family(lightness: float, a: float, b: float) -> str:
    """Return the everyday family of a colour: black, grey, white, brown, pink, red, ... violet."""
    chroma, hue = math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360
    if lightness < 16 and chroma < 22:
        return "black"
    if chroma < 9:
        return "white" if lightness > 85 else "grey"
    if 35 <= hue < 90 and lightness < 50 and chroma < 55:
        return "brown"
    family = next((name for limit, name in _HUES if hue < limit), "violet" if hue < 335 else "pink")
    return "gold" if family in ("orange", "yellow") and 50 <= lightness < 82 and chroma > 35 else family


@functools.cache
def theme_table() -> dict[str, dict[str, Any]]:
    """Return the themes: their words, a noun for titles, and what they imply."""
    text = resources.files("agent").joinpath("data/themes.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)["themes"]
    return table


@functools.cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Compile what shows a theme: its words, whole; ``=word`` only as the whole text, ``-word`` never."""
    return {name: re.compile(_pattern(name, row["words"])) for name, row in theme_table().items()}


def _pattern(name: str, words: list[str]) -> str:
    inside = "|".join(re.escape(word) for word in (name, *words) if word[0] not in "=-")
    alone = "|".join(re.escape(word[1:]) for word in words if word[0] == "=")
    never = "|".join(re.escape(word[1:]) for word in words if word[0] == "-")
    start = rf"^(?!.*\b(?:{never})\b)" if never else "^"
    ways = rf".*\b(?:{inside})(?:s|es)?\b" + (rf"|(?:{alone})s?$" if alone else "")
    return f"{start}(?:{ways})"


def _themes(scene: Scene) -> dict[str, Theme]:
    """Themes of objects, groups and setting with what they imply; several sightings add up as a noisy or."""
    found: dict[str, Theme] = {}
    groups: dict[str, float] = {}
    for index, one in enumerate(scene.objects):
        _add(found, one.name, one.probability, f"objects[{index}]", f"{one.name} (p={one.probability:.2f})")
        if one.group:
            groups[one.group] = groups.get(one.group, 0.0) + one.probability
    for group, share in groups.items():
        _add(
            found, group, _SUMMARY * min(1.0, share), "objects", f"{group} (p={min(1.0, share):.2f} together)"
        )
    if scene.setting not in ("", "unknown"):
        _add(found, scene.setting, _SUMMARY * _certainty(scene), "setting", scene.setting)
    elif all(one.probability < _PERHAPS for one in scene.objects):
        _add(found, "abstract", _UNNAMED, "setting", "nothing that could be named")
    return dict(sorted(found.items(), key=lambda item: (-item[1].strength, item[0])))


def _certainty(scene: Scene) -> float:
    """Tell how far the objects bear the setting out; one that was measured (space, night) needs none."""
    shares = [one.probability for one in scene.objects if one.group == scene.setting]
    return min(1.0, 0.4 + sum(shares)) if shares else 1.0


def _add(found: dict[str, Theme], text: str, strength: float, path: str, value: str) -> None:
    """Enter the themes that a text names, and theirs."""
    plain = text.lower().replace("_", " ")
    here: dict[str, float] = {}
    for name, pattern in _patterns().items():
        if pattern.search(plain):
            _imply(here, name, strength)
    for name, weight in here.items():
        before = found.get(name)
        if before is None:
            found[name] = Theme(name, weight, path, value)
        else:
            both = 1 - (1 - before.strength) * (1 - weight)
            stronger = (path, value) if weight > before.strength else (before.path, before.value)
            found[name] = Theme(name, both, *stronger)


def _imply(here: dict[str, float], name: str, strength: float) -> None:
    """Enter a theme and what it implies, weaker with every step; the strongest way to a theme counts."""
    if strength < 0.02 or strength <= here.get(name, 0.0):
        return
    here[name] = strength
    for implied, share in theme_table()[name]["implies"].items():
        _imply(here, implied, strength * share)


def _words(scene: Scene) -> dict[str, float]:
    """Words of movement, feeling and colour, those of the measures among them, with their strength."""
    words: dict[str, float] = {}
    for said in (*scene.dynamic.words, *scene.colour.words, *scene.emotion.words):
        plain = said.lower().strip()
        for word in (plain, *_SAME_AS.get(plain, ())):
            words[word] = 1.0
    for word, strength in (*_measured(scene), *_families(scene.colour)):
        words[word] = max(words.get(word, 0.0), round(min(1.0, strength), 3))
    return {word: strength for word, strength in words.items() if strength > 0}


def _measured(scene: Scene) -> list[tuple[str, float]]:
    """Words that the measures themselves speak, 0 in the middle of a scale and 1 at its end."""
    dynamic, colour = scene.dynamic, scene.colour
    above = {
        "busy": dynamic.busyness,
        "symmetrical": dynamic.symmetry,
        "open": dynamic.openness,
        "bright": colour.brightness,
        "saturated": colour.saturation,
        "high contrast": colour.contrast,
        "warm": (colour.warmth + 1) / 2,
    }
    below = {
        "still": dynamic.busyness,
        "lopsided": dynamic.symmetry,
        "dark": colour.brightness,
        "muted": colour.saturation,
        "soft": colour.contrast,
        "cool": (colour.warmth + 1) / 2,
    }
    rising = [(word, 2.5 * (value - 0.6)) for word, value in above.items()]
    return rising + [(word, 2.5 * (0.4 - value)) for word, value in below.items()]


def _families(colour: Colour) -> list[tuple[str, float]]:
    """Colour families by share, and "colourful" by how many there are."""
    shares: dict[str, float] = {}
    for swatch in colour.swatches:
        family = colour_family(swatch.lightness, swatch.a, swatch.b)
        shares[family] = shares.get(family, 0.0) + swatch.share
    strong = [
        family
        for family, share in shares.items()
        if share > 0.06 and family not in ("black", "grey", "white")
    ]
    return [(family, 1.5 * share) for family, share in shares.items()] + [
        ("colourful", (len(strong) - 2) / 2)
    ]

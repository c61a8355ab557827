"""Step 1 of the chain: what is in the picture (visual elements).

Conventions
-----------
Valence and arousal lie in [-1, 1]; shares, probabilities and the 0-1 measures in [0, 1]. Lists are in falling
order of weight. A `Scene` from the image network and one from a vision-language model have the same fields;
what a mind cannot measure stays at its default and is left out of ``evidence``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Signed = Annotated[float, Field(ge=-1, le=1)]
Unit = Annotated[float, Field(ge=0, le=1)]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeenObject(_Step):
    """A thing that was recognised, with the probability the recogniser gives it."""

    name: str = Field(max_length=80)
    probability: Unit
    group: str = Field(default="", max_length=40)  # "coast", "animal", "vehicle", "food", "person" ...


class Emotion(_Step):
    """The feeling of the picture."""

    words: list[str] = Field(min_length=1, max_length=6)
    valence: Signed
    arousal: Signed


class Dynamic(_Step):
    """Movement and bustle: how still or stirred the picture is."""

    words: list[str] = Field(min_length=1, max_length=6)  # "still", "flowing", "busy", "turbulent" ...
    busyness: Unit = 0.5  # edge density
    symmetry: Unit = 0.5  # left-right
    openness: Unit = 0.5  # large smooth areas such as sky


class Swatch(_Step):
    """A dominant colour."""

    name: str = Field(max_length=40)
    hex: str = Field(pattern=r"^#[0-9a-f]{6}$")
    lightness: float = Field(ge=0, le=100)  # CIE L*
    a: float = Field(ge=-128, le=128)
    b: float = Field(ge=-128, le=128)
    share: Unit


class Colour(_Step):
    """Colour and light."""

    swatches: list[Swatch] = Field(default_factory=list, max_length=8)
    brightness: Unit = 0.5
    saturation: Unit = 0.5
    contrast: Unit = 0.5
    warmth: Signed = 0.0  # -1 cool (blue), +1 warm (red, yellow)
    words: list[str] = Field(default_factory=list, max_length=6)  # "warm", "dark", "muted" ...


class Evidence(_Step):
    """How one element was measured."""

    element: str = Field(max_length=60)  # "emotion.valence"
    method: str = Field(max_length=400)


class Scene(_Step):
    """Everything step 1 says of the picture."""

    objects: list[SeenObject] = Field(default_factory=list, max_length=12)
    setting: str = Field(default="unknown", max_length=40)  # the strongest group, or "abstract" / "unknown"
    emotion: Emotion
    dynamic: Dynamic
    colour: Colour
    description: str = Field(max_length=1200)
    reasoning: str = Field(default="", max_length=2000)
    evidence: list[Evidence] = Field(default_factory=list)

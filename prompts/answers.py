"""What a model answers at each step: strict models, their fields in the order of thought.

A reason stands before the value it is for, so that a model that writes from left to right thinks first. Every
text is one line and bounded, every list has a least and a most, and each element of a plan has to say what it
was moved by: an answer without its motivations does not fit.

Conventions
-----------
Valence and arousal lie in [-1, 1], shares and busyness in [0, 1], tempo is in quarter notes a minute. Nothing
is converted in silence but a whole number where a fraction may stand, and ``72.0`` where 72 is meant.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from prompts.material import one_line
from prompts.plan import DynamicMark, Role
from prompts.scene import Signed, Unit

#: What of a scene can move an element of the music; "request" is what the user asked for.
Seen = Literal["objects", "setting", "colour", "dynamic", "emotion", "description", "request"]


def _one_line(value: Any) -> Any:
    """Return a text as one line without control characters, and any other value as it is."""
    return one_line(value) if isinstance(value, str) else value


def _whole(value: Any) -> Any:
    """Return 72 for 72.0, which JSON holds to be the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_line = BeforeValidator(_one_line)
Word = Annotated[str, Field(min_length=1, max_length=40), _line]
Name = Annotated[str, Field(min_length=1, max_length=60), _line]
Reason = Annotated[str, Field(min_length=1, max_length=160), _line]
Tempo = Annotated[int, Field(ge=20, le=300), BeforeValidator(_whole)]
Bars = Annotated[int, Field(ge=4, le=128), BeforeValidator(_whole)]

Value = TypeVar("Value")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Thing(_Answer):
    """Something in the picture."""

    name: Name
    share: Unit  # of the picture's area, or of its attention


class SeenColour(_Answer):
    """Colour and light in words."""

    words: Annotated[list[Word], Field(min_length=1, max_length=4)]


class SeenDynamic(_Answer):
    """How still or stirred the picture is."""

    words: Annotated[list[Word], Field(min_length=1, max_length=4)]
    busyness: Unit


class SeenEmotion(_Answer):
    """The feeling of the picture."""

    words: Annotated[list[Word], Field(min_length=1, max_length=4)]
    valence: Signed
    arousal: Signed


class SceneAnswer(_Answer):
    """Answer of step 1: what is in the picture, and why it feels so."""

    objects: Annotated[list[Thing], Field(min_length=1, max_length=8)]
    setting: Word
    colour: SeenColour
    dynamic: SeenDynamic
    reasoning: Annotated[str, Field(min_length=1, max_length=400), _line]
    emotion: SeenEmotion
    description: Annotated[str, Field(min_length=1, max_length=600), _line]


class Choice(_Answer, Generic[Value]):
    """One element of the music: what moved it, why, and what it is."""

    seen: Seen
    because: Reason
    value: Value


class MusicEmotion(_Answer):
    """The feeling of the music."""

    words: Annotated[list[Word], Field(min_length=1, max_length=3)]
    valence: Signed
    arousal: Signed


class Player(_Answer):
    """An instrument and what it does."""

    instrument: Name
    role: Role


class MusicRhythm(_Answer):
    """How time is filled."""

    words: Annotated[list[Word], Field(min_length=1, max_length=3)]
    density: Literal["sparse", "medium", "dense"]
    articulation: Literal["legato", "normal", "staccato"]


# every pydantic class has a `register` from ABCMeta; the field takes its place in instances, which is meant
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", 'Field name "register"', UserWarning)

    class PlanAnswer(_Answer):
        """Answer of step 2: what the music shall be, every element with what moved it."""

        emotion: Choice[MusicEmotion]
        genre: Choice[Word]
        tempo: Choice[Tempo]
        key: Choice[Annotated[str, Field(min_length=1, max_length=24), _line]]
        meter: Choice[Annotated[str, Field(min_length=3, max_length=5), _line]]
        form: Choice[Word]
        bars: Choice[Bars]
        instruments: Choice[Annotated[list[Player], Field(min_length=1, max_length=6)]]
        rhythm: Choice[MusicRhythm]
        dynamics: Choice[DynamicMark]
        register: Choice[Literal["low", "middle", "high"]] = Field()
        title: Name


class SectionSketch(_Answer):
    """One section: why it is as it is, and its musical idea."""

    letter: Annotated[str, Field(min_length=1, max_length=8), _line]
    because: Reason
    idea: Annotated[str, Field(min_length=1, max_length=200), _line]


class SketchAnswer(_Answer):
    """First answer of step 3: the music in words, before a note is written."""

    description: Annotated[str, Field(min_length=1, max_length=700), _line]
    sections: Annotated[list[SectionSketch], Field(min_length=1, max_length=8)]

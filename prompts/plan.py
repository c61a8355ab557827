"""Step 2 of the chain: what the music shall be (music elements), each element naming what caused it.

Conventions
-----------
Tempo in quarter notes per minute. ``density`` is notes per second over all voices. ``causes`` maps an element
of the plan ("tempo", "key", "instruments" ...) to the scene elements that moved it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prompts.scene import Emotion, Signed, Unit, _Step

Role = Literal["melody", "counter", "harmony", "bass", "pad", "percussion"]
ROLES: tuple[Role, ...] = ("melody", "counter", "harmony", "bass", "pad", "percussion")
DynamicMark = Literal["pp", "p", "mp", "mf", "f", "ff"]


class Part(_Step):
    """One instrument and what it does."""

    instrument: str = Field(max_length=60)  # the General MIDI name, "Cello"; "Drum Kit" for percussion
    program: int = Field(ge=0, le=127)  # ignored for percussion
    role: Role


class Rhythm(_Step):
    """How time is filled."""

    words: list[str] = Field(min_length=1, max_length=6)  # "flowing", "syncopated", "driving" ...
    density: float = Field(gt=0, le=40)
    note_length: float = Field(gt=0, le=16)  # mean length of a melody note, in quarter notes
    swing: Unit = 0.0  # 0 straight, 1 triplet swing
    articulation: Literal["legato", "normal", "staccato"] = "normal"
    limits: tuple[float, float] | None = None  # fewest and most onsets a second, where they were asked for


class Tessitura(_Step):
    """Where the melody lies and how far all voices spread."""

    center: int = Field(ge=36, le=96)  # MIDI pitch of the melody's middle
    spread: int = Field(ge=12, le=72)  # semitones from the lowest to the highest voice
    fixed: bool = False  # the centre was asked for


class Cause(_Step):
    """One reason for one plan element."""

    scene: str = Field(max_length=60)  # path into the Scene, "plan.x" for an earlier choice, or "request"
    value: str = Field(max_length=200)  # what was seen there: "0.42", "seashore (p=.61)"
    effect: str = Field(max_length=300)  # "raises the tempo by 18 qpm"
    source: str = Field(default="", max_length=200)  # citation of the mapping


class Plan(_Step):
    """Everything step 2 decides."""

    title: str = Field(max_length=120)
    genre: str = Field(max_length=40)
    emotion: Emotion
    instruments: list[Part] = Field(min_length=1, max_length=10)
    rhythm: Rhythm
    tempo: float = Field(ge=20, le=320)
    tempo_text: str = Field(default="", max_length=40)  # "Andante"
    key: str = Field(max_length=24)  # "D dorian", "Bb major"
    meter: str = Field(pattern=r"^\d{1,2}/(1|2|4|8|16|32)$")
    form: str = Field(max_length=40)  # letters of sections, "AABA", "ABA'", "ABACA"
    bars: int = Field(ge=4, le=256)
    dynamics: DynamicMark = "mf"
    tessitura: Tessitura
    tension: Signed = 0.0  # -1 consonant and plain, +1 dissonant, chromatic
    description: str = Field(max_length=2000)  # the music described in words: the query of the retrieval
    reasoning: str = Field(default="", max_length=3000)
    causes: dict[str, list[Cause]] = Field(default_factory=dict)

"""One example of what a teacher does: what was seen, why, what the music shall be, and its plan.

This is a row of the teacher data; `SCHEMA` says how it lies in Parquet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

#: Columns of a shard: name -> "text" or "vector".
SCHEMA: dict[str, Literal["text", "vector"]] = {
    "id": "text", "kin": "text", "kind": "text", "encoder": "text", "teacher": "text", "provenance": "text",
    "rationale": "text", "music": "text", "plan": "text",
    "seen": "vector", "why": "vector", "heard": "vector",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What one teacher made of one picture or one textual scene."""

    id: str  # "<origin>:<name>#<variant>", unique
    kin: str  # examples of one kin never stand in two splits: the base picture, the filled template
    kind: str  # "picture" or "text"
    encoder: str  # id of the encoder of ``seen``
    teacher: str  # id of the mind and its version
    provenance: str  # where the picture or text is from, and its licence
    rationale: str  # why the music is as it is: the scene described and reasoned about
    music: str  # the music described in words
    plan: str  # JSON of `prompts.Plan`
    seen: Vector  # E_v, of the picture or of the text
    why: Vector  # E_r, unit length
    heard: Vector  # E_m, unit length

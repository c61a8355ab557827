"""What is said to a model: messages of plain text, with pictures where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; its pictures come before its text."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image.Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language in two notations: Lark for llguidance, GBNF for llama.cpp and vLLM."""

    name: str
    lark: str
    gbnf: str

"""The steps of the chain of thought: their pydantic models, which are the one source of every schema."""

from prompts.messages import Grammar, Message
from prompts.plan import ROLES, Cause, DynamicMark, Part, Plan, Rhythm, Role, Tessitura
from prompts.scene import Colour, Dynamic, Emotion, Evidence, Scene, SeenObject, Swatch

__all__ = [
    "ROLES",
    "Cause",
    "Colour",
    "Dynamic",
    "DynamicMark",
    "Emotion",
    "Evidence",
    "Grammar",
    "Message",
    "Part",
    "Plan",
    "Rhythm",
    "Role",
    "Scene",
    "SeenObject",
    "Swatch",
    "Tessitura",
]

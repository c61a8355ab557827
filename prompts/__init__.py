"""The steps of the chain of thought: their models, the one source of every schema, and their prompts."""

from prompts.answers import PlanAnswer, SceneAnswer, SketchAnswer
from prompts.grammar import ScoreSpec, VoiceSpec, score_grammar
from prompts.material import harmless
from prompts.messages import Grammar, Message
from prompts.plan import ROLES, Cause, DynamicMark, Part, Plan, Rhythm, Role, Tessitura
from prompts.scene import Colour, Dynamic, Emotion, Evidence, Scene, SeenObject, Swatch
from prompts.schema import schema
from prompts.template import Rendered, Template, render, template, versions

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
    "PlanAnswer",
    "Rendered",
    "Rhythm",
    "Role",
    "Scene",
    "SceneAnswer",
    "ScoreSpec",
    "SeenObject",
    "SketchAnswer",
    "Swatch",
    "Template",
    "Tessitura",
    "VoiceSpec",
    "harmless",
    "render",
    "schema",
    "score_grammar",
    "template",
    "versions",
]

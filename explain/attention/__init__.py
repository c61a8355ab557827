"""Into a model of transformers: what it looked at, and where in the picture that is."""

from explain.attention.capture import Capture, watching
from explain.attention.methods import Attention, GradientInput, Method, Rollout
from explain.attention.patches import image_boxes, to_map
from explain.attention.reading import attention_rows, image_columns

__all__ = [
    "Attention",
    "Capture",
    "GradientInput",
    "Method",
    "Rollout",
    "attention_rows",
    "image_boxes",
    "image_columns",
    "to_map",
    "watching",
]

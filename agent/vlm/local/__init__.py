"""Models in this process: transformers, with schema and grammar held by llguidance."""

from agent.vlm.local.backend import TransformersBackend

__all__ = ["TransformersBackend"]

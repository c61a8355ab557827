"""The server backend: any server that speaks the OpenAI protocol over HTTP."""

from agent.vlm.remote.backend import OpenAIBackend

__all__ = ["OpenAIBackend"]

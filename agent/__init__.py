"""The agent: a picture in, a piece of music out, and why it sounds so."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.agent import Agent, compose
    from agent.chairs import Perceiver, Planner, Writer
    from agent.controls import Controls
    from agent.editing.saved import load_piece
    from agent.piece import Piece
    from agent.sound import Sound

_HOMES = {
    "Agent": "agent.agent",
    "Controls": "agent.controls",
    "Perceiver": "agent.chairs",
    "Piece": "agent.piece",
    "Planner": "agent.chairs",
    "Sound": "agent.sound",
    "Writer": "agent.chairs",
    "compose": "agent.agent",
    "load_piece": "agent.editing.saved",
}

__all__ = ["Agent", "Controls", "Perceiver", "Piece", "Planner", "Sound", "Writer", "compose", "load_piece"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import agent`` is quick."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'agent' has no attribute {name!r}")

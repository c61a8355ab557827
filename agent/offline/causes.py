"""Writing down why: causes of plan elements, cut to what the model of the plan allows."""

from __future__ import annotations

from prompts import Cause

#: Path of everything that the user asked for.
REQUEST = "request"


def cause(path: str, value: object, effect: str, source: str = "") -> Cause:
    """Return a cause; numbers get two decimals, texts are cut to the limits of `prompts.Cause`."""
    text = f"{value:+.2f}" if isinstance(value, float) else str(value)
    return Cause(scene=path[:60], value=text[:200], effect=effect[:300], source=source[:200])


def request(value: object, effect: str) -> Cause:
    """Return the cause of an element that the user fixed."""
    return cause(REQUEST, value if isinstance(value, str) else f"{value}", effect)

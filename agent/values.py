"""Numbers as users write them, read and kept within limits.

Conventions
-----------
A refusal names the request, the value as it was given, and what would be taken.
"""

from __future__ import annotations

import math
import numbers
import re

from chiaroscore import ControlError


def is_number(text: str) -> bool:
    """Whether a text is written as a number: ``"72"``, ``"-.5"``, ``"1e2"``."""
    return re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", text[:40]) is not None


def number(name: str, value: object, low: float, high: float, unit: str = "") -> float:
    """Return a value as a number within limits.

    Parameters
    ----------
    name
        Name of the request, for the message.
    value
        A number, also of numpy, or a text.
    low, high
        Both are allowed.
    unit
        For the message: ``"seconds"``.

    Raises
    ------
    ControlError
        If it is no number or lies outside.
    """
    wanted = f"give {low:g} to {high:g} {unit}".rstrip()
    try:
        if isinstance(value, bool) or not isinstance(value, str | numbers.Real):
            raise ValueError
        found = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise ControlError(f"{name} {shown(value)} is not a number; {wanted}") from None
    if not (math.isfinite(found) and low <= found <= high):
        raise ControlError(f"{name} {shown(value)} is out of range; {wanted}")
    return found


def whole(name: str, value: object, low: int, high: int) -> int:
    """Return a value as a whole number within limits; ``"16"`` and ``16.0`` are whole numbers too.

    Raises
    ------
    ControlError
        If it is none or lies outside.
    """
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d{1,20}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ControlError(f"{name} {shown(value)} is not a whole number; give {low} to {high}")
    found = int(value)
    if not low <= found <= high:
        raise ControlError(f"{name} {shown(value)} is out of range; give {low} to {high}")
    return found


def shown(value: object) -> str:
    """Return a value as it was given, short.

    A number of thousands of digits would itself be an error to print, so its size is told instead.
    """
    if isinstance(value, int) and value.bit_length() > 200:
        return f"of {value.bit_length()} bits"
    return repr(value[:40] if isinstance(value, str) else value)[:60]

"""Numbers and ranges as a user writes them."""

from __future__ import annotations

import math

from chiaroscore import ControlError


def whole(name: str, text: str, low: int, high: int | None = None) -> int:
    """Return a whole number from ``low`` to ``high``.

    Raises
    ------
    ControlError
        If it is none, or out of range.
    """
    try:
        number = int(text)
    except ValueError as error:
        raise ControlError(f"{name}={text!r} is no whole number") from error
    if number < low or (high is not None and number > high):
        bounds = f"from {low} to {high}" if high is not None else f"of {low} or more"
        raise ControlError(f"{name}={text} is out of range; give a number {bounds}")
    return number


def span(name: str, text: str) -> tuple[float | None, float | None]:
    """Return a range: "60..90", "60.." (and more), "..90" (at most), "4" (just that).

    Raises
    ------
    ControlError
        If it is none of these.
    """
    first, dots, last = text.partition("..")
    low = _end(name, text, first)
    high = _end(name, text, last) if dots else low
    if low is None and high is None:
        raise ControlError(f"{name}={text!r} is no range; give LOW..HIGH, LOW.., ..HIGH, or a number")
    return low, high


def _end(name: str, text: str, part: str) -> float | None:
    if not part.strip():
        return None
    try:
        number = float(part)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ControlError(f"{name}={text!r} is no range; give LOW..HIGH, LOW.., ..HIGH, or a number")
    return number


def several(text: str | None) -> tuple[str, ...]:
    """Return the parts of a list with commas, none for None."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def size(count: int) -> str:
    """Return a number of bytes in words: "13 kB", "6.5 MB"."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1e3:.0f} kB"

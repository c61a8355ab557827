"""Which passes an ending (volta) is for."""

from __future__ import annotations

import re

from chiaroscore import NotationError
from notation.limits import MAX_PASSES


def ending_numbers(ending: str) -> list[int]:
    """Return the passes of an ending: [1, 3] for ``"1,3"``, [1, 2, 3] for ``"1-3"``, [] without numbers.

    Raises
    ------
    NotationError
        If a pass is beyond `notation.limits.MAX_PASSES`.
    """
    passes: list[int] = []
    for part in ending.split(","):
        first, _, last = part.partition("-")
        low = _number(first)
        high = _number(last) if last else low
        if low and high:
            if high > MAX_PASSES:
                raise NotationError(f"an ending for pass {high}; the limit is {MAX_PASSES} passes")
            passes += range(low, high + 1)
    return passes


def _number(text: str) -> int:
    match = re.match(r"\s*(\d{1,9})", text)
    return int(match[1]) if match else 0

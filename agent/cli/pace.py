"""How fast something goes and when it will be done, in words."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds from which a rate is told.
SOON = 1.0


class Pace:
    """Watches the numbers that a long work gives; a stage that comes again goes on where it was."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: dict[str, tuple[float, int]] = {}

    def said(self, stage: str, done: int, total: int) -> str:
        """Return a stage in words: "reading music: 1,200 of 4,000, 350 a second, 8 s left".

        Parameters
        ----------
        stage
            What is done.
        done, total
            How far it is; 0 of 0 is not told.
        """
        now = self._clock()
        since, first = self._began.setdefault(stage, (now, done))
        if not total:
            return stage
        text = f"{stage}: {done:,} of {total:,}"
        elapsed, moved = now - since, done - first
        if elapsed < SOON or moved <= 0:
            return text
        rate = moved / elapsed
        left = f", {duration((total - done) / rate)} left" if done < total else ""
        return f"{text}, {_rounded(rate)} a second{left}"


def duration(seconds: float) -> str:
    """Return a time in words: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _rounded(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"

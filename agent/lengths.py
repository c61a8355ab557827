"""Bars, meter, tempo and duration: which of them can be had together.

Conventions
-----------
A tempo number is quarter notes per minute, a tempo word a range of beats of the meter. Durations are seconds.
"""

from __future__ import annotations

from agent.tempo import bar_quarters, beat_quarters, tempo_range

TEMPO = (20.0, 300.0)
BARS = (4, 128)
DURATION = (4.0, 600.0)
#: Most bars a piece may have, the limit of `prompts.Plan`; a duration may need more than can be asked for.
MOST_BARS = 256
#: Difference of tempo that listeners do not notice: Drake and Botte, Perception & Psychophysics 54 (1993)
#: 277-286, find 2 percent for trained listeners at best; ordinary listening is taken to be half as keen.
TEMPO_JND = 0.04


def tempo_limits(tempo: float | str | None, meter: str) -> tuple[float, float]:
    """Return the slowest and fastest quarter notes per minute that a tempo request leaves in a meter.

    Examples
    --------
    >>> tempo_limits(90.0, "4/4"), tempo_limits(None, "4/4")
    ((90.0, 90.0), (20.0, 300.0))
    """
    if tempo is None:
        return TEMPO
    if isinstance(tempo, float):
        return tempo, tempo
    low, _, high = (beats * beat_quarters(meter) for beats in tempo_range(tempo))
    return max(low, TEMPO[0]), min(high, TEMPO[1])


def tolerance(duration: float) -> float:
    """Seconds by which a piece may miss a duration: 5 percent, but a second at least."""
    return max(1.0, 0.05 * duration)


def seconds(bars: int, meter: str, qpm: float) -> float:
    """Length of so many bars."""
    return bars * bar_quarters(meter) * 60 / qpm


def bars_for(
    duration: float, meter: str, tempo: float | str | None, fewest: int = BARS[0]
) -> list[tuple[int, float]]:
    """Return the bar counts that last as long as asked, each with the tempo that makes it fit best.

    Parameters
    ----------
    fewest
        Bars that the piece must have.

    Returns
    -------
    list of (bars, qpm)
        Empty if nothing fits. The tempo makes the duration exact, or stands at its limit within `tolerance`.
    """
    low, high = tempo_limits(tempo, meter)
    found = []
    for bars in range(max(fewest, BARS[0]), MOST_BARS + 1):
        needed = bars * bar_quarters(meter) * 60 / duration
        qpm = min(max(needed, low), high)
        if abs(seconds(bars, meter, qpm) - duration) <= tolerance(duration):
            found.append((bars, qpm))
    return found


def tempo_for(bars: int, duration: float, meter: str, tempo: float | str | None) -> float | None:
    """Return the tempo at which so many bars last as long as asked, None if the tempo request excludes it.

    A number may be missed by `TEMPO_JND`, which nobody hears.
    """
    low, high = tempo_limits(tempo, meter)
    if isinstance(tempo, float):
        low, high = max(TEMPO[0], low / (1 + TEMPO_JND)), min(TEMPO[1], high * (1 + TEMPO_JND))
    needed = bars * bar_quarters(meter) * 60 / duration
    return needed if low <= needed <= high else None


def possible(
    meter: str, *, bars: int | None, duration: float | None, tempo: float | str | None, fewest: int = BARS[0]
) -> bool:
    """Whether a meter lets bars, duration and tempo that were asked for be had together."""
    low, high = tempo_limits(tempo, meter)
    if low > high:  # a tempo word whose beats are longer than we can hurry
        return False
    if duration is None:
        return bars is None or bars >= fewest
    if bars is not None:
        return tempo_for(bars, duration, meter, tempo) is not None
    return bool(bars_for(duration, meter, tempo, fewest))

"""Swing: the second half of each quarter-note beat comes later, in the sound alone; the score stays straight.

A beat is bent in two straight pieces, so that its middle falls at (3 + swing) / 6 of it: the half for 0, two
thirds, the triplet of jazz notation, for 1 (Friberg and Sundstrom 2002 measure ratios around 2:1 at moderate
tempi). Only meters that count in quarter notes swing; compound and uneven ones are played as written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction

from chiaroscore import RenderError
from notation import Tune


def swung(tune: Tune, swing: float) -> Callable[[Fraction], Fraction]:
    """Return when a written time is played, both in quarter notes of the performance.

    Raises
    ------
    RenderError
        If ``swing`` is not between 0 and 1.
    """
    if not 0 <= swing <= 1:
        raise RenderError(f"swing is {swing}, and goes from 0 (straight) to 1 (triplets)")
    if not swing:
        return lambda time: time
    middle = (3 + Fraction(swing).limit_denominator(100)) / 6
    meters = tune.performance.meters
    starts = [meter.onset for meter in meters]
    first = tune.voices[0].bars[0] if tune.voices and tune.voices[0].bars else None
    pickup = first.duration % 1 if first is not None and first.number == 0 else Fraction(0)

    def played(time: Fraction) -> Fraction:
        meter = meters[max(0, bisect_right(starts, time) - 1)] if meters else None
        if meter is None or meter.denominator not in (2, 4):
            return time
        beat, within = divmod(time - pickup, 1)
        half = Fraction(1, 2)
        bent = within * middle / half if within < half else middle + (within - half) * (1 - middle) / half
        return pickup + beat + bent

    return played

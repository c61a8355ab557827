"""How a bar may be filled: which values may begin at which place, so that the beats can be seen.

Times are sixteenths from the start of the bar. The rules, for notes and rests alike:

* On a beat: any value that ends within the beat or with a beat; and a dotted quarter note in beats of a
  quarter, which an eighth then fills up.
* On the half of a beat: what ends within the beat, undotted; and a quarter note over the next beat (the
  syncopation), where both beats are quarters.
* On a sixteenth off the eighths: a sixteenth, so that sixteenths come in pairs or fill up a dotted eighth.
* Only single values: nothing needs a tie. A rest of the whole bar may have any length.
* A value after which the bar could not be filled is left out.
"""

from __future__ import annotations

import functools
from itertools import accumulate

#: Values that one note can have, in sixteenths: sixteenth to dotted whole note.
VALUES = (1, 2, 3, 4, 6, 8, 12, 16, 24)
#: Lengths of a beat in sixteenths: a quarter note, or a dotted quarter.
BEATS = (4, 6)


def length_text(sixteenths: int) -> str:
    """Return a length as ABC writes it after a note, in units of an eighth.

    Examples
    --------
    >>> [length_text(value) for value in (1, 2, 3, 4, 12)]
    ['/2', '', '3/2', '2', '6']
    """
    if sixteenths % 2:
        return f"{sixteenths if sixteenths > 1 else ''}/2"
    return "" if sixteenths == 2 else str(sixteenths // 2)


def onsets(beats: tuple[int, ...]) -> tuple[int, ...]:
    """Return where the beats start, and at the end the length of the bar."""
    return tuple(accumulate(beats, initial=0))


@functools.lru_cache(maxsize=64)
def moves(beats: tuple[int, ...], shortest: int = 1) -> dict[int, tuple[int, ...]]:
    """Return the values that may begin at each place of a bar from which its end can be reached.

    Parameters
    ----------
    beats
        Lengths of the beats, each of `BEATS`.
    shortest
        Values below it do not occur.

    Returns
    -------
    dict
        Place -> values in rising order. Only places that a bar can come to; empty if it cannot be filled.
    """
    bar = sum(beats)
    values = [value for value in VALUES if value >= shortest]
    open_ways: dict[int, tuple[int, ...]] = {}
    for place in reversed(range(bar)):
        found = tuple(
            value
            for value in values
            if (place + value == bar or place + value in open_ways) and _reads_well(beats, place, value)
        )
        if found:
            open_ways[place] = found
    return _come_to(open_ways)


def _come_to(open_ways: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """Return the places that can be come to from the start of the bar."""
    reached = {0}
    for place in sorted(open_ways):
        if place in reached:
            reached.update(place + value for value in open_ways[place])
    return {place: open_ways[place] for place in sorted(open_ways) if place in reached}


def _reads_well(beats: tuple[int, ...], place: int, value: int) -> bool:
    """Return whether a value at a place leaves the beats in sight; see the rules above."""
    starts = onsets(beats)
    beat = max(number for number, start in enumerate(starts) if start <= place)
    inside, end = place - starts[beat], place + value
    within = end <= starts[beat + 1]
    quarters = beats[beat : beat + 2] == (4, 4)
    if inside == 0:
        return within or end in starts or (value == 6 and quarters)
    if inside % 2:
        return value == 1
    return (within and value != 3) or (value == 4 and inside == 2 and quarters)

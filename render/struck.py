"""A key held down on a channel: what a MIDI track is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Struck:
    """One key held down on a channel, in ticks."""

    voice: int
    pitch: int
    velocity: int
    on: int
    off: int


def separated(struck: Iterable[Struck], given: Sequence[int]) -> list[Struck]:
    """Return the keys in order of time, each released before it is struck again on its channel.

    Tracks of one channel are merged in an order we do not choose: where another voice strikes the key, the
    release comes a tick earlier.

    Parameters
    ----------
    struck
        Keys; one struck at the time or a tick after the same key on its channel is moved a tick or two on.
    given
        Channel of every voice.
    """
    down: dict[tuple[int, int], Struck] = {}
    ordered = sorted(struck, key=lambda key: (key.on, key.voice, key.pitch))
    for new in ordered:
        place = (given[new.voice], new.pitch)
        before = down.get(place)
        if before is not None:
            new.on = max(new.on, before.on + 2)
            new.off = max(new.off, new.on + 1)
        if before is not None and before.off >= new.on:
            before.off = max(before.on + 1, new.on - (1 if before.voice != new.voice else 0))
        down[place] = new
    return ordered

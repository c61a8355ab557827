"""Idiom: the figure that a player would make of a figure, by how the instrument sounds.

What is bowed, blown or sung holds; what is plucked or struck breaks its chords; wooden bars roll theirs
(Adler, The Study of Orchestration, 4th ed. 2016; Kennan and Grantham, The Technique of Orchestration, 2002).
"""

from __future__ import annotations

from agent.offline.writer.meter import Meter
from agent.offline.writer.pattern import is_held, table
from notation import Instrument

#: General MIDI programs whose sound is itself a tremolo: their chords are held.
_TREMBLING = frozenset({44})
#: Wooden bars: what is held is rolled.
_ROLLED = frozenset({12, 13})


def idiomatic(name: str, player: Instrument, bar: Meter, tempo: float, *, moving: bool = False) -> str:
    """Return the figure in the player's own manner.

    Parameters
    ----------
    name
        A figure of harmony in ``data/patterns.json``.
    player
        Who plays it.
    bar, tempo
        The meter, and quarter notes a minute: they say how long a chord would have to ring.
    moving
        Others hold the chords already.
    """
    kinds = table("patterns")["kinds"]
    if player.program in _TREMBLING and name in kinds["repeated"]:
        return "block"
    still = is_held(name) or name in kinds["still"]
    if still and player.program in _ROLLED:
        return "tremolo"
    rings = float(bar.length) * 60 / tempo
    if still and not player.sustains and (rings > 2.0 or moving):
        return "broken_up" if bar.beats[0].denominator == 1 else "rolling"
    return name

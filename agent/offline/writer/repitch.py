"""Where one note of a finished melody may be moved to, and what each move costs in melodic sense.

The costs are those of the search that wrote the line, in small: steps before leaps, chord tones on strong
beats, foreign tones between steps, no new high point, no parallels with the bass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.offline.writer.events import Event
from agent.offline.writer.harmony import chord_at
from agent.offline.writer.setting import Setting, consonant
from agent.offline.writer.theory import chord_scale, midi

#: Diatonic steps a note may be moved.
_REACH = (-1, 1, -2, 2, -3, 3)
#: Cost of an interval by its diatonic steps, of a foreign tone by metrical strength, and of the rest.
_INTERVAL = (1.0, 0.0, 0.4, 1.0, 1.5, 2.2, 3.0, 4.0)
_FOREIGN = (0.3, 1.2, 3.0, 4.2)
_AWKWARD, _SKIPPED, _PHRASE_END, _FAR = 2.0, 3.0, 5.0, 0.25


@dataclass(frozen=True, slots=True)
class Move:
    """A note, the tone it may take instead (diatonic step, alteration), and the cost."""

    at: int
    tone: tuple[int, int]
    cost: float


def moves(melody: Sequence[Event], at: int, setting: Setting) -> list[Move]:
    """Return the moves of one note of a melody; none for its last note and for its highest.

    No move repeats the note before or after, or rises to the highest.
    """
    event = melody[at]
    top = max(one.pitches[-1] for one in melody)
    if at == len(melody) - 1 or len(event.tones) != 1 or event.pitches[0] == top:
        return []
    alters = chord_scale(setting.tonic, setting.mode, chord_at(setting.spans, event.start))
    tones = [(step, alters[step % 7]) for step in (event.tones[0][0] + shift for shift in _REACH)]
    taken = {other.tones[-1][0] for other in (melody[max(0, at - 1)], melody[at + 1])}
    high = min(setting.high, top - 1)
    fit = [tone for tone in tones if tone[0] not in taken and setting.low <= midi(*tone) <= high]
    return [Move(at, tone, _cost(melody, at, tone[0], alters, setting)) for tone in fit]


def _cost(melody: Sequence[Event], at: int, step: int, alters: tuple[int, ...], setting: Setting) -> float:
    event, pitch = melody[at], midi(step, alters[step % 7])
    near = [melody[other] for other in (at - 1, at + 1) if 0 <= other < len(melody)]
    gaps = [abs(step - other.tones[-1][0]) for other in near]
    cost = sum(_INTERVAL[min(gap, 7)] for gap in gaps)
    cost += sum(abs(pitch - other.pitches[-1]) in (6, 10, 11) for other in near) * _AWKWARD
    over = chord_at(setting.spans, event.start)
    if pitch % 12 not in consonant(over, alters, blue=setting.blue):
        cost += _FOREIGN[setting.bar.strength(event.start % setting.bar.length)]
        cost += _SKIPPED * any(gap > 1 for gap in gaps)
    cost += _PHRASE_END * (near[-1].start > event.end)
    if at:
        cost += setting.clash(melody[at - 1].pitches[-1], pitch, event.start)
    after = melody[at + 1]
    cost += setting.clash(pitch, after.pitches[-1], after.start)
    return cost + _FAR * abs(step - event.tones[0][0])

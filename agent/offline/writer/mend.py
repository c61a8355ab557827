"""Mending: what returns over another bass than before loses its parallel and direct fifths and octaves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.events import Event
from agent.offline.writer.harmony import chord_at
from agent.offline.writer.setting import Setting, consonant
from agent.offline.writer.theory import chord_scale, midi

#: Moves in diatonic steps that are tried, the smallest first.
_MOVES = (1, -1, 2, -2, 3, -3)
#: Longest gap in quarter notes over which two notes are still led one to the other.
_GAP = Fraction(1, 2)


def mended(events: list[Event], before: Event | None, setting: Setting) -> list[Event]:
    """Return a line without forbidden progressions against the bass, where another chord tone avoids them.

    Parameters
    ----------
    events
        Single notes in order of time.
    before
        The note before them, or None.
    """
    if not setting.bass:
        return events
    out: list[Event] = []
    for place, event in enumerate(events):
        old = out[-1] if out else before
        following = events[place + 1] if place + 1 < len(events) else None
        if _fault(old, event, setting):
            event = _other(old, event, following, setting)
        out.append(event)
    return out


def _fault(old: Event | None, new: Event | None, setting: Setting) -> bool:
    """Whether the bass moves together with two neighbouring notes in parallel or direct perfect intervals."""
    if old is None or new is None or new.start - old.end > _GAP:
        return False
    return setting.clash(old.pitches[0], new.pitches[0], new.start) > 0


def _other(old: Event | None, event: Event, following: Event | None, setting: Setting) -> Event:
    """Return the note moved to the nearest chord tone that mends the fault and makes no other."""
    over = chord_at(setting.spans, event.start)
    alters = chord_scale(setting.tonic, setting.mode, over)
    fits = consonant(over, alters, blue=setting.blue)
    for move in _MOVES:
        step = event.tones[0][0] + move
        pitch = midi(step, alters[step % 7])
        new = replace(event, tones=((step, alters[step % 7]),))
        near = old is None or abs(step - old.tones[0][0]) <= 5
        inside = setting.low <= pitch <= min(setting.high, setting.peak - 1) and pitch % 12 in fits
        if near and inside and not _fault(old, new, setting) and not _fault(new, following, setting):
            return new
    return event

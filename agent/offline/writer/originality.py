"""Originality: no stretch of the melody may be an exemplar's, note for note.

`rag_store.originality` says what counts as agreement. Where more than `LONGEST_MATCH` notes agree, one of
them is moved to a neighbouring tone of its chord-scale: the cheapest move (`repitch`) that leaves no
agreement around it, made alike wherever the stretch returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.events import Event
from agent.offline.writer.layout import Staff
from agent.offline.writer.repitch import Move, moves
from agent.offline.writer.setting import Setting
from rag_store import LONGEST_MATCH, Line
from rag_store.lines import Ints, line
from rag_store.shapes import Shapes

#: How many notes from every note of a line on agree with some exemplar, shape (n_notes - 1,).
Guard = Callable[[Line], Ints]
#: Moves tried for a stretch, and stretches mended in one melody, before it is given up.
_TRIES, _MENDED = 40, 40
#: Cost of every note too many that a move leaves in agreement: it will take another move.
_LEFT = 3.0


def guard_of(lines: Iterable[Line]) -> Guard:
    """Return the guard against some lines."""
    shapes = Shapes.of(list(lines))
    return lambda melody: shapes.longest(melody)[0]


def melody_of(events: Sequence[Event]) -> Line:
    """Return the highest notes of a melody's events."""
    return line([event.start for event in events], [event.pitches[-1] for event in events], [0] * len(events))


def copied(events: Sequence[Event], guard: Guard) -> list[tuple[int, int]]:
    """Return the stretches ``(first, stop)`` of more than `LONGEST_MATCH` notes that an exemplar has too."""
    found: list[tuple[int, int]] = []
    for first, notes in enumerate(guard(melody_of(events)).tolist()):
        if notes > LONGEST_MATCH and not (found and first + notes <= found[-1][1]):
            found.append((first, first + notes))
    return found


def original(
    events: Sequence[Event], setting: Setting, guard: Guard, fixed: Collection[int] = ()
) -> tuple[list[Event], bool]:
    """Return a melody with its copied stretches mended, and whether none is left that may be mended.

    Parameters
    ----------
    events
        Single notes in order of time.
    setting
        What the melody is written against.
    guard
        Says what is copied.
    fixed
        Bars, from 0, whose notes are given and stay: what they copy is not this writer's doing.
    """
    melody = list(events)
    for _ in range(_MENDED):
        found = [span for span in copied(melody, guard) if _free(melody, span, setting, fixed)]
        if not found:
            return melody, True
        mended = next((new for span in found if (new := _mended(melody, span, setting, guard, fixed))), None)
        if mended is None:
            break
        melody = mended
    return melody, False


def original_staves(
    staves: Sequence[Staff], setting: Setting, guard: Guard, fixed: Collection[int] = ()
) -> list[Staff]:
    """Return the staves with their melody ``M`` mended as by `original`; what doubles it moves along."""
    melody = next((list(staff.events) for staff in staves if staff.id == "M"), [])
    mended, _ = original(melody, setting, guard, fixed)
    changes = [(old, new) for old, new in zip(melody, mended, strict=True) if old.tones != new.tones]
    moved = {new.start: (new, new.tones[0][0] - old.tones[0][0]) for old, new in changes}
    return [_following(staff, moved) if staff.id[0] == "M" and moved else staff for staff in staves]


def _following(staff: Staff, moved: dict[Fraction, tuple[Event, int]]) -> Staff:
    out = []
    for event in staff.events:
        model, shift = moved.get(event.start, (event, 0))
        tone = (event.tones[-1][0] + shift, model.tones[0][1])
        out.append(replace(event, tones=(tone,)) if shift else event)
    return replace(staff, events=out)


def _free(
    melody: Sequence[Event], span: tuple[int, int], setting: Setting, fixed: Collection[int]
) -> list[int]:
    """Return the notes of a stretch that may be moved."""
    return [at for at in range(*span) if melody[at].start // setting.bar.length not in fixed]


def _mended(
    melody: list[Event], span: tuple[int, int], setting: Setting, guard: Guard, fixed: Collection[int]
) -> list[Event] | None:
    """Return the melody with one note of a stretch moved, the same in its returns; None if no move helps."""
    free = _free(melody, span, setting, fixed)
    ranked = sorted(
        (move for at in free for move in moves(melody, at, setting)),
        key=lambda move: (move.cost + _LEFT * _left_over(span, move.at), move.at, move.tone),
    )
    for move in ranked[:_TRIES]:
        before = melody[max(0, move.at - LONGEST_MATCH) : move.at]
        after = melody[move.at + 1 : move.at + 1 + LONGEST_MATCH]
        tried = [*before, _moved(melody[move.at], move), *after]
        if guard(melody_of(tried)).max() <= LONGEST_MATCH:
            return _everywhere(melody, span, move, setting, fixed)
    return None


def _left_over(span: tuple[int, int], at: int) -> int:
    """Count the notes too many that agree on either side of a moved one."""
    return max(0, at - span[0] - LONGEST_MATCH) + max(0, span[1] - 1 - at - LONGEST_MATCH)


def _everywhere(
    melody: list[Event], span: tuple[int, int], move: Move, setting: Setting, fixed: Collection[int]
) -> list[Event]:
    """Return the melody with a note moved, in a stretch and wherever a bar repeats it."""
    first, stop = span
    tones = [event.tones for event in melody]
    wanted = _written(melody[first:stop], setting)
    out = list(melody)
    for at in range(len(melody) - (stop - first) + 1):
        place = at + move.at - first
        if (
            at == first
            or (
                tones[at : at + stop - first] == tones[first:stop]  # soon told, before the times are compared
                and melody[place].start // setting.bar.length not in fixed
                and _written(melody[at : at + stop - first], setting) == wanted
            )
        ):
            out[place] = _moved(melody[place], move)
    return out


def _written(events: Sequence[Event], setting: Setting) -> list[tuple[object, ...]]:
    start = events[0].start
    place = start % setting.bar.length
    return [(place, event.start - start, event.length, event.tones) for event in events]


def _moved(event: Event, move: Move) -> Event:
    return replace(event, tones=(move.tone,))

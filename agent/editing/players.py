"""Edits of who plays: put in, taken out, exchanged, or all named anew. Voices keep their notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.controls import MOST_INSTRUMENTS
from agent.editing.score import Line
from agent.editing.sketch import Sketch
from agent.editing.tuning import in_range, with_lines
from agent.offline.players import seat
from agent.offline.writer.write import staff_names
from chiaroscore import ControlError
from notation import Instrument, instrument
from prompts import Part


def exchanged(sketch: Sketch, old: tuple[Instrument, ...], new: Instrument, said: str) -> Sketch:
    """Return the sketch with another player for the voices of some."""
    places = _places(sketch, old, said)
    lines = list(sketch.score.lines)
    for place in places:
        part = lines[place].part
        if new.percussion != (part.role == "percussion"):
            raise ControlError(
                f"{said.strip()!r}: the {part.instrument} has the {part.role}, which {new.name} cannot play"
            )
        if not new.roles:
            raise ControlError(f"instrument {new.name!r} is a noise and has no part to play; choose another")
        lines[place] = replace(lines[place], part=_part(new, part.role))
    return _played(sketch, lines, said)


def added(sketch: Sketch, players: tuple[Instrument, ...], said: str) -> Sketch:
    """Return the sketch with more players, whose voices are written for what is there."""
    for player in players:
        if not player.roles:
            raise ControlError(
                f"instrument {player.name!r} is a noise and has no part to play; choose another"
            )
        roles = [line.part.role for line in sketch.score.lines]
        if player.percussion and "percussion" in roles:
            raise ControlError(f"{said.strip()!r}: there are drums already")
        if len(roles) >= MOST_INSTRUMENTS:
            raise ControlError(
                f"{said.strip()!r}: the piece has {len(roles)} parts, and at most {MOST_INSTRUMENTS} may play"
            )
        line = Line(_part(player, _free_role(player, roles)), (), {})
        sketch = _seated(sketch, [*sketch.score.lines, line], {len(roles)}, said)
    return sketch


def removed(sketch: Sketch, players: tuple[Instrument, ...], said: str) -> Sketch:
    """Return the sketch without some players."""
    places = _places(sketch, players, said)
    lead = sketch.score.lines[0].part.instrument
    if 0 in places:
        raise ControlError(
            f"{said.strip()!r}: the {lead} has the melody; say who takes it over, "
            f"such as 'oboe instead of {lead.lower()}'"
        )
    fresh = {place for place in sketch.fresh if place not in places}
    kept = [place for place in range(len(sketch.score.lines)) if place not in places]
    lines = [sketch.score.lines[place] for place in kept]
    moved = frozenset(kept.index(place) for place in fresh)
    return _played(replace(sketch, fresh=moved), lines, said)


def scored_for(sketch: Sketch, players: tuple[Instrument, ...], said: str) -> Sketch:
    """Return the sketch for these players alone: voices go over by role, what is missing is written."""
    unique = tuple(dict.fromkeys(players))
    parts = seat(unique)
    for player in unique:
        parts += [_part(player, "counter")] * (players.count(player) - 1)
    if len(parts) > MOST_INSTRUMENTS:
        raise ControlError(f"{said.strip()!r} names {len(parts)} parts; at most {MOST_INSTRUMENTS} may play")
    free = list(sketch.score.lines)
    lines: list[Line] = []
    fresh: set[int] = set()
    for place, (_, part) in enumerate(staff_names(parts)):
        found = next((line for line in free if line.part.role == part.role), None)
        if found is None or not _can_take(found, part):
            lines.append(Line(part, (), {}))
            fresh.add(place)
        else:
            free.remove(found)
            lines.append(replace(found, part=part))
    return _seated(replace(sketch, fresh=frozenset()), lines, fresh, said)


def _can_take(line: Line, part: Part) -> bool:
    """Whether a player can take a voice over: chords need somebody who has chords."""
    chords = any(len(event.tones) > 1 for event in line.events)
    return instrument(part.instrument).polyphonic or not chords


def _seated(sketch: Sketch, lines: list[Line], fresh: set[int], said: str) -> Sketch:
    """Return the sketch with lines brought into score order; ``fresh`` are places in ``lines``."""
    order = [part for _, part in staff_names([line.part for line in lines])]
    places = sorted(range(len(lines)), key=lambda place: _rank(order, lines[place].part, place))
    new = {place for place in range(len(lines)) if place in fresh or place in sketch.fresh}
    moved = frozenset(at for at, place in enumerate(places) if place in new)
    return _played(replace(sketch, fresh=moved), [lines[place] for place in places], said)


def _rank(order: list[Part], part: Part, place: int) -> tuple[int, int]:
    """Return the place of a part's role in the score, then the place it had."""
    return min(at for at, other in enumerate(order) if other.role == part.role), place


def _played(sketch: Sketch, lines: list[Line], said: str) -> Sketch:
    """Return the sketch with these lines, in their players' ranges, and the plan that names them."""
    parts = [line.part for line in lines]
    names = list(dict.fromkeys(part.instrument for part in parts))
    score = with_lines(sketch.score, [in_range(line) for line in lines])
    planned = sketch.with_score(score).planned(
        "instruments", said, f"players: {', '.join(names)}", instruments=parts
    )
    return planned.asking(instruments=names)


def _places(sketch: Sketch, players: tuple[Instrument, ...], said: str) -> list[int]:
    """Return the places of the voices that some players have; "bass" is also whoever plays the bass."""
    lines = sketch.score.lines
    names = {player.name for player in players}
    found = [place for place, line in enumerate(lines) if line.part.instrument in names]
    if not found and any(player.family == "bass" for player in players):
        found = [place for place, line in enumerate(lines) if line.part.role == "bass"]
    if not found:
        families = {player.family for player in players}
        alike = [p for p, line in enumerate(lines) if instrument(line.part.instrument).family in families]
        found = alike if len(families) == 1 and len({lines[p].part.instrument for p in alike}) == 1 else []
    if not found:
        raise ControlError(
            f"{said.strip()!r}: no {' or '.join(sorted(names))} plays here; the players are "
            f"{', '.join(dict.fromkeys(line.part.instrument for line in lines))}"
        )
    return found


def _part(player: Instrument, role: str) -> Part:
    return Part.model_validate({"instrument": player.name, "program": player.program, "role": role})


def _free_role(player: Instrument, taken: Sequence[str]) -> str:
    """Return the role of a newcomer: the first that nobody has, else a second line or more chords."""
    if player.percussion:
        return "percussion"
    wanted = (
        ("harmony", "bass", "counter", "pad") if player.polyphonic else ("counter", "bass", "pad", "harmony")
    )
    able = [role for role in wanted if role in player.roles]
    missing = [role for role in able if role not in taken and role in ("harmony", "bass", "counter")]
    return (missing or able or ["counter"])[0]

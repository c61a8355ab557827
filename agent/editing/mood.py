"""A mood as edits: what has to change for a piece to sound so, from where it is."""

from __future__ import annotations

import math

from agent.editing.vocabulary import Edit
from agent.moods import Mood
from prompts import Plan

#: Change of tempo for a whole unit of arousal, and its limits.
_TEMPO, _SLOWEST, _FASTEST = 0.35, 0.72, 1.4
#: Steps of loudness for a unit of arousal.
_LOUDNESS = 1.5
#: Logarithm of the change of density for a unit of arousal, and the least that is worth while.
_DENSITY, _LITTLE = 0.5, 0.15
_LEGATO, _STACCATO = -0.3, 0.5
_VALENCE = 0.15


def moody(edit: Edit, plan: Plan) -> list[Edit]:
    """Return what a mood asks of a piece, as edits that outright words override; other edits as they are.

    The mode follows the mood's valence; tempo, loudness and articulation its arousal against the piece's. The
    sources are named in ``agent/data/edits.json``.
    """
    if edit.kind == "mode" and edit.implied:
        return [Edit("feeling mode", edit.value, edit.said, implied=True)]
    if edit.kind != "mood":
        return [edit]
    mood: Mood = edit.value
    out = [edit]

    def implied(kind: str, value: object) -> None:
        out.append(Edit(kind, value, edit.said, implied=True))

    if abs(mood.valence) > _VALENCE:
        implied("feeling mode", "minor" if mood.valence < 0 else "major")
    lift = mood.arousal - plan.emotion.arousal
    factor = round(min(_FASTEST, max(_SLOWEST, 1 + _TEMPO * lift)), 3)
    if abs(factor - 1) > 0.02:
        implied("tempo", factor)
    if abs(_DENSITY * lift) > _LITTLE and len(plan.instruments) > 1:
        implied("density", round(math.exp(_DENSITY * max(-1.0, min(1.0, lift))), 3))
    marks = ("pp", "p", "mp", "mf", "f", "ff")
    place = marks.index(plan.dynamics)
    steps = min(5, max(0, place + max(-2, min(2, round(_LOUDNESS * lift))))) - place
    if steps:
        implied("dynamics", steps)
    touch = "legato" if mood.arousal < _LEGATO else "staccato" if mood.arousal > _STACCATO else "normal"
    if touch != plan.rhythm.articulation:
        implied("articulation", touch)
    return out

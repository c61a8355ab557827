"""The words of a revised plan: title, description and reasons speak of the music as it now is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.controls import Controls
from agent.genres import genre
from agent.keys import parse_key
from agent.moods import find_mood
from agent.offline import wording
from agent.offline.reading import read_scene
from agent.tempo import beat_quarters
from prompts import Plan

if TYPE_CHECKING:
    from agent.piece import Piece


def reworded(plan: Plan, piece: Piece, what: str, request: str) -> Plan:
    """Return a revised plan whose words fit it; the title changes only with the genre or the mood."""
    mood = find_mood(plan.emotion.words[0])
    seen = read_scene(piece.scene, Controls(mood=mood), piece.draft.seed)
    kind, key = genre(plan.genre), parse_key(plan.key)
    beats = plan.tempo / beat_quarters(plan.meter)
    parts = plan.instruments
    described = wording.description(seen, kind, key, plan.meter, beats, parts, plan.rhythm, plan.dynamics)
    old = piece.plan
    same = plan.genre == old.genre and plan.emotion.words[0] == old.emotion.words[0]
    reasons = f"{plan.reasoning} Then, as was asked ({what}: {request})."
    return plan.model_copy(
        update={
            "title": plan.title if same else wording.title(seen, kind),
            "description": described,
            "reasoning": reasons[-3000:] if len(plan.reasoning) > 2900 else reasons[:3000],
        }
    )

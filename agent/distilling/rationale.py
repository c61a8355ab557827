"""Why the music is as it is, in one fixed wording: what the mapper's latent rationale E_r is made of.

Conventions
-----------
First what was seen (things, light and colour, movement, feeling), then what the music makes of it, each
choice with its strongest causes. No numbers: an embedding of text hardly tells one from another. At most
`MOST` characters, about the 256 word pieces that the embedder reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from prompts import Plan, Scene

MOST = 600
_CAUSES = {"genre": 2}  # of each choice; of the others one
_LONGEST = 50  # of a cause
_BRACKETS = re.compile(r"\s*\([^)]*\)")
#: What says no more than the choice itself.
_IDLE = ("is played here by", "starts at", "is written in", "moves", "asks for about", "music so felt")
_LOOSE = re.compile(r"(?:\s+(?:by|of|at|to|with|in|about|around|the|MIDI|it|makes|gives|adds))+$")


def rationale(scene: Scene, plan: Plan) -> str:
    """Return the reasoning from scene to plan in words, at most `MOST` characters."""
    return f"{seen(scene)} {therefore(plan)}"[:MOST].rstrip()


def seen(scene: Scene) -> str:
    """Return what was seen, in four short sentences.

    Examples
    --------
    >>> from prompts import Colour, Dynamic, Emotion
    >>> seen(Scene(setting="coast", emotion=Emotion(words=["calm"], valence=0.5, arousal=-0.5),
    ...            dynamic=Dynamic(words=["still"]), colour=Colour(words=["light"]), description=""))
    'Seen: coast. Light and colour: light. Movement: still. Feeling: calm, pleasant and quiet.'
    """
    things = list(dict.fromkeys([*(one.name for one in scene.objects[:4]), scene.setting]))
    colours = [*scene.colour.words, *(one.name for one in scene.colour.swatches[:3])] or ["not known"]
    emotion = scene.emotion
    pleasant = _step(emotion.valence, "unpleasant", "neither pleasant nor unpleasant", "pleasant")
    stirring = _step(emotion.arousal, "quiet", "neither quiet nor stirring", "stirring")
    return (
        f"Seen: {', '.join(things)}. Light and colour: {', '.join(colours)}. "
        f"Movement: {', '.join(scene.dynamic.words)}. "
        f"Feeling: {', '.join(emotion.words)}, {pleasant} and {stirring}."
    )


def therefore(plan: Plan) -> str:
    """Return the choices of a plan, each with its strongest causes."""
    tonic_and_mode = plan.key.split()
    players = list(dict.fromkeys(part.instrument.lower() for part in plan.instruments))
    choices = (
        ("genre", plan.genre),
        ("tempo", plan.tempo_text or "moderate"),
        ("key", tonic_and_mode[-1]),
        ("instruments", ", ".join(players)),
    )
    said = [_chosen(value, plan, element) for element, value in choices]
    return f"So the music is {'; '.join(said)}; {', '.join(plan.rhythm.words)}; {plan.dynamics}."


def _chosen(value: str, plan: Plan, element: str) -> str:
    causes = [_plain(one.effect) for one in plan.causes.get(element, [])]
    kept: Sequence[str] = list(dict.fromkeys(text for text in causes if text))[: _CAUSES.get(element, 1)]
    return f"{value} ({', '.join(kept)})" if kept else value


def _plain(text: str) -> str:
    """Return the first clause of an effect up to its first number, or "" if that says nothing."""
    clause = re.split(r"[;:]|[-+]?\d", _BRACKETS.sub("", text))[0].strip()
    if clause.startswith(_IDLE):
        return ""
    return _LOOSE.sub("", clause)[:_LONGEST].strip(" ,")


def _step(value: float, low: str, middle: str, high: str) -> str:
    return low if value < -0.15 else high if value > 0.15 else middle

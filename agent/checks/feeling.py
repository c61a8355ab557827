"""Mood, valence and arousal of a finished score, by `evaluation.score_emotion`.

Conventions
-----------
Valence and arousal lie in [-1, 1]. The measure compares pieces and is no reading of listeners' minds; its
accuracy is told in `evaluation.emotion`.
"""

from __future__ import annotations

from agent.checks.heard import Heard, Obeyed
from agent.moods import Mood
from evaluation.emotion import ScoreEmotion, score_emotion

#: How far the measured value may lie from the one asked for.
TOLERANCE = 0.4
#: A value this far from 0 is on the side of a request of the same sign, however strong that was.
SIDE = 0.1


def measured(heard: Heard) -> ScoreEmotion:
    """Return the emotion of the score."""
    return score_emotion(heard.tune)


def mood(heard: Heard, asked: Mood, valence: float, arousal: float) -> Obeyed:
    """Check a mood: both values of its place, or of the numbers that were asked for with it."""
    found = measured(heard)
    met = near(found.valence, valence) and near(found.arousal, arousal)
    said = f"valence {found.valence:+.2f}, arousal {found.arousal:+.2f}"
    shown = f"{asked.name} ({valence:+.2f}, {arousal:+.2f})"
    return Obeyed("mood", shown, said, met, f"valence and arousal measured on the score, each {_SLACK}")


def value(heard: Heard, name: str, asked: float) -> Obeyed:
    """Check valence or arousal alone."""
    found = float(getattr(measured(heard), name))
    return Obeyed(
        name, f"{asked:+.2f}", f"{found:+.2f}", near(found, asked), f"{name} measured on the score, {_SLACK}"
    )


def near(found: float, asked: float, spare: float = 0.0) -> bool:
    """Whether a measured value meets one that was asked for, with something to ``spare``."""
    clear = abs(asked) > TOLERANCE and found * asked > 0 and abs(found) >= SIDE + spare
    return clear or abs(found - asked) <= TOLERANCE - spare


_SLACK = (
    f"within {TOLERANCE:g} of what was asked, or for a request beyond {TOLERANCE:g} clearly "
    "on its side of neutral"
)

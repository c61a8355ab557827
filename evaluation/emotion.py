"""The emotion that a score expresses: valence and arousal from cues measured on the score itself.

How far to trust it: no set of scores rated by listeners can be installed or shipped, so it has not been
compared with ratings of whole pieces. The weights are published correlations and effect sizes
(``data/emotion.json`` has each with its source, and under "accuracy" what may be hoped for: about 70 percent
for the sign of valence, 85 to 90 for that of arousal, on piano music of the kind the figures come from).
Tests hold it to the means of a second labelled set and to the known effect of changing one cue of real tunes.
It compares pieces; a single value is no finding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from evaluation.cues import cues, emotion_table
from notation import Tune

#: No cue counts for more than this many of its units.
_MOST_UNITS = 2.0


@dataclass(frozen=True, slots=True)
class ScoreEmotion:
    """Emotion of a score: valence and arousal in [-1, 1], and the measured cues (`evaluation.cues`)."""

    valence: float
    arousal: float
    cues: Mapping[str, float]


def score_emotion(tune: Tune) -> ScoreEmotion:
    r"""Return valence and arousal of a tune as it is played, from what is in the score alone.

    Cues add up (Eerola, Friberg and Bresin 2013); one that cannot be measured counts as ordinary. A tune
    without notes has valence and arousal 0.

    Examples
    --------
    >>> from notation import parse
    >>> glad = score_emotion(parse("X:1\nM:4/4\nL:1/8\nQ:1/4=160\nK:C\nceg2 fedB|c8|\n"))
    >>> grim = score_emotion(parse("X:1\nM:4/4\nL:1/8\nQ:1/4=60\nK:Cm\nceg2 fedB|c8|\n"))
    >>> glad.valence > grim.valence, glad.arousal > grim.arousal
    (True, True)
    """
    measured = cues(tune)
    if math.isnan(measured["loudness"]):
        return ScoreEmotion(0.0, 0.0, MappingProxyType(measured))
    return ScoreEmotion(*weigh(measured), MappingProxyType(measured))


def weigh(measured: Mapping[str, float]) -> tuple[float, float]:
    """Return valence and arousal, each in [-1, 1], of measured cues; those left out count as ordinary."""
    table = emotion_table()["cues"]
    places = {name: standing(value, table[name]) for name, value in measured.items()}
    valence = sum(table[name]["valence"] * place for name, place in places.items())
    arousal = sum(table[name]["arousal"] * place for name, place in places.items())
    return max(-1.0, min(1.0, valence)), max(-1.0, min(1.0, arousal))


def standing(value: float, record: Mapping[str, Any]) -> float:
    """Return how many units a cue lies over (+) or under its centre, within -2 and 2; 0 if not measured."""
    if math.isnan(value) or (record.get("log") and value <= 0):
        return 0.0
    centre, unit = float(record["centre"]), float(record["unit"])
    over = math.log2(value / centre) if record.get("log") else value - centre
    return max(-_MOST_UNITS, min(_MOST_UNITS, over / unit))

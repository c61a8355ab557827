"""Valence and arousal that were asked for: the plan is bent until a trial draft measures as it should.

The mappings lead from a feeling to a plan, and the genre and other requests hold the plan back; what the
score then expresses is measured, as `agent.obeyed` will, and what may still move is moved: the mode, the
melody's register, the tempo within the genre's, the density, the loudness. The published weights of the cues
(`evaluation.emotion`) say how far. The trial draft is thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.checks.feeling import near
from agent.controls import Controls
from agent.density import fewest_onsets, most_onsets
from agent.genres import genre
from agent.keys import key_near, parse_key
from agent.lengths import tempo_limits
from agent.offline.timing import genre_tempo
from agent.offline.writer import OfflineWriter
from agent.tempo import bar_quarters
from chiaroscore import ControlError
from evaluation.cues import emotion_table
from evaluation.emotion import ScoreEmotion, score_emotion
from notation import MODES, parse
from prompts import Plan

#: How near to the feeling asked for a trial is good enough: nearer than the check demands, for drafts differ.
CLOSE = 0.22
#: Trials for one genre, and genres that are tried where the genre is free.
_TRIALS, _GENRES = 4, 3
#: Bars of a trial draft.
_BARS = 12
#: Change of arousal by doubling the tempo, and by doubling the notes a second, with everything that hangs on
#: them: sums of the weights of `evaluation.emotion`, rounded.
_BY_TEMPO, _BY_DENSITY = 0.8, 0.4
#: What a mode costs that the genre does not have, and one that is rare in any.
_STRANGE, _RARE = 0.12, 0.1
#: A miss that another genre is not tried for.
_ENOUGH = 0.26

#: Valence and arousal asked for, None for what was not.
Wanted = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Nudge:
    """How a plan is bent: what the planner does beyond its mappings."""

    mode: str | None = None
    tempo: float = 1.0  # factor
    density: float | None = None  # onsets a second
    louder: int = 0  # dynamic marks
    higher: int = 0  # semitones
    genre: int = 0  # place in the ranking of genres


def steered(planned: Callable[[Nudge], Plan], controls: Controls, wanted: Wanted, seed: int) -> Plan:
    """Return a plan whose trial draft expresses what was asked for.

    Parameters
    ----------
    planned
        Gives the plan for a nudge.
    controls
        What was asked for; nothing that was asked for is moved.
    wanted
        Valence and arousal, None for one that was not asked for.
    seed
        Of the trial drafts.

    Raises
    ------
    ControlError
        If no plan that the other requests allow comes near.
    """
    best: tuple[float, Plan, ScoreEmotion] | None = None
    for number in range(_GENRES if controls.genre is None else 1):
        nudge = Nudge(genre=number)
        for _ in range(_TRIALS):
            try:
                plan = planned(nudge)
            except ControlError:  # such as a density that this genre's players cannot have
                if best is None and number == 0 and nudge == Nudge():
                    raise
                break
            found = tried(plan, seed)
            miss = _miss(found, wanted)
            if best is None or miss < best[0]:
                best = (miss, plan, found)
            if miss <= CLOSE:
                return plan
            following = _bent(nudge, plan, found, wanted, controls)
            if following == nudge:
                break
            nudge = following
        if best is not None and best[0] <= _ENOUGH:
            return best[1]
    assert best is not None  # noqa: S101  # the first plan either raised or was tried
    if meets(best[2], wanted):
        return best[1]
    raise ControlError(_excuse(best[1], best[2], wanted, controls))


def tried(plan: Plan, seed: int) -> ScoreEmotion:
    """Return what a short draft of a plan expresses."""
    short = plan if plan.bars <= _BARS else plan.model_copy(update={"bars": _BARS, "form": "ABA"})
    return score_emotion(parse(OfflineWriter().write(short, (), seed).abc))


def _miss(found: ScoreEmotion, wanted: Wanted) -> float:
    """Return the greater distance from what was asked for."""
    pairs = ((found.valence, wanted[0]), (found.arousal, wanted[1]))
    return max(abs(value - asked) for value, asked in pairs if asked is not None)


def meets(found: ScoreEmotion, wanted: Wanted) -> bool:
    """Whether the check would be content, with something to spare."""
    pairs = ((found.valence, wanted[0]), (found.arousal, wanted[1]))
    return all(near(value, asked, spare=0.08) for value, asked in pairs if asked is not None)


def _bent(nudge: Nudge, plan: Plan, found: ScoreEmotion, wanted: Wanted, controls: Controls) -> Nudge:
    """Return the next nudge: valence by mode, then register; arousal by tempo, density, then loudness."""
    if wanted[0] is not None and abs(wanted[0] - found.valence) > CLOSE:
        nudge = _brighter(nudge, plan, wanted[0] - found.valence, controls)
    if wanted[1] is not None and abs(wanted[1] - found.arousal) > CLOSE:
        nudge = _livelier(nudge, plan, wanted[1] - found.arousal, controls)
    return nudge


def _brighter(nudge: Nudge, plan: Plan, gap: float, controls: Controls) -> Nudge:
    table = emotion_table()["cues"]
    rest = gap
    key = parse_key(plan.key)
    if controls.key is None:
        weight = table["mode"]["valence"] / table["mode"]["unit"]
        gains = {mode: weight * (_happiness(mode) - _happiness(key.mode)) for mode in MODES}
        usual = genre(plan.genre).modes
        costs = {
            mode: abs(gap - gain) + _STRANGE * (mode not in usual) + _RARE * (mode in ("phrygian", "locrian"))
            for mode, gain in gains.items()
            if key_near(key.tonic_class, mode) is not None
        }
        mode = min(costs, key=lambda one: costs[one])
        if mode != key.mode:
            nudge, rest = replace(nudge, mode=mode), gap - gains[mode]
    if abs(rest) > CLOSE and controls.register is None:
        shift = nudge.higher + round(10 * rest / 0.2 / 2)
        nudge = replace(nudge, higher=max(-9, min(9, shift)))
    return nudge


def _livelier(nudge: Nudge, plan: Plan, gap: float, controls: Controls) -> Nudge:
    rest = gap
    if isinstance(controls.tempo, str | None) and controls.duration is None:
        low, _, high = genre_tempo(genre(plan.genre), plan.meter)
        if controls.tempo is not None:
            low, high = tempo_limits(controls.tempo, plan.meter)
        tempo = min(max(plan.tempo * 2 ** (gap / _BY_TEMPO), low), high)
        factor = tempo / plan.tempo
        if abs(factor - 1) > 0.01:
            nudge = replace(nudge, tempo=nudge.tempo * factor)
            rest -= _BY_TEMPO * math.log2(factor)
    louder = max(-4, min(4, nudge.louder + (rest > CLOSE / 2) - (rest < -CLOSE / 2)))
    rest -= 0.1 * (louder - nudge.louder)
    nudge = replace(nudge, louder=louder)
    if controls.density is None and abs(rest) > CLOSE / 2:
        pitched = sum(part.role != "percussion" for part in plan.instruments)
        fewest = fewest_onsets(pitched, plan.tempo, bar_quarters(plan.meter))
        most = most_onsets(pitched, plan.tempo)
        now = plan.rhythm.density if nudge.density is None else nudge.density
        nudge = replace(nudge, density=round(min(max(now * 2 ** (rest / _BY_DENSITY), fewest), most), 2))
    return nudge


def _happiness(mode: str) -> float:
    """Happiness of a mode by the table of `evaluation.emotion`: 0.83 less what each altered degree costs."""
    degrees = emotion_table()["degrees"]
    scale, major = MODES[mode], MODES["major"]
    lost = sum(
        degrees["lowered"].get(str(place + 1), 0.0)
        if step < own
        else degrees["raised"].get(str(place + 1), 0.0)
        for place, (step, own) in enumerate(zip(scale, major, strict=True))
        if step != own
    )
    return float(degrees["ionian"] - lost)


def _excuse(plan: Plan, found: ScoreEmotion, wanted: Wanted, controls: Controls) -> str:
    """Say what was asked for, what stands against it, and what would work."""
    feeling = "mood " + controls.mood.name if controls.mood is not None else ""
    asked = [
        f"{name} {value:g}"
        for name, value in zip(("valence", "arousal"), wanted, strict=True)
        if value is not None
    ]
    said = [name for name in controls.asked() if name not in ("mood", "valence", "arousal", "seed", "bars")]
    against = f" together with {', '.join(said)}" if said else ""
    return (
        f"{feeling or ' and '.join(asked)} cannot be met{against}: the nearest music, {plan.genre} in "
        f"{plan.key} at "
        f"{plan.tempo:.0f} qpm, measures valence {found.valence:+.2f} and arousal {found.arousal:+.2f} "
        f"where {' and '.join(asked)} was asked for; leave one of the requests out"
    )

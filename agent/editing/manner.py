"""Edits of manner: loudness, articulation, register and density."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from agent.editing.score import Score, staves_of
from agent.editing.sketch import Sketch
from agent.editing.tuning import raised
from agent.offline.writer.articulation import articulated
from agent.offline.writer.dynamics import LEVELS
from agent.offline.writer.events import Event
from agent.offline.writer.thickness import fitted
from chiaroscore import ControlError
from notation import instrument

#: Roles under the melody.
_ACCOMPANIMENT = ("counter", "harmony", "pad", "bass")
#: Logarithm of the ratio of densities that counts as heard.
_HEARD = 0.06


def dynamics(sketch: Sketch, steps: int, said: str) -> Sketch:
    """Move the dynamic marks of all parts by some levels."""
    place = LEVELS.index(sketch.plan.dynamics)
    if not 0 <= place + steps < len(LEVELS):
        if (steps > 0 and place == len(LEVELS) - 1) or (steps < 0 and place == 0):
            raise ControlError(
                f"{said.strip()!r}: the piece is {sketch.plan.dynamics} already, the end of the scale"
            )
        steps = len(LEVELS) - 1 - place if steps > 0 else -place
    lines = [
        replace(line, dynamics={at: _shifted(mark, steps) for at, mark in line.dynamics.items()})
        for line in sketch.score.lines
    ]
    mark = LEVELS[place + steps]
    moved = sketch.with_score(replace(sketch.score, lines=tuple(lines)))
    return moved.planned("dynamics", said, f"moves {sketch.plan.dynamics} to {mark}", dynamics=mark)


def _shifted(marks: str, steps: int) -> str:
    words = []
    for mark in marks.split():
        if mark in LEVELS:
            mark = LEVELS[min(len(LEVELS) - 1, max(0, LEVELS.index(mark) + steps))]
        words.append(mark)
    return " ".join(words)


def mark(sketch: Sketch, level: str, said: str) -> Sketch:
    """Move the dynamic marks so that the piece starts from a level."""
    steps = LEVELS.index(level) - LEVELS.index(sketch.plan.dynamics)
    return (
        dynamics(sketch, steps, said)
        if steps
        else sketch.noting(f"{said.strip()}: the piece is {level} already")
    )


def articulation(sketch: Sketch, name: str, said: str) -> Sketch:
    """Play every note anew: legato, normal or staccato."""
    plan, bar = sketch.plan, sketch.score.bar
    lines = []
    for line in sketch.score.lines:
        if line.part.role in ("melody", "counter"):
            plain = [replace(e, marks=tuple(m for m in e.marks if m not in _TOUCH)) for e in line.events]
            line = replace(line, events=tuple(articulated(plain, bar, name, plan.tempo)))
        lines.append(line)
    rhythm = plan.rhythm.model_copy(update={"articulation": name})
    moved = sketch.with_score(replace(sketch.score, lines=tuple(lines)))
    return moved.planned("rhythm", said, f"{plan.rhythm.articulation} becomes {name}", rhythm=rhythm)


_TOUCH = ("slur(", "slur)", "staccato", "tenuto")


def register(sketch: Sketch, octaves: int, said: str) -> Sketch:
    """Move the melody by octaves; under a lower one the accompaniment is new."""
    line = sketch.score.melody
    player = instrument(line.part.instrument)
    moved = raised(line.events, octaves)
    pitches = [pitch for event in moved for pitch in event.pitches]
    if not pitches or min(pitches) < player.low or max(pitches) > player.high:
        raise ControlError(
            f"{said.strip()!r}: the melody an octave {'higher' if octaves > 0 else 'lower'} leaves the range "
            f"of the {player.name}; give it to another player, or transpose: 'up a fourth', 'down a fourth'"
        )
    center = min(96, max(36, sketch.plan.tessitura.center + 12 * octaves))
    tessitura = sketch.plan.tessitura.model_copy(update={"center": center})
    lines = (replace(line, events=moved), *sketch.score.lines[1:])
    placed = sketch.with_score(replace(sketch.score, lines=lines))
    effect = f"moves the melody by {12 * octaves:+d} semitones"
    planned = placed.planned("tessitura", said, effect, tessitura=tessitura).asking("register")
    if octaves > 0:
        return planned
    return planned.anew(*_ACCOMPANIMENT).noting(
        f"{said.strip()}: the accompaniment was written anew under the melody"
    )


def density(sketch: Sketch, factor: float, said: str) -> Sketch:
    """Thin or fill the accompaniment that is there; one still to be written is told how dense to be."""
    if not any(line.part.role in _ACCOMPANIMENT for line in sketch.score.lines):
        raise ControlError(
            f"{said.strip()!r}: there is no accompaniment to change; add a player, or ask for another melody"
        )
    rhythm, score, plan = sketch.plan.rhythm, sketch.score, sketch.plan
    before = rhythm.density if sketch.fresh else onsets(score)
    aim = min(24.0, max(0.2, before * factor))
    limits = (round(0.93 * aim, 3), round(1.07 * aim, 3))
    if not sketch.fresh:
        staves = fitted(staves_of(score), score.bar, plan.bars, plan.tempo, limits, aim)
        lines = tuple(
            replace(line, events=tuple(staff.events)) for line, staff in zip(score.lines, staves, strict=True)
        )
        score = replace(score, lines=lines)
        if abs(math.log(onsets(score) / before)) < _HEARD:
            word, how = ("sparser", "take one out") if factor < 1 else ("busier", "add one")
            raise ControlError(f"{said.strip()!r}: these players cannot be {word} at this tempo; {how}")
    effect = f"moves the density from {before:.1f} to {aim:.1f} notes/s"
    rhythm = rhythm.model_copy(update={"density": round(aim, 2), "limits": limits})
    return sketch.with_score(score).planned("rhythm", said, effect, rhythm=rhythm).asking("density")


def onsets(score: Score) -> float:
    """Return the onsets of pitched voices a second."""
    seconds = float(score.bar.length) * score.plan.bars * 60 / score.plan.tempo
    return sum(len(line.events) for line in score.lines if line.part.role != "percussion") / seconds


def thin(sketch: Sketch, _: object, said: str) -> Sketch:
    """Leave out the melody's shortest notes off the beat."""
    bar, line = sketch.score.bar, sketch.score.melody
    out: list[Event] = []
    for event in line.events:
        light = bar.strength(event.start % bar.length) == 0 and event.length <= Fraction(1, 4)
        if light and out and out[-1].end == event.start:
            out[-1] = replace(out[-1], length=out[-1].length + event.length)
        else:
            out.append(event)
    left = len(line.events) - len(out)
    lines = (replace(line, events=tuple(out)), *sketch.score.lines[1:])
    moved = sketch.with_score(replace(sketch.score, lines=lines))
    return moved.noting(f"{said.strip()}: {left} short notes of the melody were left out") if left else moved

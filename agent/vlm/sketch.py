"""Step 3a by a model: the music in words, before a note is written.

The description is what exemplars are sought by, and the ideas for the sections go with the plan to whoever
writes the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.offline.writer.form import Section
from agent.vlm import constraints
from agent.vlm.asking import ask_json, or_none
from agent.vlm.plan import scene_text
from agent.vlm.run import Run
from agent.vlm.score import sections_text
from prompts import SketchAnswer

if TYPE_CHECKING:
    from agent.controls import Controls
    from prompts import Plan, Scene


def sketch(
    run: Run, scene: Scene, plan: Plan, form: Sequence[Section], controls: Controls
) -> SketchAnswer | None:
    """Return how a planned piece goes, in words; None, with a remark, where the model does not say.

    Parameters
    ----------
    run
        The composition.
    scene, plan
        From steps 1 and 2.
    form
        The plan's form laid out over its bars.
    controls
        What was asked for.

    Returns
    -------
    SketchAnswer or None
        Its sections are sections of the form, each once; there may be none.

    Raises
    ------
    BackendError
        If the model has never answered.
    """
    letters = list(dict.fromkeys(section.letter for section in form))
    values = {
        "scene": scene_text(scene),
        "plan": plan_text(plan),
        "sections": sections_text(tuple(form)),
        "constraints": constraints.text(controls),
    }
    answer = or_none(
        run,
        lambda: ask_json(run, "sketch", values, SketchAnswer, _narrowing(letters), loose="letter"),
        "the plan's own description stands",
    )
    return None if answer is None else _of_the_form(answer, letters)


def with_sketch(plan: Plan, sketch: SketchAnswer) -> Plan:
    """Return the plan with the music described as in a sketch."""
    return plan.model_copy(update={"description": sketch.description})


def plan_text(plan: Plan) -> str:
    """Return what of a plan matters to a score, a line each."""
    players = ", ".join(f"{part.instrument} ({part.role})" for part in plan.instruments)
    feeling, rhythm = plan.emotion, plan.rhythm
    return "\n".join(
        (
            f"title: {plan.title}",
            f"genre: {plan.genre}",
            f"feeling: {', '.join(feeling.words)} "
            f"(valence {feeling.valence:+.2f}, arousal {feeling.arousal:+.2f})",
            f"tempo: {plan.tempo:g} quarter notes a minute, {plan.tempo_text}",
            f"key: {plan.key}; meter: {plan.meter}; form: {plan.form}; bars: {plan.bars}",
            f"instruments: {players}",
            f"rhythm: {', '.join(rhythm.words)}; {rhythm.articulation}; "
            f"about {rhythm.density:.1f} notes a second over all",
            f"dynamics: {plan.dynamics}; melody around MIDI {plan.tessitura.center}",
        )
    )


def _narrowing(letters: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return what a sketch of a form with these letters may hold: no more sections than there are."""
    return {"sections": {"maxItems": min(8, len(letters))}, "sections.*.letter": {"enum": list(letters)}}


def _of_the_form(answer: SketchAnswer, letters: Sequence[str]) -> SketchAnswer:
    """Return a sketch with the ideas for sections that there are, each once, as the form spells them."""
    known = {letter.casefold(): letter for letter in letters}
    found = {}
    for one in answer.sections:
        letter = known.get(one.letter.strip().rstrip("'’").casefold())
        if letter is not None and letter not in found:
            found[letter] = one.model_copy(update={"letter": letter})
    return answer.model_copy(update={"sections": list(found.values())})

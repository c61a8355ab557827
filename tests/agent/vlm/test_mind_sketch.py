"""Step 3a by a model: the music in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.controls import Controls
from agent.offline.plan import OfflinePlanner
from agent.offline.writer.form import sections
from agent.vlm.options import Options
from agent.vlm.run import Run
from agent.vlm.scripted import ScriptedBackend
from agent.vlm.sketch import sketch, with_sketch
from chiaroscore import BackendError
from prompts import Colour, Dynamic, Emotion, Scene, SketchAnswer

SCENE = Scene(
    emotion=Emotion(words=["calm"], valence=0.2, arousal=-0.3),
    dynamic=Dynamic(words=["rocking"]),
    colour=Colour(words=["cold"]),
    description="A boat.",
)
CONTROLS = Controls.parse(form="intro AABA coda", bars=36, genre="ballad")
PLAN = OfflinePlanner().plan(SCENE, CONTROLS, 2)


def _said(*letters: str) -> str:
    ideas = [{"letter": one, "because": "the boat", "idea": f"idea {at}"} for at, one in enumerate(letters)]
    return json.dumps({"description": "A slow ballad that rocks.", "sections": ideas})


def _sketched(*answers: Any, **options: Any) -> tuple[SketchAnswer | None, Run, ScriptedBackend]:
    backend = ScriptedBackend(answers)
    run = Run(backend, Options(**options), seed=1)
    return sketch(run, SCENE, PLAN, sections(PLAN.form, PLAN.bars), CONTROLS), run, backend


def test_a_sketch_describes_the_music_and_each_section() -> None:
    found, run, backend = _sketched(_said("intro", "A", "B", "coda"))
    assert found is not None and [one.letter for one in found.sections] == ["intro", "A", "B", "coda"]
    assert not run.remarks
    described = with_sketch(PLAN, found)
    assert described.description == "A slow ballad that rocks."
    assert described.model_copy(update={"description": PLAN.description}) == PLAN
    [request] = backend.requests
    letters = request.schema["properties"]["sections"]["items"]["properties"]["letter"]["enum"]  # type: ignore[index]
    assert letters == ["intro", "A", "B", "coda"]
    prompt = request.messages[-1].text
    assert f"key: {PLAN.key}; meter: {PLAN.meter}; form: intro AABA coda; bars: 36" in prompt
    assert "form: exactly intro AABA coda" in prompt and "A boat." in prompt


@pytest.mark.parametrize(
    ("letters", "kept"),
    [
        (("a", "b'", "CODA"), [("A", "idea 0"), ("B", "idea 1"), ("coda", "idea 2")]),
        (("A", "A'", "B"), [("A", "idea 0"), ("B", "idea 2")]),
        (("Bridge", "C", "B"), [("B", "idea 2")]),
        (("Verse",), []),
    ],
)
def test_ideas_for_sections_that_are_not_there_are_left_out(
    letters: tuple[str, ...], kept: list[tuple[str, str]]
) -> None:
    found, run, _ = _sketched(_said(*letters))
    assert found is not None and [(one.letter, one.idea) for one in found.sections] == kept
    assert len(run.calls) == 1


@pytest.mark.parametrize(
    ("answers", "options", "remark"),
    [
        (["no"] * 3, {}, "asked 3 times"),
        ([_said("A")], {"tokens": 600}, "budget"),
        (["no", BackendError("gone")], {}, "gone"),
    ],
)
def test_without_a_sketch_the_plan_stands(answers: list[Any], options: dict[str, Any], remark: str) -> None:
    found, run, _ = _sketched(*answers, **options)
    assert found is None
    assert remark in run.remarks[0] and run.remarks[0].endswith("the plan's own description stands")


def test_a_model_that_never_answers_is_an_error() -> None:
    with pytest.raises(BackendError):
        _sketched(BackendError("gone"))

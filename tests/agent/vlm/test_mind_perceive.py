"""Step 1 by a model: what it says, what is measured, and who stands in for it."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from PIL import Image

from agent.controls import Controls
from agent.offline.perceive import OfflinePerceiver
from agent.picture import open_picture
from agent.vlm.options import Options
from agent.vlm.perceive import perceive, scaled
from agent.vlm.protocol import Abilities
from agent.vlm.run import Run
from agent.vlm.scripted import ScriptedBackend
from chiaroscore import BackendError
from prompts import Scene

ROOT = pathlib.Path(__file__).parents[3]
SAID: dict[str, Any] = {
    "objects": [
        {"name": "sea", "share": 0.2},
        {"name": "Sailing ship", "share": 0.5},
        {"name": "sea", "share": 0.4},
        {"name": "old cats", "share": 0},
    ],
    "setting": "rough sea",
    "colour": {"words": ["storm-grey", "dark"]},
    "dynamic": {"words": ["heaving"], "busyness": 0.9},
    "reasoning": "Waves tower over the ship.",
    "emotion": {"words": ["afraid", "awed"], "valence": -0.5, "arousal": 0.8},
    "description": "A ship in a storm.",
}
BLIND = Abilities(images=False, schema=True, grammar=True, seed=True)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return open_picture(ROOT / "examples/images/d12_painting_stormy_sea.jpg")


@pytest.fixture(scope="module")
def own(picture: Image.Image) -> Scene:
    return OfflinePerceiver().perceive(picture)


def _perceived(
    picture: Image.Image, *answers: Any, abilities: Abilities | None = None, **options: Any
) -> Any:
    backend = ScriptedBackend(answers, abilities=abilities)
    run = Run(backend, Options(**options), seed=4)
    return perceive(run, picture, Controls.parse(bars=8), OfflinePerceiver()), run, backend


def test_the_model_says_and_the_rest_is_measured(picture: Image.Image, own: Scene) -> None:
    scene, run, backend = _perceived(picture, json.dumps(SAID))
    assert [(one.name, one.probability, one.group) for one in scene.objects] == [
        ("Sailing ship", 0.5, "ship"),
        ("sea", 0.4, ""),
        ("old cats", 0.0, "animal"),
    ]
    assert (scene.setting, scene.emotion.words, scene.emotion.arousal) == (
        "rough sea",
        ["afraid", "awed"],
        0.8,
    )
    assert (scene.description, scene.reasoning) == (SAID["description"], SAID["reasoning"])
    assert scene.dynamic.words == ["heaving"] and scene.dynamic.busyness == 0.9
    assert scene.dynamic.symmetry == own.dynamic.symmetry and scene.dynamic.openness == own.dynamic.openness
    assert scene.colour.words[:2] == ["storm-grey", "dark"]
    assert scene.colour.words[2:] == [word for word in own.colour.words if word != "dark"]
    assert scene.colour.model_copy(update={"words": own.colour.words}) == own.colour
    methods = {one.element: one.method for one in scene.evidence}
    assert len(methods) == len(scene.evidence)
    assert methods["emotion"].startswith("said by scripted, prompt perceive-")
    assert methods["dynamic.busyness"] == methods["emotion"]
    assert methods["colour.warmth"].startswith("measured in CIELAB: mean of 0.02 C*^1.07")
    assert run.minds == {"perceive": "scripted"} and not run.remarks
    [request] = backend.requests
    assert request.messages[-1].images[0].size == picture.size
    assert "bars: exactly 8" in request.messages[-1].text


def test_the_model_is_shown_a_small_picture(picture: Image.Image) -> None:
    _, _, backend = _perceived(picture, json.dumps(SAID), max_side=128)
    [shown] = backend.requests[0].messages[-1].images
    assert max(shown.size) == 128 and shown.mode == "RGB"


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 10), (64, 1)), ((20, 30), (20, 30)), ((64, 65), (63, 64))]
)
def test_scaled_keeps_the_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert scaled(Image.new("RGB", size), 64).size == expected


def test_the_measures_are_taken_inside_a_margin(picture: Image.Image, own: Scene) -> None:
    width, height = picture.size
    framed = Image.new("RGB", (width + 80, height + 80), "white")
    framed.paste(picture, (40, 40))
    scene, _, _ = _perceived(framed, json.dumps(SAID))
    assert abs(scene.colour.brightness - own.colour.brightness) < 0.01
    assert any(one.element == "picture" and "margin" in one.method for one in scene.evidence)


def test_a_blind_model_is_not_asked(picture: Image.Image, own: Scene) -> None:
    scene, run, backend = _perceived(picture, abilities=BLIND)
    assert scene == own and not backend.requests
    assert run.remarks == ["scripted cannot see pictures; the offline mind looked at it"]
    assert run.minds == {"perceive": "offline"}


@pytest.mark.parametrize(
    ("answers", "options", "remark"),
    [
        (["no"] * 3, {}, "asked 3 times at 'perceive'"),
        (
            [json.dumps({**SAID, "emotion": {"words": ["x"], "valence": 5, "arousal": 0}})] * 3,
            {},
            "emotion.valence: 5",
        ),
        ([json.dumps(SAID)], {"tokens": 600}, "budget of 600 tokens was used up"),
        (["no", BackendError("the line broke")], {}, "the line broke"),
    ],
)
def test_the_offline_mind_stands_in(
    picture: Image.Image, own: Scene, answers: list[Any], options: dict[str, Any], remark: str
) -> None:
    scene, run, _ = _perceived(picture, *answers, **options)
    assert scene == own
    assert len(run.remarks) == 1 and remark in run.remarks[0]
    assert run.remarks[0].endswith("the offline mind looked at the picture")
    assert run.minds == {"perceive": "offline"}


def test_a_model_that_never_answers_is_an_error(picture: Image.Image) -> None:
    with pytest.raises(BackendError, match="no such server"):
        _perceived(picture, BackendError("no such server"))


def test_another_language_is_text(picture: Image.Image) -> None:
    foreign = {
        **SAID,
        "setting": "стая птиц",
        "emotion": {"words": ["寂しい"], "valence": -0.3, "arousal": -0.4},
    }
    scene, _, _ = _perceived(picture, json.dumps(foreign, ensure_ascii=False))
    assert scene.setting == "стая птиц" and scene.emotion.words == ["寂しい"]

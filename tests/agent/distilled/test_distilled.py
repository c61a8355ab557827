"""The distilled mind: its plans can be written, keep to requests, come again, and say how they came about."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

import numpy as np
import pytest

from agent import Agent, Piece
from agent.agent import CANDIDATES
from agent.controls import Controls
from agent.distilled.eyes import eye_of
from agent.distilled.planner import DistilledMind
from agent.editing.saved import load_piece
from agent.explaining.build import explain
from agent.offline.perceive import OfflinePerceiver
from agent.picture import open_picture
from agent.vlm.scripted import ScriptedBackend
from chiaroscore import ChiaroscoreError, ControlError, InputError, MissingPartError
from mapper.inference import Mapper

SHORT: dict[str, Any] = {"bars": 8, "tempo": 180, "meter": "4/4"}


@pytest.fixture(scope="session")
def mind(distilled: Agent) -> DistilledMind:
    assert distilled.distilled is not None
    return distilled.distilled


@pytest.fixture(scope="session")
def several(distilled: Agent, picture: pathlib.Path) -> Piece:
    """A piece with alternatives."""
    return distilled.compose(picture, **SHORT, seed=3, n=3)


def test_one_look_gives_the_scene_and_the_vector(mind: DistilledMind, picture: pathlib.Path) -> None:
    opened = open_picture(picture)
    scene, seen = mind.eye.look(opened)
    assert scene == OfflinePerceiver().perceive(opened)
    assert seen.shape == (mind.mapper.config.seen,) and np.isfinite(seen).all()


def test_plans_are_whole_plans_of_the_bank(mind: DistilledMind, picture: pathlib.Path) -> None:
    scene, seen = mind.eye.look(open_picture(picture))
    bank = mind.mapper.check_plans()
    known = {(one.genre, one.meter, one.key, one.players) for one in map(bank.plan, range(len(bank)))}
    for seed in range(8):
        made = mind.plans(scene, seen, Controls.parse(), seed)[0]
        players = "|".join(f"{part.instrument}:{part.role}" for part in made.plan.instruments)
        assert (made.plan.genre, made.plan.meter, made.plan.key, players) in known
        assert not made.remarks


def test_samples_differ_and_the_first_is_the_same_for_every_count(
    mind: DistilledMind, picture: pathlib.Path
) -> None:
    scene, seen = mind.eye.look(open_picture(picture))
    one, four = (mind.plans(scene, seen, Controls.parse(), 5, count) for count in (1, 4))
    assert one[0].plan == four[0].plan
    manners = [
        (one.plan.genre, one.plan.key.split()[-1], one.plan.meter, one.plan.tempo, str(one.plan.instruments))
        for one in four
    ]
    assert len(four) > 1 and len(set(manners)) == len(four)


@pytest.mark.parametrize(
    "asked",
    [
        {"genre": "tango", "key": "D minor"},
        {"instruments": "cello, harp", "bars": 12},
        {"meter": "7/8", "tempo": "Andante"},
        {"duration": 30, "density": "sparse", "register": "high"},
    ],
)
def test_requests_go_first(mind: DistilledMind, picture: pathlib.Path, asked: dict[str, Any]) -> None:
    scene, seen = mind.eye.look(open_picture(picture))
    plan = mind.plans(scene, seen, Controls.parse(**asked), 1)[0].plan
    wanted = {
        "genre": lambda: plan.genre == "tango", "key": lambda: plan.key == "D minor",
        "bars": lambda: plan.bars == 12,
        "instruments": lambda: {part.instrument for part in plan.instruments} == {"Cello", "Harp"},
        "meter": lambda: plan.meter == "7/8",
        "tempo": lambda: plan.tempo_text == "Andante",
        "duration": lambda: any("30" in one.value for one in plan.causes["bars"]),
        "density": lambda: plan.rhythm.limits is not None, "register": lambda: plan.tessitura.fixed,
    }  # fmt: skip
    for name in asked:
        assert wanted[name](), name


def test_every_element_says_what_it_is_near(mind: DistilledMind, picture: pathlib.Path) -> None:
    scene, seen = mind.eye.look(open_picture(picture))
    made = mind.plans(scene, seen, Controls.parse(key="D minor"), 2)[0]
    first = {name: causes[0] for name, causes in made.plan.causes.items() if causes}
    assert first["genre"].scene == "picture" and first["genre"].source == mind.id
    assert made.mapped is not None and made.mapped["nearest"][0]["title"][:20] in first["genre"].value
    assert first["key"].scene == "request"
    assert "without reasoning in words" in made.plan.reasoning and "Nearest rationale" in made.plan.reasoning


def test_pieces_come_again(
    distilled: Agent, schooled: pathlib.Path, picture: pathlib.Path, several: Piece
) -> None:
    again = Agent(mapper=str(schooled), store=distilled.store).compose(picture, **SHORT, seed=3, n=3)
    assert again.abc == several.abc and again.manifest() == several.manifest()
    assert [one.abc for one in again.alternatives] == [one.abc for one in several.alternatives]


def test_alternatives_are_other_plans_the_best_first(several: Piece) -> None:
    ranked = (several, *several.alternatives)
    assert len(ranked) == 3 and len({one.abc for one in ranked}) == 3
    samples = [one.mapped["sample"] for one in ranked if one.mapped]
    assert len(set(samples)) > 1
    assert [one.verdict.rank for one in ranked] == sorted((one.verdict.rank for one in ranked), reverse=True)
    assert not several.verdict.missed


def test_manifest_and_saved_piece_name_the_mapper(
    mind: DistilledMind, several: Piece, distilled: Agent, tmp_path: pathlib.Path
) -> None:
    record = several.manifest()
    assert record["mind"] == {"perceive": "offline", "plan": mind.id, "write": "offline"}
    assert record["mapper"]["digest"] == mind.mapper.stored.digest and record["mapper"]["seed"] >= 0
    several.save(tmp_path, formats=["abc"])
    found = load_piece(tmp_path, store=distilled.store)
    assert found.mapped == several.mapped and found.minds["plan"] == mind.id


def test_the_explanation_says_what_kind_of_plan_it_is(several: Piece) -> None:
    found = explain(several, sound=False)
    assert any("planned by nearness" in one for one in found.remarks)
    targets = {link.target for link in found.links if link.source.startswith("scene.")}
    assert any(target.startswith("plan.") for target in targets)


def test_minds_that_exclude_each_other(schooled: pathlib.Path) -> None:
    with pytest.raises(ControlError, match="leave out vlm"):
        Agent(mapper=schooled, vlm=ScriptedBackend([]))
    with pytest.raises(ControlError, match="leave out"):
        Agent(mapper=schooled, perceiver=OfflinePerceiver())
    with pytest.raises(ControlError, match="no mapper"):
        Agent(mapper=3)  # type: ignore[arg-type]
    assert Agent(mapper=schooled).candidates == CANDIDATES


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ("encoder.safetensors", MissingPartError),
        ("bank.safetensors", MissingPartError),
        ("mapper.safetensors", InputError),
        ("config.json", InputError),
    ],
)
def test_parts_that_are_lost(
    schooled: pathlib.Path, tmp_path: pathlib.Path, loss: str, kind: type[ChiaroscoreError]
) -> None:
    copy = shutil.copytree(schooled, tmp_path / "copy")
    (copy / loss).unlink()
    with pytest.raises(kind, match=loss):
        Agent(mapper=copy)


def test_another_encoder_is_refused(schooled: pathlib.Path, tmp_path: pathlib.Path) -> None:
    from mapper.encoders import Encoder

    copy = shutil.copytree(schooled, tmp_path / "copy")
    other = Encoder.load(copy / "encoder.safetensors")
    arrays = {**other.arrays, "affect.mean": other.arrays["affect.mean"] + 1}
    Encoder(arrays, other.groups).save(copy / "encoder.safetensors")
    with pytest.raises(InputError, match="take the one that belongs to it"):
        eye_of(Mapper.load(copy))


def test_command_line(
    cli: Any, schooled: pathlib.Path, picture: pathlib.Path, built_store: Any, tmp_path: pathlib.Path
) -> None:
    ran = cli(
        "compose", picture, "--mapper", schooled, "--bars", 8, "--formats", "abc", "-o", tmp_path / "out"
    )
    assert ran.code == 0 and "planned: mapper-" in ran.out and (tmp_path / "out" / "sea.abc").is_file()
    for options, said in (
        (("--mind", "clever"), "choose offline or distilled"),
        (("--mind", "offline", "--mapper", schooled), "--mapper is for --mind distilled"),
        (("--mind", "distilled", "--vlm", "openai:http://localhost:1/v1#m"), "two minds"),
        (("--mind", "distilled", "--dry-run"), "asked none"),
        (("--mapper", tmp_path), "config.json"),
    ):
        ran = cli("compose", picture, *options, "-o", tmp_path / "none")
        assert ran.code == 2 and said in ran.err, options

"""From words to scenes, plans and vectors: what is said counts, what is not said is not made up."""

from __future__ import annotations

import pathlib
import random
import re

import numpy as np
import pytest

from agent.controls import Controls
from agent.distilling.captions import read_captions, telling_of
from agent.distilling.encoder import label_groups, measure_names
from agent.distilling.imagined import Imagination, classes_of, probabilities
from agent.distilling.rationale import MOST, rationale
from agent.distilling.textual import told
from agent.offline.network import class_names
from agent.offline.plan import OfflinePlanner
from agent.offline.reading import theme_table
from agent.offline.tables import table
from chiaroscore import InputError
from mapper import scenes
from mapper.encoders import Encoder, Measured, fit
from mapper.scenes import Telling, tellings
from prompts import Colour

REST = np.full(1000, 0.001, np.float32)
LAKE = Telling("A lake.", "k", "f", ("lake",), "water", (), (), 0.3, -0.4)


def coloured(*colours: str, light: float = 0.0) -> Telling:
    return Telling(f"{colours} {light}", "k", "f", ("lake",), "water", colours, (), 0.3, -0.4, light)


def test_the_words_of_scenes_are_known_to_the_tables() -> None:
    assert scenes.themes() <= set(theme_table())
    assert scenes.colour_names() <= {row["name"] for row in table("colour_names")["colours"]}


def test_the_same_words_and_seed_give_the_same_scene() -> None:
    one = next(tellings(1, seed=4))
    assert told(one, 2).scene == told(one, 2).scene != told(one, 3).scene


def test_colours_and_light_are_measured_as_they_are_said() -> None:
    blue, orange = told(coloured("navy", "blue")), told(coloured("orange", "gold"))
    assert blue.scene.colour.warmth < -0.5 < 0.5 < orange.scene.colour.warmth
    dark, bright = told(coloured("grey", light=-0.8)), told(coloured("grey", light=0.8))
    assert bright.scene.colour.brightness - dark.scene.colour.brightness > 0.2


def test_what_is_not_said_stays_open() -> None:
    silent = told(LAKE)
    assert silent.scene.colour == Colour()
    assert silent.measures == {}
    assert not any("colour" in one.element for one in silent.scene.evidence)
    assert all("network" not in one.method for one in silent.scene.evidence)


def test_every_scene_can_be_planned_and_reasoned_about() -> None:
    planner, controls, modes = OfflinePlanner(), Controls.parse(), set()
    for one in tellings(60, seed=8):
        scene = told(one).scene
        plan = planner.plan(scene, controls, 1)
        said = rationale(scene, plan)
        assert len(said) <= MOST
        assert not re.search(r"[-+]\d|\d\.\d|\(\)|\s,", said)
        assert plan.genre in said
        modes.add((plan.genre, plan.key.split()[-1]))
    assert len(modes) > 12  # plans vary


def test_things_named_get_the_probability_of_their_classes() -> None:
    scene = told(coloured("blue")).scene
    found = probabilities(scene, REST, random.Random(1))
    assert found.sum() == pytest.approx(1, abs=1e-4)
    assert set(np.argsort(found)[-1:]) <= set(classes_of("lake"))
    assert {class_names()[index] for index in classes_of("piano")} == {"grand piano", "upright piano"}
    assert classes_of("no such thing") == ()


@pytest.fixture(scope="module")
def world() -> tuple[Encoder, Measured]:
    """Pictures whose first features follow their lightness."""
    draw = np.random.default_rng(0)
    measures = draw.normal(0, 1, (150, 31))
    names = measure_names()
    measures[:, names.index("lightness")] = 50 + 20 * draw.normal(size=150)
    features = draw.gamma(0.5, 0.1, (150, 1280))
    features[:, :300] += np.maximum(measures[:, [names.index("lightness")]], 0) / 20
    chances = draw.dirichlet(np.full(1000, 0.02), 150)
    affect = draw.normal(0, 0.3, (150, 6))
    arrays = (np.asarray(one, np.float32) for one in (features, chances, measures, affect))
    real = Measured(*arrays)
    return fit(real, label_groups(), features=8, labels=8), real


def test_imagined_vectors_keep_what_is_known_and_follow_it(world: tuple[Encoder, Measured]) -> None:
    encoder, real = world
    vectors = encoder.encode(real)
    imagination = Imagination(encoder, vectors, measure_names(), 0.4)
    lightness = encoder.blocks["measures"].start + measure_names().index("lightness")
    feature = int(np.argmax(np.abs(np.corrcoef(vectors[:, :8].T, vectors[:, lightness])[8, :8])))
    sign = np.sign(np.corrcoef(vectors[:, feature], vectors[:, lightness])[0, 1])
    drawn = {
        light: np.array(
            [imagination.imagine(told(coloured("grey", light=light), s), REST, s) for s in range(12)]
        )
        for light in (-0.9, 0.9)
    }
    assert (drawn[0.9][:, lightness] > drawn[-0.9][:, lightness]).all()
    assert sign * (drawn[0.9][:, feature].mean() - drawn[-0.9][:, feature].mean()) > 0.5
    assert drawn[0.9][:, feature].std() > 0.01  # and they vary
    again = imagination.imagine(told(coloured("grey", light=0.9), 3), REST, 3)
    np.testing.assert_array_equal(again, drawn[0.9][3])


def test_captions_are_read_for_what_they_say() -> None:
    said = telling_of("Two women laughing under a red umbrella at night")
    assert said is not None
    assert {"woman", "night"} <= set(said.objects)
    assert said.colours == ("red",)
    assert said.valence > 0.4
    assert said.light < -0.5
    assert telling_of("xyzzy qwerty") is None


def test_caption_files(tmp_path: pathlib.Path) -> None:
    plain, columns = tmp_path / "a.txt", tmp_path / "b.csv"
    plain.write_text("A dog on a beach\n\nnothing known at all xyzzy\nA dog on a beach\nA train at night\n")
    columns.write_text("image_id,caption\n7,A dog on a beach\n7,A dog by the sea\n8,A red car\n")
    assert {one.text for one in read_captions(plain)} == {"A dog on a beach", "A train at night"}
    assert len(read_captions(plain, limit=1)) == 1
    assert sorted(one.kin for one in read_captions(columns)) == ["caption:7", "caption:7", "caption:8"]


@pytest.mark.parametrize("content", [b"xyzzy\n", b"\xff\xfe\x00", b""])
def test_caption_files_that_say_nothing_are_refused(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.txt"):
        read_captions(tmp_path / "a.txt")


def test_a_table_without_captions_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.csv").write_text("name,size\nx,1\n")
    with pytest.raises(InputError, match="column"):
        read_captions(tmp_path / "a.csv")

"""Teacher data from end to end: looked at, planned, embedded, written, and gone on with."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agent.controls import Controls
from agent.distilling.bulk import BulkMiniLM
from agent.distilling.encoder import seen
from agent.distilling.looks import look_at, read_looks
from agent.distilling.pictures import bases
from agent.distilling.teach import Report, Sources, teach
from agent.offline.perceive import OfflinePerceiver
from agent.offline.plan import OfflinePlanner
from agent.picture import open_picture
from chiaroscore import ControlError, InputError
from mapper.encoders import FILE, Encoder
from mapper.shards import read
from prompts import Plan
from rag_store.embed import MiniLM

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples" / "images"
SOURCES = {"variants": 2, "plans": 2, "scenes": 6}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, Sources, Report]:
    folder = tmp_path_factory.mktemp("teach")
    (folder / "pictures").mkdir()
    for name in ("d03_autumn_mountain", "d05_coffee_cup", "met-438031", "nasa-pia03606"):
        shutil.copy(EXAMPLES / f"{name}.jpg", folder / "pictures")
    sources = Sources(pictures=(folder / "pictures",), **SOURCES)
    return folder, sources, teach(sources, folder / "data", seed=1)


def test_examples_hold_what_the_teacher_says(made: tuple[pathlib.Path, Sources, Report]) -> None:
    folder, _, report = made
    rows = list(read(folder / "data"))
    assert len(rows) == report.examples == report.new
    assert report.new + report.repeated == 2 * (4 * 2 + 6)
    assert {one.kind for one in rows} == {"picture", "text"}
    assert {one.encoder for one in rows} == {report.encoder}
    whole = next(one for one in rows if one.id.startswith("pictures/d05_coffee_cup#1.0."))
    picture = open_picture(folder / "pictures" / "d05_coffee_cup.jpg")
    picture.thumbnail((512, 512), 1)
    scene = OfflinePerceiver().perceive(picture)
    assert scene.objects[0].name in whole.rationale
    plan = Plan.model_validate_json(whole.plan)
    assert plan.description == whole.music
    assert plan.genre == OfflinePlanner().plan(scene, Controls.parse(), 0).genre
    exact = MiniLM().embed([whole.rationale, whole.music])
    assert float(exact[0] @ whole.why) > 0.999
    assert float(exact[1] @ whole.heard) > 0.999


def test_a_picture_is_seen_as_it_was_taught(made: tuple[pathlib.Path, Sources, Report]) -> None:
    folder, _, report = made
    encoder = Encoder.load(folder / "data" / FILE)
    assert encoder.id == report.encoder
    whole = next(one for one in read(folder / "data") if one.id.startswith("pictures/nasa-pia03606#1.0."))
    base = next(one for one in bases([folder / "pictures"]) if "nasa" in one.name)
    picture = open_picture(base.path)
    picture.thumbnail((512, 512), 1)
    np.testing.assert_allclose(seen(encoder, picture), whole.seen, atol=0.06)


def test_kin_never_mix_pictures_and_texts(made: tuple[pathlib.Path, Sources, Report]) -> None:
    rows = list(read(made[0] / "data"))
    assert len({one.kin for one in rows if one.kind == "picture"}) == 2  # four pictures, two and two
    assert not {one.kin for one in rows if one.kind == "picture"} & {
        one.kin for one in rows if one.kind == "text"
    }


def test_a_second_run_adds_nothing_and_looks_at_nothing(made: tuple[pathlib.Path, Sources, Report]) -> None:
    folder, sources, report = made
    steps: list[str] = []
    again = teach(sources, folder / "data", seed=1, progress=lambda step, done, total: steps.append(step))
    assert (again.new, again.examples) == (0, report.examples)
    assert "looking" not in steps


def test_looks_grow_and_refuse_damage(made: tuple[pathlib.Path, Sources, Report]) -> None:
    folder = made[0]
    base = bases([folder / "pictures"])[:1]
    assert len(look_at(base, 1, folder / "data" / "looks", seed=1)[0]) == 1
    path = sorted((folder / "data" / "looks").glob("*.npz"))[0]
    damaged = folder / "damaged.npz"
    damaged.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match=r"damaged\.npz"):
        read_looks(damaged)


def test_bulk_vectors_are_those_of_the_embedder() -> None:
    texts = ["A calm waltz in G major for flute and harp", "storm", "a " * 60]
    for exact, least in ((True, 0.999999), (False, 0.9995)):
        assert (BulkMiniLM(exact=exact).embed(texts) * MiniLM().embed(texts)).sum(1).min() > least


def test_nothing_to_teach_from_is_refused(tmp_path: pathlib.Path, cli: Callable[..., Any]) -> None:
    with pytest.raises(ControlError, match="nothing to teach"):
        teach(Sources(), tmp_path)
    with pytest.raises(ControlError, match="pictures"):
        teach(Sources(scenes=3), tmp_path)
    found = cli("distill", "data", "-o", tmp_path / "d", "--scenes", "0")
    assert found.code == 2
    assert "nothing to teach" in found.err

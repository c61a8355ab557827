"""The whole explanation of a piece: complete, the same each time, honest where there is no map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny import build as tiny

from agent.explaining.build import METHODS, NO_PICTURE, explain
from agent.vlm.local import TransformersBackend
from chiaroscore import ControlError, MissingPartError
from explain import Explanation


@pytest.fixture(scope="module")
def explained(piece) -> Explanation:
    return explain(piece)


def _maps(found):
    return {one.id: one.map.values.tobytes() for one in found.elements if one.map is not None}


def test_every_element_has_a_map_or_says_why_not(explained):
    ids = [one.id for one in explained.elements]
    assert len(set(ids)) == len(ids)
    for one in explained.elements:
        assert (one.map is None) == bool(one.absent), one
        assert (one.map is None) == (not one.method), one
        assert one.label and (one.map is None or np.isfinite(one.map.values).all())
    kinds = {one.kind for one in explained.elements}
    assert kinds == {"scene", "plan", "request", "section", "bar", "exemplar"}


def test_links_run_between_elements_from_picture_to_bar(explained):
    ids = {one.id for one in explained.elements}
    assert all(link.source in ids and link.target in ids for link in explained.links)
    reached, todo = set(), ["scene.emotion.arousal"]
    while todo:
        here = todo.pop()
        reached.add(here)
        todo += [
            link.target for link in explained.links if link.source == here and link.target not in reached
        ]
    assert {"plan.dynamics", "section.0", "bar.1", "bar.8"} <= reached
    asked = {link.target for link in explained.links if link.source == "request.tempo"}
    assert {"plan.tempo"} <= asked <= {"plan.tempo", "plan.genre"}  # swing is at home at this tempo


def test_what_was_only_asked_for_has_no_place_in_the_picture(explained):
    for name in ("plan.tempo", "plan.meter", "plan.bars", "request.tempo"):
        assert explained.element(name).map is None and explained.element(name).absent
    assert explained.element("plan.key").map is not None


def test_bars_alike_have_the_map_of_their_section(explained):
    own = {
        link.target for link in explained.links
        if link.source.startswith("plan.") and link.target.startswith("bar.")
    }  # fmt: skip
    for bar in explained.bars:
        one, section = explained.element(f"bar.{bar.number}"), explained.element(f"section.{bar.section}")
        if one.id in own:
            assert one.method.startswith("through ")
        else:
            assert one.map is section.map and one.method.startswith("as section")
    assert 0 < len(own) < len(explained.bars)


def test_the_rest_of_the_piece_is_there(explained, piece):
    assert explained.abc == piece.abc and explained.title == piece.plan.title
    assert explained.picture is piece.picture and explained.sound[:4] == b"OggS"
    assert len(explained.steps) == 3 and all(text for _, text in explained.steps)
    assert [row[0] for row in explained.obeyed] == [one.name for one in piece.obeyed]
    assert len(explained.history) == len(piece.history) and explained.counterfactuals
    assert explained.snippets[0].bars and explained.snippets[0].abc
    assert explained.details["minds"] == {"perceive": "offline", "plan": "offline", "write": "offline"}
    valence = explained.element("scene.emotion.valence")
    assert valence.check is not None and valence.map.signed


def test_it_is_the_same_each_time(explained, piece):
    again = explain(piece)
    assert _maps(again) == _maps(explained) and again.details == explained.details
    assert again.links == explained.links and again.sound == explained.sound and again.bars == explained.bars
    assert [replace(one, map=None) for one in again.elements] == [
        replace(one, map=None) for one in explained.elements
    ]


def test_without_its_picture_a_piece_has_links_and_no_maps(piece):
    found = explain(replace(piece, picture=None), sound=False)
    assert not _maps(found) and found.sound == b"" and found.links and found.bars
    assert found.element("scene.emotion.valence").absent == NO_PICTURE == found.element("bar.3").absent


def test_a_model_that_cannot_be_read_again_leaves_reasons(piece):
    minds = {"perceive": "openai:http://x#m", "plan": "openai:http://x#m"}
    found = explain(replace(piece, minds=minds), sound=False)
    assert not _maps(found)
    assert found.element("scene.emotion.valence").absent.startswith("not available, because")
    assert "asked again" in found.details["counterfactuals"] and not found.counterfactuals


def test_a_reader_gives_the_score_maps_of_its_own(piece, explained):
    reader = TransformersBackend.of(*tiny("smolvlm"), id="tiny", max_side=128)
    found = explain(piece, reader=reader, thorough=False, sound=False)
    assert found.element("bar.2").method.startswith("attention") and found.element("bar.2").map is not None
    assert found.element("scene.emotion.valence").map.values.tobytes() == (
        explained.element("scene.emotion.valence").map.values.tobytes()
    )
    assert found.element("plan.key").method == explained.element("plan.key").method
    with pytest.raises(ControlError, match="server"):
        explain(piece, reader=reader, method="occlusion")


def test_bad_requests_are_told(piece):
    with pytest.raises(ControlError, match="choose one of") as told:
        explain(piece, method="guessing")
    assert all(name in str(told.value) for name in METHODS)
    with pytest.raises(ControlError):
        explain(piece, reader="no such thing")
    with pytest.raises(ControlError, match="give one"):
        explain(piece, method="rollout")
    with pytest.raises(ControlError, match="server"):
        explain(piece, reader="openai:http://127.0.0.1:9#m", method="gradient")


def test_without_an_engine_the_report_is_silent_and_says_so(piece, monkeypatch):
    def none(*_, **__):
        raise MissingPartError("no engine here")

    monkeypatch.setattr("render.synthesise", none)
    found = explain(replace(piece, picture=None))
    assert found.sound == b"" and "no engine here" in found.remarks[-1]


def test_revised_and_extended_pieces_are_explained(piece):
    longer = piece.extend(4).revise("louder")
    found = explain(replace(longer, picture=None), sound=False)
    assert len(found.bars) == 12 and "louder" in found.element("request.words").value
    assert {f"section.{bar.section}" for bar in found.bars} <= {one.id for one in found.elements}

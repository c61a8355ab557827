"""Pieces read again by local models: every answer, section, bar and note has a map, or a reason why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny import FAMILIES, build

from agent import Agent
from agent.controls import Controls
from agent.editing.saved import load_piece
from agent.explaining.model import CLOSED, CUT, NO_CALLS, NO_PICTURE, WHOLE, explain_calls
from agent.explaining.passage import header, passage
from agent.identity import piece_seed
from agent.picture import open_picture
from agent.vlm.local import TransformersBackend
from agent.vlm.options import Options
from agent.vlm.score import read_score
from agent.vlm.scripted import ScriptedBackend
from agent.vlm.standin import plan_answer, scene_answer, score_answer, sketch_answer
from chiaroscore import ControlError
from explain.attention import Attention, GradientInput, attention_rows
from notation import parse

ASKED = {"bars": 8, "meter": "3/4", "instruments": "flute, cello", "form": "AB"}
SAID = {"setting", "description", "emotion.words", "emotion.valence", "emotion.arousal", "dynamic.words",
        "dynamic.busyness", "colour.words", "objects.0", "emotion.words.0"}  # fmt: skip


def _backend(family, **settings):
    return TransformersBackend.of(*build(family, **settings), id=f"tiny-{family}", max_side=128)


@pytest.fixture(scope="module")
def backends():
    return {family: _backend(family) for family in FAMILIES}


@pytest.fixture(scope="module")
def scripted(agent_of_run, picture):
    """A piece of a model that says what the offline mind sees and plans."""
    scene = agent_of_run.perceiver.perceive(open_picture(picture))
    plan = agent_of_run.planner.plan(scene, Controls.parse(**ASKED), piece_seed(open_picture(picture), 0))
    said = [one.model_dump_json() for one in (scene_answer(scene), plan_answer(plan), sketch_answer(plan))]
    store = agent_of_run.store
    written = Agent(vlm=ScriptedBackend(said), writer="offline", store=store).compose(picture, **ASKED)
    model = ScriptedBackend([*said, score_answer(written.abc)])
    return Agent(vlm=model, store=store, options=Options(rounds=0)).compose(picture, **ASKED)


@pytest.fixture(scope="module")
def composed(scripted, backends):
    """The same piece as if a tiny model of each family had answered, with the token ids of its answers."""
    assert set(scripted.minds.values()) == {scripted.writer} == {"scripted"}
    return {family: _owned(scripted, backend) for family, backend in backends.items()}


def _owned(piece, backend):
    tokenizer = backend._given[1].tokenizer
    calls = [
        replace(call, token_ids=tuple(tokenizer(call.text, add_special_tokens=False)["input_ids"]))
        for call in piece.calls
    ]
    draft, minds = replace(piece.draft, writer=backend.id), dict.fromkeys(piece.minds, backend.id)
    return replace(piece, calls=tuple(calls), draft=draft, minds=minds)


def _by_id(elements):
    found = {one.id: one for one in elements}
    assert len(found) == len(elements)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_everything_that_a_model_decided_has_a_map(family, backends, composed):
    piece = composed[family]
    elements = explain_calls(piece, backends[family], fine=True)
    found = _by_id(elements)
    shapes = {one.map.values.shape for one in elements}
    assert len(shapes) == 1 and min(shapes.pop()) >= 2
    for one in elements:
        assert np.isfinite(one.map.values).all() and one.method.startswith("attention") and not one.absent
        assert one.map.values.min() >= 0 and not one.map.signed
    assert {f"scene.{name}" for name in SAID} <= found.keys()
    decided = {name for name, causes in piece.plan.causes.items() if causes[0].source.startswith("model ")}
    assert decided and {f"plan.{name}" for name in decided} <= found.keys()
    assert "plan.meter" not in found  # that was asked for
    assert {"section.0", "section.1", *(f"bar.{number}" for number in range(1, 9))} <= found.keys()
    notes = sum(len(voice.notes) for voice in piece.tune.voices)
    assert sum(one.kind == "note" for one in elements) == notes > 0
    assert "no picture" in found["bar.1"].method and "no picture" not in found["scene.setting"].method
    again = explain_calls(piece, backends[family])
    assert all(np.array_equal(one.map.values, found[one.id].map.values) for one in again)
    assert len(again) < len(elements) and all(one.kind != "note" for one in again)


def test_what_was_said_is_told(composed, backends):
    piece = composed["qwen"]
    found = _by_id(explain_calls(piece, backends["qwen"]))
    assert found["scene.emotion.valence"].value == f"{piece.scene.emotion.valence:+.2f}"
    assert found["scene.objects.0"].label == piece.scene.objects[0].name
    genre = found.get("plan.genre") or found["plan.dynamics"]
    assert genre.value in (piece.plan.genre, piece.plan.dynamics) and genre.text
    assert found["section.1"].value == "bars 5 to 8"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_of_another_is_read_by_the_rows_of_its_letters(family, backends, piece):
    backend = backends[family]
    elements = _by_id(explain_calls(piece, reader=backend, method=Attention(sink="raw")))
    assert not any(one.kind in ("scene", "plan") for one in elements.values())  # the offline mind's own
    assert f"written by offline, read by transformers:tiny-{family}" in elements["bar.1"].method
    from agent.explaining.model import _score

    reading = _score(piece, backend, False)
    inputs = backend.inputs(reading.messages)
    model, processor = backend._given
    ids = processor.tokenizer(reading.text, add_special_tokens=False)["input_ids"]
    rows = attention_rows(model, inputs, ids).mean(0).float().numpy()
    size = 0
    wanted = {3: [], 7: []}
    for row, one in enumerate(ids):  # the letters of every token, one after the other: the text is ASCII
        piece_of_text = processor.tokenizer.decode([one])
        for number, places in wanted.items():
            spans = next(t.ranges for t in reading.targets if t.element.id == f"bar.{number}")
            if any(size < high and low < size + len(piece_of_text) for low, high in spans):
                places.append(row)
        size += len(piece_of_text)
    assert size == len(reading.text)
    for number, places in wanted.items():
        total = float(elements[f"bar.{number}"].map.values.sum())
        expected = float(rows[places].mean(0).sum())
        assert total == pytest.approx(expected, rel=1e-3)
    assert not np.array_equal(elements["bar.3"].map.values, elements["bar.7"].map.values)


def test_a_score_is_read_as_a_model_writes_it(piece):
    music = passage(piece.abc)
    assert music.text.startswith("[V:M] ") and "!" not in music.text and "%%" not in music.text
    for voice in piece.tune.voices:
        for bar in voice.bars:
            low, high = music.span(bar.span)
            inside = [piece.abc[at] for at in music.places if bar.span[0] <= at < bar.span[1]]
            assert music.text[low:high] == "".join(inside)
        for note in voice.notes:
            low, high = music.span(note.span)
            assert music.text[low:high] == piece.abc[slice(*note.span)].rpartition("!")[2]
    assert music.span((0, len(header(piece.abc)))) is None
    read = parse(read_score(music.text, piece.plan).abc)
    sounding = [[(note.pitch, note.onset, note.duration) for note in voice.notes] for voice in read.voices]
    assert sounding == [
        [(note.pitch, note.onset, note.duration) for note in voice.notes] for voice in piece.tune.voices
    ]


def test_any_abc_has_a_passage():
    abc = 'X:1\nT:x\nM:4/4\nK:C\n[V:1] "a!b"c4 !f!d4 |\nw: la la\n% no\n[V:2] C8 |\n'
    assert passage(abc).text == '[V:1] "a!b"c4 d4 |\nw: la la\n[V:2] C8 |\n'
    assert passage("cdef |").text == "cdef |\n" and header("cdef |") == ""
    assert passage("").text == "" and passage(abc).span((5, 5)) is None


def test_a_server_keeps_its_inside_until_a_reader_is_given(scripted, composed, backends):
    server = ScriptedBackend(["x"])
    assert {(one.absent, one.map) for one in explain_calls(scripted, server)} == {(CLOSED, None)}
    piece = composed["llava"]
    closed = _by_id(explain_calls(piece, server))
    assert all("transformers:tiny-llava is not at hand" in one.absent for one in closed.values())
    assert {"scene.setting", "section.0", "bar.8"} <= closed.keys()
    opened = _by_id(explain_calls(piece, server, reader=backends["smolvlm"]))
    assert opened.keys() == closed.keys()
    assert all(one.map is not None for one in opened.values())
    assert "written by transformers:tiny-llava, read by" in opened["scene.setting"].method
    assert explain_calls(piece) == explain_calls(piece, server)


def test_a_loaded_piece_is_read_as_far_as_its_manifest_tells(
    composed, backends, picture, tmp_path, agent_of_run
):
    piece, backend = composed["qwen"], backends["qwen"]
    piece.save(tmp_path, formats=("abc",))
    blind = load_piece(tmp_path, store=agent_of_run.store)
    assert {one.absent for one in explain_calls(blind, backend)} == {NO_PICTURE}
    loaded = load_piece(tmp_path, picture=picture, store=agent_of_run.store)
    fresh, old = _by_id(explain_calls(loaded, backend)), _by_id(explain_calls(piece, backend))
    assert fresh.keys() == old.keys()
    bars = [name for name in fresh if name.startswith(("bar", "section"))]
    assert all(np.array_equal(fresh[name].map.values, old[name].map.values) for name in bars)
    forgotten = _by_id(explain_calls(replace(loaded, recorded_calls=()), backend))
    assert {one.absent for one in forgotten.values() if one.kind in ("scene", "plan")} == {NO_CALLS}
    assert forgotten["scene.emotion.valence"].value and "plan.dynamics" in forgotten
    assert "in other words" in forgotten["bar.1"].method and forgotten["bar.1"].map is not None
    short = [
        {**one, "messages": [{**told, "text": "so [... 9 more characters]"} for told in one["messages"]]}
        for one in loaded.recorded_calls
    ]
    cut = _by_id(explain_calls(replace(loaded, recorded_calls=tuple(short)), backend))
    assert cut["scene.setting"].absent == CUT and cut["bar.1"].map is not None


def test_gradients_explain_too_and_are_signed(piece, backends):
    elements = explain_calls(piece, backends["llava"], GradientInput())
    assert all(one.map.signed and np.isfinite(one.map.values).all() for one in elements)
    assert any(one.map.values.min() < 0 for one in elements)


def test_what_stands_in_the_way_is_said(composed, backends, piece):
    with pytest.raises(ControlError, match="no model in this process"):
        explain_calls(piece, reader=ScriptedBackend(["x"]))
    whole = replace(piece, draft=replace(piece.draft, form=(replace(piece.draft.form[0], start=0, bars=8),)))
    assert _by_id(explain_calls(whole, reader=backends["llava"]))["section.0"].absent == WHOLE
    raw = _by_id(explain_calls(whole, reader=backends["llava"], method=Attention(sink="raw")))
    assert raw["section.0"].map is not None
    with pytest.raises(ControlError, match="offline"):
        explain_calls(piece, reader="offline")
    assert explain_calls(piece) == ()  # nothing of it is a model's
    narrow = _backend("qwen", context=256)
    elements = explain_calls(composed["qwen"], reader=narrow)
    assert all("the model's context 256" in one.absent and one.map is None for one in elements)
    unfit = replace(composed["qwen"], calls=tuple(replace(c, text="no") for c in composed["qwen"].calls))
    said = {one.absent for one in explain_calls(unfit, backends["qwen"]) if one.kind == "scene"}
    assert said == {"not available, because no answer of the model to this step was of use"}

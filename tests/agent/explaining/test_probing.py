"""Servers are asked one letter at a time while places of the picture are hidden."""

from __future__ import annotations

import base64
import io
import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from servers import answers, playing

from agent.explaining.choices import questions
from agent.explaining.model import NO_PICTURE
from agent.explaining.probing import MOST_CALLS, explain_by_occlusion
from agent.vlm.remote import OpenAIBackend
from agent.vlm.scripted import ScriptedBackend
from chiaroscore import BackendError, ControlError

IDS = ["scene.emotion.valence", "scene.emotion.arousal", "plan.tempo", "plan.key"]


def _spot():
    """A grey picture with a chequered spot in its upper left."""
    pixels = np.full((120, 160, 3), 110, np.uint8)
    pixels[10:40:2, 10:50:2] = 255
    pixels[11:40:2, 11:50:2] = 0
    return Image.fromarray(pixels)


def _chequered(url):
    """How much of the spot can be made out in a picture, 0 to 1."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L"), float)
    return float(pixels[10:40, 10:50].std()) / 90


def _likely(letters):
    tokens = [{"token": token, "logprob": math.log(share)} for token, share in letters.items()]
    return {"logprobs": {"content": [{"token": tokens[0]["token"], "top_logprobs": tokens}]}}


def _sees_the_spot(handler, body):
    """Answer A the surer, the more of the spot is there; questions without a letter as any server does."""
    parts = body["messages"][-1]["content"]
    if not body.get("top_logprobs"):
        return answers(handler, body)
    assert body["max_tokens"] == 1 and body["temperature"] == 0.0 and not body["stream"]
    share = 0.2 + 0.6 * _chequered(parts[0]["image_url"]["url"])
    letters = {"A": share, " B": 0.6 * (0.9 - share), "C": 0.4 * (0.9 - share), "b": 0.05, "the": 0.01}
    message = {"role": "assistant", "content": "A"}
    choice = {"index": 0, "message": message, "finish_reason": "length", **_likely(letters)}
    return handler.json({"choices": [choice]})


@pytest.fixture(scope="module")
def spotted(piece):
    return replace(piece, picture=_spot())


def _explained(piece, act, can=("images", "logprobs"), **settings):
    with playing(acts=[act], can=frozenset(can)) as played:
        backend = OpenAIBackend(played.url, tries=1)
        try:
            backend.abilities()
            before = len(played.asked)
            found = explain_by_occlusion(piece, backend, **settings)
        finally:
            backend.close()
        return found, played.asked[before:]


def test_the_map_finds_what_the_answer_hangs_on(spotted):
    found, asked = _explained(spotted, _sees_the_spot, regions=(3, 4))
    assert [one.id for one in found] == IDS
    assert len(asked) == 4 * 13
    chosen = {one.element.id: one.chosen for one in questions(spotted)}
    for one in found:
        assert one.map.values.shape == (3, 4) and one.map.signed and "occlusion of 12" in one.method
        strongest = np.unravel_index(np.abs(one.map.values).argmax(), (3, 4))
        assert strongest in {(0, 0), (0, 1)}
        # the spot speaks for A, and against every other option
        assert (one.map.values[0, 0] > 0) == (chosen[one.id] == 0)
        strength = np.abs(one.map.values) / np.abs(one.map.values).max()
        assert strength[2].max() < 0.25 and strength[:, 3].max() < 0.01  # windows overlap their neighbours
        assert "asked anew" in one.text
    assert {0} < set(chosen.values())  # both were seen


def test_the_same_server_gives_the_same_map(spotted):
    (first, _), (again, _) = (_explained(spotted, _sees_the_spot, regions=(2, 2)) for _ in range(2))
    assert all(np.array_equal(a.map.values, b.map.values) for a, b in zip(first, again, strict=True))


def test_log_odds_are_of_the_letters_alone(piece):
    mode = questions(piece)[3]
    own, other = ("A", "B") if mode.chosen == 0 else ("B", "A")
    tokens = {own: math.log(0.3), f" {own}": math.log(0.1), f"({other})": math.log(0.2), "x": math.log(0.01)}
    assert mode.log_odds(tokens) == pytest.approx(math.log(2))
    assert mode.log_odds({own: math.log(0.5), "x": math.log(0.1)}) == pytest.approx(math.log(5))
    assert mode.log_odds({own: -0.1, "x": -math.inf}) == pytest.approx(-0.1 - math.log(1e-9))
    with pytest.raises(BackendError, match="does not answer with a letter"):
        mode.log_odds({"The": math.log(0.9), own: math.log(0.04)})
    with pytest.raises(BackendError):
        mode.log_odds({})


def test_each_piece_holds_the_option_of_its_values(piece):
    def chosen(**values):
        feeling = piece.scene.emotion.model_copy(
            update={k: v for k, v in values.items() if k in ("valence",)}
        )
        scene = piece.scene.model_copy(update={"emotion": feeling})
        plan = piece.plan.model_copy(update={k: v for k, v in values.items() if k in ("tempo", "key")})
        return [one.answer for one in questions(replace(piece, scene=scene, plan=plan))]

    low = chosen(valence=-0.9, tempo=60.0, key="D dorian")
    high = chosen(valence=0.9, tempo=150.0, key="Bb lydian")
    assert (low[0], low[2], low[3]) == ("A, sad or unpleasant", "A, slow", "B, minor")
    assert (high[0], high[2], high[3]) == ("C, happy or pleasant", "C, fast", "A, major")


@pytest.mark.parametrize(
    ("can", "word"), [(("logprobs",), "cannot see pictures"), (("images",), "tells no log-probabilities")]
)
def test_a_server_that_cannot_is_not_asked(spotted, can, word):
    found, asked = _explained(spotted, answers, can)
    assert not asked and all(word in one.absent and one.map is None for one in found)


def _mute(handler, body):
    if not body.get("top_logprobs"):
        return answers(handler, body)
    return handler.json({"choices": [{"message": {"content": "A"}, "logprobs": {"content": []}}]})


def _talks(handler, body):
    if not body.get("top_logprobs"):
        return answers(handler, body)
    return handler.json({"choices": [{"message": {"content": "The"}, **_likely({"The": 0.9, "A": 0.01})}]})


@pytest.mark.parametrize(("act", "word"), [(_mute, "told no log-prob"), (_talks, "not answer with a letter")])
def test_an_answer_without_letters_is_no_map(spotted, act, word):
    found, _ = _explained(spotted, act, regions=(1, 1))
    assert all(word in one.absent and one.map is None for one in found)


def test_the_calls_are_bounded_and_what_is_missing_is_said(piece):
    other = ScriptedBackend(["x"])
    with pytest.raises(ControlError, match=f"1 to {MOST_CALLS} are made"):
        explain_by_occlusion(piece, other, (8, 8))
    with pytest.raises(ControlError):
        explain_by_occlusion(piece, other, (0, 3))
    assert all("no server" in one.absent for one in explain_by_occlusion(piece, other))
    assert {one.absent for one in explain_by_occlusion(replace(piece, picture=None), other)} == {NO_PICTURE}
    gone = explain_by_occlusion(piece, OpenAIBackend("http://127.0.0.1:9/v1", "x", tries=1))
    assert all("127.0.0.1:9" in one.absent for one in gone)
    assert threading.active_count() < 20

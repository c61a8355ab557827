"""What is found out of a model by asking it, and what is said of one that hangs, breaks, or is not there."""

from __future__ import annotations

import json
import pathlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from agent.doctor import Finding
from agent.vlm.choose import VARIABLE
from agent.vlm.probe import examine_vlm, is_score, outlook
from agent.vlm.protocol import Abilities, Request
from agent.vlm.scripted import ScriptedBackend
from chiaroscore import BackendError

Run = Callable[..., Any]
SCORE = "[V:M] C2 E2 G2 c2 | c4 C4 |]"
ABLE = Abilities(images=True, schema=True, grammar=True, seed=True, logprobs=True, context=8192)


def good(request: Request) -> str:
    """Answer as a model does whose decoder is held."""
    if request.grammar is not None:
        return SCORE
    if request.schema is not None:
        return '{"fruit": "quince"}'
    return "Red." if request.messages[0].images else f"some words, seed {request.seed}"


def free(request: Request) -> str:
    """Answer as a model does that nothing holds."""
    return "banana" if request.schema is not None else "Blue as the sea."


def looked(backend: Any, **limits: float) -> dict[str, Finding]:
    return {one.name: one for one in examine_vlm(backend, **limits)}


def test_an_able_model() -> None:
    found = looked(ScriptedBackend([good], abilities=ABLE, repeat=True))
    names = ["model", "images", "schema", "grammar", "seed", "streaming", "speed", "logprobs", "context"]
    assert list(found) == [*names, "the mind"]
    assert {name for name, one in found.items() if not one.ok} == {
        "streaming"
    }  # a script answers in one piece
    assert found["context"].detail == "8192 tokens"
    assert found["images"].detail == "for the colour of a plain red picture it answered 'Red.'"
    assert found["the mind"].detail == (
        "steps 1-3 by the model, held to schema and grammar; every answer is checked"
    )


def test_what_a_model_claims_is_not_believed() -> None:
    found = looked(ScriptedBackend([free], abilities=replace(ABLE, context=2048), repeat=True))
    for name in ("schema", "grammar"):
        assert not found[name].ok and "it was told to enforce it and did not" in found[name].detail
    assert not found["images"].ok and "'Blue as the sea.'" in found["images"].detail
    assert not found["context"].ok and found["context"].state == "absent"
    assert "nothing holds its plan and score to the form" in found["the mind"].detail


def test_the_same_seed_has_to_give_the_same_text() -> None:
    counted = iter(range(99))
    found = looked(ScriptedBackend([lambda request: f"number {next(counted)}"], abilities=ABLE, repeat=True))
    assert not found["seed"].ok and "cannot be had again" in found["seed"].advice


@pytest.mark.parametrize(
    ("able", "says"),
    [
        (
            replace(ABLE, images=False),
            "it cannot see: the offline mind looks at the picture; steps 2 and 3 by",
        ),
        (replace(ABLE, schema=False), "nothing holds its plan to the form"),
        (replace(ABLE, grammar=False), "nothing holds its score to the form"),
        (replace(ABLE, schema=False, grammar=False), "nothing holds its plan and score to the form"),
    ],
)
def test_what_the_mind_makes_of_it(able: Abilities, says: str) -> None:
    assert says in outlook(able)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (SCORE, True),
        (SCORE + "\n", True),
        ("[V:M] C2 E2 G2 c2 | c4 C3 |]", False),  # a bar too short
        ("Why did the violin cross the road?", False),
        ("[V:M] tell me |]", False),
        ("", False),
    ],
)
def test_only_a_score_whose_bars_add_up_shows_a_grammar(text: str, fits: bool) -> None:
    assert is_score(text) == fits


def test_a_model_that_is_not_there_is_one_finding() -> None:
    class Away(ScriptedBackend):
        def abilities(self) -> Abilities:
            raise BackendError("no server answers at http://x; start one")

    class Broken(ScriptedBackend):
        def abilities(self) -> Abilities:
            raise ValueError("a library's\nown words")

    [away] = examine_vlm(Away())
    assert (away.state, away.detail, away.advice) == ("MISSING", "no server answers at http://x", "start one")
    [broken] = examine_vlm(Broken())
    assert broken.detail == "ValueError: a library's own words" and not broken.ok


def test_errors_while_asking_are_findings() -> None:
    trouble = BackendError("out of memory; take a smaller model")
    found = looked(ScriptedBackend(["yes", *[trouble] * 9], abilities=ABLE))
    assert found["model"].ok and found["logprobs"].ok
    assert found["schema"].detail == "out of memory; take a smaller model" and not found["schema"].ok
    [only] = examine_vlm(ScriptedBackend([trouble], abilities=ABLE))
    assert (only.state, only.detail, only.advice) == ("MISSING", "out of memory", "take a smaller model")


def test_a_model_that_hangs_is_asked_once() -> None:
    gate = threading.Event()

    def hang(request: Request) -> str:
        gate.wait(30)
        return "late"

    begun = time.monotonic()
    backend = ScriptedBackend(["yes", hang], abilities=ABLE)
    found = looked(backend, patience=0.2)
    assert time.monotonic() - begun < 5
    assert found["images"].detail == "no answer in 0.2 s"
    assert (
        found["schema"].detail
        == found["speed"].detail
        == "not tried: an earlier question is still unanswered"
    )
    assert len(backend.requests) == 2
    gate.set()

    class Loading(ScriptedBackend):
        def abilities(self) -> Abilities:
            time.sleep(1)
            return ABLE

    [only] = examine_vlm(Loading(), loading=0.1)
    assert only.detail == "no answer in 0.1 s" and only.needed


# -- the command --------------------


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nobody listens at, held so that nobody takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_doctor_asks_a_model(tmp_path: pathlib.Path, cli: Run) -> None:
    script = tmp_path / "a.json"
    script.write_text(json.dumps(["yes", "a red one", '{"fruit": "quince"}', SCORE, "one", "one", "a b c"]))
    ran = cli("doctor", "--vlm", f"scripted:{script}", "--json")
    found = json.loads(ran.out)
    assert ran.code == 0 and ran.err == "" and found["works"] is True
    assert {one["name"]: one["ok"] for one in found["parts"]} == {
        "model": True, "images": True, "schema": True, "grammar": True, "seed": True, "streaming": False,
        "speed": True, "logprobs": False, "context": False, "the mind": True,
    }  # fmt: skip
    assert found["outlook"] == found["parts"][-1]["detail"]
    ran = cli("doctor", "--vlm", f"scripted:{script}")
    assert ran.code == 0 and ran.out.splitlines()[-1].startswith("the mind: steps 1-3 by the model")


def test_doctor_at_a_closed_port_is_no_traceback(closed_port: int, cli: Run) -> None:
    begun = time.monotonic()
    ran = cli("doctor", "--vlm", f"openai:http://127.0.0.1:{closed_port}/v1#m", "--json")
    assert ran.code == 2 and time.monotonic() - begun < 30
    found = json.loads(ran.out)
    assert found["works"] is False and [one["name"] for one in found["parts"]] == ["model"]
    assert str(closed_port) in found["parts"][0]["detail"]
    ran = cli("doctor", "--vlm", f"openai:http://127.0.0.1:{closed_port}/v1#m")
    assert ran.code == 2 and ran.out.splitlines()[-1] == "the model cannot be used: see above"


@pytest.mark.parametrize("bad", ["gpt", "offline"])
def test_doctor_wants_a_model_that_is_named(bad: str, cli: Run) -> None:
    ran = cli("doctor", "--vlm", bad)
    assert ran.code == 2 and ran.out == "" and ran.err.startswith("error: ") and ran.err.count("\n") == 1


def test_doctor_says_what_the_variable_names_and_asks_nobody(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    from agent import doctor

    monkeypatch.setenv(VARIABLE, f"openai:http://u:pw@127.0.0.1:{closed_port}/v1#m")
    said = doctor._vlm()
    assert "openai:http://...@127.0.0.1" in said and "not tried" in said and "pw" not in said
    monkeypatch.setenv(VARIABLE, "gpt")
    assert not doctor._look("vlm", doctor._vlm, False).ok
    monkeypatch.delenv(VARIABLE)
    absent = doctor._look("vlm", doctor._vlm, False)
    assert absent.state == "absent" and "the offline mind composes" in absent.detail


def test_doctor_names_what_local_models_want(monkeypatch: pytest.MonkeyPatch) -> None:
    from agent import doctor

    assert doctor._local_models().startswith("transformers ")
    monkeypatch.setattr(doctor, "_LOCAL", ("transformers", "no_such_package"))
    row = doctor._look("local models", doctor._local_models, False)
    assert row.state == "absent" and "no_such_package" in row.detail
    assert "pip install 'chiaroscore[local]'" in row.detail + row.advice


def test_a_real_server_is_found_to_be_what_it_is(llama_server: str, cli: Run) -> None:
    ran = cli("doctor", "--vlm", f"openai:{llama_server}", "--json")
    assert ran.code == 0 and ran.err == ""
    parts = {one["name"]: one for one in json.loads(ran.out)["parts"]}
    assert [name for name, one in parts.items() if not one["ok"]] == ["images"]
    assert "it cannot see" in parts["the mind"]["detail"]

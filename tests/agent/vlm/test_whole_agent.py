"""The whole agent with real models: a llama.cpp server over HTTP, and tiny models through transformers."""

from __future__ import annotations

import itertools
import json

import pytest
from tiny import FAMILIES, tiny_vlm

from agent import Agent
from agent.vlm.local import TransformersBackend
from agent.vlm.options import Options
from agent.vlm.remote import OpenAIBackend
from notation import check, parse
from prompts import PlanAnswer, SketchAnswer

RUNS = 20
#: Runs in which the model writes the score, too; that takes as long as all its JSON, and has none.
WRITTEN = 2
#: Requests that keep an answer, and so the tests, short.
ASKED = {"bars": 4, "meter": "3/4", "tempo": 96, "instruments": "flute"}
#: The same for the server; a bagpipe has one role, so that the answer names one player.
SERVED = ASKED | {"instruments": "bagpipe"}


def _valid(piece) -> None:
    assert not [problem for problem in check(piece.abc) if problem.severity == "error"]
    assert all(one.met for one in piece.obeyed), piece.obeyed
    assert parse(piece.abc).voices[0].notes


@pytest.fixture(scope="module")
def served(quick_llama_server, agent_of_run):
    """Agents whose model runs on a real server: with the model as the writer, and without."""
    options = Options(rounds=0, exemplar_tokens=0)
    backend = OpenAIBackend(quick_llama_server)
    return {
        writer: Agent(vlm=backend, writer=writer, store=agent_of_run.store, options=options)
        for writer in ("model", "offline")
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
def test_a_real_server_gives_json_every_time_and_every_run_ends_in_a_piece(served, picture, seed):
    agent = served["model" if seed < WRITTEN else "offline"]
    piece = agent.compose(picture, **SERVED, seed=seed)
    _valid(piece)
    assert piece.minds["perceive"] == "offline"  # the model has no eyes, and the piece says so
    assert any("see" in remark for remark in piece.remarks)
    assert piece.minds["plan"] == agent.backend.id
    models = {"plan": PlanAnswer, "sketch": SketchAnswer}
    for call in piece.calls:
        if call.step in models:
            assert (call.attempt, call.finish, call.enforced, call.by) == (1, "stop", "schema", "grammar")
            models[call.step].model_validate_json(call.text)
            bare = json.dumps(json.loads(call.text), ensure_ascii=False, separators=(",", ":"))
            assert call.text == bare  # no token was spent on white space
    if seed < WRITTEN and piece.writer == "offline":  # it may fail to write, but not in silence
        assert any("offline writer" in remark for remark in piece.remarks)
    else:
        assert piece.writer == (agent.backend.id if seed < WRITTEN else "offline")


@pytest.fixture(scope="module", params=FAMILIES)
def local(request, tmp_path_factory):
    """A backend with a tiny model of each family, loaded from disk."""
    backend = TransformersBackend(tiny_vlm(request.param, tmp_path_factory.mktemp(request.param), terse=True))
    yield backend
    backend.close()


def test_a_local_model_of_each_family_does_every_step(local, agent_of_run, picture):
    agent = Agent(vlm=local, store=agent_of_run.store, options=Options(rounds=1, tries=8, tokens=200_000))
    piece = agent.compose(picture, **ASKED, seed=1)
    _valid(piece)
    assert {*piece.minds.values(), piece.writer} == {local.id}, piece.remarks
    steps = [step for step, _ in itertools.groupby(call.step for call in piece.calls)]
    assert steps[:4] == ["perceive", "plan", "sketch", "write"]
    written = next(call for call in piece.calls if call.step == "write")
    assert written.enforced == "grammar" and written.finish == "stop"
    # a grammar leaves nothing to repair; it has no dynamics, which are added and said
    assert {repair.code for repair in piece.draft.repairs} <= {"dynamics"}
    assert piece.draft.motives and piece.why


def test_seeds_reproduce_and_candidates_are_ranked(agent_of_run, picture, tmp_path):
    backend = TransformersBackend(tiny_vlm("llava", tmp_path, terse=True))
    agent = Agent(vlm=backend, store=agent_of_run.store, options=Options(rounds=0))
    piece = agent.compose(picture, **ASKED, n=2)
    again = agent.compose(picture, **ASKED, n=2)
    assert piece.abc == again.abc and piece.manifest() == again.manifest()
    [other] = piece.alternatives
    assert other.abc != piece.abc and other.verdict.rank <= piece.verdict.rank
    assert agent.compose(picture, **ASKED, seed=5).abc not in {piece.abc, other.abc}
    backend.close()

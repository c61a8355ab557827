"""The whole agent with real models: a llama.cpp server over HTTP, and tiny models through transformers."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from tiny import FAMILIES, tiny_vlm

from agent import Agent
from agent.vlm.local import TransformersBackend
from agent.vlm.options import Options
from notation import check, parse
from prompts import PlanAnswer, SketchAnswer

RUNS = 20
#: Requests that keep an answer, and so the tests, short.
ASKED = {"bars": 4, "meter": "3/4", "key": "D minor", "tempo": 96, "instruments": "flute, cello"}


def _valid(piece) -> None:
    assert not [problem for problem in check(piece.abc) if problem.severity == "error"]
    assert all(one.met for one in piece.obeyed), piece.obeyed
    assert parse(piece.abc).voices[0].notes


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_server_gives_json_every_time(llama_server, agent_of_run, picture):
    store = agent_of_run.store
    agent = Agent(vlm=f"openai:{llama_server}", store=store, options=Options(tries=2, rounds=0))

    def composed(seed: int):
        return agent.compose(picture, **ASKED, seed=seed)

    with ThreadPoolExecutor(2) as pool:
        pieces = list(pool.map(composed, range(RUNS)))
    models = {"plan": PlanAnswer, "sketch": SketchAnswer}
    for piece in pieces:
        _valid(piece)
        assert piece.minds["perceive"] == "offline"  # the model has no eyes, and the piece says so
        assert any("see" in remark for remark in piece.remarks)
        assert piece.minds["plan"].startswith("openai:http://127.0.0.1")
        for call in piece.calls:
            if call.step in models:
                assert (call.attempt, call.finish, call.enforced) == (1, "stop", "schema")
                models[call.step].model_validate_json(call.text)
    assert len({piece.abc for piece in pieces}) == RUNS
    written = [piece for piece in pieces if piece.writer != "offline"]
    assert len(written) >= RUNS // 2  # the others say why the offline writer stood in
    assert all(len(piece.remarks) > 1 for piece in pieces if piece.writer == "offline")


@pytest.fixture(scope="module", params=FAMILIES)
def local(request, tmp_path_factory):
    """A backend with a tiny model of each family, loaded from disk."""
    backend = TransformersBackend(tiny_vlm(request.param, tmp_path_factory.mktemp(request.param)))
    yield backend
    backend.close()


def test_a_local_model_of_each_family_does_every_step(local, agent_of_run, picture):
    agent = Agent(vlm=local, store=agent_of_run.store, options=Options(rounds=1, tries=2))
    first, again, other = (agent.compose(picture, **ASKED, seed=seed) for seed in (1, 1, 2))
    _valid(first)
    assert first.abc == again.abc and first.manifest() == again.manifest()
    assert first.abc != other.abc
    assert first.minds["perceive"] == first.minds["plan"] == first.writer == local.id
    steps = [step for step, _ in itertools.groupby(call.step for call in first.calls)]
    assert steps[:4] == ["perceive", "plan", "sketch", "write"]
    written = next(call for call in first.calls if call.step == "write")
    assert written.enforced == "grammar" and written.finish == "stop"
    assert not first.draft.repairs  # the grammar leaves nothing to repair
    assert first.draft.motives and first.why


def test_candidates_of_a_local_model_are_ranked(agent_of_run, picture, tmp_path):
    backend = TransformersBackend(tiny_vlm("llava", tmp_path))
    agent = Agent(vlm=backend, store=agent_of_run.store, options=Options(rounds=0))
    piece = agent.compose(picture, **ASKED, n=3)
    assert len(piece.alternatives) == 2
    ranks = [one.verdict.rank for one in (piece, *piece.alternatives)]
    assert ranks == sorted(ranks, reverse=True)
    assert len({one.abc for one in (piece, *piece.alternatives)}) == 3
    backend.close()

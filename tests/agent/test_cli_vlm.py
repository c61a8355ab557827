"""The command line with a model: choosing it, its limits, rehearsals, and what is said of its work."""

from __future__ import annotations

import io
import json
import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from agent.cli import console
from agent.cli.progress import Progress
from agent.cli.streaming import Stream, harmless
from agent.cli.summary import makers
from agent.controls import Controls
from agent.offline.perceive import OfflinePerceiver
from agent.offline.plan import OfflinePlanner
from agent.picture import open_picture
from agent.vlm.choose import VARIABLE
from agent.vlm.rehearsal import rehearse
from agent.vlm.standin import plan_answer, scene_answer, score_answer, sketch_answer
from agent.vlm.transcript import Call
from notation import check
from prompts import Message

Run = Callable[..., Any]
SHORT = ["--bars", 8, "--tempo", 120, "--meter", "4/4", "--seed", 3]
ASKED: dict[str, Any] = {"bars": 8, "tempo": 120, "meter": "4/4", "seed": 3}
#: What a terminal is told by escape sequences that no answer may hold: titles, links, clearing, colours.
EVIL = "\x1b]0;owned\x07\x1b]8;;http://x\x1b\\link\x1b[2J\x1b[31;5mred [bold]plain[/bold] \x9b1A \x08 end"


@pytest.fixture(scope="module")
def answers(built_store: pathlib.Path, picture: pathlib.Path) -> list[Any]:
    """Answers to steps 1, 2 and the sketch, as a model of the offline mind's opinion would give them."""
    scene = OfflinePerceiver().perceive(open_picture(picture))
    plan = OfflinePlanner().plan(scene, Controls.parse(**ASKED), 3)
    found = (scene_answer(scene), plan_answer(plan), sketch_answer(plan))
    return [one.model_dump(mode="json") for one in found]


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def script(tmp_path: pathlib.Path) -> Callable[[list[Any]], str]:
    """Write a script of answers; returns its spec."""

    def write(found: list[Any]) -> str:
        path = tmp_path / "script.json"
        path.write_text(json.dumps(found))
        return f"scripted:{path}"

    return write


# -- what is asked for --------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--vlm", "gpt"], "vlm='gpt' names no model; write transformers:"),
        (["--vlm", "http://h/v1#m"], "write openai:http://h/v1#m"),
        (["--vlm", "scripted:/none.json"], "cannot read the scripted answers '/none.json'"),
        (["--writer", "bach"], "--writer 'bach' is unknown; choose model or offline"),
        (["--writer", "model"], "--writer model: this is for a model and none was chosen"),
        (["--tries", 2, "--seconds", 9], "--tries and --seconds: this is for a model"),
        (["--vlm", "scripted:x", "--tries", "two"], "--tries 'two' is no whole number"),
        (["--vlm", "scripted:x", "--rounds", 11], "rounds=11 is out of range; choose 0 to 10"),
        (["--vlm", "scripted:x", "--seconds", "nan"], "seconds=nan is out of range"),
        (["-n", 0], "candidates 0 is out of range"),
        (["--candidates", 17], "candidates 17 is out of range"),
    ],
)
def test_a_mistake_is_one_line_before_the_picture_is_looked_at(
    asked: list[Any], says: str, tmp_path: pathlib.Path, cli: Run
) -> None:
    ran = cli("compose", tmp_path / "no picture.png", "-o", tmp_path / "out", *asked)
    assert ran.code == 2 and ran.out == ""
    assert ran.err.startswith("error: ") and ran.err.count("\n") == 1 and says in ran.err
    assert not (tmp_path / "out").exists()


def test_a_bad_variable_is_named_and_offline_goes_before_it(
    monkeypatch: pytest.MonkeyPatch, built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path,
    cli: Run,
) -> None:  # fmt: skip
    monkeypatch.setenv(VARIABLE, "gpt")
    ran = cli("compose", picture, "-o", tmp_path, *SHORT)
    assert ran.code == 2 and ran.err.startswith("error: CHIAROSCORE_VLM='gpt' names no model")
    ran = cli("compose", picture, "-o", tmp_path, *SHORT, "--formats", "abc", "--vlm", "offline", "--json")
    assert ran.code == 0 and ran.err == ""
    [piece] = json.loads(ran.out)["pieces"]
    assert piece["minds"] == {"perceive": "offline", "plan": "offline", "write": "offline"}
    assert piece["calls"]["count"] == 0 and piece["ranking"] == []


def test_output_is_needed_but_for_a_dry_run(picture: pathlib.Path, cli: Run) -> None:
    ran = cli("compose", picture)
    assert ran.code == 2 and ran.err.startswith("error: --output is missing; ")


# -- composing --------------------


def test_the_model_plans_and_the_offline_writer_writes(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run, answers: list[Any],
    script: Callable[[list[Any]], str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(VARIABLE, script(answers))
    asked = ["compose", picture, *SHORT, "--formats", "abc", "--writer", "offline"]
    ran = cli(*asked, "-o", tmp_path / "a", "--json")
    assert ran.code == 0
    [piece] = json.loads(ran.out)["pieces"]
    assert piece["minds"] == {"perceive": "scripted", "plan": "scripted", "write": "offline"}
    assert piece["title"] == answers[1]["title"]
    assert list(piece["calls"]["steps"])[:2] == ["perceive", "plan"]
    total = piece["calls"]
    assert total["count"] == sum(step["count"] for step in total["steps"].values()) >= 2
    assert total["completion_tokens"] > 100
    ran = cli(*asked, "-o", tmp_path / "b")
    assert ran.code == 0
    assert "  looked, planned: scripted; wrote: offline" in ran.out.splitlines()
    assert re.search(r"^  the model: \d calls?, \d+ \+ \d+ tokens, [\d.]+ s \(perceive ", ran.out, re.M)
    assert (tmp_path / "a" / "sea.abc").read_bytes() == (tmp_path / "b" / "sea.abc").read_bytes()


def test_the_model_does_it_all(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run, answers: list[Any],
    script: Callable[[list[Any]], str],
) -> None:  # fmt: skip
    scene, planned, sketch = answers
    planned = {**planned, "title": "\x1b[2JSea \x1b]0;x\x07Song"}
    asked = ["compose", picture, *SHORT, "--formats", "abc"]
    first = cli(*asked, "-o", tmp_path, "--vlm", script([scene, planned, sketch]), "--writer", "offline")
    assert first.code == 0
    score = score_answer((tmp_path / "sea.abc").read_text())
    spec = script([scene, planned, sketch, score])
    ran = cli(*asked, "-o", tmp_path, "--vlm", spec, "--rounds", 0)
    assert ran.code == 0 and "\x1b" not in ran.out + ran.err and "\x07" not in ran.out + ran.err
    assert ran.out.startswith("[2JSea ]0;x Song\n")
    assert "  looked, planned, wrote: scripted" in ran.out.splitlines() and "note:" not in ran.out
    assert [line.split(",")[0] for line in ran.err.splitlines() if "tokens" in line] == [
        "  perceive", "  plan", "  sketch", "  write",
    ]  # fmt: skip
    assert check((tmp_path / "sea.abc").read_text()) == []
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["remarks"] == []
    kept = score_answer((tmp_path / "sea.abc").read_text())
    melody, bass = (re.findall(rf"^\[V:{voice}\].*", score, re.M) for voice in "MB")
    assert len(melody) == 2 and all(line in kept.splitlines() for line in melody + bass)


def test_a_model_that_stops_answering_is_stood_in_for_and_it_is_said(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run, answers: list[Any],
    script: Callable[[list[Any]], str],
) -> None:  # fmt: skip
    ran = cli(
        "compose", picture, "-o", tmp_path, *SHORT, "--formats", "abc", "--vlm", script(answers), "--tries", 1
    )
    assert ran.code == 0
    notes = [line for line in ran.out.splitlines() if line.startswith("  note: ")]
    assert notes and any("offline writer" in note for note in notes)
    assert "looked, planned: scripted; wrote: offline" in ran.out
    told = ran.err.splitlines()  # no terminal: a line a step
    assert any(line.startswith("  perceive, answer 1: ") for line in told)
    assert any("the script has 3 answers" in line for line in told)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert len(manifest["remarks"]) == len(notes)


def test_a_model_that_never_answers_is_the_error_of_the_command(
    picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run, script: Callable[[list[Any]], str]
) -> None:
    ran = cli("compose", picture, "-o", tmp_path / "out", "--vlm", script([]), "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["type"] == "BackendError"


def test_candidates_are_ranked_best_first(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run
) -> None:
    asked = ["compose", picture, *SHORT, "--formats", "abc", "-n", 3]
    [piece] = json.loads(cli(*asked, "-o", tmp_path / "a", "--json").out)["pieces"]
    ranks = [(-len(one["missed"]), one["score"]) for one in piece["ranking"]]
    assert len(ranks) >= 3 and ranks == sorted(ranks, reverse=True)
    assert piece["ranking"][0]["score"] == piece["score"]
    said = cli(*asked, "-o", tmp_path / "b").out
    assert f"  ranking: 1. {ranks[0][1]:.3f} (kept), 2. {ranks[1][1]:.3f}" in said


# -- dry run --------------------


def test_a_dry_run_shows_what_a_run_sends(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run, agent_of_run: Any
) -> None:
    from agent import Agent
    from agent.vlm.scripted import ScriptedBackend

    prompts = rehearse(picture, ASKED, store=agent_of_run.store)
    assert [prompt.call.step for prompt in prompts] == ["perceive", "plan", "sketch", "write"]
    backend = ScriptedBackend([prompt.call.text for prompt in prompts])
    piece = Agent(vlm=backend, store=agent_of_run.store).compose(picture, **ASKED)
    assert (piece.minds["perceive"], piece.minds["plan"]) == ("scripted", "scripted")  # the answers fit
    sent = backend.requests[: len(prompts)]
    assert [request.messages for request in sent] == [prompt.call.messages for prompt in prompts]
    assert [request.seed for request in sent] == [prompt.call.seed for prompt in prompts]

    ran = cli("compose", picture, *SHORT, "--dry-run", "--json")
    assert ran.code == 0 and ran.err == ""
    shown = json.loads(ran.out)
    assert shown["asked"] is False and shown["model"] is None
    assert shown["pictures"][0]["prompts"] == json.loads(json.dumps([one.record() for one in prompts]))
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_for_people_contacts_nobody_and_writes_nothing(
    built_store: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path, cli: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(VARIABLE, "openai:http://127.0.0.1:9/v1#none")
    asked = ["-o", tmp_path / "out", "--dry-run", "--writer", "offline", "--tries", 9]
    ran = cli("compose", picture, *SHORT, *asked)
    assert ran.code == 0 and ran.err == "" and not (tmp_path / "out").exists()
    assert "=== perceive: step 1" in ran.out and "=== plan: step 2" in ran.out
    assert "=== write" not in ran.out
    assert "[picture, 160 x 120, sha256 " in ran.out
    assert "note: the scene is the offline mind's" in ran.out
    bad = cli("compose", tmp_path / "none.png", "--dry-run")
    assert bad.code == 2 and bad.out == "" and bad.err.startswith("error: ")


def test_rehearsed_answers_fit_their_steps(
    built_store: pathlib.Path, picture: pathlib.Path, agent_of_run: Any
) -> None:
    for asked in ({}, {"genre": "tango", "instruments": "cello,harp", "key": "Em"}, {"form": "rondo"}):
        prompts = rehearse(picture, asked, store=agent_of_run.store)
        calls = [prompt.call for prompt in prompts]
        assert [(call.step, call.attempt, call.error) for call in calls] == [
            (step, 1, "") for step in ("perceive", "plan", "sketch", "write")
        ]


# -- what is said meanwhile --------------------


def test_nothing_of_a_model_steers_the_terminal() -> None:
    shown = harmless(EVIL)
    assert shown == "linkred [bold]plain[/bold] \\x9b1A \\x08 end"
    stream = Stream(clock=lambda: 0.0)
    stream.begin("plan", 2)
    for mark in EVIL * 9:  # also cut within a sequence
        stream.feed(mark)
        assert all(character.isprintable() for line in stream.lines() for character in line)
    assert stream.lines()[0] == f"plan, answer 2: about {-(-len(EVIL) * 9 // 3)} tokens, 0 s"


def test_a_stream_shows_its_last_lines_until_the_answer_is_there() -> None:
    times = iter([10.0, 12.5, 12.5])
    stream = Stream(clock=lambda: next(times))
    assert stream.lines() == []
    stream.begin("write", 1)
    stream.feed("a\nb\nc\n")
    stream.feed("d")
    assert stream.lines() == ["write: about 3 tokens, 2 s", "  b", "  c", "  d"]
    stream.feed("efghijklmnop")
    assert stream.lines(8)[1:] == ["  defghi", "  jklmno", "  p"]
    stream.end()
    assert stream.lines() == []


def test_the_answer_runs_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(
        file=screen, force_terminal=True, width=60, highlight=False, _environ={"TERM": "xterm"}
    )
    monkeypatch.setattr(console, "stderr_console", lambda: terminal)
    call = Call("write", 1, "write-1@x", (Message("user", "?"),), "none", 1, 0.5, 9, text=EVIL, error=EVIL)
    with Progress(model=True) as progress:
        told = progress.step(f"{EVIL}.png")
        told("ask", ("write", 1))
        told("text", f"{EVIL}\n{'long ' * 40}")
        progress._bars.refresh()
        told("reply", call)
        told("a step of tomorrow", object())
    seen = screen.getvalue()
    assert "[bold]plain[/bold]" in seen and "about " in seen
    assert not re.search("\x1b\\]|\x1b\\[2J|\x1b\\[31;5m|\x07|\x9b|\x08", seen)


def test_without_a_terminal_a_model_gets_a_plain_line_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    call = Call("plan", 2, "plan-1@x", (), "schema", 1, 0.5, 9, finish="length", seconds=1.25,
                prompt_tokens=80, completion_tokens=9)  # fmt: skip
    with Progress(model=True) as progress:
        told = progress.step("x.png")
        told("ask", ("plan", 2))
        told("text", "never shown")
        told("reply", call)
        told("unknown", None)
    assert capsys.readouterr().err == "  plan, answer 2: 80 + 9 tokens, 1.2 s (ended by length)\n"
    with Progress() as progress:
        progress.step("x.png")("reply", call)
    assert capsys.readouterr().err == ""


def test_the_summary_names_each_mind_once() -> None:
    taken = {"count": 1, "prompt_tokens": 10, "completion_tokens": 5, "seconds": 1.5}
    piece = {
        "minds": {"perceive": "offline", "plan": "m", "write": "m"},
        "calls": {**taken, "count": 3, "steps": {"plan": taken, "write": {**taken, "count": 2}}},
        "ranking": [{"score": 0.9, "missed": []}, {"score": 0.95, "missed": ["key", "bars"]}],
        "remarks": ["it cannot see"],
    }
    assert makers(piece) == [
        "  looked: offline; planned, wrote: m",
        "  the model: 3 calls, 10 + 5 tokens, 1.5 s (plan 1.5, write 1.5 in 2)",
        "  ranking: 1. 0.900 (kept), 2. 0.950 (misses key and bars)",
        "  note: it cannot see",
    ]
    nobody = {step: "offline" for step in piece["minds"]}
    assert makers({"minds": nobody, "calls": {"count": 0}, "ranking": [], "remarks": []}) == []

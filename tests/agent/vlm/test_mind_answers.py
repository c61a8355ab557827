"""Reading JSON answers, and asking until one fits."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from agent.vlm.asking import SHOWN_AGAIN, UnansweredError, ask_json, or_none
from agent.vlm.json_answer import UnfitError, read_answer
from agent.vlm.options import Options
from agent.vlm.protocol import MOST_TEXT, Reply, Request
from agent.vlm.run import Run, SpentError
from agent.vlm.scripted import ScriptedBackend
from chiaroscore import BackendError
from prompts import SketchAnswer, schema

GOOD: dict[str, Any] = {
    "description": "A slow air that rocks.",
    "sections": [{"letter": "A", "because": "the sea", "idea": "a rising third"}],
}
TEXT = json.dumps(GOOD)
VALUES = {"scene": "{}", "plan": "genre: air", "sections": "A: bars 1-8", "constraints": "none"}
NARROWED = {"sections.*.letter": {"enum": ["A", "B"]}}


def _read(text: str) -> SketchAnswer:
    return read_answer(text, SketchAnswer, schema(SketchAnswer, NARROWED))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        json.dumps(GOOD, indent=3),
        f"```json\n{TEXT}\n```",
        f"Here is the {{answer}} you asked for:\n\n{TEXT}\n\nI hope that it helps.",
        f'<think>perhaps {{"description": "no"}}</think>{TEXT}',
        f'{{"note": 1}} {TEXT}',
        TEXT.replace('"A"', '" a"'),
        TEXT + " " * (MOST_TEXT + 9),
    ],
)
def test_an_object_is_found_among_other_words(text: str) -> None:
    assert _read(text).model_dump() == GOOD


def _with(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the answer is empty"),
        ("  \n\t", "the answer is empty"),
        ("I cannot help with that.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        (TEXT[:40], "breaks off at character"),
        (TEXT[:-5], "breaks off at character"),
        (TEXT.replace(",", ";", 1), "is wrong at character"),
        ('{"a": 1}', "none of the fields description, sections"),
        ("{}", "none of the fields"),
        ("{" * 5000, "JSON"),
        ('{"description":' * 20_000, "JSON"),
        (TEXT.replace('"description"', '"sections"', 1), "stands twice"),
        (TEXT[:-1] + ', "weight": NaN}', "NaN is not a number"),
        (TEXT[:-1] + ', "weight": -Infinity}', "-Infinity is not a number"),
        (TEXT[:-1] + ', "weight": ' + "9" * 5000 + "}", "JSON is wrong"),
        (_with(weight=1), "weight: 1 was not asked for; leave it out"),
        (json.dumps({"description": "x"}), "sections: is missing"),
        (_with(description=7), "description: 7 is not a text"),
        (_with(description=" \n "), "description: is empty"),
        (_with(description="y" * 701), "at most 700 characters"),
        (_with(sections=[]), "at least 1 item"),
        (_with(sections="A"), "sections: 'A' is not a list"),
        (
            _with(sections=[{"letter": "C", "because": "x", "idea": "y"}]),
            "sections.0.letter: 'C' is not allowed; give one of A, B",
        ),
    ],
)
def test_a_bad_answer_is_refused_in_plain_words(text: str, problem: str) -> None:
    with pytest.raises(UnfitError) as caught:
        _read(text)
    assert problem in str(caught.value)
    assert all("\n" not in one and len(one) < 400 for one in caught.value.problems)


@pytest.mark.parametrize("text", ["{" * 100_000, '{"a":' * 30_000, TEXT * 900, "x" * 100_000, '"{' * 50_000])
def test_a_huge_answer_takes_no_time(text: str) -> None:
    begun = time.perf_counter()
    try:
        _read(text)
    except UnfitError as error:
        assert error.problems
    assert time.perf_counter() - begun < 1.0


def _run(*answers: Any, **options: Any) -> tuple[Run, ScriptedBackend]:
    backend = ScriptedBackend(answers)
    return Run(backend, Options(**options), seed=5), backend


def _ask(run: Run) -> SketchAnswer:
    return ask_json(run, "sketch", VALUES, SketchAnswer, NARROWED)


def test_a_good_answer_is_taken_at_once() -> None:
    run, backend = _run(TEXT)
    assert _ask(run).model_dump() == GOOD
    [request] = backend.requests
    letters = request.schema["properties"]["sections"]["items"]["properties"]["letter"]  # type: ignore[index]
    assert letters["enum"] == ["A", "B"]
    assert run.calls[0].prompt.startswith("sketch-") and run.calls[0].attempt == 1


def test_a_bad_answer_goes_back_with_its_problems() -> None:
    bad = _with(sections=[{"letter": "Z", "because": "x", "idea": "y"}])
    run, backend = _run(bad, TEXT)
    assert _ask(run).model_dump() == GOOD
    first, second = backend.requests
    assert second.messages[: len(first.messages)] == first.messages
    again, mend = second.messages[len(first.messages) :]
    assert (again.role, again.text) == ("assistant", bad)
    assert mend.role == "user" and "sections.0.letter: 'Z' is not allowed; give one of A, B" in mend.text
    assert first.seed != second.seed
    assert "mend_json-" in run.calls[1].prompt


def test_what_goes_back_is_cut_and_never_empty() -> None:
    run, backend = _run("", "z" * 3000 + "{" * 9000, TEXT)
    _ask(run)
    assert backend.requests[1].messages[-2].text == "(no answer)"
    assert len(backend.requests[2].messages[-2].text) <= SHOWN_AGAIN
    assert len(backend.requests[2].messages) == len(backend.requests[1].messages)  # only the last is shown


@pytest.mark.parametrize("tries", [1, 2, 4])
def test_tries_are_limited(tries: int) -> None:
    run, backend = _run(*["no"] * 9, tries=tries)
    with pytest.raises(UnansweredError, match="no JSON object") as caught:
        _ask(run)
    assert len(backend.requests) == tries == len(run.calls)
    assert caught.value.step == "sketch"


@pytest.mark.parametrize(
    ("finish", "said"), [("length", "limit"), ("size", "too long"), ("loop", "repeated")]
)
def test_an_unfinished_answer_is_none(finish: Any, said: str) -> None:
    class Unfinished(ScriptedBackend):
        def complete(self, request: Request, on_text: Any = None) -> Reply:
            self.requests.append(request)
            return Reply(TEXT, finish if len(self.requests) == 1 else "stop", 0.0)

    backend = Unfinished()
    run = Run(backend, Options(), seed=1)
    assert _ask(run).model_dump() == GOOD
    assert said in backend.requests[1].messages[-1].text


def test_the_budget_and_a_broken_backend_pass_through() -> None:
    run, _ = _run(TEXT, tokens=500)
    run.tokens = 450
    with pytest.raises(SpentError):
        _ask(run)
    run, _ = _run("no", BackendError("the server went away"))
    with pytest.raises(BackendError, match="went away"):
        _ask(run)


def test_without_an_answer_there_is_a_remark_or_an_error() -> None:
    run, _ = _run("no", "no", "no")
    assert or_none(run, lambda: _ask(run), "done without") is None
    [remark] = run.remarks
    assert "asked 3 times at 'sketch'" in remark and remark.endswith(": done without")
    run, _ = _run(BackendError("down"))
    with pytest.raises(BackendError, match="down"):
        or_none(run, lambda: _ask(run), "done without")
    run, _ = _run("no", BackendError("down"))
    assert or_none(run, lambda: _ask(run), "done without") is None
    assert run.remarks == ["down: done without"]


def test_bounds_may_be_for_the_decoder_alone() -> None:
    odd = _with(sections=[{"letter": "Bridge", "because": "x", "idea": "y"}])
    run, backend = _run(odd)
    found = ask_json(run, "sketch", VALUES, SketchAnswer, NARROWED, loose="letter")
    assert found.sections[0].letter == "Bridge"
    assert backend.requests[0].schema == schema(SketchAnswer, NARROWED, compact=True)

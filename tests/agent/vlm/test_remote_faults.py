"""The server backend against servers that misbehave: bounded time, the right outcome, no secrets."""

from __future__ import annotations

import email.utils
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import servers
from PIL import Image
from servers import TEXT, Handler, Played, piece, status

from agent.vlm.protocol import MOST_TEXT, Request, Usage
from agent.vlm.remote import OpenAIBackend, patience
from chiaroscore import BackendError
from prompts import Grammar, Message

#: Limits of the backends here, in seconds, and what a slow machine may add.
LIMITS = {"connect": 3.0, "silence": 1.0, "total": 6.0, "tries": 3}
SLACK = 5.0
SECRET = "sk-not-to-be-seen-417"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST", 0.02)
    for name in ("CHIAROSCORE_VLM_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def played() -> Iterator[Played]:
    with servers.playing() as one:
        yield one


def _request(text: str = "Sing.", **more: Any) -> Request:
    return Request((Message("user", text),), **more)


def _ready(played: Played, *acts: Callable[[Handler, dict[str, Any]], None], **limits: Any) -> OpenAIBackend:
    """A backend that has found out what the server can do, before the server goes wrong."""
    backend = OpenAIBackend(played.url, **{**LIMITS, **limits})
    backend.abilities()
    played.acts = list(acts)
    played.seen.clear()
    return backend


def _failure(call: Callable[[], object], within: float = LIMITS["total"] + SLACK) -> BackendError:
    """The error of a call, one line, with no other error behind it, and in time."""
    begun = time.monotonic()
    with pytest.raises(BackendError) as caught:
        call()
    assert time.monotonic() - begun < within
    error = caught.value
    assert "\n" not in str(error) and str(error).isprintable()
    assert error.__cause__ is None and error.__context__ is None
    return error


def test_a_good_answer_comes_in_pieces(played: Played) -> None:
    backend = _ready(played)
    pieces: list[str] = []
    reply = backend.complete(_request(seed=3, max_tokens=9, temperature=0.5, top_p=0.8), pieces.append)
    assert (reply.text, reply.finish, reply.usage, reply.enforced) == (TEXT, "stop", Usage(7, 4), None)
    assert pieces == ["la", " mer", " est", " belle"]
    assert played.asked == [{
        "model": "muse", "messages": [{"role": "user", "content": "Sing."}], "max_tokens": 9,
        "temperature": 0.5, "top_p": 0.8, "seed": 3,
        "stream": True, "stream_options": {"include_usage": True},
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("acts", "tries"),
    [
        ([status(429, Retry_After="0.1")], 2),
        ([status(429, Retry_After=email.utils.formatdate(usegmt=True))], 2),
        ([status(500), status(503)], 3),
        ([status(408)], 2),
        ([servers.vanishes], 2),
        ([servers.cut], 2),
        ([servers.hangs], 2),
        ([servers.hangs_later], 2),
        ([lambda handler, body: handler.stream(piece("la "), end=False)], 2),
        ([lambda handler, body: handler.stream(b"data: {broken\n\n")], 2),
        (
            [lambda handler, body: handler.stream(piece("la "), {"error": {"code": 503, "message": "shed"}})],
            2,
        ),
        ([lambda handler, body: handler.raw(b"<html>restarting</html>")], 2),
        ([lambda handler, body: handler.json({"choices": []})], 2),
        ([lambda handler, body: handler.stream(servers.USAGE)], 2),
    ],
)
def test_what_passes_is_tried_again(
    played: Played, acts: list[Callable[[Handler, dict[str, Any]], None]], tries: int
) -> None:
    pieces: list[str] = []
    reply = _ready(played, *acts, servers.answers).complete(_request(), pieces.append)
    assert reply.text == TEXT == "".join(pieces)
    assert len(played.asked) == tries
    assert played.asked[0] == played.asked[-1]


@pytest.mark.parametrize(
    ("act", "tries", "retryable", "words"),
    [
        (status(429), 3, True, "too much to do"),
        (status(429, Retry_After="3600"), 1, True, "asks to wait 3600 s"),
        (status(500), 3, True, "failed (500: sorry)"),
        (status(501), 1, False, "failed (501: sorry)"),
        (status(500, "image input is not supported"), 1, False, "image input is not supported"),
        (status(400, "bad wishes"), 1, False, "rejects the request (400: bad wishes)"),
        (status(401, "who?"), 1, False, "put it into CHIAROSCORE_VLM_KEY"),
        (status(403, "no"), 1, False, "wants a key (403: no)"),
        (status(404, "gone"), 1, False, "it has muse"),
        (status(400, "maximum context length is 4096 tokens"), 1, False, "does not fit the model's context"),
        (status(400, "two\nlines \x1b[31mred"), 1, False, "two lines [31mred"),
        (servers.hangs, 3, True, "sent nothing for 1 s"),
        (servers.vanishes, 3, True, "broke before the answer was there"),
        (servers.cut, 3, True, "broke before the answer was there"),
        (lambda handler, body: handler.stream(piece("la "), end=False), 3, True, "in the middle"),
        (lambda handler, body: handler.raw(b"\xff\xfe<html>"), 3, True, "may not speak the OpenAI protocol"),
        (lambda handler, body: handler.json([1, 2]), 3, True, "a JSON list where an object was due"),
        (lambda handler, body: handler.raw(b"x" * 20_000_000, 500), 3, True, "failed (500: xxx"),
        (lambda handler, body: handler.raw(b"x" * 9_000_000), 3, True, "more than 8000000 bytes"),
        (lambda handler, body: handler.raw(b"[" * 200_000), 3, True, "where JSON was due"),
        (
            lambda handler, body: handler.stream(b"data: " + b"x" * 3_000_000),
            3,
            True,
            "bytes that is no answer",
        ),
    ],
)
def test_what_stays_is_one_line(
    played: Played, act: Callable[[Handler, dict[str, Any]], None], tries: int, retryable: bool, words: str
) -> None:
    error = _failure(lambda: _ready(played, act).complete(_request()))
    assert words in str(error)
    assert error.retryable is retryable
    assert len(played.asked) == tries
    assert len(str(error)) < 600


@pytest.mark.parametrize("act", [servers.drips, servers.drips_head])
def test_a_server_that_only_drips_is_left_in_time(
    played: Played, act: Callable[[Handler, dict[str, Any]], None]
) -> None:
    backend = _ready(played, act, total=1.0)
    error = _failure(lambda: backend.complete(_request()), 1.0 + SLACK)
    assert "had not answered after 1 s" in str(error)
    assert error.retryable and len(played.asked) == 1


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        error = _failure(lambda: OpenAIBackend(url, **LIMITS).abilities())
    assert str(error).startswith(f"no server answers at {url}; start one") and error.retryable


@pytest.mark.parametrize(
    ("act", "text", "finish"),
    [
        (lambda handler, body: handler.stream(piece(finish="stop")), "", "stop"),
        (lambda handler, body: handler.stream(piece("la", "length")), "la", "length"),
        (lambda handler, body: handler.stream(piece("la"), {"usage": "much"}), "la", "stop"),
        (lambda handler, body: handler.stream(piece("la", "stop"), end=False), "la", "stop"),
        (lambda handler, body: handler.json({"choices": [{"message": {"content": None}}]}), "", "stop"),
        (
            lambda handler, body: handler.json(
                {"choices": [{"message": {"content": "la"}, "finish_reason": "length"}]}
            ),
            "la",
            "length",
        ),
        (
            lambda handler, body: handler.stream(
                {"choices": [{"delta": {"reasoning_content": "hm"}}]},
                {"choices": [{"delta": {"content": [{"type": "text", "text": "l"}, {"text": "a"}]}}]},
            ),
            "la",
            "stop",
        ),
        (
            lambda handler, body: handler.stream(
                b": ping\r\n\r\ndata:" + json.dumps(piece("l\u00e0")).encode() + b"\r\n", b"\r\ndata: "
                b'{"choices":[{"delta":{"content":"\xff"}}]}\n'
            ),
            "l\u00e0\ufffd",
            "stop",
        ),
    ],
)  # fmt: skip
def test_odd_answers_are_read(
    played: Played, act: Callable[[Handler, dict[str, Any]], None], text: str, finish: str
) -> None:
    reply = _ready(played, act).complete(_request())
    assert (reply.text, reply.finish) == (text, finish)
    assert len(played.asked) == 1


def test_an_answer_without_end_is_cut(played: Played) -> None:
    chapter = "".join(chr(0x4E00 + at) for at in range(5000))
    reply = _ready(played, servers.rambles(chapter), total=20.0).complete(_request())
    assert (len(reply.text), reply.finish) == (MOST_TEXT, "size")


def test_an_answer_that_goes_round_is_stopped(played: Played) -> None:
    reply = _ready(played, servers.rambles("A2 B2 |")).complete(_request())
    assert reply.finish == "loop"
    assert len(reply.text) < 1000


def test_redirects_are_not_followed(played: Played) -> None:
    with servers.playing() as other:
        act = status(307, "over there", Location=f"{other.url}/chat/completions?key=1")
        backend = _ready(played, act)
        error = _failure(lambda: backend.complete(_request()))
        assert f"to {other.url}/chat/completions)" in str(error)
        assert "key=1" not in str(error)
        assert not other.seen


def test_the_key_goes_to_the_server_and_nowhere_else(
    played: Played, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CHIAROSCORE_VLM_KEY", f" {SECRET}\n")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    caplog.set_level(logging.DEBUG)
    backend = _ready(played, status(401, f"the key {SECRET} is wrong"))
    assert backend.complete  # the server was met with the key
    for act in (status(401, f"the key {SECRET} is wrong"), servers.vanishes, servers.hangs):
        played.acts = [act]
        with pytest.raises(BackendError) as caught:
            backend.complete(_request())
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [
            frame for frame in trace.stack if "remote" in frame.filename and "tests" not in frame.filename
        ]
        assert ours and SECRET not in "".join(traceback.StackSummary.from_list(ours).format()) + str(trace)
    assert {one.headers["authorization"] for one in played.seen} == {f"Bearer {SECRET}"}
    played.acts = [lambda handler, body: handler.stream(piece(f"your key is {SECRET}"))]
    assert backend.complete(_request()).text == "your key is [key]"
    assert SECRET not in repr(backend) + backend.id + caplog.text + repr(vars(backend))


def test_no_key_is_sent_without_one(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    _ready(played).complete(_request())
    assert all("authorization" not in one.headers for one in played.seen)


def test_a_proxy_does_not_stand_before_this_machine(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert _ready(played).complete(_request()).text == TEXT


def test_many_answers_keep_their_order(played: Played) -> None:
    def echo(handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(0.05 * (3 - body["seed"] % 3))
        handler.stream(piece(str(body["seed"]), "stop"))

    replies = _ready(played, echo, parallel=3).complete_many([_request(seed=at) for at in range(9)])
    assert [reply.text for reply in replies] == [str(at) for at in range(9)]


def test_no_more_at_a_time_than_allowed(played: Played) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def slow(handler: Handler, body: dict[str, Any]) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.05)
        with lock:
            busy -= 1
        servers.answers(handler, body)

    _ready(played, slow, parallel=2).complete_many([_request(seed=at) for at in range(8)])
    assert most == 2


def test_one_failure_of_many_ends_all(played: Played) -> None:
    def act(handler: Handler, body: dict[str, Any]) -> None:
        (status(400, "no threes") if body["seed"] == 3 else servers.drips)(handler, body)

    backend = _ready(played, act, total=20.0, silence=20.0, parallel=4)
    error = _failure(lambda: backend.complete_many([_request(seed=at) for at in range(12)]), SLACK)
    assert "no threes" in str(error)
    assert len(played.asked) < 8


def test_a_refused_constraint_leaves_the_answer_unbound(played: Played) -> None:
    def act(handler: Handler, body: dict[str, Any]) -> None:
        bound = "grammar" in body or body.get("response_format", {}).get("type") == "json_schema"
        (status(400, "schema is too deep") if bound else servers.answers)(handler, body)

    backend = _ready(played, act)
    reply = backend.complete(_request(schema={"type": "object"}))
    assert (reply.text, reply.enforced) == (TEXT, None)
    assert [one.get("response_format", {}).get("type") for one in played.asked] == [
        "json_schema",
        "json_object",
    ]
    played.seen.clear()
    reply = backend.complete(_request(grammar=Grammar("song", "", 'root ::= "la"')))
    assert (reply.text, reply.enforced) == (TEXT, None)
    assert [one.get("grammar") for one in played.asked] == ['root ::= "la"', None]


def test_pictures_go_as_data_to_those_who_see() -> None:
    message = Message("user", "What is it?", (Image.new("RGBA", (2000, 900), (255, 0, 0, 0)),))
    with servers.playing(can=frozenset()) as blind:
        backend = _ready(blind)
        error = _failure(lambda: backend.complete(Request((message,))))
        assert "cannot see pictures" in str(error) and not error.retryable and not blind.asked
    with servers.playing() as seeing:
        _ready(seeing, max_side=500).complete(Request((message,)))
        picture, text = seeing.asked[0]["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is it?"}
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_a_server_that_is_away_is_not_asked_for_every_count() -> None:
    asked = []

    def away(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.ConnectError("nobody", request=request)

    backend = OpenAIBackend("http://127.0.0.1:1/v1", tries=2, transport=httpx.MockTransport(away))
    assert [backend.count("la " * at) for at in range(1, 4)] == [1, 2, 3]
    assert asked == ["/v1/models"] * 2


def test_after_close_there_is_an_error(played: Played) -> None:
    backend = _ready(played)
    backend.close()
    assert "was closed" in str(_failure(lambda: backend.complete(_request())))
    assert not played.seen

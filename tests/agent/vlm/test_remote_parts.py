"""The parts of the server backend that need no server."""

from __future__ import annotations

import base64
import email.utils
import io
import random

import numpy as np
import pytest
from PIL import Image

from agent.vlm.remote.address import Address
from agent.vlm.remote.body import data_uri, schema_field
from agent.vlm.remote.events import lines
from agent.vlm.remote.key import key_of
from agent.vlm.remote.patience import FIRST, LONGEST, pause
from agent.vlm.remote.trouble import one_line
from agent.vlm.remote.wire import seconds_to_wait, what_is_said


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.9/v1", True),
        ("http://[::1]:8000", True),
        ("https://api.openai.com/v1", False),
        ("http://localhost.evil.org/v1", False),
        ("http://127.0.0.1.evil.org/v1", False),
    ],
)
def test_which_servers_are_on_this_machine(url: str, loopback: bool) -> None:
    assert Address.of(url).loopback is loopback


def test_a_model_may_hold_a_colon_and_a_slash() -> None:
    assert Address.of("openai:http://h:1/v1/#org/model:7b") == Address("http://h:1/v1", "org/model:7b")


@pytest.mark.parametrize(
    ("url", "given", "environ", "key"),
    [
        ("https://api.openai.com/v1", None, {"OPENAI_API_KEY": "b"}, "b"),
        ("https://api.openai.com/v1", None, {"OPENAI_API_KEY": "b", "CHIAROSCORE_VLM_KEY": "a"}, "a"),
        ("https://api.openai.com/v1", "", {"OPENAI_API_KEY": "b"}, ""),
        ("http://api.openai.com/v1", None, {"OPENAI_API_KEY": "b"}, ""),
        ("https://api.openai.com.evil.org/v1", None, {"OPENAI_API_KEY": "b"}, ""),
        ("http://localhost/v1", "c", {"CHIAROSCORE_VLM_KEY": "a"}, "c"),
    ],
)
def test_which_key_is_taken(url: str, given: str | None, environ: dict[str, str], key: str) -> None:
    found = key_of(Address.of(url), given, environ)
    assert bool(found) == bool(key)
    assert found.hidden(f"<{key or 'x'}>") == ("<[key]>" if key else "<x>")


def test_pauses_grow_and_heed_the_server() -> None:
    for attempt in range(1, 12):
        drawn = [pause(attempt, None, random.Random(at)) for at in range(200)]
        top = min(LONGEST, FIRST * 2 ** (attempt - 1))
        assert 0 <= min(drawn) < 0.1 * top and 0.9 * top < max(drawn) <= top
    assert pause(1, 7.0, random.Random(0)) == 7.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("soon", None), (None, None), ("nan", None)],
)
def test_retry_after_as_a_number(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header) == seconds


def test_retry_after_as_a_date() -> None:
    now = 1_790_000_000.0
    assert seconds_to_wait(email.utils.formatdate(now + 90, usegmt=True), lambda: now) == 90.0
    assert seconds_to_wait(email.utils.formatdate(now - 90, usegmt=True), lambda: now) == 0.0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "no"}}', "no"),
        (b'{"error": "no"}', "no"),
        (b'{"message": "no"}', "no"),
        (b'{"detail": "no"}', "no"),
        (b'{"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs"}]}', "seed: Extra inputs"),
        (b'{"error": {"code": 3}}', '{"error": {"code": 3}}'),
        (b"<h1>Bad gateway</h1>", "<h1>Bad gateway</h1>"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_what_servers_say(body: bytes, said: str) -> None:
    assert what_is_said(body) == said


def test_one_line_steers_no_terminal() -> None:
    assert one_line("a\r\n\tb\x1b[2J\u202ec") == "a b [2J c"
    assert len(one_line("x" * 10_000)) < 300


@pytest.mark.parametrize("seed", range(20))
def test_lines_do_not_depend_on_where_a_stream_is_cut(seed: int) -> None:
    dice = random.Random(seed)
    text = "".join(dice.choice("ab\u00e0\u4e00\r\n") for _ in range(200)).encode() + b"\n"
    chunks, at = [], 0
    while at < len(text):
        step = dice.randint(1, 9)
        chunks.append(text[at : at + step])
        at += step
    assert list(lines(chunks, "")) == text.split(b"\n")[:-1]


@pytest.mark.parametrize(
    ("size", "max_side", "kind", "seen"),
    [
        ((200, 100), 1024, "png", (200, 100)),
        ((900, 600), 1024, "jpeg", (900, 600)),
        ((3000, 1500), 1000, "jpeg", (1000, 500)),
        ((3000, 3), 300, "png", (300, 1)),
    ],
)
def test_pictures_fit(size: tuple[int, int], max_side: int, kind: str, seen: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (200, 30, 40))
    head, _, data = data_uri(image, max_side).partition(",")
    back = Image.open(io.BytesIO(base64.b64decode(data)))
    assert head == f"data:image/{kind};base64"
    assert back.size == seen
    assert np.abs(np.asarray(back.convert("RGB"), int) - [200, 30, 40]).max() <= (0 if kind == "png" else 4)
    assert image.size == size


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I", "F"])
def test_pictures_of_every_mode_go(mode: str) -> None:
    assert data_uri(Image.new(mode, (20, 10)), 64).startswith("data:image/png;base64,")


def test_what_is_clear_is_white() -> None:
    data = data_uri(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), 64).partition(",")[2]
    assert Image.open(io.BytesIO(base64.b64decode(data))).getpixel((1, 1)) == (255, 255, 255)


def test_a_schema_s_name_is_one_that_servers_take() -> None:
    name = schema_field({"title": "Scene (step 1)"})["response_format"]["json_schema"]["name"]
    assert name == "Scene_step_1_"

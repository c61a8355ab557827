"""Which model is chosen: the argument, the variable, or none; and what is said of a name that is no spec."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

from agent.vlm.choose import EXAMPLES, VARIABLE, backend_of, scripted_answers, spec_of
from agent.vlm.protocol import Request
from agent.vlm.scripted import ScriptedBackend
from chiaroscore import ControlError, InputError
from prompts import Message


@pytest.fixture
def script(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(["one", {"two": 2}]))
    return path


def test_the_argument_goes_before_the_variable_and_offline_before_both(script: pathlib.Path) -> None:
    named = {VARIABLE: "transformers:some/model"}
    found = spec_of(f"scripted:{script}", named)
    assert found is not None and (found.kind, found.where) == ("scripted", str(script))
    assert str(spec_of(None, named)) == "transformers:some/model"
    assert spec_of("offline", named) is None and spec_of("Offline", named) is None
    assert spec_of(None, {}) is None and spec_of(None, {VARIABLE: " "}) is None
    assert spec_of(None, {VARIABLE: "offline"}) is None
    assert backend_of("offline", named) is None and backend_of(None, {}) is None


def test_a_backend_passes_through_and_another_object_does_not() -> None:
    own = ScriptedBackend(["x"])
    assert backend_of(own, {VARIABLE: "nonsense"}) is own
    with pytest.raises(ControlError, match="int object is no backend"):
        backend_of(3)  # type: ignore[arg-type]


def test_a_script_answers_in_order_and_objects_as_json(script: pathlib.Path) -> None:
    backend = backend_of(f"scripted:{script}")
    assert backend is not None
    request = Request((Message("user", "?"),))
    assert backend.complete(request).text == "one"
    assert json.loads(backend.complete(request).text) == {"two": 2}


@pytest.mark.parametrize("kind", ["transformers", "openai"])
def test_each_kind_leads_to_its_backend_without_loading_anything(kind: str) -> None:
    backend = backend_of(EXAMPLES[kind])
    assert backend is not None and backend.id == EXAMPLES[kind]
    backend.close()


@pytest.mark.parametrize("bad", ["", "gpt-9", "Qwen/Qwen2.5-VL-7B-Instruct", "openai:", "ollama:llava", ":x"])
def test_a_name_that_is_no_spec_is_refused_with_all_three_kinds(bad: str) -> None:
    with pytest.raises(ControlError) as caught:
        spec_of(bad)
    said = str(caught.value)
    assert repr(bad) in said and "\n" not in said
    assert all(example in said for example in EXAMPLES.values())


def test_the_message_says_where_a_bad_name_came_from() -> None:
    with pytest.raises(ControlError, match=r"^CHIAROSCORE_VLM='gpt-9' names no model"):
        spec_of(None, {VARIABLE: "gpt-9"})
    with pytest.raises(ControlError, match=r"^vlm='gpt-9' names no model"):
        spec_of("gpt-9", {VARIABLE: "scripted:x.json"})


def test_an_address_gets_the_spec_that_was_meant_and_no_password_is_repeated() -> None:
    with pytest.raises(ControlError) as caught:
        spec_of("http://me:secret@localhost:8080/v1#qwen@2")
    assert "write openai:http://...@localhost:8080/v1#qwen@2" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "secret" not in str(spec_of("openai:http://me:secret@localhost/v1#m"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read the scripted answers"),
        (b'["a"', "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"a": 1}', "is no list of texts or objects"),
        (b'["a", 1]', "is no list of texts or objects"),
        (b" " * (2**22 + 1), "is longer than"),
    ],
    ids=["none", "cut", "bytes", "deep", "object", "number", "long"],
)
def test_a_script_that_cannot_be_read(content: bytes | None, says: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "script.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        scripted_answers(str(path))
    assert "\n" not in str(caught.value)


def test_choosing_imports_nothing_slow() -> None:
    slow = ["torch", "transformers", "httpx", "numpy", "prompts", "PIL"]
    script = (
        "import sys\nfrom agent.vlm.choose import spec_of\nspec_of('transformers:a/b')\n"
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"

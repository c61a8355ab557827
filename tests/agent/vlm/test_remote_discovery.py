"""What the server backend finds out: models, kind, context, and abilities by asking for the improbable."""

from __future__ import annotations

import pytest
import servers
from servers import Played, status

from agent.vlm.protocol import Abilities, Request, estimated_tokens
from agent.vlm.remote import OpenAIBackend, patience
from chiaroscore import BackendError, ControlError
from prompts import Grammar, Message


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST", 0.02)


def _backend(played: Played, **settings: object) -> OpenAIBackend:
    return OpenAIBackend(played.url, connect=2.0, silence=2.0, total=8.0, tries=2, **settings)


@pytest.mark.parametrize(
    ("can", "found"),
    [
        (
            {"schema", "grammar", "images", "logprobs"},
            Abilities(True, True, True, True, logprobs=True, streaming=True),
        ),
        ({"schema"}, Abilities(False, True, False, True, streaming=True)),
        ({"images", "structured_outputs"}, Abilities(True, False, True, True, streaming=True)),
        (set(), Abilities(False, False, False, True, streaming=True)),
    ],
)
def test_abilities_are_found_out_once(can: set[str], found: Abilities) -> None:
    with servers.playing(can=frozenset(can)) as played:
        backend = _backend(played)
        assert backend.abilities() == found
        asked = len(played.seen)
        assert backend.abilities() is backend.abilities()
        assert len(played.seen) == asked <= 9
        assert all(one["max_tokens"] <= 256 for one in played.asked)


def test_a_server_that_refuses_fields_is_asked_without_them() -> None:
    refuses = ("max_tokens", "temperature", "seed", "stream_options")
    with servers.playing(refuses=refuses) as played:
        backend = _backend(played)
        assert backend.abilities().seed is False and backend.abilities().schema
        played.seen.clear()
        backend.complete(Request((Message("user", "Sing."),), max_tokens=50))
        (body,) = played.asked
    assert body["max_completion_tokens"] == 50
    assert not set(refuses) & set(body)


def test_a_server_without_streams_is_used_all_the_same() -> None:
    def whole(handler: servers.Handler, body: dict[str, object]) -> None:
        handler.json({"choices": [{"message": {"content": "la"}, "finish_reason": "stop"}]})

    with servers.playing(acts=[whole]) as played:
        backend = _backend(played)
        assert backend.abilities() == Abilities(True, False, False, True)
        assert backend.complete(Request((Message("user", "Sing."),))).text == "la"


@pytest.mark.parametrize("act", [status(500), status(401), servers.vanishes])
def test_an_outage_is_no_missing_ability(act: object) -> None:
    with servers.playing() as played:
        backend = _backend(played)
        played.acts = [servers.answers, act]
        with pytest.raises(BackendError):
            backend.abilities()
        played.acts = []
        assert backend.abilities().schema


def test_vllm_tells_its_context_and_takes_grammars_its_own_way() -> None:
    model = {"id": "Qwen/Qwen2.5-VL-7B-Instruct", "owned_by": "vllm", "max_model_len": 32768}
    with servers.playing(models=[model], can=frozenset({"schema", "structured_outputs", "images"})) as played:
        backend = _backend(played)
        found = backend.abilities()
        played.seen.clear()
        reply = backend.complete(
            Request((Message("user", "Sing."),), grammar=Grammar("song", "", 'root ::= "la"'))
        )
        assert played.asked[0]["structured_outputs"] == {"grammar": 'root ::= "la"'}
    assert (found.context, found.images, found.grammar, reply.enforced) == (32768, True, True, "grammar")
    assert backend.id == f"openai:{played.url}#Qwen/Qwen2.5-VL-7B-Instruct"


def test_ollama_tells_eyes_and_the_context_it_runs_with() -> None:
    places = {
        "/api/version": {"version": "0.12.0"},
        "/api/show": {"capabilities": ["completion", "vision"], "model_info": {"a.context_length": 128000}},
        "/api/ps": lambda: {"models": [loaded] if played.asked else []},
    }
    loaded = {"name": "llava:latest", "context_length": 4096}
    models = [{"id": "llava:latest", "owned_by": "library"}, {"id": "phi:3b", "owned_by": "library"}]
    with servers.playing(models=models, places=places, can=frozenset({"schema"})) as played:
        backend = _backend(played, model="llava")
        found = backend.abilities()
        assert all(one["model"] == "llava:latest" for one in played.asked)
        assert not any("grammar" in one for one in played.asked)
    assert (found.images, found.context, found.grammar) == (True, 4096, False)


@pytest.mark.parametrize(
    ("models", "model", "words"),
    [
        ([{"id": "a"}, {"id": "b"}], "", "has 2 models; name one after '#'"),
        ([{"id": f"m{at}"} for at in range(20)], "", "m7 and 12 more"),
        ([], "", "lists no model"),
        ([{"id": "/home/me/muse.gguf", "owned_by": "llamacpp"}], "other", "has no model 'other'"),
    ],
)
def test_the_model_that_is_meant(models: list[dict[str, str]], model: str, words: str) -> None:
    with servers.playing(models=models) as played, pytest.raises(BackendError) as caught:
        _backend(played, model=model).abilities()
    assert words in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("model", ["muse", "muse.gguf", "/home/me/muse.gguf", ""])
def test_a_model_s_folders_are_not_in_its_name(model: str) -> None:
    with servers.playing(models=[{"id": "/home/me/muse.gguf", "owned_by": "llamacpp"}]) as played:
        backend = _backend(played, model=model)
        backend.abilities()
        assert played.asked[0]["model"] == "/home/me/muse.gguf"
    assert backend.id == f"openai:{played.url}#muse.gguf"


@pytest.mark.parametrize(("base", "given"), [("/v1", ""), ("", ""), ("/v1", "/v1/"), ("/api/v3", "/api/v3")])
def test_the_version_is_added_where_the_server_has_it(base: str, given: str) -> None:
    with servers.playing(base=base) as played:
        root = played.url.removesuffix("/v1")
        backend = OpenAIBackend(root + given, total=8.0, tries=2)
        assert backend.complete(Request((Message("user", "Sing."),))).text == servers.TEXT
    assert backend.id == f"openai:{root}{base}#muse"


def test_a_server_that_lists_nothing_is_used_with_a_name() -> None:
    with servers.playing(base="/v1") as played:
        played.models = []
        backend = OpenAIBackend.of_spec(f"openai:{played.url}#muse", total=8.0, tries=2)
        assert backend.complete(Request((Message("user", "Sing."),))).text == servers.TEXT


def test_tokens_are_estimated_where_they_are_not_counted() -> None:
    with servers.playing() as played:
        assert _backend(played).count("A2 B2 |") == estimated_tokens("A2 B2 |")
        assert [one.path for one in played.seen] == ["/v1/models", "/api/version"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:sk-secret@host/v1", "CHIAROSCORE_VLM_KEY"),
        ("https://sk-secret@host/v1", "CHIAROSCORE_VLM_KEY"),
        ("https://host/v1?key=sk-secret", "CHIAROSCORE_VLM_KEY"),
        ("ftp://host/v1", "'ftp://host/v1' is no URL of a server"),
        ("localhost:8000/v1", "is no URL of a server"),
        ("http://host:port/v1", "is no URL of a server"),
        ("http://a b/v1", "is no URL of a server"),
        ("http://[::1/v1", "is no URL of a server"),
        ("", "'' is no URL of a server"),
    ],
)
def test_urls_that_are_none(url: str, words: str) -> None:
    with pytest.raises(ControlError) as caught:
        OpenAIBackend.of_spec(url)
    assert words in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(ControlError, match="look at HTTPS_PROXY"):
        OpenAIBackend("https://vlm.example.org/v1")


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-\u00e9", "a\x00b"])
def test_a_key_that_no_header_can_hold(key: str) -> None:
    with pytest.raises(ControlError) as caught:
        OpenAIBackend("http://localhost:1/v1", key=key)
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".org", "999.1.1.1"])
def test_a_host_that_cannot_be(host: str) -> None:
    with pytest.raises(BackendError, match="cannot be asked over HTTP"):
        OpenAIBackend(f"http://{host}/v1").abilities()


def test_nothing_is_sent_before_it_is_used() -> None:
    with servers.playing() as played:
        backend = _backend(played, model="muse")
        assert backend.id == f"openai:{played.url}#muse"
        backend.close()
        assert not played.seen

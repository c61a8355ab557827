"""What a server tells of itself when it is asked: its models, its kind, context and eyes of a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.vlm.remote.address import Address, short_name
from agent.vlm.remote.trouble import ServerError
from chiaroscore import BackendError

#: Asks with a method, a URL and a body, and returns what the JSON of the answer holds.
Fetch = Callable[[str, str, dict[str, Any] | None], Any]
_SHOWN = 8


@dataclass(frozen=True)
class Told:
    """What a server tells of itself and of one of its models."""

    address: Address  # the URL that answers, the model as the server names it
    models: tuple[str, ...] = ()
    kind: str = ""  # "llama.cpp", "vllm", "ollama", or empty
    context: int | None = None
    images: bool | None = None  # None where it does not tell


def what_it_tells(address: Address, fetch: Fetch) -> Told:
    """Ask a server for its models and for what it tells of the one that is meant.

    Raises
    ------
    BackendError
        If it is not there, or does not have the model, or has several and none was named.
    """
    url, entries = _listed(address, fetch)
    kind = _kind(Address(url), entries, fetch)
    entry = _meant(url, address.model, entries, kind)
    found = Address(url, str(entry.get("id", address.model)))
    context, images = _of_entry(entry)
    own = {"llama.cpp": _of_llama, "ollama": _of_ollama}.get(kind)
    if own is not None:
        own_context, own_images = own(found, fetch)
        context, images = own_context or context, images if own_images is None else own_images
    return Told(found, tuple(str(one["id"]) for one in entries), kind, context, images)


def choice_of(models: tuple[str, ...]) -> str:
    """Return names of models for a message."""
    shown = ", ".join(short_name(model) for model in models[:_SHOWN])
    return shown if len(models) <= _SHOWN else f"{shown} and {len(models) - _SHOWN} more"


def _listed(address: Address, fetch: Fetch) -> tuple[str, list[dict[str, Any]]]:
    """Return the URL that answers and the models it lists; a server may list none where one is named."""
    *others, last = address.candidates()
    for url in [*others, last]:
        failure = None
        try:
            found = fetch("GET", f"{url}/models", None)
        except ServerError as error:
            failure = error
        if failure is None:
            data = found.get("data") if isinstance(found, dict) else None
            entries = data if isinstance(data, list) else []
            return url, [one for one in entries if isinstance(one, dict) and one.get("id")]
        if failure.status not in (404, 405, 501) or (url == last and not address.model):
            raise failure
    return last, []


def _meant(url: str, model: str, entries: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the entry of the model that is meant; a path, a tag or an ending may be left out."""
    names = tuple(str(one["id"]) for one in entries)
    if not model and len(entries) == 1:
        return entries[0]
    if not model:
        raise BackendError(
            f"the server at {url} has {len(names)} models; name one after '#', e.g. openai:{url}#{names[0]}: "
            f"{choice_of(names)}" if names else
            f"the server at {url} lists no model; load one, or name it after '#': openai:{url}#MODEL"
        )  # fmt: skip
    alike = [one for one in entries if model in _names(one)]
    if len(alike) == 1 or any(one["id"] == model for one in alike):
        return next((one for one in alike if one["id"] == model), alike[0])
    if kind == "llama.cpp" and entries:  # it would answer to any name, with the model that it has
        raise BackendError(f"the server at {url} has no model {model!r}; it has {choice_of(names)}")
    return {}


def _names(entry: dict[str, Any]) -> set[str]:
    """Return the names by which a model may be called."""
    name = str(entry["id"])
    short = short_name(name)
    return {name, short, short.removesuffix(".gguf"), name.removesuffix(":latest")}


def _kind(address: Address, entries: list[dict[str, Any]], fetch: Fetch) -> str:
    """Return what kind of server it is."""
    owners = {str(one.get("owned_by", "")) for one in entries}
    if "llamacpp" in owners:
        return "llama.cpp"
    if "vllm" in owners:
        return "vllm"
    return "ollama" if "version" in _quietly(fetch, "GET", f"{address.root}/api/version") else ""


def _of_entry(entry: dict[str, Any]) -> tuple[int | None, bool | None]:
    """Return context and eyes as the list of models tells them (vLLM, llama.cpp, OpenRouter)."""
    meta = entry.get("meta")
    counts = [entry.get("max_model_len"), entry.get("context_length")]
    if isinstance(meta, dict):
        counts += [meta.get("n_ctx"), meta.get("n_ctx_train")]
    built = entry.get("architecture")
    senses = built.get("input_modalities") if isinstance(built, dict) else None
    return _first(*counts), "image" in senses if isinstance(senses, list) else None


def _of_llama(address: Address, fetch: Fetch) -> tuple[int | None, bool | None]:
    """Return context of a slot and eyes as llama.cpp's ``/props`` tells them."""
    found = _quietly(fetch, "GET", f"{address.root}/props")
    settings, senses = found.get("default_generation_settings"), found.get("modalities")
    context = settings.get("n_ctx") if isinstance(settings, dict) else None
    seen = senses.get("vision") if isinstance(senses, dict) else None
    return _first(context), seen if isinstance(seen, bool) else None


def _of_ollama(address: Address, fetch: Fetch) -> tuple[int | None, bool | None]:
    """Return the context that Ollama runs a model with, where it is loaded, and its eyes.

    What the model could have (``model_info``) is not what it is run with; longer prompts are cut silently.
    """
    found = _quietly(fetch, "POST", f"{address.root}/api/show", {"model": address.model})
    able = found.get("capabilities")
    running = _quietly(fetch, "GET", f"{address.root}/api/ps").get("models")
    loaded = [one for one in running or [] if isinstance(one, dict) and one.get("name") == address.model]
    context = loaded[0].get("context_length") if loaded else None
    return _first(context), "vision" in able if isinstance(able, list) else None


def _quietly(fetch: Fetch, method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a server tells at a place that not every server has, nothing where it does not."""
    try:
        found = fetch(method, url, body)
    except ServerError:
        return {}
    return found if isinstance(found, dict) else {}


def _first(*counts: Any) -> int | None:
    """Return the first that is a count."""
    return next((int(one) for one in counts if isinstance(one, int | float) and one > 0), None)

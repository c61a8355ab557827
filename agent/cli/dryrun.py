"""``chiaroscore compose --dry-run``: the prompts that a model would get, under headings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.cli import console
from agent.cli.streaming import harmless

if TYPE_CHECKING:
    from agent.cli.minds import Mind
    from agent.vlm.rehearsal import Prompt
    from rag_store import Store

#: What the steps are called in headings.
_TITLES = {
    "perceive": "step 1, what is in the picture",
    "plan": "step 2, what the music shall be",
    "sketch": "step 3, the music in words",
    "write": "step 3, the score",
}


def show_prompts(
    pictures: Sequence[str], requests: Mapping[str, Any], mind: Mind, store: Store, *, as_json: bool
) -> None:
    """Print the prompts for each picture; raises as `agent.vlm.rehearsal.rehearse` does."""
    from agent.vlm.rehearsal import rehearse

    writer: Any = mind.writer
    found: list[dict[str, Any]] = []
    for picture in pictures:
        prompts = rehearse(picture, requests, writer=writer, options=mind.options, store=store)
        found.append({"picture": picture, "prompts": [prompt.record() for prompt in prompts]})
        if not as_json:
            for line in headed(picture, prompts):
                console.show(line)
    if as_json:
        console.emit({"model": str(mind.spec) if mind.spec else None, "asked": False, "pictures": found})


def headed(picture: str, prompts: Sequence[Prompt]) -> Iterable[str]:
    """Yield the lines of a picture's prompts: a heading for each, then every message whole."""
    yield f"{picture}: {len(prompts)} prompts; no model was asked, no file is written"
    for prompt in prompts:
        record = prompt.record()
        title = _TITLES.get(record["step"], record["step"])
        yield ""
        yield f"=== {record['step']}: {title} ({record['prompt']})"
        yield (
            f"constraint: {record['constraint']}; temperature {record['temperature']:g}; "
            f"at most {record['max_tokens']} tokens; seed {record['seed']}"
        )
        yield f"note: {record['note']}"
        for message, sent in zip(record["messages"], prompt.call.messages, strict=True):
            yield f"--- {message['role']}"
            for image in message.get("images", ()):
                width, height = image["size"]
                yield f"[picture, {width} x {height}, sha256 {image['sha256'][:16]}]"
            yield harmless(sent.text)

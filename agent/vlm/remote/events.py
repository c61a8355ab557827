"""An answer as a server sends it, as events or as one JSON document, read into text, end and usage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.vlm.loops import Watch
from agent.vlm.protocol import MOST_TEXT, Finish, OnText, Usage
from agent.vlm.remote.trouble import ServerError, malformed, one_line, refused
from agent.vlm.remote.wire import Incoming, parsed, what_is_said

#: Most bytes of one line of a stream.
MOST_LINE = 1_000_000
#: Most bytes of a stream; reasoning that is not kept counts too.
MOST_STREAM = 100_000_000


@dataclass
class Answer:
    """An answer as it grows."""

    tell: OnText = lambda piece: None
    text: str = ""
    finish: Finish | None = None
    usage: Usage | None = None
    logprobs: bool = False
    streamed: bool = False
    choices: int = 0
    _pieces: list[str] = field(default_factory=list)
    _size: int = 0
    held: bool = False
    _watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self._watch = Watch(self.held)

    def add(self, piece: str) -> None:
        """Take the next piece of the text; sets the end where it grows too long or goes round in circles."""
        kept = piece[: MOST_TEXT - self._size]
        self._pieces.append(kept)
        self._size += len(kept)
        if kept:
            self.tell(kept)
        if len(kept) < len(piece):
            self.finish = "size"
        elif self._watch.feed(kept):
            self.finish = "loop"

    def close(self) -> Answer:
        """Join the text and return the answer."""
        self.text = "".join(self._pieces)
        self.finish = self.finish or "stop"
        return self


def read_answer(
    incoming: Incoming, url: str, tell: OnText, hidden: Callable[[str], str], held: bool = False
) -> Answer:
    """Return the answer of a server, streamed or not; ``held`` to a schema or grammar or free.

    Raises
    ------
    ServerError
        If it breaks off, tells of an error, or is no answer.
    """
    answer = Answer(tell, streamed=incoming.streams, held=held)
    if not incoming.streams:
        _take(answer, incoming.json(), url, hidden)
        if not answer.choices:
            raise malformed(url, "an answer without a choice")
        return answer.close()
    for event in events(incoming.chunks(), url):
        _take(answer, event, url, hidden)
        if answer.finish in ("size", "loop"):
            break
    if not answer.choices:
        raise malformed(url, "a stream without a choice")
    return answer.close()


def events(chunks: Iterable[bytes], url: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a stream until it says that it is done.

    Every ``data:`` line is taken as an event: none breaks its JSON over lines, some leave out blank ones.

    Raises
    ------
    ServerError
        If a line is not JSON or too long, or the stream ends before its time.
    """
    ended = False
    for line in lines(chunks, url):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        found = parsed(data) if data else {}
        if not isinstance(found, dict):
            raise malformed(url, f"{one_line(data[:80].decode(errors='replace'))!r} in its stream")
        ended = ended or _ends(found)
        yield found
    if not ended:
        raise ServerError(
            f"the stream of {url} ended in the middle of an answer; look at the server's log, then try again",
            retryable=True,
        )


def lines(chunks: Iterable[bytes], url: str) -> Iterator[bytes]:
    """Yield the lines of a stream; what stands after the last line break is none.

    Raises
    ------
    ServerError
        If a line or the stream is too long.
    """
    rest, read = b"", 0
    for chunk in chunks:
        read += len(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > MOST_LINE or read > MOST_STREAM:
            raise malformed(url, f"a stream of {read} bytes that is no answer")


def _ends(event: dict[str, Any]) -> bool:
    choices = event.get("choices")
    return isinstance(choices, list) and any(
        isinstance(one, dict) and one.get("finish_reason") for one in choices
    )


def _take(answer: Answer, found: Any, url: str, hidden: Callable[[str], str]) -> None:
    """Add what an event or a document holds."""
    if not isinstance(found, dict):
        raise malformed(url, f"a JSON {type(found).__name__} where an object was due")
    if found.get("error"):
        raise _told(found, url, hidden)
    answer.usage = _usage(found.get("usage")) or answer.usage
    choices = found.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return
    answer.choices += 1
    answer.logprobs = answer.logprobs or bool(choice.get("logprobs"))
    said = choice.get("delta") or choice.get("message") or {}
    answer.add(content_of(said.get("content") if isinstance(said, dict) else None))
    if choice.get("finish_reason") and answer.finish is None:
        answer.finish = "length" if choice["finish_reason"] == "length" else "stop"


def content_of(content: Any) -> str:
    """Return the text of a message's content: a string, nothing, or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(part for part in parts if isinstance(part, str))


def _told(found: dict[str, Any], url: str, hidden: Callable[[str], str]) -> ServerError:
    """Return the error that a server tells of inside an answer that began well."""
    error = found["error"]
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return refused(url, status, one_line(hidden(what_is_said(found))), keyed=True)


def _usage(found: Any) -> Usage | None:
    """Return the tokens of a call where a server tells them as numbers."""
    if not isinstance(found, dict):
        return None
    counts = (found.get("prompt_tokens"), found.get("completion_tokens"))
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return None
    return Usage(int(counts[0]), int(counts[1]))  # type: ignore[arg-type]

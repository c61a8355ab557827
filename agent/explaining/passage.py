"""A finished score as a model would write it, with what each of its characters is in the ABC.

The prompt of the score asks for the music alone: a line a voice and system, without header, directives and
the decorations that are ours. Read again in that form, a score is what the model expects to stand there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from explain.spans import Span

#: Decorations and clef changes, which are ours to write; quoted texts are passed over.
_OURS = re.compile(r'"[^"\n]*"|(![^!\s]*!|\[K:C clef=perc\] ?)')
_FIELD = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text made of parts of an ABC.

    Attributes
    ----------
    text
        The music.
    places
        For each of its characters that stands in the ABC: where there, ascending.
    offsets
        The same characters: where in the text.
    """

    text: str
    places: tuple[int, ...]
    offsets: tuple[int, ...]

    def span(self, span: Span) -> Span | None:
        """Return where a span of the ABC stands in the text, None if nothing of it does."""
        first, end = bisect_left(self.places, span[0]), bisect_left(self.places, span[1])
        return (self.offsets[first], self.offsets[end - 1] + 1) if first < end else None


def passage(abc: str) -> Passage:
    """Return the music of an ABC as a model writes it; an ABC without ``K:`` is taken as music."""
    text: list[str] = []
    places: list[int] = []
    offsets: list[int] = []
    size, voice = 0, ""
    for start, line in _lines(abc):
        if line.startswith("V:"):
            voice = line[2:].split()[0] if line[2:].split() else ""
            continue
        if not line.strip() or line.startswith("%"):
            continue
        own = bool(voice) and not _FIELD.match(line) and not line.startswith("[V:")
        head = f"[V:{voice}] " if own else ""
        kept = [at for low, high in _kept(line) for at in range(low, high)]
        text += [head, *(line[at] for at in kept), "\n"]
        places += [start + at for at in kept]
        offsets += range(size + len(head), size + len(head) + len(kept))
        size += len(head) + len(kept) + 1
    return Passage("".join(text), tuple(places), tuple(offsets))


def header(abc: str) -> str:
    """Return an ABC up to and with its ``K:`` line, empty where it has none."""
    found = re.search(r"^K:.*$", abc, re.MULTILINE)
    return abc[: found.end()] if found else ""


def _lines(abc: str) -> Iterator[tuple[int, str]]:
    """Yield where each line after the header begins, and the line."""
    start = len(header(abc))
    for line in abc[start:].splitlines(keepends=True):
        yield start, line.rstrip("\r\n")
        start += len(line)


def _kept(line: str) -> Iterator[Span]:
    """Yield the parts of a line that are the writer's."""
    last = 0
    for found in _OURS.finditer(line):
        if found[1] is None:
            continue
        yield last, found.start()
        last = found.end()
    yield last, len(line)

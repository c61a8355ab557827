"""Where in a text the things stand that are explained: values of a JSON answer, bars, notes, words.

Conventions
-----------
A span is ``(start, end)`` in characters, end exclusive. A path names a value of a JSON text by names and
places, joined by dots: ``"genre.value"``, ``"objects.0.name"``; the whole is the empty path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator

from notation import Tune

Span = tuple[int, int]

#: Deepest nesting of a JSON text.
MOST_DEPTH = 64
#: Most braces at which an object is looked for.
_MOST_STARTS = 64
_BLANK = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_PLAIN = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def json_spans(text: str) -> dict[str, Span]:
    """Return the span of every value of a JSON text, those of texts with their quotes.

    Raises
    ------
    ValueError
        If it is no JSON text (RFC 8259), holds a name twice in an object, or is nested too deep.
    """
    found, end = _value(text, _after_blank(text, 0), "", 0)
    if _after_blank(text, end) != len(text):
        raise ValueError(f"the JSON text goes on after its end at character {end}: {text[end : end + 20]!r}")
    return found


def object_spans(text: str, fields: Collection[str]) -> dict[str, Span]:
    """Return the spans in the JSON object of an answer that has most of some fields; of several, the last.

    Prose, a code fence and thoughts may stand around it.

    Raises
    ------
    ValueError
        If there is no object with any of the fields.
    """
    plain = _THOUGHTS.sub(lambda thought: " " * len(thought[0]), text)
    best: dict[str, Span] = {}
    place = plain.find("{")
    for _ in range(_MOST_STARTS):
        if place < 0:
            break
        try:
            found, end = _value(plain, place, "", 0)
        except ValueError:
            found, end = {}, place + 1
        if found and _count(found, fields) >= _count(best, fields):
            best = found
        place = plain.find("{", end)
    if not _count(best, fields):
        raise ValueError(f"the text holds no JSON object with any of the fields {', '.join(sorted(fields))}")
    return best


def content(text: str, span: Span) -> Span:
    """Return the span of a JSON value without the quotes of a text; an empty text keeps them."""
    start, end = span
    return (start + 1, end - 1) if text[start] == '"' and end - start > 2 else span


def bar_spans(tune: Tune) -> dict[int, tuple[Span, ...]]:
    """Return number of a bar -> its span in each voice, voices in order; bars in ascending order."""
    found: dict[int, list[Span]] = {}
    for voice in tune.voices:
        for bar in voice.bars:
            found.setdefault(bar.number, []).append(bar.span)
    return {number: tuple(found[number]) for number in sorted(found)}


def note_spans(tune: Tune) -> dict[str, Span]:
    """Return ``"VOICE.N"`` -> span of each note, N from 1 in its voice; notes of a chord share one."""
    return {
        f"{voice.id}.{number}": note.span
        for voice in tune.voices
        for number, note in enumerate(voice.notes, 1)
    }


def word_spans(text: str) -> tuple[Span, ...]:
    """Return the spans of the words of a text: letters and digits, with what joins them ("half-light")."""
    return tuple(found.span() for found in _WORD.finditer(text))


def _count(spans: dict[str, Span], fields: Collection[str]) -> int:
    """Return how many of some fields stand at the top."""
    return sum(name in spans for name in fields)


def _after_blank(text: str, place: int) -> int:
    """Return where the next character stands that is no blank."""
    found = _BLANK.match(text, place)
    return found.end() if found else place


def _value(text: str, place: int, path: str, depth: int) -> tuple[dict[str, Span], int]:
    """Return the spans of a value and of what is in it, and where it ends."""
    if depth > MOST_DEPTH:
        raise ValueError(f"the JSON text is nested deeper than {MOST_DEPTH} at character {place}")
    inside: dict[str, Span] = {}
    if text[place : place + 1] in ("{", "["):
        end = place + 1
        for spans, after in _members(text, place, path, depth):
            inside.update(spans)
            end = after
        return {path: (place, end), **inside}, end
    found = _STRING.match(text, place) or _PLAIN.match(text, place)
    if found is None:
        raise ValueError(f"no JSON value at character {place}: {text[place : place + 20]!r}")
    return {path: found.span()}, found.end()


def _members(text: str, place: int, path: str, depth: int) -> Iterator[tuple[dict[str, Span], int]]:
    """Yield the spans of each member of an object or array and where it ends; last, where the whole ends."""
    named = text[place] == "{"
    close = "}" if named else "]"
    at = _after_blank(text, place + 1)
    names: set[str] = set()
    while text[at : at + 1] != close or names:
        name, at = _name(text, at, names) if named else (str(len(names)), at)
        names.add(name)
        spans, end = _value(text, at, f"{path}.{name}" if path else name, depth + 1)
        yield spans, end
        at = _after_blank(text, end)
        if text[at : at + 1] == close:
            break
        if text[at : at + 1] != ",":
            raise ValueError(f"',' or {close!r} is due at character {at}: {text[at : at + 20]!r}")
        at = _after_blank(text, at + 1)
    yield {}, at + 1


def _name(text: str, place: int, known: Collection[str]) -> tuple[str, int]:
    """Return the name of a member and where its value begins."""
    found = _STRING.match(text, place)
    if found is None:
        raise ValueError(f"a name is due at character {place}: {text[place : place + 20]!r}")
    name = str(json.loads(found[0]))
    if name in known:
        raise ValueError(f"the name {name[:40]!r} stands twice in an object, again at character {place}")
    colon = _after_blank(text, found.end())
    if text[colon : colon + 1] != ":":
        raise ValueError(f"':' is due at character {colon}: {text[colon : colon + 20]!r}")
    return name, _after_blank(text, colon + 1)

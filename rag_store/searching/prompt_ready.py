"""The ABC of a result made ready for a prompt: music and instruments, no longer than asked, still valid.

Dropped are comments, words under the notes, editorial fields (source, transcriber, notes, history ...) and
all directives but those that say how it sounds (``%%MIDI``, ``%%percmap``). What a tune is called stays, so
texts of strangers are still in it: whoever builds a prompt has to defend it against them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from chiaroscore import NotationError
from notation import Bar, Tune, Voice, check, parse
from rag_store.trim import ENDS

#: Characters that count as one token.
CHARACTERS = 3
#: Fields that stay; U: and m: define signs and macros that the music may use.
KEPT = "XTRMLQKVUm"
#: Bars of an excerpt that is cut shorter, since at the length asked it would not be valid.
SHORTER = (16, 8, 4)
_COMMENT = re.compile(r"(?<!\\)%(?!%).*$")
_FIELD = re.compile(r"([A-Za-z+]):")
_SOUNDING = re.compile(r"%%\s*(MIDI|percmap)\b")
_BAR_LINES = re.compile(r"[\s|:\[\]]*")
_TURN = re.compile(r"V:\s*\S+\s*")
_INLINE_ONLY = re.compile(r"(\s*\[[A-Za-z]:[^\]]*\])*\s*")


@dataclass(frozen=True, slots=True)
class Ready:
    """An exemplar for a prompt."""

    abc: str
    bars: int  # written bars of the longest voice, without a pickup
    tokens: int  # by `token_count`


def token_count(text: str) -> int:
    """Return how many tokens a text is reckoned to take: a third of its characters, rounded up."""
    return -(-len(text) // CHARACTERS)


def prompt_ready(abc: str, bars: int = 16) -> Ready:
    """Return a tune's opening of at most ``bars`` bars, cleaned; as many bars as make a valid tune.

    Its notes are those of the tune, in each voice.

    Raises
    ------
    NotationError
        If the tune cannot be read, or is not valid at any length.
    """
    tune = parse(abc)
    longest = max((bar.number for voice in tune.voices for bar in voice.bars), default=0)
    for most in _lengths(tune, bars):
        text = cleaned(cut(tune, most) if most < longest else tune.abc)
        if _fits(text, tune, most):
            return Ready(text, min(most, longest), token_count(text))
    raise NotationError(
        f"no opening of {tune.title or 'the tune'!r} is valid within {bars} bars; "
        "allow more, or take another tune"
    )


def cut(tune: Tune, bars: int) -> str:
    """Return the text of a tune without what follows bar ``bars`` in each voice."""
    spans = sorted(
        _span(tune.abc, bar, voice)
        for voice in tune.voices
        for bar in voice.bars
        if bar.number > bars and bar.span[1] > 0
    )
    kept, at = [], 0
    for start, end in spans:
        kept.append(tune.abc[at : max(at, start)])
        at = max(at, end)
    return "".join([*kept, tune.abc[at:]])


def _span(abc: str, bar: Bar, voice: Voice) -> tuple[int, int]:
    """Return where a bar begins and ends on its own lines.

    A bar line at the beginning of a line belongs to the bar after it here: before it, other voices may stand.
    """
    start, end = bar.span
    line = abc.rfind("\n", 0, start) + 1
    ends = [note.span[1] for note in voice.notes if note.bar == bar.number]
    last = max([start, *ends, *(rest.span[1] for rest in voice.rests if rest.bar == bar.number)])
    broken = abc.find("\n", last, end)
    return line if _BAR_LINES.fullmatch(abc, line, start) else start, end if broken < 0 else broken


def _fits(text: str, tune: Tune, bars: int) -> bool:
    """Whether a text is a valid tune of the notes of another's first bars."""
    if any(problem.severity == "error" for problem in check(text)):
        return False
    return [_notes(voice, bars) for voice in parse(text).voices] == [_notes(v, bars) for v in tune.voices]


def _notes(voice: Voice, bars: int) -> list[tuple[int, Fraction, Fraction]]:
    return [(one.pitch, one.onset, one.duration) for one in voice.notes if one.bar <= bars]


def cleaned(abc: str) -> str:
    """Return a text with the fields, directives and lines that are music or say how it sounds."""
    plain = (line if line.startswith("%%") else _COMMENT.sub("", line) for line in abc.split("\n"))
    return "\n".join(_used([line.rstrip() for line in plain if _stays(line)])) + "\n"


def _stays(line: str) -> bool:
    if line.startswith("%%"):
        return _SOUNDING.match(line) is not None
    field = _FIELD.match(line)
    if field:
        return field[1] in KEPT
    return not _INLINE_ONLY.fullmatch(line)


def _used(lines: list[str]) -> Iterator[str]:
    """Leave out a voice's turn, and what stands after it, if no music follows before the next voice's."""
    head = next((at for at, line in enumerate(lines) if line.startswith("K:")), len(lines)) + 1
    yield from lines[:head]
    waiting: list[str] = []
    for line in lines[head:]:
        music = not (line.startswith("%%") or _FIELD.match(line))
        if line.startswith("V:") and waiting and _TURN.fullmatch(waiting[0]):
            waiting = []
        waiting.append(line)
        if music:
            yield from waiting
            waiting = []


def _lengths(tune: Tune, bars: int) -> list[int]:
    """Return lengths to try, the longest first: as asked, to the end of a part, then shorter ones."""
    ends = [bar.number for bar in tune.voices[0].bars if bar.right in ENDS and 4 <= bar.number < bars]
    shorter = [length for length in SHORTER if length < bars]
    return [bars, *sorted({*ends[-2:], *shorter}, reverse=True)]

"""The music inside an answer: out of JSON, code fences, tags and thoughts, in plain characters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from agent.vlm.protocol import MOST_TEXT
from agent.vlm.score.repairs import Log

#: Signs that look like those of ABC.
_ALIKE = str.maketrans({
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"', "\uff02": '"',
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2032": "'", "\u201a": ",", "\uff0c": ",",
    "\uff5c": "|", "\u2502": "|", "\u2503": "|", "\u01c0": "|", "\u2223": "|", "\u2551": "||",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u266f": "#", "\u266e": "=", "\u00b0": "dim", "\u00f8": "m7b5", "\u0394": "maj7",
    "\u2044": "/", "\u2215": "/", "\uff3b": "[", "\uff3d": "]", "\uff1a": ":", "\u00a0": " ", "\t": " ",
    "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\u0085": "\n", "\x0b": "\n", "\x0c": "\n",
})  # fmt: skip
_UNSEEN = re.compile("[\x00-\x09\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]")
_FENCE = re.compile(r"```[^\n`]{0,40}\n(.*?)(?:```|\Z)", re.DOTALL)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL)
_TAG = re.compile(r"^[ ]*</?(?:abc|score|music|answer|output|pre|code|p|br|tune)\b[^>\n]{0,40}>", re.M)
_TAG_AFTER = re.compile(r"</(?:abc|score|music|answer|output|pre|code|p|tune)>[ ]*$", re.M)
_TUNE = re.compile(r"^X:[^\n]*$", re.MULTILINE)
_HELD = re.compile(r'"(?:abc|score|music|notation|tune|text|content|answer)"\s*:\s*"((?:[^"\\]|\\.)*)')
_NOTE = re.compile(r"[A-Ga-g][,']*\d*|\|")
_LABEL = re.compile(r"^\s*\[?V:\s*([^\]\s]+)", re.MULTILINE)


def music_in(text: str, log: Log) -> str:
    """Return the part of an answer that is or may be music, in plain characters.

    At most `MOST_TEXT` characters are read.
    """
    if len(text) > MOST_TEXT:
        log.note("size", f"only the first {MOST_TEXT} of {len(text)} characters were read")
    plain = _UNSEEN.sub("", text[:MOST_TEXT].replace("\r\n", "\n").translate(_ALIKE))
    thoughtless = _THOUGHT.sub("\n", plain)
    if thoughtless != plain:
        log.note("prose", "thoughts before the music were left out")
    inner = _of_fences(_of_json(thoughtless, log), log)
    bare = _TAG_AFTER.sub("", _TAG.sub("", inner))
    if bare != inner:
        log.note("fence", "tags around the music were taken off")
    return _of_tunes(_escaped(bare), log)


def _escaped(text: str) -> str:
    """Return a text on one line whose line ends are written as two characters with real ones."""
    return text.replace("\\n", "\n").replace('\\"', '"') if text.strip().count("\n") == 0 else text


def _of_json(text: str, log: Log) -> str:
    """Return the music held by a JSON value, whole or broken off."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0 or not re.match(r'[{\[]\s*["{]', text[start : start + 40]):
        return text
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
        found = _longest(_texts(value))
    except (ValueError, RecursionError):
        found = _longest(_unescaped(match[1]) for match in _HELD.finditer(text, start))
    if not found:
        return text
    log.note("fence", "the music was taken out of JSON")
    return found


def _texts(value: object, name: str = "") -> Iterable[str]:
    """Yield texts inside a JSON value; those of an object also joined, each under its name as a voice."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield "\n".join(one for one in value if isinstance(one, str))
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        lines = [f"[V:{key[:40]}] {one}" for key, one in value.items() if isinstance(one, str) and "|" in one]
        yield "\n".join(lines) if len(lines) > 1 else ""
        for one in value.values():
            yield from _texts(one)


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


def _longest(texts: Iterable[str]) -> str:
    """Return the text with the most notes and bar lines."""
    return max(texts, key=weight, default="")


def weight(text: str) -> int:
    """Return about how many notes and bar lines a text has."""
    return len(_NOTE.findall(text)) if "|" in text else 0


def _of_fences(text: str, log: Log) -> str:
    """Return the fenced block with most notes, and with it those that hold other voices."""
    blocks = [match[1] for match in _FENCE.finditer(text)]
    if not blocks or not weight(_longest(blocks)):
        return text
    log.note("fence", "the music was taken out of a code block")
    best = blocks.index(_longest(blocks))
    seen = set(_LABEL.findall(blocks[best]))
    kept = []
    for at, block in enumerate(blocks):
        names = set(_LABEL.findall(block))
        if at == best or (seen and names and not names & seen):
            kept.append(block)
            seen |= names
    return "\n".join(kept)


def _of_tunes(text: str, log: Log) -> str:
    """Return the tune with most notes where there are several."""
    starts = [match.start() for match in _TUNE.finditer(text)]
    if len(starts) < 2:
        return text
    log.note("several", f"of {len(starts)} tunes the one with most notes was read")
    return _longest(text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True))

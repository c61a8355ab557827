"""A tune as somebody wrote it, made fit for the store: header in order, sounds kept, words left out.

Lyrics, comments, page layout, editorial fields and remarks over the notes go; notes, chords, decorations,
dynamics, voices and MIDI sounds stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from notation.fields import unified
from rag_store.corpus import strip_comment, tidy_title
from rag_store.reading.abc_text import clean

#: Header fields that are kept, in the order they are written; K: ends the header.
KEPT = ("C", "O", "R", "M", "L", "Q", "V")
#: Fields that may stand among the music.
_IN_BODY = frozenset("KLMQV")
_FIELD = re.compile(r"^([A-Za-z]):(.*)")
_DIRECTIVE = re.compile(r"^(?:%%|I:)\s*(?:MIDI\b(?!\s*gchord)|score\b|staves\b)", re.IGNORECASE)
_STATED = re.compile(r"^%\s*(genre|mood|licen[cs]e|caption|year)\s*:\s*(.+?)\s*$", re.IGNORECASE)
#: What a chord symbol or a playing instruction looks like in quotes; other quoted text is a remark.
_CHORD = re.compile(r"[A-G][#b]?[A-Za-z0-9#b()+°ø-]{0,8}(?:/[A-G][#b]?)?")
_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-9]{2})\b")


@dataclass(frozen=True, slots=True)
class CleanTune:
    """The text of a tune and what its fields say."""

    abc: str
    title: str
    rhythm: str = ""
    year: int = 0
    stated: dict[str, str] = field(default_factory=dict)  # genre, mood, licence, caption, as comments say


def cleaned(text: str) -> CleanTune:
    """Return a tune as clean ABC, numbered X:1."""
    header: dict[str, list[str]] = {}
    stated: dict[str, str] = {}
    above: list[str] = []
    body: list[str] = []
    key = ""
    for line in unified(text).split("\n"):
        found, said = _FIELD.match(line), _STATED.match(line)
        if said:
            stated.setdefault(said[1].lower().replace("license", "licence"), said[2])
        elif key and not line.strip():
            break
        elif _DIRECTIVE.match(line):
            (body if key else above).append(line.strip())
        elif not key and found:
            key = _header(found, header) or key
        elif key and not line.startswith("%"):
            body += _music(line, found)
    title, suffix = tidy_title(clean(header.get("T", [""])[0]))
    fields = [f"{letter}:{value}" for letter in KEPT for value in header.get(letter, [])]
    abc = "\n".join(["X:1", f"T:{title}", *fields, *above, f"K:{key}", *body]) + "\n"
    dates = " ".join(header.get("B", []) + header.get("D", []) + [stated.get("year", "")])
    year = _YEAR.search(dates)
    return CleanTune(abc, title, header.get("R", [""])[0] or suffix, int(year[1]) if year else 0, stated)


def _header(found: re.Match[str], header: dict[str, list[str]]) -> str:
    """Keep a field of the header; return the key if it is K:."""
    letter, value = found[1], strip_comment(found[2]).strip()
    if letter == "K":
        return value or "none"
    if value and (letter == "V" or letter not in header):
        header.setdefault(letter, []).append(clean(value, 200) if letter in "CORT" else value)
    return ""


def _music(line: str, found: re.Match[str] | None) -> list[str]:
    """Return a line of the body as it is kept: none for a field of words, one without remarks for music."""
    if found is not None:
        return [strip_comment(line).rstrip()] if found[1] in _IN_BODY else []
    text = strip_comment(line).rstrip()
    if text.count('"') % 2 == 0 and '["' not in text:
        text = re.sub(r'"([^"]*)"', lambda quoted: quoted[0] if _CHORD.fullmatch(quoted[1]) else "", text)
    return [text] if text.strip() else []

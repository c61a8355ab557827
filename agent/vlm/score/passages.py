"""An answer line by line: which line is music, of which voice; headers, lyrics and sentences are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from agent.vlm.score.naming import Names
from agent.vlm.score.normal import weight
from agent.vlm.score.repairs import Log
from notation.check import is_prose

_INLINE = re.compile(r"\[\s*[Vv]\s*:\s*([^\]\n]{0,80})\]:?|^\s*[Vv]\s*:\s*(\S[^\n]*)")
_FIELD = re.compile(r"\s*([A-Za-z+])\s*:(?![|:])(.*)")
_BRACKETED = re.compile(r"^\s*\[([A-Z][0-9]?)\]\s")
_HEADING = re.compile(
    r"^[ #*>\u2022\d.)-]{0,8}(?:[Vv]oice|[Pp]art)?\s*([A-Za-z0-9][\w '()&-]{0,40}?)\s*\**\s*:\s*\**\s*(.*)$"
)
_TITLE = re.compile(
    r"^\s*(?:#{1,6}|\*\*|%)\s*(?:[Vv]oice\s*|[Pp]art\s*)?([A-Za-z][\w '()&-]{0,40}?)\s*\**:?\**\s*$"
)
_NUMBERED = re.compile(r"^\s*(?:bars?|measures?|m\.?)\s*\d{1,3}(?:\s*[-\u2013]\s*\d{1,3})?\s*[:.)]", re.I)
_MARKDOWN = re.compile(r"^\s*(?:[*>\u2022]+\s+|-\s+|\d{1,2}[.)]\s+(?=\[))|\*\*|^\s*`|`\s*$")
_PARAMETER = re.compile(
    r'[A-Za-z-]{2,20}\s*=\s*(?:"[^"\n]*"|\S+)|\b(?:treble|bass|alto|tenor|perc|up|down)\b[+-]?\d?'
)
_NAME = re.compile(r'\b(?:name|nm)\s*=\s*"?([^"\n]{1,60})')
_UNIT = re.compile(r"\s*1\s*/\s*(1|2|4|8|16|32)\s*$")
_INLINE_UNIT = re.compile(r"\[L:\s*([^\]\n]{0,12})\]")
_METER = re.compile(r"\s*(C\||C|\d{1,2}\s*/\s*\d{1,2}|none)\s*(%.*)?$")
_BARE = re.compile(r"[A-Ga-gzxZ0-9/,'^_=\[\]()<>{}.~\s\"#m!:-]*\d[A-Ga-gzxZ0-9/,'^_=\[\]()<>{}.~\s\"#m!:-]*$")
#: Fields whose text is words, whatever it looks like.
_WORDS = frozenset("TOZNWwsSRFPrmUuQKXI+")
_WORD = re.compile(r'"[^"|\n]*"|[A-Za-z]{0,15}[hijklmnopqrstwIJKNOQRSUVWY][A-Za-z]{0,30}')
#: Characters of a line by which it is judged.
_JUDGED = 600


@dataclass(frozen=True, slots=True)
class Passage:
    """A line of music, or a part of one, with the name that its voice goes by."""

    label: str
    text: str
    unit: Fraction  # in eighth notes


@dataclass(slots=True)
class Answer:
    """What was found in a text."""

    passages: list[Passage] = field(default_factory=list)
    called: dict[str, str] = field(default_factory=dict)  # label -> longer name in a V: field
    meter: str = ""  # as in M:, "" if none stands there
    key: str = ""


class _Lines:
    """Reads lines; remembers the voice and the unit length that hold."""

    def __init__(self, names: Names, log: Log, bracketed: bool) -> None:
        self.names, self.log, self.bracketed = names, log, bracketed
        self.found = Answer()
        self.label, self.unit = "", Fraction(1)

    def read(self, line: str) -> None:
        """Read one line."""
        if self._is_title(line):
            return
        line = _NUMBERED.sub("", _MARKDOWN.sub("", line))
        if self.bracketed:
            line = _BRACKETED.sub(r"[V:\1] ", line)
        if not line.strip():
            return
        if line.lstrip().startswith("%"):
            self.log.note("directive", "comments and directives are left out")
            return
        if not _INLINE.match(line):
            line = self._heading(self._field(line))
        self._split(line)

    def _field(self, line: str) -> str:
        """Return what is music in a line that begins as a field does."""
        match = _FIELD.match(line)
        if not match or match[1] in "Vv":
            return line
        letter, said = match[1], match[2]
        music = weight(said) >= 4 and not _is_words(said) and not _METER.match(said)
        if letter in self.names.ids and music:
            self._voice(letter)
            return said
        if letter not in _WORDS and letter not in "LM" and music:
            return said
        self._header(letter, said.strip())
        return ""

    def _header(self, letter: str, said: str) -> None:
        if letter == "L" and _UNIT.match(said):
            self._unit(said)
        elif letter == "M":
            self.found.meter = self.found.meter or said[:12]
        elif letter == "K" and not self.found.key:
            self.found.key = said.partition(" clef")[0][:24].strip()
            self.label = ""  # the header ends here: its last V: field names nobody any more
        code, what = ("lyrics", "lyrics") if letter in "wWs" else ("header", "header fields")
        self.log.note(code, f"{what} are left out: ours stand there")

    def _unit(self, said: str) -> None:
        match = _UNIT.match(said)
        unit = Fraction(8, int(match[1])) if match else self.unit
        if unit != self.unit:
            self.log.note(
                "unit", f"the lengths were written for L:{said.strip()} and are rewritten for L:1/8"
            )
        self.unit = unit

    def _is_title(self, line: str) -> bool:
        """Take a heading such as "### Melody" as the name of what follows."""
        match = _TITLE.match(line)
        if not match or not self.names.ids_for(match[1]):
            return False
        self._voice(match[1])
        return True

    def _heading(self, line: str) -> str:
        """Return the music behind a name such as "Cello (bass):", which names the voice."""
        match = _HEADING.match(line)
        if not match or not self.names.ids_for(match[1]) or not (weight(match[2]) or not match[2].strip()):
            return line
        self._voice(match[1])
        return match[2]

    def _voice(self, label: str) -> None:
        self.label = label.strip()[:40]

    def _split(self, line: str) -> None:
        """Divide a line where voices are named in it."""
        at = 0
        for match in _INLINE.finditer(line):
            self._music(line[at : match.start()], named=at > 0)
            said = match[1] if match[1] is not None else match[2]
            label = re.match(r"\"?([^\s\":;,|]{1,40})", said)
            self._voice(label[1] if label else "")
            name = _NAME.search(said)
            if name:
                self.found.called[self.label] = name[1].strip()
            at = match.end()
            if match[2] is not None:
                self._music(_PARAMETER.sub("", said[label.end() if label else 0 :]), named=True)
        self._music(line[at:], named=at > 0)

    def _music(self, text: str, *, named: bool) -> None:
        """Keep a piece of a line if it is music."""
        if not text.strip():
            return
        if _is_words(text) or not (named or "|" in text or _BARE.match(text)) or not _has_notes(text):
            self.log.note("prose", "sentences around the music are left out")
            return
        for nth, piece in enumerate(_INLINE_UNIT.split(text)):
            if nth % 2:
                self._unit(piece)
            elif piece.strip():
                self.found.passages.append(Passage(self.label, piece, self.unit))


def _has_notes(text: str) -> bool:
    """Return whether a line holds a note or rest outside its words."""
    return bool(re.search("[A-Ga-gzxZX]", _WORD.sub("", text)))


def _is_words(line: str) -> bool:
    """Return whether the beginning of a line reads like a sentence."""
    return is_prose(line[:_JUDGED])


def passages(text: str, names: Names, log: Log) -> Answer:
    """Return the lines of music of a text with the voices they are for."""
    plain = "V:" not in text and "v:" not in text
    lines = text.split("\n")
    bracketed = plain and sum(1 for line in lines if _BRACKETED.match(line)) >= 2
    reader = _Lines(names, log, bracketed)
    for line in lines:
        reader.read(line)
    return reader.found


def dealt(answer: Answer, names: Names, bars: int, log: Log) -> list[Passage]:
    """Return the passages, dealt to the voices in turn where none has a name but all add up."""
    found, count = answer.passages, len(names.ids)
    if count < 2 or any(one.label for one in found) or len(found) % count or not found:
        return found
    sizes = [len(re.findall(r"\|+", one.text.strip().lstrip("|").rstrip("|] :") + "|")) for one in found]
    if any(sum(sizes[n::count]) != bars for n in range(count)):
        return found
    log.note("voice-name", "lines without names are given to the voices in turn")
    return [Passage(names.ids[at % count], one.text, one.unit) for at, one in enumerate(found)]

r"""What can be said about an ABC text without reading its music: its fields, its voices, the tunes of a book.

Conventions
-----------
Positions are characters of the text, from 0; line ends are ``\n`` (see `unified`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

_TUNE_START = re.compile(r"^X:", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_FIELD = re.compile(r"^([A-Za-z+]):[ \t]*(.*)$")
_VOICE_SWITCH = re.compile(r"^V:[ \t]*([^\s%\]]+)([^\n%]*)|\[V:[ \t]*([^\s\]]+)([^\]\n]*)\]", re.MULTILINE)
_PROPERTY = re.compile(r"(\w+)=(\"[^\"]*\"|\S+)")
_MIDI = re.compile(r"^(?:%%|I:)[ \t]*MIDI[ \t]+(.*)$")
_FREE_METER = re.compile(
    r"^M:[ \t]*(?:none)?[ \t]*(?:%[^\n]*)?$|\[M:[ \t]*(?:none)?[ \t]*\]", re.MULTILINE | re.IGNORECASE
)


def unified(text: str) -> str:
    """Return the text with LF line ends and no byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def split(book: str) -> list[str]:
    """Split an ABC book into its tunes, in order.

    A tune runs from its ``X:`` line to the next empty line or ``X:`` line. Directives (``%%...``) above the
    first tune hold for all of them and are put in front of each. A text without any ``X:`` line is returned
    whole, as one tune, if there is anything in it.

    Returns
    -------
    list of str
        The tunes, each ending with one newline.
    """
    text = unified(book)
    starts = [match.start() for match in _TUNE_START.finditer(text)]
    if not starts:
        return [text.strip() + "\n"] if text.strip() else []
    shared = "".join(f"{line}\n" for line in text[: starts[0]].split("\n") if line.startswith("%%"))
    tunes = []
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        body = text[start:stop]
        blank = _BLANK_LINE.search(body)
        tunes.append(shared + (body[: blank.start()] if blank else body).rstrip() + "\n")
    return tunes


def extent(text: str) -> tuple[int, int]:
    """Return start and end of the first tune of a unified text: up to an empty line or the next ``X:``."""
    match = _TUNE_START.search(text)
    start = match.start() if match else len(text) - len(text.lstrip())
    following = _TUNE_START.search(text, start + 1)
    stop = following.start() if following else len(text)
    blank = _BLANK_LINE.search(text, start, stop)
    return start, blank.start() if blank else stop


@dataclass
class VoiceField:
    """What the ``V:`` fields and the MIDI directives of the header say about one voice."""

    id: str
    name: str = ""
    transpose: int | None = None
    program: int | None = None
    channel: int | None = None
    shift: int = 0  # %%MIDI transpose
    span: tuple[int, int] = (0, 0)


@dataclass
class Fields:
    """The fields of one tune and where each voice has the floor."""

    headers: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)  # position of the first field of each letter
    voices: dict[str, VoiceField] = field(default_factory=dict)
    common: VoiceField = field(default_factory=lambda: VoiceField(""))  # MIDI directives above any V:
    body: int = 0  # where the music begins
    stop: int = 0
    free_meters: list[int] = field(default_factory=list)
    _turns: list[int] = field(default_factory=list)
    _speakers: list[str] = field(default_factory=list)

    def voice_at(self, position: int) -> str:
        """Return the id of the voice whose music stands at ``position``; "" before any ``V:``."""
        index = bisect_right(self._turns, position) - 1
        return self._speakers[index] if index >= 0 else ""


def scan(text: str, start: int, stop: int) -> Fields:
    """Read the fields of the tune at ``text[start:stop]``."""
    found = Fields(stop=stop)
    _scan_header(text, start, stop, found)
    for match in _VOICE_SWITCH.finditer(text, found.body, stop):
        identity = match[1] or match[3]
        _voice(found, identity, match[2] or match[4] or "", match.span())
        found._turns.append(match.start())
        found._speakers.append(identity)
    found.free_meters = [match.start() for match in _FREE_METER.finditer(text, found.body, stop)]
    return found


def _scan_header(text: str, start: int, stop: int, found: Fields) -> None:
    """Read the fields down to ``K:``, and the MIDI directives and voices down to the first line of music."""
    position, last, speaker, below_key = start, "", "", False
    found.body = stop
    for line in text[start:stop].split("\n"):
        here, position = position, position + len(line) + 1
        midi, match = _MIDI.match(line), _FIELD.match(line)
        if midi:
            _voice_midi(found.voices.get(speaker, found.common), midi[1].split("%")[0].split())
        elif (
            match is None
            and line.strip()
            and not line.lstrip().startswith("%")
            and (below_key or last != "H")
        ):
            found.body = min(found.body, here)
            break
        elif match is not None:
            letter, value = match[1], re.sub(r"(?<!\\)%.*", "", match[2]).strip()
            if letter == "V" and value:
                speaker = value.split()[0]
                _voice(found, speaker, value[len(speaker) :], (here, position - 1))
            if below_key:
                continue
            if letter == "V" and value:
                found._turns[:], found._speakers[:] = [here], [speaker]
            if letter == "+":
                found.headers[last] = f"{found.headers.get(last, '')} {value}".strip()
                continue
            found.places.setdefault(letter, here)
            found.headers[letter] = f"{found.headers[letter]}\n{value}" if letter in found.headers else value
            last = letter
            if letter == "K":
                below_key, found.body = True, min(position, stop)


def _voice(found: Fields, identity: str, properties: str, span: tuple[int, int]) -> None:
    voice = found.voices.setdefault(identity, VoiceField(identity, span=span))
    for key, value in _PROPERTY.findall(properties):
        value = value.strip('"')
        if key in ("name", "nm"):
            voice.name = value
        elif key == "transpose" and re.fullmatch(r"[-+]?\d{1,3}", value):
            voice.transpose = int(value)


def _voice_midi(voice: VoiceField, words: list[str]) -> None:
    numbers = [int(word) for word in words[1:] if re.fullmatch(r"-?\d{1,4}", word)]
    if not words or not numbers:
        return
    if words[0] == "program":
        voice.program = numbers[-1]
        if len(numbers) > 1:
            voice.channel = numbers[0]
    elif words[0] == "channel":
        voice.channel = numbers[0]
    elif words[0] == "transpose":
        voice.shift = numbers[0]

"""ABC text to `Tune`: read by abcjs, placed in exact time by us.

Where abcjs and the ABC 2.1 standard differ we follow the standard: a quintuplet in a compound meter takes
three, uneven tuplets keep their ratio, bar rests follow the meter in force. No ``M:`` is free meter and
eighth notes, no ``Q:`` is 120 quarter notes per minute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from chiaroscore import NotationError
from notation.engine import call
from notation.fields import Fields, extent, scan, unified
from notation.limits import MAX_ELEMENTS, guard
from notation.perform import perform
from notation.staff import Sources
from notation.tempo import bar_length, meter_change, tempo_change
from notation.tune import KeyChange, MeterChange, Performance, TempoChange, Tune, Voice
from notation.voices import read_voices

_ZERO = Fraction(0)
_NO_KEY = KeyChange(_ZERO, "", "none")
_NOT_PLAYED = Performance((), (), (), _ZERO)
#: What `L:` may say.
UNIT_LENGTH = re.compile(r"^\s*([1-9]\d{0,2})\s*(?:/\s*([1-9]\d{0,3}))?\s*$")
_REMEMBERED_SIZE = 20_000
#: Characters outside the basic plane take two places in JavaScript; they cross over as private-use
#: characters.
_PRIVATE = 0xE000
_PRIVATE_COUNT = 6400


@dataclass(frozen=True, slots=True)
class Reading:
    """A tune as written (its performance is empty), with what `check` wants to know besides."""

    tune: Tune
    fields: Fields
    text: str
    start: int
    stop: int
    drummap: dict[str, int]
    unmapped: tuple[tuple[str, int, int], ...]  # (voice, position, key) of percussion notes that no map names


def parse(abc: str) -> Tune:
    r"""Read the first tune of an ABC text.

    Parameters
    ----------
    abc : str
        One tune in ABC notation. Further tunes are not read (see `split`); text above ``X:`` is ignored.

    Returns
    -------
    Tune
        With ``abc`` the text read, line ends made ``\n``; all spans are positions in it.

    Raises
    ------
    NotationError
        If the text is empty, is not ABC at all (no ``X:``, no ``K:``), or is beyond the limits of
        `notation.limits`.
    MissingPartError
        If abcjs or mini-racer is not installed.

    Examples
    --------
    >>> tune = parse("X:1\nL:1/4\nM:4/4\nK:D\nD F A d|")
    >>> [note.spelled for note in tune.voices[0].notes]
    ['D4', 'F#4', 'A4', 'D5']
    """
    written = reading(abc).tune
    return _remembered_playing(written.abc) if len(written.abc) <= _REMEMBERED_SIZE else _played(written)


@lru_cache(maxsize=16)
def _remembered_playing(text: str) -> Tune:
    return _played(reading(text).tune)


def _played(written: Tune) -> Tune:
    return replace(written, performance=perform(written.voices, written.tempi))


def reading(abc: str) -> Reading:
    """Return the tune as written and how it was read; the last few texts are remembered."""
    guard(abc)
    text = unified(abc)
    return _remembered(text) if len(text) <= _REMEMBERED_SIZE else _reading(text)


@lru_cache(maxsize=16)
def _remembered(text: str) -> Reading:
    return _reading(text)


def _reading(text: str) -> Reading:
    start, stop = extent(text)
    fields = scan(text, start, stop)
    if "X" not in fields.headers and "K" not in fields.headers:
        raise NotationError(
            f"this is not ABC notation: no X: and no K: field in {_shown(text)!r}; "
            "a tune begins with X:1 and has K: before its notes"
        )
    found = _found(text[:stop])
    sources = Sources(text, fields, found["drummap"], found["percmap"])
    voices, tempi = read_voices(found["lines"], sources)
    tune = _tune(text, fields, found, voices, tempi)
    return Reading(tune, fields, text, start, stop, sources.drummap, tuple(sources.unmapped))


def _shown(text: str) -> str:
    line = text.strip().split("\n")[0]
    return line if len(line) <= 60 else line[:57] + "..."


def _found(text: str) -> dict[str, Any]:
    """Return what abcjs finds, with positions in Python characters."""
    if text.isascii() or max(text) <= "\uffff":
        return _called(text)
    wide = sorted({ord(character) for character in text if ord(character) > 0xFFFF})
    if len(wide) > _PRIVATE_COUNT:
        raise NotationError(f"the text has {len(wide)} different characters beyond U+FFFF; it is not ABC")
    there = {character: _PRIVATE + index for index, character in enumerate(wide)}
    back = {place: character for character, place in there.items()}
    return dict(_translated(_called(text.translate(there)), back))


def _called(text: str) -> dict[str, Any]:
    found = dict(call("chiaroscoreRead", text, MAX_ELEMENTS))
    if "count" in found:
        raise NotationError(
            f"the tune has {found['count']:,} notes, rests and bars, the limit is {MAX_ELEMENTS:,}; split it"
        )
    return found


def _translated(value: Any, table: dict[int, int]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, list):
        return [_translated(item, table) for item in value]
    if isinstance(value, dict):
        return {key: _translated(item, table) for key, item in value.items()}
    return value


def _tune(
    text: str, fields: Fields, found: dict[str, Any], voices: list[Voice], tempi: list[TempoChange]
) -> Tune:
    headers = fields.headers
    tempo = tempo_change(_ZERO, headers.get("Q", "").split("\n")[0], found["tempo"])
    changes = _in_order(tempo, tempi)
    first = voices[0] if voices else Voice("1")
    meter = first.meters[0] if first.meters else meter_change(_ZERO, None)
    return Tune(
        abc=text,
        headers=dict(headers),
        title=found["title"] or headers.get("T", "").split("\n")[0],
        composer=found["composer"] or headers.get("C", ""),
        unit=_unit(headers, meter),
        meter=meter,
        key=first.keys[0] if first.keys else _NO_KEY,
        tempo=changes[0],
        voices=tuple(voices),
        tempi=tuple(changes),
        performance=_NOT_PLAYED,
        warnings=tuple(found["warnings"]),
    )


def _unit(headers: dict[str, str], meter: MeterChange) -> Fraction:
    match = UNIT_LENGTH.match(headers.get("L", "").split("\n")[0])
    if match:
        return Fraction(4 * int(match[1]), int(match[2] or 1))
    length = bar_length(meter.numerator, meter.denominator)
    return Fraction(1, 4) if meter.denominator and length < 3 else Fraction(1, 2)


def _in_order(first: TempoChange, others: list[TempoChange]) -> list[TempoChange]:
    """Tempo changes by onset; of several at one time the first voice's holds, and it beats the header's."""
    chosen: dict[Fraction, TempoChange] = {}
    for tempo in sorted(others, key=lambda change: change.onset):
        chosen.setdefault(tempo.onset, tempo)
    chosen.setdefault(_ZERO, first)
    return [chosen[onset] for onset in sorted(chosen)]

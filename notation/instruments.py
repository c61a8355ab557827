"""The 128 General MIDI instruments and the drum kit: names, sounding ranges, clefs, and what each does well.

Conventions
-----------
Pitches are MIDI numbers as they sound (middle C = 60); programs count from 0. The table is
``notation/data/instruments.json``, with its sources.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from chiaroscore import ControlError

#: Name of the one instrument that is played on MIDI channel 10.
DRUM_KIT = "Drum Kit"
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument: ``low`` to ``high`` is playable, the comfortable register is the one to write in."""

    name: str
    program: int  # General MIDI, from 0; 0 and without meaning for the drum kit
    family: str
    low: int
    high: int
    comfortable_low: int
    comfortable_high: int
    clef: str  # "treble", "bass", "alto"; "perc" for the drum kit
    polyphonic: bool
    sustains: bool  # holds a note at its loudness (bowed, blown), against plucked and struck
    roles: tuple[str, ...]  # of prompts.ROLES; empty for noises
    aliases: tuple[str, ...] = ()

    @property
    def percussion(self) -> bool:
        """Whether it is played on channel 10, where pitches are drums."""
        return self.family == "percussion"


def instrument(name_or_program: str | int) -> Instrument:
    """Return the instrument of a name, alias, plural, unambiguous beginning of a name, or program number.

    Raises
    ------
    ControlError
        If nothing has that name, or several begin with it; the message names the nearest ones.

    Examples
    --------
    >>> instrument("cellos").name, instrument(73).name, instrument("vibra").name
    ('Cello', 'Flute', 'Vibraphone')
    """
    if isinstance(name_or_program, int) and not isinstance(name_or_program, bool):
        return _by_program(name_or_program)
    if not isinstance(name_or_program, str):
        raise ControlError(
            f"instrument {name_or_program!r} is neither a name nor a number; give a name such as 'Flute'"
        )
    return _by_name(name_or_program)


def instruments(family: str | None = None) -> tuple[Instrument, ...]:
    """Return all instruments, or those of a family or group ("strings", "woodwind", "synth pad").

    Raises
    ------
    ControlError
        If there is no such family.
    """
    if family is None:
        return _table()
    if _plain(family) in ("percussion", "drum", "drums"):
        return tuple(i for i in _table() if i.percussion)
    return tuple(_by_program(program) for program in _group(family)["programs"])


def ensemble(family: str) -> tuple[Instrument, ...]:
    """Return the few instruments that stand for a family when somebody asks for "strings" or "brass".

    Raises
    ------
    ControlError
        If there is no such family, or it has no pitched members.
    """
    typical = _group(family)["typical"]
    if not typical:
        raise ControlError(f"family {family!r} has only noises in it; choose one of {', '.join(families())}")
    return tuple(_by_program(program) for program in typical)


def families() -> tuple[str, ...]:
    """Return the names of families and groups, in the order of the table."""
    return tuple(_data()["groups"])


@functools.cache
def _data() -> dict[str, Any]:
    text = resources.files("notation").joinpath("data/instruments.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@functools.cache
def _table() -> tuple[Instrument, ...]:
    rows = _data()["instruments"]
    return tuple(
        Instrument(**{**row, "roles": tuple(row["roles"]), "aliases": tuple(row["aliases"])}) for row in rows
    )


@functools.cache
def _names() -> dict[str, Instrument]:
    """Plain form of every name and alias; a full name wins over another's alias."""
    aliases = {_plain(alias): one for one in _table() for alias in one.aliases}
    return aliases | {_plain(one.name): one for one in _table()}


def _plain(name: str) -> str:
    """Lower case, words divided by one space, no punctuation."""
    return re.sub(r"[^\w]+", " ", name.lower()).strip()


def _by_program(program: int) -> Instrument:
    if not 0 <= program <= 127:
        raise ControlError(
            f"instrument program {program} is outside General MIDI; give 0 (piano) to 127, or a name"
        )
    return _table()[program]


def _by_name(name: str) -> Instrument:
    wanted = _plain(name)
    for form in (wanted, wanted.removesuffix("s"), wanted.removesuffix("es")):
        if form and form in _names():
            return _names()[form]
    starting = {one.name: one for plain, one in _names().items() if wanted and plain.startswith(wanted)}
    if len(starting) == 1:
        return next(iter(starting.values()))
    shown = name[:_LONGEST_NAME]
    if starting:
        listed = ", ".join(sorted(starting)[:6])
        raise ControlError(f"instrument {shown!r} may be {listed}; write one of them out")
    raise ControlError(f"instrument {shown!r} is not in General MIDI; nearest: {_nearest(wanted)}")


def _nearest(wanted: str) -> str:
    close = difflib.get_close_matches(wanted[:_LONGEST_NAME], list(_names()), n=5, cutoff=0.0)
    return ", ".join(dict.fromkeys(_names()[plain].name for plain in close))


def _group(family: str) -> dict[str, list[int]]:
    groups: dict[str, dict[str, list[int]]] = _data()["groups"]
    wanted = _plain(family)
    for form in (wanted, wanted.removesuffix("s"), wanted + "s", wanted.removesuffix("es")):
        if form in groups:
            return groups[form]
    near = difflib.get_close_matches(wanted[:_LONGEST_NAME], list(groups), n=3, cutoff=0.0)
    raise ControlError(f"instrument family {family[:_LONGEST_NAME]!r} is unknown; nearest: {', '.join(near)}")

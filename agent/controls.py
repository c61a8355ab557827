"""What a user may ask of the music, read and checked before any work starts.

Conventions
-----------
Every field may be None, which leaves the choice to the picture. A tempo number is quarter notes per minute; a
tempo word counts in the beats of the meter. Durations are seconds.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from agent.genres import Genre
from agent.genres import genre as find_genre
from agent.keys import Key, parse_key
from agent.moods import Mood
from agent.moods import mood as find_mood
from agent.tempo import METERS, bar_quarters, parse_tempo_word
from chiaroscore import ControlError
from notation import Instrument, ensemble, families, instrument

TEMPO = (20.0, 300.0)
BARS = (4, 128)
DURATION = (4.0, 600.0)
MOST_INSTRUMENTS = 8
#: Difference of tempo that listeners do not notice: Drake and Botte, Perception & Psychophysics 54 (1993)
#: 277-286, find 2 percent for trained listeners at best; ordinary listening is taken to be half as keen.
TEMPO_JND = 0.04

_METER_WORDS = {
    "c": "4/4",
    "c|": "2/2",
    "common": "4/4",
    "cut": "2/2",
    "common time": "4/4",
    "cut time": "2/2",
}


@dataclass(frozen=True, slots=True)
class Controls:
    """Checked requests; make them with `Controls.parse`."""

    tempo: float | str | None = None  # qpm, or a canonical word such as "Andante"
    key: Key | None = None
    meter: str | None = None
    bars: int | None = None
    duration: float | None = None
    genre: Genre | None = None
    mood: Mood | None = None
    instruments: tuple[Instrument, ...] = ()
    seed: int | None = None

    @classmethod
    def parse(
        cls,
        *,
        tempo: float | str | None = None,
        key: str | Key | None = None,
        meter: str | None = None,
        bars: int | None = None,
        duration: float | None = None,
        genre: str | Genre | None = None,
        mood: str | Mood | None = None,
        instruments: str | Iterable[str | int | Instrument] | None = None,
        seed: int | None = None,
    ) -> Controls:
        """Read and check requests as a user writes them.

        Parameters
        ----------
        tempo
            Quarter notes per minute, 20 to 300, or an Italian word.
        key
            ``"D dorian"``, ``"Bb"``, ``"F#m"``.
        meter
            One of `agent.tempo.METERS`.
        bars, duration
            Length in bars (4 to 128) or seconds (4 to 600); both only if they agree.
        genre, mood
            A name of the genre table; one of the twelve moods or a synonym.
        instruments
            Names, families ("strings") or General MIDI programs, at most 8; a text is split at commas.
        seed
            Not negative.

        Raises
        ------
        ControlError
            If a request is unknown, out of range, or two of them exclude each other.

        Examples
        --------
        >>> Controls.parse(tempo="andante", key="dm", instruments="cello, harp").key.name
        'D minor'
        """
        controls = cls(
            tempo=None if tempo is None else _tempo(tempo),
            key=None if key is None else parse_key(key),
            meter=None if meter is None else _meter(meter),
            bars=None if bars is None else _whole("bars", bars, *BARS),
            duration=None if duration is None else _number("duration", duration, *DURATION, "seconds"),
            genre=None if genre is None else find_genre(genre),
            mood=None if mood is None else find_mood(mood),
            instruments=() if instruments is None else _instruments(instruments),
            seed=None if seed is None else _whole("seed", seed, 0, 2**63 - 1),
        )
        _check_length(controls)
        return controls

    def asked(self) -> dict[str, Any]:
        """Return the requests as plain values; `Controls.parse` of them gives the same controls again."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or value == ():
                continue
            if field.name == "instruments":
                value = [one.name for one in value]
            plain[field.name] = value.name if isinstance(value, Key | Genre | Mood) else value
        return plain


def _tempo(value: object) -> float | str:
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?", text):
            return parse_tempo_word(text)
    return _number("tempo", value, *TEMPO, "quarter notes per minute")


def _meter(value: object) -> str:
    plain = re.sub(r"\s*/\s*", "/", str(value).strip().lower()[:20]) if isinstance(value, str) else ""
    found = _METER_WORDS.get(plain, plain)
    if found not in METERS:
        raise ControlError(f"meter {_shown(value)} is not one we write; choose one of {', '.join(METERS)}")
    return found


def _number(name: str, value: object, low: float, high: float, unit: str) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, str | numbers.Real):
            raise ValueError
        number = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise ControlError(
            f"{name} {_shown(value)} is not a number; give {low:g} to {high:g} {unit}"
        ) from None
    if not (math.isfinite(number) and low <= number <= high):
        raise ControlError(f"{name} {_shown(value)} is out of range; give {low:g} to {high:g} {unit}")
    return number


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d{1,20}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ControlError(f"{name} {_shown(value)} is not a whole number; give {low} to {high}")
    number = int(value)
    if not low <= number <= high:
        raise ControlError(f"{name} {_shown(value)} is out of range; give {low} to {high}")
    return number


def _instruments(value: object) -> tuple[Instrument, ...]:
    if isinstance(value, str):
        value = value[:1000].split(",")
    if not isinstance(value, Iterable) or isinstance(value, bytes | dict):
        raise ControlError(f"instruments {_shown(value)} is no list of names; give for example cello, harp")
    found: list[Instrument] = []
    for position, item in enumerate(value):
        if position >= MOST_INSTRUMENTS:
            raise ControlError(
                f"more than {MOST_INSTRUMENTS} instruments were asked for; name at most {MOST_INSTRUMENTS}"
            )
        found.extend(one for one in _players(item) if one not in found)
    if not found:
        raise ControlError("instruments is an empty list; name at least one, or leave it out")
    if len(found) > MOST_INSTRUMENTS:
        raise ControlError(f"{len(found)} instruments were asked for; name at most {MOST_INSTRUMENTS}")
    _check_playable(found)
    return tuple(found)


def _players(item: object) -> tuple[Instrument, ...]:
    """Players of one request: a family stands for its few typical members, anything else for itself."""
    if isinstance(item, Instrument):
        return (item,)
    if isinstance(item, str):
        plain = " ".join(item.lower().split())
        if plain == "pad":
            return (instrument("Warm Pad"),)
        single = plain in ("piano", "organ", "guitar", "bass", "choir", "percussion")
        if not single and plain.removesuffix("s") in {name.removesuffix("s") for name in families()}:
            return ensemble(plain)
    if isinstance(item, str | int):
        return (instrument(item),)
    raise ControlError(
        f"instrument {_shown(item)} is neither a name nor a number; give a name such as 'Flute'"
    )


def _check_playable(found: list[Instrument]) -> None:
    noises = [one.name for one in found if not one.roles]
    if noises:
        raise ControlError(
            f"instrument {noises[0]!r} is a noise and has no part to play; choose a pitched one"
        )
    if all(one.percussion for one in found):
        raise ControlError("instruments has only drums; add one that plays a melody, such as 'Flute'")


def _check_length(controls: Controls) -> None:
    """Bars and duration together fix the tempo: refuse them where it is impossible or not the one asked."""
    if controls.bars is None or controls.duration is None:
        return
    asked = controls.tempo if isinstance(controls.tempo, float) else None
    meters = METERS if controls.meter is None else (controls.meter,)
    needed = [controls.bars * bar_quarters(meter) * 60 / controls.duration for meter in meters]
    if asked is not None and all(abs(qpm / asked - 1) > TEMPO_JND for qpm in needed):
        raise ControlError(
            f"bars {controls.bars}, duration {controls.duration:g} s and tempo {asked:g} exclude each other "
            f"(that length needs a tempo of {min(needed):.0f}{_upto(needed)}); leave one of them out"
        )
    if all(not TEMPO[0] <= qpm <= TEMPO[1] for qpm in needed):
        raise ControlError(
            f"{controls.bars} bars in {controls.duration:g} s would need a tempo of {min(needed):.0f}"
            f"{_upto(needed)}, outside {TEMPO[0]:g} to {TEMPO[1]:g}; leave out bars or duration"
        )


def _upto(needed: list[float]) -> str:
    return f" to {max(needed):.0f}" if len(needed) > 1 else ""


def _shown(value: object) -> str:
    """Value as it was given, short; a number of thousands of digits would itself be an error to print."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"of {value.bit_length()} bits"
    return repr(value[:40] if isinstance(value, str) else value)[:60]

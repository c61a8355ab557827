"""What a user may ask of the music, read and checked before any work starts.

Conventions
-----------
Every field may be None, which leaves the choice to the picture. A tempo number is quarter notes per minute; a
tempo word counts in the beats of the meter. Durations are seconds; valence and arousal lie in [-1, 1].
Whether a finished score meets the requests is measured by `agent.obeyed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from agent import conflicts
from agent.density import Density, parse_density
from agent.ensemble import MOST_INSTRUMENTS, parse_instruments
from agent.forms import Form, parse_form
from agent.genres import Genre
from agent.genres import genre as find_genre
from agent.keys import Key, parse_key
from agent.lengths import BARS, DURATION, TEMPO, TEMPO_JND
from agent.moods import Mood
from agent.moods import mood as find_mood
from agent.register import Register, parse_register
from agent.tempo import METERS, parse_tempo_word
from agent.values import number, shown, whole
from chiaroscore import ControlError
from notation import Instrument

__all__ = ["BARS", "DURATION", "MOST_INSTRUMENTS", "TEMPO", "TEMPO_JND", "Controls"]

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
    valence: float | None = None
    arousal: float | None = None
    instruments: tuple[Instrument, ...] = ()
    density: Density | None = None
    register: Register | None = None
    form: Form | None = None
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
        valence: float | None = None,
        arousal: float | None = None,
        instruments: str | Iterable[str | int | Instrument] | None = None,
        density: float | str | Density | None = None,
        register: int | str | Register | None = None,
        form: str | Form | None = None,
        seed: int | None = None,
    ) -> Controls:
        """Read and check requests as a user writes them; a number may be a text.

        Parameters
        ----------
        tempo
            Quarter notes per minute, 20 to 300, or an Italian word.
        key
            ``"D dorian"``, ``"Bb"``, ``"F#m"``: any tonic and mode that at most seven sharps or flats write.
        meter
            One of `agent.tempo.METERS`. A genre is bent to a meter it does not have.
        bars, duration
            Length in bars (4 to 128) or seconds (4 to 600); both only if they agree.
        genre, mood
            A name of the genre table; one of the twelve moods or a synonym.
        valence, arousal
            -1 to 1, alone or together. Beside a mood they must lie within `conflicts.MOOD_REACH` of its own.
        instruments
            Names, families ("strings") or General MIDI programs, at most 8; a text is split at commas.
        density
            "sparse", "medium", "dense", or notes a second (`agent.density`).
        register
            "low", "middle", "high", or a note name or MIDI number for the middle of the melody.
        form
            Letters or a name, with "intro" before and "coda" after (`agent.forms`).
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
            bars=None if bars is None else whole("bars", bars, *BARS),
            duration=None if duration is None else number("duration", duration, *DURATION, "seconds"),
            genre=None if genre is None else find_genre(genre),
            mood=None if mood is None else find_mood(mood),
            valence=None if valence is None else number("valence", valence, -1, 1),
            arousal=None if arousal is None else number("arousal", arousal, -1, 1),
            instruments=() if instruments is None else parse_instruments(instruments),
            density=None if density is None else parse_density(density),
            register=None if register is None else parse_register(register),
            form=None if form is None else _form(form),
            seed=None if seed is None else whole("seed", seed, 0, 2**63 - 1),
        )
        conflicts.check(controls)
        return controls

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Controls:
        """Return the controls of a manifest's ``request``; entries that are no controls are passed over.

        Raises
        ------
        ControlError
            As `parse`.
        """
        names = {field.name for field in fields(cls)}
        return cls.parse(**{name: value for name, value in record.items() if name in names})

    def asked(self) -> dict[str, Any]:
        """Return the requests as plain values; `Controls.parse` of them gives the same controls again."""
        found = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None and value != []}


def _plain(value: Any) -> Any:
    """Return a request as JSON holds it: names for what has one."""
    if isinstance(value, tuple):
        return [one.name for one in value]
    if isinstance(value, Density | Register):
        return value.asked
    return value.name if isinstance(value, Key | Genre | Mood | Form) else value


def _tempo(value: object) -> float | str:
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?", text):
            return parse_tempo_word(text)
    return number("tempo", value, *TEMPO, "quarter notes per minute")


def _meter(value: object) -> str:
    plain = re.sub(r"\s*/\s*", "/", str(value).strip().lower()[:20]) if isinstance(value, str) else ""
    found = _METER_WORDS.get(plain, plain)
    if found not in METERS:
        raise ControlError(f"meter {shown(value)} is not one we write; choose one of {', '.join(METERS)}")
    return found


def _form(value: object) -> Form:
    if isinstance(value, Form):
        return value
    if not isinstance(value, str):
        raise ControlError(
            f"form {shown(value)} is not a text; write letters such as AABA, or a name such as rondo"
        )
    return parse_form(value)

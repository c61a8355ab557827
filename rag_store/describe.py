"""From a tune to an `Exemplar`: key, tempo, density, range, genre, mood, each by a rule that can be read.

The rules and their sources are in ``data/genres.json``, ``data/moods.json`` and ``data/keys.json``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import NotationError
from notation import Tune, events
from rag_store.caption import caption
from rag_store.corpus import RawTune, sources
from rag_store.exemplar import Exemplar
from rag_store.keys import Key, judge, pitch_class, signature
from rag_store.traits import instruments_of
from rag_store.words import genre_names, genre_table, matches, mood_names, mood_table, tempo_class

#: A melody this wide (an octave and a fourth) takes the first mood of its cell of the plane.
WIDE = 17
#: Arousal is neutral at this tempo and this many onsets a second: between the calm and the stirred halves of
#: emotion-labelled pieces (4.0 and 6.3 onsets a second in EMOPIA's 1,078; 99 and 132 qpm in VGMIDI's 204).
NEUTRAL_TEMPO, NEUTRAL_RATE = 112.0, 5.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the notes alone say."""

    key: Key
    tempo: float  # nan where the tune names none
    density: float
    onset_rate: float  # distinct onsets per quarter note
    low: int
    high: int
    melody_range: int  # semitones, first voice
    voices: int
    bars: int


def describe(tune: Tune, raw: RawTune) -> tuple[Exemplar, float]:
    """Return the exemplar of a tune, analysed and captioned, and the share of its notes that fit its key.

    Raises
    ------
    NotationError
        If the tune has no notes, no key, or states a genre or mood that is not in the tables.
    """
    measured = measure(tune, trust=raw.source == "chiaroscore")
    genre = find_genre(raw, meter_of(tune), measured.tempo)
    felt = feel_of(tune, measured, genre)
    mood = find_mood(raw, genre, *felt, measured.melody_range)
    entry = sources()[raw.source]
    known = {
        "id": raw.id, "abc": raw.abc, "title": raw.title, "genre": genre, "mood": mood,
        "source": entry["title"], "licence": raw.stated.get("licence", entry["licence"]),
        "year": entry.get("year", 0),
    }  # fmt: skip
    values = values_of(tune, measured, known)
    names = [voice.name for voice in tune.voices if voice.notes and voice.name]
    text = caption(values, measured.melody_range, onset_rate(values, measured), names, entry["place"])
    return Exemplar(**values, caption=text), measured.key.fit


def values_of(tune: Tune, measured: Measured, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an `Exemplar` but its caption: those known, and those that the notes give.

    ``known`` has id, abc, title, genre, mood, source, licence and year.
    """
    tempo = tempo_in(tune, measured, known["genre"])
    valence, arousal = feel(measured.key.mode, tempo, measured.onset_rate)
    return dict(known) | {
        "tonic": measured.key.tonic, "mode": measured.key.mode, "meter": meter_of(tune),
        "tempo": round(tempo, 2), "tempo_class": tempo_class(tempo), "density": round(measured.density, 3),
        "low": measured.low, "high": measured.high, "voices": measured.voices, "bars": measured.bars,
        "valence": round(valence, 3), "arousal": round(arousal, 3), "instruments": instruments_of(tune),
    }  # fmt: skip


def meter_of(tune: Tune) -> str:
    """Return the first meter, "6/8"."""
    return f"{tune.meter.numerator}/{tune.meter.denominator}"


def tempo_in(tune: Tune, measured: Measured, genre: str) -> float:
    """Return the tempo that the tune names, else its genre's, in quarter notes a minute."""
    return default_tempo(genre, meter_of(tune)) if math.isnan(measured.tempo) else measured.tempo


def feel_of(tune: Tune, measured: Measured, genre: str) -> tuple[float, float]:
    """Return estimated ``(valence, arousal)`` of a tune taken for a piece of a genre."""
    return feel(measured.key.mode, tempo_in(tune, measured, genre), measured.onset_rate)


def onset_rate(values: Mapping[str, Any], measured: Measured) -> float:
    """Return distinct onsets a second."""
    return measured.onset_rate * float(values["tempo"]) / 60.0


def measure(tune: Tune, *, trust: bool = False) -> Measured:
    """Return what the notes say; ``trust`` takes K: as it is written, without the cross-check.

    Raises
    ------
    NotationError
        If there are no pitched notes or no key.
    """
    rows = events(tune)
    pitched = rows[~rows["drum"]]
    if not len(pitched) or tune.key.mode == "none" or not tune.key.tonic:
        raise NotationError(f"tune {tune.title!r} has no pitched notes or no key; an exemplar needs both")
    melody = pitched[pitched["voice"] == pitched["voice"].min()]
    length = float(tune.performance.duration)
    named = "Q" in tune.headers and any(char.isdigit() for char in tune.headers["Q"])
    return Measured(
        key=_key(tune, pitched, trust),
        tempo=float(tune.tempo.qpm) if named else math.nan,
        density=len(rows) / length,
        onset_rate=len(np.unique(rows["onset"].round(3))) / length,
        low=int(pitched["pitch"].min()),
        high=int(pitched["pitch"].max()),
        melody_range=int(melody["pitch"].max() - melody["pitch"].min()),
        voices=sum(1 for voice in tune.voices if voice.notes),
        bars=_bars(tune),
    )


def find_genre(raw: RawTune, meter: str, tempo: float) -> str:
    """Return the genre: stated, R:, title, chapter of the book, meter; a dance too slow to dance is an air.

    Raises
    ------
    NotationError
        If the file states an unknown genre.
    """
    table, stated = genre_table(), raw.stated.get("genre")
    if stated is not None:
        return known_word(stated, genre_names(), "genre", raw.id)
    found = _genre_by_words(raw) or _genre_by_chapter(raw) or table["meters"].get(meter, "air")
    return danced(str(found), meter, tempo)


def danced(genre: str, meter: str, tempo: float) -> str:
    """Return the genre, or what a dance too slow to dance is: an air, a pastorale in compound time."""
    if tempo < genre_table()["slow_below"].get(genre, 0.0):
        return "pastorale" if meter in ("6/8", "9/8", "12/8") else "air"
    return genre


def default_tempo(genre: str, meter: str) -> float:
    """Return the tempo of a genre in quarter notes a minute; half of it for reels, jigs, hornpipes in 2/4."""
    tempo = float(genre_table()["genres"][genre]["tempo"])
    return tempo / 2 if meter == "2/4" and genre in genre_table()["halved_in_2/4"] else tempo


def feel(mode: str, tempo: float, onset_rate: float) -> tuple[float, float]:
    """Return estimated ``(valence, arousal)`` in [-1, 1].

    Valence is the mode's (Temperley & Tan 2013), lifted or lowered a little by tempo; arousal is tempo and
    onsets per second, each on a logarithmic scale around a neutral value, in equal parts (Eerola, Friberg &
    Bresin 2013).
    """
    speed = math.log2(tempo / NEUTRAL_TEMPO)
    rate = math.log2(max(onset_rate * tempo / 60.0, 0.1) / NEUTRAL_RATE)
    valence = mood_table()["mode_valence"].get(mode, 0.0) + 0.2 * _clip(speed)
    return _clip(valence), _clip(0.5 * _clip(speed) + 0.5 * _clip(rate))


def find_mood(raw: RawTune, genre: str, valence: float, arousal: float, melody_range: int) -> str:
    """Return the mood: stated, title, genre and mode, or the corner of the valence-arousal plane.

    Raises
    ------
    NotationError
        If the file states an unknown mood.
    """
    stated = raw.stated.get("mood")
    if stated is not None:
        return known_word(stated, mood_names(), "mood", raw.id)
    return mood_of(raw.title, genre, valence, arousal, melody_range)


def mood_of(title: str, genre: str, valence: float, arousal: float, melody_range: int) -> str:
    """Return the mood by title, genre and mode, or the corner of the valence-arousal plane."""
    table = mood_table()
    for pattern, mood in table["titles"]:
        if matches(pattern, title) and (arousal < 0.35 or mood not in table["calming_titles"]):
            return str(mood)
    light = "bright" if valence >= 0 else "dark"
    if genre in table["genre_mode"]:
        return str(table["genre_mode"][genre][light])
    cell = next(c for c in table["plane"] if c["valence"] == light and arousal >= c["arousal_from"])
    return str(cell["moods"][0 if melody_range >= WIDE else 1])


def _key(tune: Tune, pitched: NDArray[Any], trust: bool) -> Key:
    tonic, mode = tune.key.tonic, tune.key.mode
    weights = np.zeros(12)
    np.add.at(weights, pitched["pitch"] % 12, pitched["duration"])
    ends = pitched["onset"] + pitched["duration"]
    final = int(pitched["pitch"][ends >= ends.max() - 1e-6].min()) % 12
    judged = judge(weights, signature(tonic, mode), mode, final)
    return (
        Key(tonic, mode, judged.fit) if trust or pitch_class(judged.tonic) == pitch_class(tonic) else judged
    )


def _bars(tune: Tune) -> int:
    """Written bars of the first voice, a pickup and the short bar that completes it counting as one."""
    meter = tune.meter
    length = meter.numerator * 4 / meter.denominator if meter.denominator else 4.0
    return round(float(tune.voices[0].duration) / length)


def genre_of_rhythm(rhythm: str) -> str | None:
    """Return the genre that an R: field names."""
    table, word = genre_table(), rhythm.strip(" .").lower()
    return word if word in table["genres"] else table["rhythms"].get(word)


def _genre_by_words(raw: RawTune) -> str | None:
    table = genre_table()
    return genre_of_rhythm(raw.rhythm) or next(
        (str(genre) for pattern, genre in table["titles"] if matches(pattern, raw.title)), None
    )


def _genre_by_chapter(raw: RawTune) -> str | None:
    entry = sources()[raw.source]
    for first, last, genre in entry.get("chapters", []):
        if first <= raw.number <= last:
            return str(genre)
    return entry["genre"] or None


def known_word(word: str, names: tuple[str, ...], what: str, tune: str) -> str:
    """Return a genre or mood that a file states.

    Raises
    ------
    NotationError
        If it is in no table.
    """
    if word not in names:
        raise NotationError(
            f"{tune} states the {what} {word!r}, which is not known; use one of: {', '.join(names)}"
        )
    return word


def _clip(x: float) -> float:
    return max(-1.0, min(1.0, x))

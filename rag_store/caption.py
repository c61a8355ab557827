"""One or two English sentences about an exemplar, from its attributes: the text that is searched.

The wording varies, so that different ways of asking find it, but it is fixed by the exemplar's id: same
exemplar, same caption.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from rag_store.words import genre_table, mood_table

_TEMPO = {
    "slow": ("slow", "unhurried", "slow"),
    "moderate": ("moderate", "walking-pace", "medium-tempo"),
    "fast": ("fast", "lively", "quick"),
    "very fast": ("very fast", "fast and lively", "rapid"),
}
_COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def caption(
    values: Mapping[str, Any], melody_range: int, rate: float, names: Sequence[str], place: str
) -> str:
    """Return the caption.

    Parameters
    ----------
    values : mapping
        The fields of an `Exemplar` but the caption.
    melody_range : int
        Semitones from the lowest to the highest note of the first voice.
    rate : float
        Note onsets a second: many short notes at a middling tempo sound fast.
    names : sequence of str
        Names of the sounding voices ("Flute", "Harp").
    place : str
        Where the source is from ("Irish"), or "".
    """
    pick = int.from_bytes(hashlib.sha256(values["id"].encode()).digest()[:4], "big")
    mood = mood_table()["moods"][values["mood"]]
    say, also = mood["say"][pick % len(mood["say"])], mood["also"][pick // 7 % len(mood["also"])]
    genre = genre_table()["genres"][values["genre"]]
    kind = f"{place} {genre['kind']}".strip()
    words = {
        "tempo": _speed(values["tempo_class"], rate)[pick // 3 % 3],
        "mood": say if say == values["mood"] else f"{say}, {values['mood']}",
        "also": also,
        "noun": genre["say"][pick // 5 % len(genre["say"])],
        "kind": kind[:1].upper() + kind[1:],
        "key": f"{values['tonic']} {values['mode']}",
        "meter": f"{values['meter']} {_beat(values['meter'])}".strip(),
        "voices": _voices(values["voices"], names),
        "texture": f"{_range(melody_range)} range, {_motion(values['density'], values['voices'])}",
        "title": values["title"],
    }
    return _TEMPLATES[pick // 11 % len(_TEMPLATES)].format(**words).replace("  ", " ")


_TEMPLATES = (
    "A {tempo}, {mood} {noun} in {key}, {meter}, for {voices}; {also}, {texture}. {kind}: “{title}”.",
    "“{title}”: {also} and {mood} {noun}, {tempo}, in {key}. {kind} in {meter} for {voices}, {texture}.",
    "{kind}, a {mood} {noun}: {tempo} and {also}, {key}, {meter}. For {voices}, {texture}. Title: {title}.",
)


def _speed(tempo_class: str, rate: float) -> tuple[str, ...]:
    """Words of the tempo class; from 5.5 onsets a second (a reel's 6.9) nothing is called less than fast."""
    return _TEMPO["fast" if rate >= 5.5 and tempo_class in ("slow", "moderate") else tempo_class]


def _voices(count: int, names: Sequence[str]) -> str:
    if count <= 1:
        return "a single melody line" if not names else f"solo {names[0].lower()}"
    spoken = ", ".join(dict.fromkeys(name.lower() for name in names))
    return f"{_COUNTS.get(count, str(count))} voices" + (f" ({spoken})" if spoken else "")


def _range(semitones: int) -> str:
    return "narrow" if semitones <= 12 else "medium" if semitones <= 19 else "wide"


def _motion(density: float, voices: int) -> str:
    """Say how many notes a voice has a quarter note."""
    each = density / max(voices, 1)
    bounds = ((0.75, "long sustained notes"), (1.4, "even quarter notes"), (2.6, "flowing notes"))
    return next((words for below, words in bounds if each < below), "busy running notes")


def _beat(meter: str) -> str:
    named = {"3/4": "triple time", "4/4": "common time", "2/2": "cut time"}
    return named.get(meter, "compound time" if meter in ("6/8", "9/8", "12/8") else "time")

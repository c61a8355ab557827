"""Requests that name something: a key, a meter, a player, a genre, a length. Each is tried in turn."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from agent.controls import Controls
from agent.forms import NAMED, parse_form
from agent.genres import genre
from agent.keys import parse_key
from agent.moods import find_mood
from agent.tempo import parse_tempo_word
from chiaroscore import ControlError
from notation import MODES, Instrument, families, instrument
from prompts.plan import DynamicMark

Pairs = list[tuple[str, Any]]
_MARKS: tuple[DynamicMark, ...] = ("pp", "p", "mp", "mf", "f", "ff")
_ARTICLE = r"(?:an?|the|some|one)\s+"
_ADD = re.compile(rf"^(?:add|plus|bring in|together with)\s+(?:{_ARTICLE})?(.+)$", re.I)
_REMOVE = re.compile(
    rf"^(?:without|remove|drop|no|minus|leave out|take out|take away)\s+(?:{_ARTICLE})?(.+)$", re.I
)
_INSTEAD = re.compile(
    rf"^(?:use\s+)?(?:{_ARTICLE})?(.+?)\s+(?:instead of|in place of|rather than)\s+(?:{_ARTICLE})?(.+)$",
    re.I,
)
_REPLACE = re.compile(
    rf"^(?:replace|change|swap|exchange)\s+(?:{_ARTICLE})?(.+?)\s+(?:with|by|to|for|into)\s+(?:{_ARTICLE})?(.+)$",
    re.I,
)
_FOR = re.compile(rf"^(?:for|scored for|arranged for|played by)\s+(?:{_ARTICLE})?(.+)$", re.I)
_INTERVAL = re.compile(
    r"^(?:transpose(?:d)?(?: it)?\s+)?(up|down)\s+(?:(?:by\s+)?(?:an?\s+|one\s+)?)"
    r"(?:(\d+|two|three|four|five)\s+)?"
    r"(?:perfect\s+)?([a-z ]+?)s?$",
    re.I,
)
_OTHER_WAY = re.compile(r"^(?:an?\s+)?(.+?)\s+(higher|lower|up|down)$", re.I)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5}
_LENGTH = re.compile(
    r"^(?:to\s+|for\s+|in\s+|only\s+)?(\d+(?:\.\d+)?)\s*(bars?|measures?|seconds?|secs?|s|minutes?|min)(?:\s+long)?$",
    re.I,
)
_TEMPO = re.compile(
    r"^(?:at\s+|tempo\s*(?:of\s+|=\s*|to\s+)?)(?:a\s+tempo\s+of\s+)?"
    r"(\d+(?:\.\d+)?)\s*(?:qpm|bpm|beats?(?: per minute)?)?$|"
    r"^(\d+(?:\.\d+)?)\s*(?:qpm|bpm)$",
    re.I,
)
_METER = re.compile(r"^(?:in\s+|to\s+)?(\d{1,2}\s*/\s*\d{1,2})(?:\s+time)?$", re.I)


def read_named(text: str, verb: str, words: Mapping[str, Any]) -> tuple[Pairs, str] | None:
    """Return the edits of a request that names something, and the verb for bare names behind it.

    Parameters
    ----------
    text
        One request, as written.
    verb
        "add", "remove" or "players" if the request before it was such: a bare name then goes on with it.
    words
        The vocabulary table.

    Returns
    -------
    pairs, verb, or None
        Pairs of kind and value; None if the text names nothing known.
    """
    readers: tuple[Callable[[str, Mapping[str, Any]], Pairs | None], ...] = (
        _length, _tempo, _meter, _interval, _key, _mark, _genre, _form, _mood,
    )  # fmt: skip
    for reader in readers:
        found = reader(text, words)
        if found is not None:
            return found, ""
    players = _players(text, words)
    if players is not None:
        return players, players[0][0] if players[0][0] in ("add", "remove", "players") else ""
    bare = _named_players(re.sub(rf"^{_ARTICLE}", "", text, flags=re.I), words) if verb else None
    return ([(verb, bare)], verb) if bare else None


def _length(text: str, words: Mapping[str, Any]) -> Pairs | None:
    match = _LENGTH.match(text)
    if match is None:
        return None
    number, unit = float(match.group(1)), match.group(2).lower()
    if unit.startswith(("bar", "measure")):
        return [("bars", Controls.parse(bars=number).bars)]  # type: ignore[arg-type]
    seconds = number * 60 if unit.startswith("min") else number
    return [("seconds", Controls.parse(duration=seconds).duration)]


def _tempo(text: str, words: Mapping[str, Any]) -> Pairs | None:
    match = _TEMPO.match(text)
    if match is not None:
        return [("qpm", Controls.parse(tempo=float(match.group(1) or match.group(2))).tempo)]
    with contextlib.suppress(ControlError):
        return [
            ("tempo word", parse_tempo_word(re.sub(r"^(?:at\s+(?:an?\s+)?|in\s+)", "", text, flags=re.I)))
        ]
    return None


def _meter(text: str, words: Mapping[str, Any]) -> Pairs | None:
    match = _METER.match(text)
    return None if match is None else [("meter", Controls.parse(meter=match.group(1)).meter)]


def _interval(text: str, words: Mapping[str, Any]) -> Pairs | None:
    match = _INTERVAL.match(text)
    if match is None:
        other = _OTHER_WAY.match(text)
        if other is None:
            return None
        way = {"higher": "up", "lower": "down"}.get(other.group(2).lower(), other.group(2))
        match = _INTERVAL.match(f"{way} a {other.group(1)}") or _INTERVAL.match(f"{way} {other.group(1)}")
        if match is None:
            return None
    way, count, name = match.groups()
    letters, semitones = words["intervals"].get(name.lower().strip(), (None, 0))
    if letters is None:
        return None
    times = _NUMBERS.get(str(count).lower(), int(count) if str(count).isdigit() else 1)
    sign = 1 if way.lower() == "up" else -1
    if times > 1:  # so many semitones or tones: the spelling is that of the nearest key
        letters = None
    return [("interval", (sign, letters, semitones * times))]


def _key(text: str, words: Mapping[str, Any]) -> Pairs | None:
    bare = re.sub(
        r"^(?:transpose(?:d)?(?: it)?\s+(?:in)?to\s+|in\s+the\s+key\s+of\s+|in\s+|into\s+|to\s+)(?:an?\s+)?",
        "", text, flags=re.I,
    )  # fmt: skip
    led = bare != text
    plain = bare.lower().removesuffix(" mode").removesuffix(" key")
    if plain in MODES:
        return [("mode", plain)]
    if not led and len(bare) < 3:
        return None  # "a", "f": too little to be sure
    with contextlib.suppress(ControlError):
        key = parse_key(bare)
        moded = len(bare.split()) > 1 or bare[1:].strip("#b♯♭") != ""
        return [("key", (key, moded))]
    return None


def _mark(text: str, words: Mapping[str, Any]) -> Pairs | None:
    return [("mark", text)] if text in _MARKS else None


def _genre(text: str, words: Mapping[str, Any]) -> Pairs | None:
    bare = re.sub(r"^(?:as|like|in the style of|into|turn it into)\s+(?:an?\s+)?", "", text, flags=re.I)
    with contextlib.suppress(ControlError):
        return [("genre", genre(re.sub(r"\s+style$", "", bare, flags=re.I)))]
    return None


def _form(text: str, words: Mapping[str, Any]) -> Pairs | None:
    bare = re.sub(r"^(?:as|in|with the form|form)\s+(?:an?\s+)?", "", text, flags=re.I)
    named = re.sub(r"\s+form$", "", bare, flags=re.I)
    known = named.lower() in NAMED or f"{named.lower()} form" in NAMED
    if not known and not re.fullmatch(r"(?:intro )?(?:[A-Z]'*){2,}(?: coda)?", named):
        return None
    with contextlib.suppress(ControlError):
        return [("form", parse_form(named if named.lower() in NAMED or not known else f"{named} form"))]
    return None


def _mood(text: str, words: Mapping[str, Any]) -> Pairs | None:
    found = find_mood(re.sub(r"^(?:more|in an?)\s+|\s+mood$", "", text, flags=re.I))
    return None if found is None else [("mood", found)]


def _players(text: str, words: Mapping[str, Any]) -> Pairs | None:
    for pattern, order in ((_REPLACE, (1, 2)), (_INSTEAD, (2, 1))):
        match = pattern.match(text)
        if match:
            old = _named_players(match.group(order[0]), words)
            new = _named_players(match.group(order[1]), words)
            if old and new and len(new) == 1:
                return [("replace", (old, new[0]))]
    for pattern, kind in ((_ADD, "add"), (_REMOVE, "remove"), (_FOR, "players")):
        match = pattern.match(text)
        players = _named_players(match.group(1), words) if match else None
        if players:
            return [(kind, players)]
    return None


def _named_players(text: str, words: Mapping[str, Any]) -> tuple[Instrument, ...] | None:
    """Return the players that a text names, None if it names none."""
    plain = " ".join(text.lower().split())
    if plain in words["ensembles"]:
        return tuple(instrument(name) for name in words["ensembles"][plain])
    if plain in ("drum", "drums", "percussion", "the drums"):
        return (instrument("Drum Kit"),)
    with contextlib.suppress(ControlError):
        return (instrument(plain),)
    if plain.removesuffix("s") in {name.removesuffix("s") for name in families()}:
        with contextlib.suppress(ControlError):
            return Controls.parse(instruments=plain).instruments
    return None

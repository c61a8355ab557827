"""What a user asked for, as hard constraints on a model: words for the prompt, bounds for the schema.

Both say the same, so that a model whose decoder is held to the schema cannot break a request, and one whose
decoder is not has been told and is checked.
"""

from __future__ import annotations

import math
from typing import Any

from agent import lengths
from agent.checks.style import always_drums
from agent.conflicts import MOOD_REACH, fewest_bars
from agent.controls import Controls
from agent.density import WORDS as DENSITIES
from agent.density import Density
from agent.forms import parse_form
from agent.genres import genres
from agent.keys import Key
from agent.offline.timing import genre_tempo
from agent.register import WORDS as REGISTERS
from agent.register import Register
from agent.tempo import METERS, tempo_range
from notation import MODES
from notation.instruments import instruments

Bounds = dict[str, Any]

#: Elements of a plan that a model decides, each with what moved it.
ELEMENTS = (
    "emotion", "genre", "tempo", "key", "meter", "form", "bars", "instruments", "rhythm", "dynamics",
    "register",
)  # fmt: skip
#: How far from a valence or arousal that was asked for the model's may lie.
_REACH = 0.1
#: Most players of an answer (`prompts.PlanAnswer`).
_MOST_PLAYERS = 6
_MOST_ACCIDENTALS = 7


def text(controls: Controls) -> str:
    r"""Return the requests as a prompt says them, a line each; "none" if there are none.

    Examples
    --------
    >>> text(Controls.parse(tempo=72, meter="6/8"))
    'tempo: exactly 72 quarter notes a minute\nmeter: exactly 6/8'
    """
    said = {
        "tempo": _tempo_text(controls.tempo),
        "key": controls.key and f"exactly {controls.key.name}",
        "meter": controls.meter and f"exactly {controls.meter}",
        "bars": controls.bars and f"exactly {controls.bars}",
        "duration": controls.duration
        and f"{controls.duration:g} seconds in all: bars x quarter notes a bar x 60 / tempo",
        "genre": controls.genre and f"exactly {controls.genre.name}{', with drums' * _drums(controls)}",
        "mood": controls.mood
        and f"{controls.mood.name} (valence {controls.mood.valence:+g}, arousal {controls.mood.arousal:+g})",
        "valence": None if controls.valence is None else f"{controls.valence:+g}",
        "arousal": None if controls.arousal is None else f"{controls.arousal:+g}",
        "instruments": ", ".join(one.name for one in controls.instruments)
        and f"{', '.join(one.name for one in controls.instruments)}, all of them and nobody else",
        "density": controls.density and _density_text(controls.density),
        "register": controls.register and _register_text(controls.register),
        "form": controls.form and f"exactly {controls.form.name}",
    }
    return "\n".join(f"{name}: {words}" for name, words in said.items() if words) or "none"


def narrowing(controls: Controls) -> dict[str, Bounds]:
    """Return the bounds of `prompts.PlanAnswer` under the requests, by path, for `prompts.schema`.

    Every element is held to what can be written at all, and an element that was asked for to the request.
    """
    found: dict[str, Bounds] = {
        "genre.value": {"enum": _genres(controls)},
        "key.value": {"enum": _keys(controls.key)},
        "meter.value": {"enum": _meters(controls)},
        "form.value": {"enum": _forms(controls)},
        "tempo.value": _tempi(controls),
        "bars.value": _bars(controls),
        "instruments.value.*.instrument": {"enum": _players(controls)},
        **_feelings(controls),
    }
    if controls.instruments:
        fewest = len(controls.instruments)
        most = sum(max(1, len(one.roles)) for one in controls.instruments)  # any more repeat a part
        found["instruments.value"] = {
            "minItems": min(fewest, _MOST_PLAYERS), "maxItems": min(most, _MOST_PLAYERS),
        }  # fmt: skip
    if controls.density is not None:
        found["rhythm.value.density"] = {"enum": [density_word(controls.density)]}
    if controls.register is not None:
        found["register.value"] = {"enum": [register_word(controls.register)]}
    return {**found, **_seen(controls)}


def density_word(density: Density) -> str:
    """Return the word of a density: itself, or that in whose range its number lies."""
    if isinstance(density.asked, str):
        return density.asked
    return next(word for word, (_, high) in DENSITIES.items() if density.asked < high)


def register_word(register: Register) -> str:
    """Return the word of a register: itself, or that in whose range its centre lies."""
    if register.asked in REGISTERS:
        return register.asked
    return next(word for word, (_, high, _) in REGISTERS.items() if register.centre < high or word == "high")


def keys() -> tuple[Key, ...]:
    """Return all keys with at most seven sharps or flats, by mode and then along the circle of fifths."""
    every = (Key(letter + sign, mode) for mode in MODES for sign in ("b", "", "#") for letter in "FCGDAEB")
    return tuple(key for key in every if abs(key.fifths) <= _MOST_ACCIDENTALS)


def forms() -> tuple[str, ...]:
    """Return the forms that some genre usually has, in the order of the genre table."""
    return tuple(dict.fromkeys(form for one in genres() for form in one.forms))


def _tempo_text(tempo: float | str | None) -> str:
    if isinstance(tempo, str):
        low, _, high = tempo_range(tempo)
        return f"{tempo}, that is {low:g} to {high:g} beats a minute"
    return "" if tempo is None else f"exactly {tempo:g} quarter notes a minute"


def _density_text(density: Density) -> str:
    return f"{density_word(density)} ({density.low:g} to {density.high:g} notes begin a second)"


def _register_text(register: Register) -> str:
    return f"{register_word(register)} (mean pitch of the melody MIDI {register.low:g} to {register.high:g})"


def _drums(controls: Controls) -> bool:
    """Whether a genre was asked for that always has drums, and no players."""
    return controls.genre is not None and not controls.instruments and always_drums(controls.genre)


def _genres(controls: Controls) -> list[str]:
    """Names of the genres; a hornpipe has meters of its own and is left out with another."""
    if controls.genre is not None:
        return [controls.genre.name]
    hornpipe = controls.meter in (None, "2/4", "4/4")
    return [one.name for one in genres() if hornpipe or one.name != "hornpipe"]


def _keys(key: Key | None) -> list[str]:
    return [one.name for one in keys()] if key is None else [key.name]


def _meters(controls: Controls) -> list[str]:
    """Meters in which the length and the tempo that were asked for can be had; the genre's, where it can."""
    if controls.meter is not None:
        return [controls.meter]
    asked: dict[str, Any] = {
        "bars": controls.bars, "duration": controls.duration, "tempo": controls.tempo,
        "fewest": fewest_bars(controls.form),
    }  # fmt: skip
    good = [meter for meter in METERS if lengths.possible(meter, **asked)]
    own = METERS if controls.genre is None else controls.genre.meters
    return [meter for meter in good if meter in own] or good


def _forms(controls: Controls) -> list[str]:
    """Usual forms for which the bars that were asked for suffice."""
    if controls.form is not None:
        return [controls.form.name]
    room = lengths.BARS[1] if controls.bars is None else controls.bars
    return [form for form in forms() if fewest_bars(parse_form(form)) <= room] or ["A"]


def _tempi(controls: Controls) -> Bounds:
    """Bounds of the tempo in quarter notes a minute; a word's are the widest that a meter gives it."""
    limits = [_tempo_limits(controls, meter) for meter in _meters(controls)]
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    if isinstance(controls.tempo, float):
        low = high = float(round(low))
    return {"minimum": math.ceil(low), "maximum": math.floor(high)}


def _tempo_limits(controls: Controls, meter: str) -> tuple[float, float]:
    """Return the slowest and fastest tempo in a meter: what was asked for, or the genre that was."""
    if controls.genre is None or controls.tempo is not None or controls.duration is not None:
        return lengths.tempo_limits(controls.tempo, meter)
    low, _, high = genre_tempo(controls.genre, meter)
    return low, high


def _bars(controls: Controls) -> Bounds:
    if controls.bars is not None:
        return {"minimum": controls.bars, "maximum": controls.bars}
    return {"minimum": fewest_bars(controls.form), "maximum": lengths.BARS[1]}


def _players(controls: Controls) -> list[str]:
    return [one.name for one in controls.instruments or instruments() if one.roles]


def _feelings(controls: Controls) -> dict[str, Bounds]:
    """Bounds of valence and arousal, within reach of what was asked for."""
    found: dict[str, Bounds] = {}
    for name in ("valence", "arousal"):
        middle, reach = getattr(controls, name), _REACH
        if middle is None and controls.mood is not None:
            middle, reach = getattr(controls.mood, name), MOOD_REACH
        if middle is not None:
            low, high = max(-1.0, middle - reach), min(1.0, middle + reach)
            found[f"emotion.value.{name}"] = {"minimum": round(low, 3), "maximum": round(high, 3)}
    return found


def _seen(controls: Controls) -> dict[str, Bounds]:
    """Return what may have moved each element: a request only where there are any."""
    own = ["objects", "setting", "colour", "dynamic", "emotion", "description"]
    return {} if _asked(controls) else {f"{element}.seen": {"enum": own} for element in ELEMENTS}


def _asked(controls: Controls) -> bool:
    return any(name != "seed" for name in controls.asked())

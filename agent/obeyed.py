"""Whether a finished score meets what was asked for, measured on its ABC and on nothing else.

The plan is not looked at: the text is parsed, played and counted anew, so that a plan that was not carried
out, or an edited score, is found out. The seed is no request about the music and is not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.checks import feeling, pitch, shape, style, texture, timing
from agent.checks.heard import Heard, Obeyed, Part
from agent.controls import Controls
from agent.moods import Mood
from agent.offline.writer.form import Section
from notation import Tune, parse

__all__ = ["Obeyed", "Part", "missed", "obeyed", "obeyed_of_record", "parts_of"]

#: Request -> its check.
_CHECKS: dict[str, Callable[[Heard, Any, Controls], Obeyed]] = {
    "tempo": lambda heard, asked, _: timing.tempo(heard, asked),
    "key": lambda heard, asked, _: pitch.key(heard, asked),
    "meter": lambda heard, asked, _: timing.meter(heard, asked),
    "bars": lambda heard, asked, _: timing.bars(heard, asked),
    "duration": lambda heard, asked, _: timing.duration(heard, asked),
    "genre": lambda heard, asked, everything: style.genre(heard, asked, everything),
    "mood": lambda heard, asked, everything: feeling.mood(heard, asked, *_place(asked, everything)),
    "valence": lambda heard, asked, _: feeling.value(heard, "valence", asked),
    "arousal": lambda heard, asked, _: feeling.value(heard, "arousal", asked),
    "instruments": lambda heard, asked, _: texture.instruments(heard, asked),
    "density": lambda heard, asked, _: texture.density(heard, asked),
    "register": lambda heard, asked, _: pitch.register(heard, asked),
    "form": lambda heard, asked, _: shape.form(heard, asked),
}


def obeyed(score: str | Tune, controls: Controls, sections: Sequence[Part] = ()) -> tuple[Obeyed, ...]:
    r"""Check every request on a finished score.

    Parameters
    ----------
    score
        ABC text, or the tune parsed from it.
    controls
        What was asked for.
    sections
        Where the sections of the form lie, which a score does not say; needed where a form was asked for.

    Returns
    -------
    tuple of Obeyed
        One entry for each request, in the order of `Controls`; empty if nothing was asked for.

    Raises
    ------
    NotationError
        If the text is not ABC.

    Examples
    --------
    >>> [found] = obeyed("X:1\nM:3/4\nL:1/4\nK:C\nCDE|FED|C3|]\n", Controls.parse(meter="3/4"))
    >>> found.met, found.measured
    (True, 'M:3/4, 3 of 3 bars 3 quarter notes long')
    """
    heard = Heard(parse(score) if isinstance(score, str) else score, sections)
    wanted = [name for name in controls.asked() if name in _CHECKS]
    return tuple(_CHECKS[name](heard, getattr(controls, name), controls) for name in wanted)


def parts_of(form: Sequence[Section]) -> list[Part]:
    """Return the sections of a draft as the checks see them."""
    return [Part(section.letter, section.start, section.bars) for section in form]


def missed(found: Sequence[Obeyed]) -> list[Obeyed]:
    """Return the requests that were not met."""
    return [one for one in found if not one.met]


def obeyed_of_record(record: Mapping[str, Any], abc: str) -> tuple[Obeyed, ...]:
    """Check the requests of a saved piece: its manifest, and its ABC as it is now.

    Raises
    ------
    ControlError
        If the manifest's requests cannot be read.
    NotationError
        If the text is not ABC.
    """
    sections = [Part(one["letter"], one["bar"] - 1, one["bars"]) for one in record.get("form", ())]
    return obeyed(abc, Controls.from_record(record.get("request", {})), sections)


def _place(mood: Mood, controls: Controls) -> tuple[float, float]:
    """Valence and arousal of a mood, or the numbers asked for with it."""
    valence, arousal = controls.valence, controls.arousal
    return mood.valence if valence is None else valence, mood.arousal if arousal is None else arousal

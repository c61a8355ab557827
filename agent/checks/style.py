"""Genre of a finished score, as far as a score can be held to one."""

from __future__ import annotations

from agent.checks.heard import Heard, Obeyed
from agent.controls import Controls
from agent.genres import Genre
from agent.offline.timing import genre_tempo

#: A tempo a little outside the genre's is still its own: durations move it by what nobody hears.
_SLACK = 1.05


def genre(heard: Heard, asked: Genre, controls: Controls) -> Obeyed:
    """Check what can be checked of a genre: the ``R:`` field, the meter, the tempo and the drums.

    A meter, tempo, length or line-up that was itself asked for goes before the genre's.
    """
    tune = heard.tune
    named = tune.headers.get("R", "").strip().lower()
    meter = f"{tune.meter.numerator}/{tune.meter.denominator}"
    low, _, high = genre_tempo(asked, meter)
    free = controls.tempo is not None or controls.duration is not None
    good_tempo = free or low / _SLACK <= tune.tempo.qpm <= high * _SLACK
    good_meter = meter in asked.meters or controls.meter is not None or controls.duration is not None
    drums = any(voice.percussion and voice.notes for voice in tune.voices)
    good_drums = drums or bool(controls.instruments) or not always_drums(asked)
    how = (
        "the R: field names it, and meter, tempo range and drums are the genre's, except for those that "
        "other "
        "requests fix; whether it sounds like one is not measured"
    )
    measured = f"R:{named or 'none'}, {meter}, {tune.tempo.qpm:.4g} qpm, {'drums' if drums else 'no drums'}"
    return Obeyed(
        "genre", asked.name, measured, named == asked.name and good_meter and good_tempo and good_drums, how
    )


def always_drums(asked: Genre) -> bool:
    """Whether every line-up of the genre has drums."""
    return all(any(role == "percussion" for _, role in lineup.parts) for lineup in asked.lineups)

"""Density and instruments of a finished score."""

from __future__ import annotations

import numpy as np

from agent.checks.heard import Heard, Obeyed
from agent.density import RATIO, Density
from notation import Instrument, instrument


def density(heard: Heard, asked: Density) -> Obeyed:
    """Check the density: onsets a second over all pitched voices."""
    strokes = len(np.unique(heard.rows[["voice", "onset"]]))
    rate = strokes / heard.seconds if heard.seconds else 0.0
    number = isinstance(asked.asked, float)
    slack = f"within a ratio of {RATIO:g}" if number else f"between {asked.low:g} and {asked.high:g}"
    how = f"notes and chords that begin a second in all pitched voices, a chord counting once, {slack}"
    shown = f"{asked.asked:g} notes a second" if isinstance(asked.asked, float) else asked.asked
    return Obeyed("density", shown, f"{rate:.2f} notes a second", asked.low <= rate <= asked.high, how)


def instruments(heard: Heard, asked: tuple[Instrument, ...]) -> Obeyed:
    """Check the players: each that was asked for sounds, and nobody else does."""
    sounding = {note.voice for note in heard.tune.performance.notes}
    playing = []
    for place, voice in enumerate(heard.tune.voices):
        if place in sounding:
            name = "Drum Kit" if voice.percussion else instrument(voice.program or 0).name
            playing.append(name)
    wanted = [one.name for one in asked]
    found = list(dict.fromkeys(playing))
    how = "the MIDI programs of the voices that have notes: each player asked for sounds, and nobody else"
    return Obeyed("instruments", ", ".join(wanted), ", ".join(found), sorted(wanted) == sorted(found), how)

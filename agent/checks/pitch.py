"""Key and register of a finished score."""

from __future__ import annotations

import numpy as np

from agent.checks.heard import Heard, Obeyed
from agent.keys import Key, parse_key
from agent.register import TOLERANCE, WORDS, Register
from chiaroscore import ControlError
from notation import MODES

#: Least share of the sounding time that lies in the scale of the key.
IN_SCALE = 0.8
#: Degrees that the music of a mode raises or lowers as a matter of course, in semitones above the tonic: the
#: sixth and seventh of minor (harmonic and melodic), the seventh of major (dominant seventh of the
#: subdominant).
_ALSO = {"minor": (9, 11), "major": (10,), "dorian": (11,), "mixolydian": (11,), "phrygian": (4,)}


def key(heard: Heard, asked: Key) -> Obeyed:
    """Check the key: the ``K:`` field, and what the notes say of it, so that a wrong field is found out."""
    written = heard.tune.key
    field = f"{written.tonic} {written.mode}"
    classes = heard.classes()
    share = in_scale(classes, asked)
    last = _last_bass(heard)
    third = _third_agrees(classes, asked)
    met = _same(field, asked) and share >= IN_SCALE and last == asked.tonic_class and third
    how = (
        f"the K: field; at least {IN_SCALE:.0%} of the sounding time in the scale (with the degrees that "
        "are altered "
        "as a matter of course); the last bass note is the tonic; the third of the mode outweighs the other "
        "one"
    )
    end = "none" if last is None else _NAMES[last]
    measured = f"K:{field}, {share:.0%} in its scale, ends on {end}" + ("" if third else ", the other third")
    return Obeyed("key", asked.name, measured, met, how)


def in_scale(classes: np.ndarray[tuple[int], np.dtype[np.float64]], asked: Key) -> float:
    """Share of the sounding time in a key's scale and the degrees altered as a matter of course."""
    steps = (*MODES[asked.mode], *_ALSO.get(asked.mode, ()))
    return float(sum(classes[(asked.tonic_class + step) % 12] for step in dict.fromkeys(steps)))


def register(heard: Heard, asked: Register) -> Obeyed:
    """Check where the melody lies: its mean pitch, each note counted by its length."""
    line = heard.melody
    how = "mean pitch of the melody, each note counted by its length, " + (
        f"between MIDI {asked.low:.0f} and {asked.high:.0f}"
        if asked.asked in WORDS
        else f"within {TOLERANCE:.0f} semitones"
    )
    if not len(line):
        return Obeyed("register", asked.asked, "no melody", False, how)
    mean = float(np.average(line["pitch"], weights=np.maximum(line["duration"], 1e-6)))
    low, high = float(line["pitch"].min()), float(line["pitch"].max())
    measured = f"mean MIDI {mean:.1f}, {low:.0f} to {high:.0f}"
    return Obeyed("register", asked.asked, measured, asked.low <= mean <= asked.high, how)


_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def _same(field: str, asked: Key) -> bool:
    """Whether a field names the key; one that is no key does not."""
    try:
        return parse_key(field) == asked
    except ControlError:
        return False


def _last_bass(heard: Heard) -> int | None:
    """Pitch class of the bass's last note, None without notes."""
    bass = heard.bass
    if not len(bass):
        return None
    final = bass[bass["onset"] == bass["onset"].max()]
    return int(final["pitch"].min()) % 12


def _third_agrees(classes: np.ndarray[tuple[int], np.dtype[np.float64]], asked: Key) -> bool:
    """Whether the third of the mode sounds longer than the other one."""
    own, other = (3, 4) if asked.minor_third else (4, 3)
    return bool(classes[(asked.tonic_class + own) % 12] >= classes[(asked.tonic_class + other) % 12])

"""Tempo, meter, bars and duration of a finished score."""

from __future__ import annotations

from fractions import Fraction

from agent.checks.heard import Heard, Obeyed
from agent.lengths import TEMPO_JND, tempo_limits, tolerance

#: Rounding of a tempo in the score.
_ROUNDING = 0.005


def tempo(heard: Heard, asked: float | str) -> Obeyed:
    """Check the tempo: that of the ``Q:`` field, and the mean one at which the piece is played."""
    written = heard.tune.tempo.qpm
    length = float(heard.tune.performance.duration)
    played = 60 * length / heard.seconds if heard.seconds else 0.0
    low, high = tempo_limits(asked, _meter(heard))
    if isinstance(asked, float):
        low, high = low / (1 + TEMPO_JND), high * (1 + TEMPO_JND)
        shown, slack = f"{asked:g} qpm", "within 4 percent, which nobody hears"
    else:
        shown, slack = f"{asked} ({low:.0f} to {high:.0f} qpm)", "within the word's range in this meter"
    inside = low * (1 - _ROUNDING) <= written <= high * (1 + _ROUNDING)
    steady = low * 0.95 <= played <= high * 1.05
    how = f"the Q: field as quarter notes per minute, {slack}; and the mean tempo as played, 5 percent around"
    return Obeyed("tempo", shown, f"{written:.4g} qpm, played {played:.4g}", inside and steady, how)


def meter(heard: Heard, asked: str) -> Obeyed:
    """Check the meter: the ``M:`` field, and the length of every bar of every voice."""
    written = _meter(heard)
    top, bottom = (int(part) for part in asked.split("/"))
    length = Fraction(4 * top, bottom)
    bars = [bar for voice in heard.tune.voices for bar in voice.bars if bar.number > 0]
    wrong = sum(bar.duration != length for bar in bars)
    how = "the M: field, and the lengths of the notes and rests in every bar of every voice"
    measured = f"M:{written}, {len(bars) - wrong} of {len(bars)} bars {_quarters(length)} long"
    return Obeyed("meter", asked, measured, written == asked and wrong == 0 and bool(bars), how)


def bars(heard: Heard, asked: int) -> Obeyed:
    """Check the number of bars, of the piece as played and in every voice as written."""
    counts = sorted({sum(bar.number > 0 for bar in voice.bars) for voice in heard.tune.voices})
    how = "bars counted in the piece as played, and in every voice as written; a pickup does not count"
    written = "no voice" if not counts else " or ".join(map(str, counts))
    met = heard.n_bars == asked and all(count <= asked for count in counts) and len(counts) == 1
    return Obeyed("bars", str(asked), f"{heard.n_bars} played, {written} written", met, how)


def duration(heard: Heard, asked: float) -> Obeyed:
    """Check the duration: seconds as played at the tempi of the score."""
    slack = tolerance(asked)
    how = f"seconds of the performance, within {slack:.3g} s (5 percent, one second at least)"
    met = abs(heard.seconds - asked) <= slack + 0.01
    return Obeyed("duration", f"{asked:g} s", f"{heard.seconds:.1f} s", met, how)


def _meter(heard: Heard) -> str:
    written = heard.tune.meter
    return f"{written.numerator}/{written.denominator}"


def _quarters(length: Fraction) -> str:
    return f"{float(length):g} quarter notes"

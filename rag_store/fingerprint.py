"""Recognising the same tune again, in whatever key and with whatever ornaments.

The melody is sampled on its beats over the first eight full bars; the samples are counted from the first one,
so a transposed copy has the same print. Two transcriptions that differ between the beats have it too.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction

from notation import Tune

BARS = 8


def fingerprint(tune: Tune) -> str:
    """Return 16 hexadecimal digits, the same for transposed copies; "" if the first voice has no notes."""
    voice = tune.voices[0]
    notes = [note for note in voice.notes if not note.grace]
    bars = [bar for bar in voice.bars if bar.number > 0][:BARS]
    if not notes or not bars:
        return ""
    beat = _beat(tune.meter.numerator, tune.meter.denominator)
    samples: list[int | None] = []
    for bar in bars:
        at = bar.onset
        while at < bar.onset + bar.duration:
            sounding = [n.pitch for n in notes if n.onset <= at < n.onset + n.duration]
            samples.append(max(sounding) if sounding else None)
            at += beat
    first = next((pitch for pitch in samples if pitch is not None), 0)
    text = f"{tune.meter.numerator}/{tune.meter.denominator}:" + ",".join(
        "r" if pitch is None else str(pitch - first) for pitch in samples
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _beat(numerator: int, denominator: int) -> Fraction:
    """Length of a beat in quarter notes: a dotted note in compound meters."""
    unit = Fraction(4, denominator or 4)
    return unit * 3 if numerator in (6, 9, 12) and denominator in (8, 16) else unit

"""Recognising the same tune again, in whatever key and with whatever ornaments.

The melody is sampled on its beats over the first eight full bars; the samples are counted from the first one,
so a transposed copy has the same print. Two transcriptions that differ between the beats have it too. The
melody is the first pitched voice that sounds on at least half of those beats, for in an excerpt the
first voice may rest; if none does, the one that sounds on most.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction

from notation import Bar, Tune, Voice
from notation.quick import added

BARS = 8

_Samples = list[int | None]


def fingerprint(tune: Tune) -> str:
    """Return 16 hexadecimal digits, the same for transposed copies; "" if no voice sounds on a beat."""
    beat = _beat(tune.meter.numerator, tune.meter.denominator)
    pitched = [voice for voice in tune.voices if voice.notes and not voice.percussion]
    samples = _melody(pitched, beat)
    if not any(pitch is not None for pitch in samples):
        return ""
    first = next((pitch for pitch in samples if pitch is not None), 0)
    text = f"{tune.meter.numerator}/{tune.meter.denominator}:" + ",".join(
        "r" if pitch is None else str(pitch - first) for pitch in samples
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _melody(voices: Sequence[Voice], beat: Fraction) -> _Samples:
    """Return the samples of the first voice that sounds on half of its beats, else of the fullest."""
    fullest: _Samples = []
    for voice in voices:
        samples = _samples(voice, beat)
        sounding = _sounding(samples)
        if sounding and 2 * sounding >= len(samples):
            return samples
        fullest = samples if sounding > _sounding(fullest) else fullest
    return fullest


def _sounding(samples: _Samples) -> int:
    return sum(pitch is not None for pitch in samples)


def _samples(voice: Voice, beat: Fraction) -> _Samples:
    """Return the highest pitch on every beat of the first full bars, None for a rest."""
    times = list(_beats([bar for bar in voice.bars if bar.number > 0][:BARS], beat))
    samples: _Samples = [None] * len(times)
    for note in voice.notes:
        if note.grace or not times or note.onset > times[-1]:
            continue
        at = bisect_left(times, float(note.onset))
        end = float(added(note.onset, note.duration))
        while at < len(times) and times[at] < end:
            held = samples[at]
            samples[at] = note.pitch if held is None else max(held, note.pitch)
            at += 1
    return samples


def _beats(bars: Sequence[Bar], beat: Fraction) -> Iterator[float]:
    """Yield the times of all beats; floats keep the order of fractions, and are quicker to compare."""
    for bar in bars:
        at = bar.onset
        end = added(bar.onset, bar.duration)
        while at < end:
            yield float(at)
            at = added(at, beat)


def _beat(numerator: int, denominator: int) -> Fraction:
    """Length of a beat in quarter notes: a dotted note in compound meters."""
    unit = Fraction(4, denominator or 4)
    return unit * 3 if numerator in (6, 9, 12) and denominator in (8, 16) else unit

"""Performance: small, seeded departures from the written times and loudness, in the sound alone.

The rules come from studies of performed music; amounts lie at the small end of what was measured.

* *Noise in timing*: a slow drift and a quick motor noise (KTH: Friberg, Bresin and Sundberg 2006, Overview of
  the KTH rule system for musical performance); drums half as much.
* *Lead*: the leading voice comes a few milliseconds early (Rasch 1979, Synchronization in performed
  ensemble music), and a little louder (*melody lead*: Repp 1996).
* *Spread*: the tones of a plucked or struck chord are broken from below by a few milliseconds (Repp 1996).
* *Metric accents*: the downbeat louder than a beat, that louder than what lies between (Lerdahl and
  Jackendoff 1983; Sloboda 1983).
* *Phrase arch*: louder towards the middle of four bars (Todd 1992, The dynamics of dynamics; KTH).
* *High loud*: louder as the pitch rises, by a quarter of a dB a semitone or less (KTH).
* *Final ritard*: the way to the last note slows as a runner stops (Friberg and Sundberg 1999); not where
  drums keep time.

No two notes of a voice change places, and a key is released before it is struck again.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from notation import Tune
from render.struck import Struck, separated

#: Seconds: s.d. of the quick and of the slow part of the noise; how the slow part goes on from note to note.
MOTOR, DRIFT, MEMORY = 0.005, 0.006, 0.9
#: No note departs farther than this many seconds by chance.
FARTHEST = 0.022
#: Drums keep this share of the noise.
DRUMS = 0.45
#: Seconds that the leading voice is ahead, and that each further tone of a struck chord comes later.
LEAD, SPREAD = 0.007, 0.004
#: Velocity: s.d. of chance and its limit; what the lead gains; height of a phrase's arch; a semitone.
TOUCH, MOST, FRONT, ARCH, HIGH = 2.5, 6, 3.0, 4.0, 0.12
#: Velocity of a downbeat, of the bar's half, of a beat, and of what lies between beats, beyond what the
#: score's own velocities say.
ACCENTS = (2.0, 1.0, 0.0, -1.0)
#: Tempo at the very end as a share of the tempo, and the curvature of the slowing.
SLOWEST, CURVE = 0.66, 3.0
_PHRASE_BARS = 4


@dataclass(frozen=True, slots=True)
class Beat:
    """Where a time lies: its rank (0 downbeat .. 3 between beats) and its bar, counted with a fraction."""

    rank: int
    bar: float


def humanised(
    struck: Sequence[Struck], tune: Tune, ticks: int, given: Sequence[int], seed: int
) -> list[Struck]:
    """Return the keys as a player with some seed strikes them; the same seed, the same keys.

    Parameters
    ----------
    struck
        Keys as written, in ticks.
    tune
        Whose performance they are.
    ticks
        A quarter note.
    given
        Channel of every voice.
    """
    lead = next((at for at, voice in enumerate(tune.voices) if not voice.percussion), -1)
    played: list[Struck] = []
    for index in range(len(tune.voices)):
        own = [key for key in struck if key.voice == index]
        rng = random.Random(f"{seed}:{index}")  # noqa: S311 - music, no secrets
        played += _voice(own, tune, ticks, index == lead, rng)
    return separated(played, given)


def _voice(keys: Sequence[Struck], tune: Tune, ticks: int, lead: bool, rng: random.Random) -> list[Struck]:
    """Return one voice's keys as played: chords move as one, a note lasts to the one it was tied up to."""
    groups: dict[int, list[Struck]] = {}
    for key in keys:
        groups.setdefault(key.on, []).append(key)
    voice = tune.voices[keys[0].voice] if keys else None
    drums = voice is not None and voice.percussion
    spread = 0.0 if drums or (voice is not None and _bowed(voice.program or 0)) else SPREAD
    moved = _moved(sorted(groups), tune, ticks, lead, DRUMS if drums else 1.0, rng)
    mean = sum(key.pitch for key in keys) / max(1, len(keys))
    out: list[Struck] = []
    latest = -1  # the tick of the last key struck
    for on, chord in sorted(groups.items()):
        beat = _beat(Fraction(on, ticks), tune)
        step = spread * _qpm(tune, Fraction(on, ticks)) / 60 * ticks
        for place, key in enumerate(sorted(chord, key=lambda key: key.pitch)):
            start = max(latest + 1, on + moved[on]) + round(place * step)
            stop = key.off + moved.get(key.off, moved[on])
            loud = _velocity(key, beat, lead, 0.0 if drums else key.pitch - mean, rng)
            out.append(replace(key, on=start, off=max(start + 1, stop), velocity=loud))
        latest = max(latest, *(key.on for key in out[-len(chord) :]))
    return out


def _moved(
    onsets: Sequence[int], tune: Tune, ticks: int, lead: bool, share: float, rng: random.Random
) -> dict[int, int]:
    """Return by how many ticks each onset of a voice is moved."""
    drift = rng.gauss(0, DRIFT)
    out: dict[int, int] = {}
    for on in onsets:
        drift = MEMORY * drift + rng.gauss(0, DRIFT * (1 - MEMORY**2) ** 0.5)
        chance = max(-FARTHEST, min(FARTHEST, drift + rng.gauss(0, MOTOR))) * share
        seconds = chance - (LEAD if lead and on else 0.0)
        out[on] = round(seconds * _qpm(tune, Fraction(on, ticks)) / 60 * ticks)
    return out


def _velocity(key: Struck, beat: Beat, lead: bool, height: float, rng: random.Random) -> int:
    """Return the loudness of a key by its place in bar and phrase, its height, and chance."""
    within = (beat.bar % _PHRASE_BARS) / _PHRASE_BARS
    arch = ARCH * (2 * (1 - (2 * within - 1) ** 2) - 1) / 2
    chance = max(-MOST, min(MOST, rng.gauss(0, TOUCH)))
    change = ACCENTS[beat.rank] + arch + (FRONT if lead else 0.0) + HIGH * height + chance
    return min(127, max(1, round(key.velocity + change)))


def _beat(time: Fraction, tune: Tune) -> Beat:
    """Return where a time of the performance lies in its meter."""
    meters = tune.performance.meters
    place = bisect_right([meter.onset for meter in meters], time) - 1
    if place < 0 or not meters[place].denominator or not meters[place].numerator:
        return Beat(2 if time.denominator == 1 else 3, float(time / 4))
    meter = meters[place]
    unit = Fraction(4, meter.denominator)
    length = meter.numerator * unit
    beat = 3 * unit if meter.denominator >= 8 and meter.numerator % 3 == 0 else unit
    bar, within = divmod(time - meter.onset - _pickup(tune), length)
    rank = 0 if within == 0 else 1 if 2 * within == length else 2 if (within / beat).denominator == 1 else 3
    return Beat(rank, float(bar) + float(within / length))


def _pickup(tune: Tune) -> Fraction:
    """Return the length of an upbeat before the first full bar."""
    first = tune.voices[0].bars[0] if tune.voices and tune.voices[0].bars else None
    return first.duration if first is not None and first.number == 0 else Fraction(0)


def _qpm(tune: Tune, time: Fraction) -> float:
    """Return the tempo at a time, in quarter notes a minute."""
    tempi = tune.performance.tempi or (tune.tempo,)
    place = bisect_right([tempo.onset for tempo in tempi], time) - 1
    return tempi[max(0, place)].qpm


def _bowed(program: int) -> bool:
    """Whether a General MIDI program is bowed, blown, sung or a pad: its chords sound together."""
    return 16 <= program <= 23 or 40 <= program <= 44 or 48 <= program <= 95


def ritard(tune: Tune) -> list[tuple[Fraction, float]]:
    """Return tempo changes that slow the way to the last note; none with drums, or in a short piece.

    The tempo follows ``(1 + (w**q - 1) * x) ** (1 / q)``, x from 0 to 1 (Friberg and Sundberg 1999, with q =
    3), w the last tempo as a share of the first; the last note is held at that tempo.

    Returns
    -------
    list of (Fraction, float)
        Quarter notes of the performance, and quarter notes a minute from there.
    """
    last = max((note.onset for note in tune.performance.notes), default=Fraction(0))
    if any(voice.percussion for voice in tune.voices) or last < 8:
        return []
    span = min(Fraction(4), last / 6)
    steps = max(2, int(span * 2))
    shape = SLOWEST**CURVE - 1
    places = [(last - span + span * step / steps, (step + 0.5) / steps) for step in range(steps)]
    return [(at, _qpm(tune, at) * (1 + shape * share) ** (1 / CURVE)) for at, share in [*places, (last, 1.0)]]

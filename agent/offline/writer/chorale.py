"""Four real parts: alto and tenor between a given soprano and bass, found by dynamic programming.

Rules of the chorale style (Aldwell and Schachter, Harmony and Voice Leading, 4th ed. 2011, ch. 4-8): complete
chords, no parallel fifths, octaves or unisons between any two voices, no crossing, at most an octave between
neighbouring upper voices, the leading note not doubled, a seventh falls by step, small movements.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.offline.writer.events import Event, as_float, starts_of
from agent.offline.writer.harmony import chord_at
from agent.offline.writer.setting import Setting
from agent.offline.writer.theory import Chord, midi, scale

#: Every two of the four voices.
_PAIRED = tuple(itertools.combinations(range(4), 2))
#: Pairs of alto and tenor that are followed from one place to the next.
_KEPT = 14

_Place = tuple[int, int]  # step, alteration


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time at which the inner voices may move, with what the outer voices do there."""

    at: Fraction
    end: Fraction
    chord: Chord
    soprano: int
    soprano_before: int
    bass: int
    bass_before: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """Places of alto and tenor, their pitches, and the cost of standing there."""

    alto: _Place
    tenor: _Place
    high: int
    low: int
    cost: float


def inner_parts(
    setting: Setting, melody: Sequence[Event], alto: tuple[int, int], tenor: tuple[int, int]
) -> tuple[list[Event], list[Event]]:
    """Return alto and tenor, a note a beat, equal neighbours of one chord joined.

    Parameters
    ----------
    setting
        With its bass line.
    melody
        The soprano.
    alto, tenor
        Ranges as MIDI pitches, inclusive.
    """
    moments = _moments(setting, melody)
    leading = scale(setting.tonic, "major")[6].pc
    columns = [_pairs(moment, alto, tenor, leading) for moment in moments]
    costs = [[pair.cost for pair in columns[0]]]
    back: list[list[int]] = []
    for (old, new), (left, right) in zip(
        itertools.pairwise(moments), itertools.pairwise(columns), strict=True
    ):
        reached, pointers = [], []
        for pair in right:
            ways = [
                cost + _step(before, pair, old, new) for before, cost in zip(left, costs[-1], strict=True)
            ]
            best = min(range(len(ways)), key=ways.__getitem__)
            reached.append(ways[best] + pair.cost)
            pointers.append(best)
        costs.append(reached)
        back.append(pointers)
    place = min(range(len(costs[-1])), key=costs[-1].__getitem__)
    path = [place]
    for pointers in reversed(back):
        path.append(pointers[path[-1]])
    chosen = [column[at] for column, at in zip(columns, reversed(path), strict=True)]
    return (
        _joined(moments, [pair.alto for pair in chosen]),
        _joined(moments, [pair.tenor for pair in chosen]),
    )


def _moments(setting: Setting, melody: Sequence[Event]) -> list[_Moment]:
    """Return the beats and chord changes of the piece with the outer voices."""
    bar, total = setting.bar, setting.total_bars * setting.bar.length
    times = {number * bar.length + onset for number in range(setting.total_bars) for onset in bar.onsets}
    times = {time for time in times | {span.start for span in setting.spans} if time < total}
    times -= {time for time in times if time >= total - bar.length and time > total - bar.length}
    ordered = sorted(times)
    starts = starts_of(melody)
    out = []
    for at, end in zip(ordered, [*ordered[1:], total], strict=True):
        bass, before = setting.bass_around(at)
        sung = _around(melody, starts, at, setting.center)
        low = setting.center - 24
        out.append(_Moment(at, end, chord_at(setting.spans, at), *sung, bass or low, before or bass or low))
    return out


def _around(line: Sequence[Event], starts: Sequence[float], time: Fraction, default: int) -> tuple[int, int]:
    """Return the pitch of a line at a time and just before it; where it rests, what sounded last."""
    now = bisect.bisect_right(starts, as_float(time)) - 1
    before = bisect.bisect_left(starts, as_float(time)) - 1
    at = line[now].pitches[0] if now >= 0 else (line[0].pitches[0] if line else default)
    return at, line[before].pitches[0] if before >= 0 else at


def _pairs(moment: _Moment, alto: tuple[int, int], tenor: tuple[int, int], leading: int) -> list[_Pair]:
    """Return the best pairs of inner tones for a chord, cheapest first."""
    pairs = [
        _Pair(a, t, midi(*a), midi(*t), _standing(midi(*a), midi(*t), moment, leading))
        for a in _tones(moment.chord, *alto)
        for t in _tones(moment.chord, *tenor)
    ]
    return sorted(pairs, key=lambda pair: pair.cost)[:_KEPT]


def _tones(over: Chord, low: int, high: int) -> list[_Place]:
    """Return the places of a chord's tones in a range."""
    return [
        (step, tone.alter)
        for tone in over.tones
        for step in range(tone.letter, 77, 7)
        if low <= midi(step, tone.alter) <= high
    ]


def _standing(alto: int, tenor: int, moment: _Moment, leading: int) -> float:
    """Return the cost of a sonority for itself: order, spacing, completeness, doubling."""
    four = (moment.bass, tenor, alto, moment.soprano)
    cost = 0.0
    for lower, upper in itertools.pairwise(four):
        cost += 30.0 * (upper < lower) + 3.0 * (upper == lower)
    cost += 2.0 * max(0, moment.soprano - alto - 12) + 2.0 * max(0, alto - tenor - 12)
    cost += 0.4 * max(0, tenor - moment.bass - 17)
    classes = [pitch % 12 for pitch in four]
    tones = [tone.pc for tone in moment.chord.tones]
    for place, pc in enumerate(tones):
        if pc not in classes:
            cost += 1.5 if place == 2 else 8.0 if place in (1, 3) else 4.0
    doubled = {pc for pc in classes if classes.count(pc) > 1}
    cost += 10.0 * (leading in doubled) + 8.0 * (len(tones) > 3 and tones[3] in doubled)
    if len(tones) > 1 and tones[1] in doubled:
        cost += 1.5
    return cost + 6.0 * sum(abs(a - b) in (1, 13) for a, b in itertools.combinations(four, 2))


def _step(left: _Pair, right: _Pair, old: _Moment, new: _Moment) -> float:
    """Return the cost of moving on: parallels between any two voices, leaps, sevenths that do not fall."""
    before = (new.bass_before, left.low, left.high, new.soprano_before)
    after = (new.bass, right.low, right.high, new.soprano)
    cost = 0.25 * (abs(right.low - left.low) + abs(right.high - left.high))
    cost += 2.0 * (abs(right.low - left.low) > 5) + 2.0 * (abs(right.high - left.high) > 5)
    for at, to in _PAIRED:
        apart = before[to] - before[at]
        if apart % 12 in (0, 7) and (after[to] - after[at] - apart) % 12 == 0:
            moved, other = after[at] - before[at], after[to] - before[to]
            cost += 25.0 * (moved * other > 0)
    cost += 6.0 * (right.high < left.low) + 6.0 * (right.low > left.high)
    if old.chord != new.chord and len(old.chord.tones) > 3:
        seventh = old.chord.tones[3].pc
        for from_, to in ((left.high, right.high), (left.low, right.low)):
            cost += 5.0 * (from_ % 12 == seventh and to - from_ not in (-2, -1, 0))
    return cost


def _joined(moments: Sequence[_Moment], places: Sequence[_Place]) -> list[Event]:
    """Return a voice's events; a tone that stays while its chord does is held."""
    out: list[Event] = []
    chords: list[Chord] = []
    for moment, place in zip(moments, places, strict=True):
        if out and out[-1].tones == (place,) and chords[-1] == moment.chord and out[-1].length < 2:
            last = out.pop()
            out.append(Event(last.start, moment.end - last.start, last.tones))
            continue
        out.append(Event(moment.at, moment.end - moment.at, (place,)))
        chords.append(moment.chord)
    return out

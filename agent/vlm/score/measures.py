"""Bars that do not add up: what can be mended without guessing is mended.

The rules, in this order:

0. If a voice has all bars of the plan and nearly all of them are too short by a factor of two or four, or
   twice too long, its lengths were meant in another unit, and are rewritten.
1. If most bars of a voice are wrong but all its music together is as long as the plan's bars, the bar lines
   are drawn anew.
2. A bar of more than one bar's music is divided as far as the voice lacks bars.
3. A short first bar is a pickup: it goes where there are bars to spare, else a rest stands before it.
4. Bars after the last one of the plan are cut; an unfinished bar at the end of a broken-off text too.
5. A bar short by up to a beat: its last note is held if that gives a plain value, else a rest fills it.
6. A bar long by up to a beat: its last notes are shortened or dropped.

Rules 5 and 6 hold while at most half the bars of the voice are wrong; else the meter was misunderstood, which
only a new answer can mend.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

from agent.offline.writer.meter import Meter
from agent.vlm.score.elements import Bar, Element, changed, total
from agent.vlm.score.repairs import Log
from agent.vlm.score.spelling import explicit

#: Plain and dotted values, in eighth notes, with their doubles and halves.
PLAIN = frozenset(Fraction(top, 8) * 2**n for n in range(8) for top in (1, 3)) | {Fraction(1, 8)}
#: What lengths in another unit are too short or too long by; share of a voice's bars that must be so.
_UNITS = (Fraction(2), Fraction(4), Fraction(1, 2))
_NEARLY_ALL = 0.75


@dataclass(frozen=True, slots=True)
class Frame:
    """What the bars of a voice shall be."""

    voice: str
    bars: int
    length: Fraction  # of a bar, in eighth notes
    beat: Fraction  # the longest beat
    drums: bool = False

    @classmethod
    def of(cls, voice: str, bars: int, bar: Meter, *, drums: bool) -> Frame:
        """Return the frame of a voice in a meter."""
        return cls(voice, bars, bar.length * 2, max(bar.beats) * 2, drums)


def fitted(bars: list[Bar], frame: Frame, log: Log, *, broken_off: bool) -> list[Bar]:
    """Return the bars of a voice, mended by the rules of this module.

    Parameters
    ----------
    broken_off
        Whether the text ended within this voice.
    """
    for bar in bars:
        if bar.whole:
            bar.elements = [replace(bar.elements[0], length=frame.length)]
    bars = [bar for bar in bars if bar.elements]
    _rescaled(bars, frame, log)
    bars = _redrawn(bars, frame, log)
    bars = _divided(bars, frame, log)
    bars = _without_pickup(bars, frame, log)
    if broken_off and bars and not bars[-1].closed and bars[-1].duration < frame.length - frame.beat:
        log.note("broken-off", f"the text breaks off in bar {len(bars)}", frame.voice, len(bars))
        bars = bars[:-1]
    if len(bars) > frame.bars:
        what = f"{frame.voice} has {len(bars)} bars, the plan {frame.bars}: the rest is cut"
        log.note("surplus-bars", what, frame.voice, frame.bars + 1)
        bars = bars[: frame.bars]
    wrong = sum(1 for bar in bars if bar.duration != frame.length)
    if wrong * 2 <= max(len(bars), 2):
        for number, bar in enumerate(bars, 1):
            _mended(bar, number, frame, log)
    return bars


def _rescaled(bars: list[Bar], frame: Frame, log: Log) -> None:
    """Rewrite the lengths of a voice that was written in another unit, in place."""
    if len(bars) != frame.bars:
        return
    sizes = Counter(bar.duration for bar in bars if not bar.whole)
    if not sizes:
        return
    common, count = sizes.most_common(1)[0]
    factor = frame.length / common
    if factor not in _UNITS or count < _NEARLY_ALL * sizes.total():
        return
    log.note("unit", f"the lengths of {frame.voice} were meant {factor} times as long", frame.voice)
    for bar in bars:
        if not bar.whole:
            bar.elements = [_scaled(one, factor) for one in bar.elements]


def _scaled(element: Element, factor: Fraction) -> Element:
    if element.inside:
        return replace(element, inside=tuple(_scaled(one, factor) for one in element.inside))
    return replace(element, length=element.length * factor)


def _redrawn(bars: list[Bar], frame: Frame, log: Log) -> list[Bar]:
    """Return the voice with new bar lines if most bars are wrong and the music as a whole is right."""
    wrong = sum(1 for bar in bars if bar.duration != frame.length)
    whole = sum((bar.duration for bar in bars), Fraction(0))
    if len(bars) < 2 or wrong * 2 <= len(bars) or whole != frame.bars * frame.length:
        return bars
    elements = [one for bar in bars for one in explicit(bar.elements)]
    cut = _cut(elements, frame.length)
    if cut is None:
        return bars
    log.note("bar-lines", f"the bar lines of {frame.voice} are drawn anew", frame.voice)
    return [Bar(one, closed=True) for one in cut]


def _divided(bars: list[Bar], frame: Frame, log: Log) -> list[Bar]:
    """Return the bars, those that hold several divided while the voice lacks bars."""
    out: list[Bar] = []
    spare = frame.bars - len(bars)
    for bar in bars:
        extra = int(bar.duration / frame.length) - (bar.duration % frame.length == 0)
        cut = _cut(explicit(bar.elements), frame.length) if 0 < extra <= spare else None
        if cut is None or (len(cut[-1]) > 0 and total(cut[-1]) < frame.length - frame.beat and bar.closed):
            out.append(bar)
            continue
        spare -= len(cut) - 1
        what = f"bar {len(out) + 1} of {frame.voice} held {len(cut)} bars: bar lines are put in"
        log.note("bar-lines", what, frame.voice, len(out) + 1)
        out += [Bar(one, closed=True) for one in cut[:-1]] + [Bar(cut[-1], closed=bar.closed)]
    return out


def _cut(elements: list[Element], size: Fraction) -> list[list[Element]] | None:
    """Return elements in bars of a length, notes over a line tied; None if a tuplet stands over one."""
    out: list[list[Element]] = [[]]
    room = size
    for element in elements:
        rest = element
        while rest.duration > room:
            if rest.inside and room:
                return None
            if room:
                out[-1].append(replace(rest, length=room, tie=bool(rest.tones), closes=0))
                rest = _tail(rest, rest.length - room)
            out.append([])
            room = size
        out[-1].append(rest)
        room -= rest.duration
    return out


def _tail(element: Element, length: Fraction) -> Element:
    """Return what is left of a note behind a bar line."""
    return replace(element, length=length, marks=(), symbol="", graces=(), opens=0)


def _without_pickup(bars: list[Bar], frame: Frame, log: Log) -> list[Bar]:
    """Return the bars without a pickup, or with a rest before it."""
    if len(bars) < 2 or bars[0].duration >= frame.length:
        return bars
    if len(bars) > frame.bars and bars[0].duration <= frame.length / 2:
        log.note("pickup", f"the pickup of {frame.voice} is left out: the plan has none", frame.voice, 1)
        return bars[1:]
    if len(bars) == frame.bars and bars[0].duration <= frame.length / 2:
        rest = Element(frame.length - bars[0].duration)
        log.note("pickup", f"a rest stands before the pickup of {frame.voice}", frame.voice, 1)
        bars[0].elements = [rest, *bars[0].elements]
    return bars


def _mended(bar: Bar, number: int, frame: Frame, log: Log) -> None:
    """Bring a bar that is wrong by up to a beat to its length."""
    over = bar.duration - frame.length
    if not over or abs(over) > frame.beat or over.denominator & (over.denominator - 1):
        return  # what a broken tuplet leaves over is no note value
    if over > 0:
        what = f"bar {number} of {frame.voice} was {_eighths(over)} too long: its end is shortened"
        log.note("bar-long", what, frame.voice, number)
        _shorten(bar, over)
    missing = frame.length - bar.duration
    if missing <= 0:
        return
    held = _hold(bar, missing, frame)
    if over < 0:
        how = "its last note is held" if held else "a rest fills it"
        what = f"bar {number} of {frame.voice} was {_eighths(missing)} short: {how}"
        log.note("bar-short", what, frame.voice, number)
    if not held:
        bar.elements.append(Element(missing, space=True))


def _shorten(bar: Bar, over: Fraction) -> None:
    """Take time from the end of a bar."""
    while over > 0 and bar.elements:
        last = bar.elements.pop()
        if not last.inside and last.length > over:
            bar.elements.append(replace(last, length=last.length - over, tie=False))
            return
        over -= last.duration


def _hold(bar: Bar, missing: Fraction, frame: Frame) -> bool:
    """Lengthen the last note or rest of a bar where a plain value comes of it."""
    if not bar.elements or bar.elements[-1].inside:
        return False
    last = bar.elements[-1]
    if last.length + missing not in PLAIN or (frame.drums and last.tones):
        return False
    bar.elements[-1] = changed(last, length=last.length + missing)
    return True


def _eighths(length: Fraction) -> str:
    return f"{float(length):g} eighth note{'s' if length != 1 else ''}"

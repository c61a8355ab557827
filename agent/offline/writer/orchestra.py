"""Orchestration: every part of a plan with its music by role, in score order."""

from __future__ import annotations

import bisect
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from agent.offline.writer.accompaniment import harmony_part
from agent.offline.writer.articulation import articulated
from agent.offline.writer.bassline import bass_part
from agent.offline.writer.chorale import inner_parts
from agent.offline.writer.counter import counter_part
from agent.offline.writer.drums import drum_part
from agent.offline.writer.dynamics import marks
from agent.offline.writer.entries import entries, within
from agent.offline.writer.events import Event, as_float, starts_of
from agent.offline.writer.form import Section
from agent.offline.writer.harmony import chord_symbols
from agent.offline.writer.idiom import idiomatic
from agent.offline.writer.layout import Staff
from agent.offline.writer.ranges import bass_range, counter_range, inner_range
from agent.offline.writer.scoring import eased_bars, figures_for, held_bars, silent_bars
from agent.offline.writer.setting import Setting
from agent.offline.writer.theory import midi
from agent.offline.writer.voicing import voice_chords
from notation import Instrument, instrument
from prompts import Part, Plan

_LETTER = {"melody": "M", "counter": "C", "harmony": "H", "pad": "P", "bass": "B", "percussion": "D"}
_ORDER = ("melody", "counter", "harmony", "pad", "bass", "percussion")
#: Quarter notes a minute up to which a second line moves in half beats.
_LIVELY = 126
#: Octaves that a bass line may be moved, in order of preference.
_OCTAVES = (0, -1, 1, 2, -2, 3)
#: Quarter notes a minute up to which the bass runs on between phrases.
_RUNS = 168


def staff_names(parts: Sequence[Part]) -> list[tuple[str, Part]]:
    """Return the parts in score order with the names of their staves: ``M``, ``H``, ``H2`` ..."""
    counted: dict[str, int] = {}
    named = []
    for part in sorted(parts, key=lambda part: _ORDER.index(part.role)):
        nth = counted[part.role] = counted.get(part.role, 0) + 1
        named.append((_LETTER[part.role] + (str(nth) if nth > 1 else ""), part))
    return named


def staves(
    plan: Plan,
    form: tuple[Section, ...],
    setting: Setting,
    melody: list[Event],
    style: dict[str, Any],
    rng: random.Random,
) -> list[Staff]:
    """One staff a part, in score order.

    Parameters
    ----------
    setting
        With its bass line, if a part plays one.
    melody
        Events of the leading part.
    style
        Record of the genre in ``data/styles.json``.
    """
    roles = [part.role for part in plan.instruments]
    inner = _inner_parts(plan, setting, melody, style)
    free = chord_symbols(setting.spans)
    spans = played_bars(plan, form)
    counted: dict[str, int] = {}
    out: list[Staff] = []
    for name, part in staff_names(plan.instruments):
        nth = counted[part.role] = counted.get(part.role, -1) + 1
        events = inner.get(name) or _events(part, nth, plan, form, setting, melody, style, rng)
        events = within(events, spans[name], setting.bar.length)
        silent = frozenset() if name in inner else silent_bars(part.role, nth, form, roles)
        silent |= {bar for bar in range(plan.bars) if not spans[name][0] <= bar < spans[name][1]}
        events = _resting(events, silent, setting) or events
        symbols = _taken(free, events, setting) if part.role in ("melody", "harmony") else {}
        player = instrument(part.instrument)
        drums = part.role == "percussion"
        clef = "perc" if drums else clef_for(player, events)
        loud = marks(plan.dynamics, part.role, form, setting.bar, silent)
        out.append(Staff(name, player.name, clef, part.program, events, drums, loud, symbols))
    out[0] = replace(out[0], texts=_words(plan, setting))
    return out


def _words(plan: Plan, setting: Setting) -> dict[Fraction, str]:
    """Return the words over the score: the end slows where no drums keep time."""
    drums = any(part.role == "percussion" for part in plan.instruments)
    return {} if drums or plan.bars < 8 else {(plan.bars - 2) * setting.bar.length: "rit."}


def played_bars(plan: Plan, form: Sequence[Section]) -> dict[str, tuple[int, int]]:
    """Return the first bar of every staff, and of ``M`` in any case, and the bar after its last one."""
    named = staff_names(plan.instruments)
    spans = entries([part.role for _, part in named], form)
    return {"M": (0, plan.bars), **{name: span for (name, _), span in zip(named, spans, strict=True)}}


def bass_line(
    plan: Plan, form: tuple[Section, ...], setting: Setting, style: dict[str, Any], rng: random.Random
) -> list[Event]:
    """Bass line of the first bass part, written before the melody so that the melody can mind it."""
    part = next((part for part in plan.instruments if part.role == "bass"), None)
    if part is None:
        return []
    low, high = bass_range(instrument(part.instrument), setting)
    names = figures_for(style["bass"], form, _drive(plan), rng)
    return bass_part(form, setting, names, low, high, rng, runs=plan.tempo <= _RUNS)


def _drive(plan: Plan) -> float:
    """Return how busy a plan is: 0 sparse .. 1 full."""
    return min(1.0, max(0.0, (plan.rhythm.density - 3.0) / 6.0))


def _inner_parts(
    plan: Plan, setting: Setting, melody: list[Event], style: dict[str, Any]
) -> dict[str, list[Event]]:
    """Return alto and tenor of a genre in four real parts, if the plan has players for them."""
    players = {name: instrument(part.instrument) for name, part in staff_names(plan.instruments)}
    if not style.get("four_part") or not {"C", "H"} <= players.keys() or not setting.bass:
        return {}
    middle = setting.center
    alto = _four_part_range(players["C"], middle - 14, middle + 2)
    tenor = _four_part_range(players["H"], middle - 22, middle - 5)
    if alto is None or tenor is None:
        return {}
    high, low = inner_parts(setting, melody, alto, tenor)
    return {"C": high, "H": low}


def _four_part_range(player: Instrument, low: int, high: int) -> tuple[int, int] | None:
    """Return the player's part of a range; None if it is less than an octave."""
    low, high = max(low, player.low), min(high, player.high)
    return (low, high) if high - low >= 12 else None


def _events(
    part: Part, nth: int, plan: Plan, form: tuple[Section, ...], setting: Setting, melody: list[Event],
    style: dict[str, Any], rng: random.Random,
) -> list[Event]:  # fmt: skip
    """Music of one part by its role."""
    player = instrument(part.instrument)
    if part.role == "percussion":
        groove = style if "groove" in style else {"groove": "shaker"}
        return drum_part(form, setting.bar, groove, plan.tempo, rng)
    if part.role == "melody":
        return melody if nth == 0 else _doubled(melody, player)
    if part.role == "counter":
        low, high = counter_range(player, setting)
        seed, lively = rng.randrange(2**31), plan.tempo <= _LIVELY
        line = counter_part(form, setting, melody, low, high, seed, lively=lively)
        manner = "legato" if plan.rhythm.articulation == "legato" else "normal"
        return articulated(line, setting.bar, manner, plan.tempo)
    if part.role == "bass":
        return _bass_for(player, setting)
    return _chords(part, nth, player, plan, form, setting, melody, style, rng)


def _chords(
    part: Part, nth: int, player: Instrument, plan: Plan, form: tuple[Section, ...], setting: Setting,
    melody: list[Event], style: dict[str, Any], rng: random.Random,
) -> list[Event]:  # fmt: skip
    """Music of a harmony or pad part: they divide height and movement between them."""
    roles = [other.role for other in plan.instruments]
    pad = part.role == "pad"
    raised = -5 if pad and "harmony" in roles else -3 if "counter" in roles and not pad else 0
    low, high = inner_range(player, setting, raised + (5 if nth % 2 else 0))
    few = pad or setting.bar.length < 3 or high - low < 16 or not player.polyphonic
    others = "pad" in roles and not pad
    count = 2 if pad and "harmony" in roles else 3 if few or others or "counter" in roles else 4
    voiced = voice_chords(setting.spans, melody, low, high, count, rng)
    names = ["pad"] * len(form) if pad else figures_for(style["harmony"], form, _drive(plan), rng)
    if nth and not pad:
        names = [style.get("second", "block") for _ in form]
    names = [idiomatic(name, player, setting.bar, plan.tempo, moving=others) for name in names]
    return harmony_part(
        form, setting.bar, voiced, names, single=not player.polyphonic, top=player.high,
        eased=eased_bars(form, rng), held=held_bars(form, rng),
    )  # fmt: skip


def _resting(events: Sequence[Event], silent: frozenset[int], setting: Setting) -> list[Event]:
    """Return the events without those in silent bars; what holds into one ends there."""
    if not silent:
        return _whole_slurs(list(events))
    out = []
    stops = [number * setting.bar.length for number in sorted(silent)]
    places = [as_float(stop) for stop in stops]
    for event, at in zip(events, starts_of(events), strict=True):
        if event.start // setting.bar.length in silent:
            continue
        following = bisect.bisect_right(places, at)
        cut = following < len(stops) and stops[following] < event.end
        out.append(replace(event, length=stops[following] - event.start) if cut else event)
    return _whole_slurs(out)


def _whole_slurs(events: list[Event]) -> list[Event]:
    """Return the events without slurs if a cut has left one open."""
    balance = sum(("slur(" in event.marks) - ("slur)" in event.marks) for event in events)
    if not balance:
        return events
    return [replace(e, marks=tuple(m for m in e.marks if not m.startswith("slur"))) for e in events]


def _taken(free: dict[Fraction, str], events: Sequence[Event], setting: Setting) -> dict[Fraction, str]:
    """Take out of the free chord symbols those that stand where something is written in a voice."""
    if not free:
        return {}
    bars = {number * setting.bar.length for number in range(setting.total_bars)}
    starts = bars | {event.start for event in events} | {event.end for event in events}
    return {at: free.pop(at) for at in list(free) if at in starts}


def _bass_for(player: Instrument, setting: Setting) -> list[Event]:
    """Return the bass line, by octaves in the player's range (a second bass doubles the first)."""
    pitches = [event.pitches[0] for event in setting.bass]
    low, high = min(pitches), max(pitches)
    inside = [n for n in _OCTAVES if player.low <= low + 12 * n and high + 12 * n <= player.high]
    under = [n for n in inside if high + 12 * n < setting.low]
    if not inside:
        return _folded(setting.bass, player)
    shift = 7 * (under or inside)[0]
    if not shift:
        return list(setting.bass)
    return [replace(e, tones=tuple((step + shift, alter) for step, alter in e.tones)) for e in setting.bass]


def _folded(events: Sequence[Event], player: Instrument) -> list[Event]:
    """Return the notes, each moved by octaves into a range too small for the line.

    One that never fits is left out.
    """
    out = []
    for event in events:
        step, alter = event.tones[0]
        places = [n for n in range(step % 7, 77, 7) if player.low <= midi(n, alter) <= player.high]
        if places:
            out.append(replace(event, tones=((min(places, key=lambda n: abs(n - step)), alter),)))
    return out


def _doubled(melody: list[Event], player: Instrument) -> list[Event]:
    """Return the second melody part: it plays an octave away where its range asks for it, else in unison."""
    shift = 0
    pitches = [event.pitches[0] for event in melody]
    for octave in (0, -7, 7, -14):
        moved = [midi(e.tones[0][0] + octave, e.tones[0][1]) for e in melody]
        if moved and min(moved) >= player.low and max(moved) <= player.high:
            shift = octave
            break
    if not pitches or shift == 0:
        return list(melody)
    return [Event(e.start, e.length, ((e.tones[0][0] + shift, e.tones[0][1]),), e.marks) for e in melody]


def clef_for(player: Instrument, events: Sequence[Event]) -> str:
    """Return the player's own clef, but the other one where the notes lie far outside its staff."""
    pitches = [pitch for event in events for pitch in event.pitches]
    mean = sum(pitches) / len(pitches) if pitches else 60.0
    if player.clef == "bass":
        return "treble" if mean > 62 else "bass"
    return "bass" if mean < 55 else "treble"

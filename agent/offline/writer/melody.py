"""Melody: motifs laid out in phrases, pitched by `line.best_line`, with one climax and breaths between phrases."""

from __future__ import annotations

import bisect
import math
import random
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from agent.offline.writer import motif
from agent.offline.writer.events import Event
from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.harmony import Span, chord_at
from agent.offline.writer.line import LineStyle, Slot, best_line
from agent.offline.writer.meter import Meter
from agent.offline.writer.theory import NATURAL, Chord, Tone, chord_scale, midi, scale


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a melody is written against."""

    bar: Meter
    tonic: Tone
    mode: str
    spans: list[Span]
    low: int  # MIDI range of the instrument
    high: int
    center: int
    note_length: float
    style: LineStyle
    breath: bool  # the player needs air, or the tempo leaves time for it
    total_bars: int
    blue: bool = False  # blue notes may stand
    bass: tuple[Event, ...] = ()  # the bass line, if it is written first

    def bass_around(self, time: Fraction) -> tuple[int | None, int | None]:
        """MIDI pitch of the bass at a time and just before it; what sounded last where it rests, None before all."""
        now = bisect.bisect_right(self.bass, time, key=lambda event: event.start) - 1
        before = bisect.bisect_left(self.bass, time, key=lambda event: event.start) - 1
        at, earlier = (self.bass[place].pitches[0] if place >= 0 else None for place in (now, before))
        return at, earlier


@dataclass(frozen=True, slots=True)
class Use:
    """Where a figure of an exemplar is used: for the piece's own account of itself."""

    bar: int
    device: str
    source: str
    source_bar: int


def compose_melody(
    form: tuple[Section, ...], setting: Setting, pool: list[motif.Figure], seed: int
) -> tuple[list[Event], list[Use]]:
    """Melody for the whole piece and the figures it is made of.

    Returns
    -------
    events, uses
        Events in order of time; ``uses`` has one entry per bar that holds a figure.
    """
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    main = motif.choose(pool, setting.note_length, setting.bar, rng)
    others = [figure for figure in pool if (figure.source, figure.bar) != (main.source, main.bar)]
    second = motif.freed(motif.choose(others, setting.note_length, setting.bar, rng))
    remembered: dict[tuple[str, int, str, tuple[str, ...]], tuple[Phrase, list[Event]]] = {}
    events: list[Event] = []
    uses: list[Use] = []
    plans: dict[tuple[str, int], list[motif.Figure]] = {}
    for section in form:
        for phrase in section.phrases:
            harmony = _harmony_key(phrase, setting)
            key = (section.letter, phrase.index, phrase.cadence, harmony)
            plan = plans.get((section.letter, phrase.index))
            if plan is None:
                plan = plans[(section.letter, phrase.index)] = _figures(section, phrase, main, second, setting, rng)
            plan = _ended(plan, phrase, main, setting)
            uses += [Use(phrase.start + at, f.device, f.source, f.bar) for at, f in enumerate(plan)]
            if key in remembered:
                earlier, old = remembered[key]
                shift = (phrase.start - earlier.start) * setting.bar.length
                new = [replace(event, start=event.start + shift) for event in old]
                events += _ornamented(new, setting, rng) if section.varied else new
                continue
            before = events[-1].tones[-1][0] if events else None
            new = _pitched(plan, phrase, section, setting, noise, before)
            remembered[key] = (phrase, new)
            events += new
    return events, uses


def _harmony_key(phrase: Phrase, setting: Setting) -> tuple[str, ...]:
    """The chords under a phrase, so that a returning melody is only reused over returning harmony."""
    start, end = phrase.start * setting.bar.length, (phrase.start + phrase.bars) * setting.bar.length
    return tuple(span.chord.roman for span in setting.spans if start <= span.start < end)


def _figures(
    section: Section, phrase: Phrase, main: motif.Figure, second: motif.Figure, setting: Setting, rng: random.Random
) -> list[motif.Figure]:
    """One figure a bar: statement, answer and development as in a period or a sentence."""
    bar = setting.bar
    sequence = replace(main, device="sequence")
    contrast = motif.inverted(main)
    if section.letter == "A":
        schemes = [[main, second, sequence], [main, sequence, motif.fragmented(main, bar)], [main, second, contrast]]
        scheme = schemes[0] if phrase.index else rng.choice(schemes)
    else:
        schemes = [
            [contrast, replace(contrast, device="sequence"), second],
            [second, contrast, motif.fragmented(main, bar)],
            [motif.augmented(main, bar), second, contrast],
        ]
        scheme = rng.choice(schemes)
    figures = [scheme[at % len(scheme)] for at in range(phrase.bars)]
    if phrase.bars > 4:
        figures[3:] = [motif.freed(main, "extension") for _ in figures[3:]]
    return figures


def _ended(plan: list[motif.Figure], phrase: Phrase, main: motif.Figure, setting: Setting) -> list[motif.Figure]:
    """The phrase's figures with a cadence in the last bar."""
    end = motif.cadence(main, setting.bar, phrase.cadence == "final", setting.breath)
    return [*plan[: phrase.bars - 1], end]


def _pitched(
    plan: list[motif.Figure], phrase: Phrase, section: Section, setting: Setting, noise: np.random.Generator, before: int | None
) -> list[Event]:
    """Slots for a phrase's figures, pitched."""
    slots, rests = _slots(plan, phrase, section, setting)
    low, high = _steps_between(setting.low, setting.high)
    steps = best_line(slots, low, high, setting.style, noise, before)
    return [
        Event(slot.onset, slot.length, ((step, slot.alters[step % 7]),))
        for slot, step in zip(slots, steps, strict=True)
    ]


def _slots(
    plan: list[motif.Figure], phrase: Phrase, section: Section, setting: Setting
) -> tuple[list[Slot], list[Fraction]]:
    """Slots in order of time, and where rests start."""
    slots: list[Slot] = []
    rests: list[Fraction] = []
    rested = True
    for at, figure in enumerate(plan):
        onset = (phrase.start + at) * setting.bar.length
        offset, previous = Fraction(0), None
        for duration, step in zip(figure.durations, figure.steps, strict=True):
            if step is None:
                rests.append(onset + offset)
                rested = True
            else:
                held = step if step != motif.FREE else None
                move = held - previous if held is not None and previous is not None else None
                slots.append(_slot(onset + offset, offset, duration, move, rested, figure, section, setting))
                previous, rested = held, False
            offset += duration
    last = slots[-1]
    slots[-1] = replace(last, goal=_goal(phrase, last, setting))
    return slots, rests


def _slot(
    onset: Fraction, offset: Fraction, length: Fraction, move: int | None, rested: bool, figure: motif.Figure,
    section: Section, setting: Setting,
) -> Slot:
    """One slot with its chord and the height the line should have there."""
    over = chord_at(setting.spans, onset)
    alters = chord_scale(setting.tonic, setting.mode, over)
    target, ceiling = _height(onset, section, setting)
    bass, before = setting.bass_around(onset)
    return Slot(
        onset, length, over, alters, setting.bar.strength(offset), consonant(over, alters, blue=setting.blue), target,
        ceiling, move, rested,
        device=figure.device, bass=bass, bass_before=before,
    )  # fmt: skip


def consonant(over: Chord, alters: tuple[int, ...], *, blue: bool = False) -> frozenset[int]:
    """Pitch classes that may stand on a strong beat over a chord.

    A power chord lets its scale's third and seventh stand as well; the blues its flat third and seventh.
    """
    pcs = set(over.pcs)
    if over.quality == "5":
        pcs |= {(NATURAL[letter] + alters[letter]) % 12 for letter in ((over.root.letter + n) % 7 for n in (2, 6))}
    if blue:
        pcs |= {(over.root.pc + 3) % 12, (over.root.pc + 10) % 12}
    return frozenset(pcs)


def _height(onset: Fraction, section: Section, setting: Setting) -> tuple[float, float]:
    """Arch within the phrase, one climax about two thirds through the piece, and the ceiling away from it."""
    total = float(setting.total_bars * setting.bar.length)
    place = float(onset) / total
    phrase = (float(onset / setting.bar.length) % 4) / 4
    width = min(6.0, (setting.high - setting.low) / 4)
    climax = math.exp(-(((place - 0.66) / 0.09) ** 2))
    contrast = 1.5 if section.letter != "A" else 0.0
    target = setting.center - 0.4 * width + width * (0.55 * math.sin(math.pi * phrase) + 0.9 * climax) + contrast
    return target, setting.center + width * (0.9 + 1.5 * climax)


def _goal(phrase: Phrase, last: Slot, setting: Setting) -> tuple[int, ...]:
    """Letters on which a phrase may end, best first."""
    degrees = scale(setting.tonic, setting.mode)
    if phrase.cadence == "final":
        return (degrees[0].letter,)
    tones = [tone.letter for tone in last.chord.tones[:3]]
    wanted = (0, 2, 4) if phrase.cadence == "closed" else (4, 1, 6, 2, 0)
    ranked = [degrees[degree].letter for degree in wanted if degrees[degree].letter in tones]
    return tuple(ranked + [letter for letter in tones if letter not in ranked])


def _steps_between(low: int, high: int) -> tuple[int, int]:
    """Diatonic steps whose natural notes lie within a MIDI range."""
    inside = [step for step in range(0, 77) if low + 1 <= midi(step, 0) <= high - 1]
    return inside[0], inside[-1]


def _ornamented(events: list[Event], setting: Setting, rng: random.Random) -> list[Event]:
    """A returning phrase with a few thirds filled by passing notes."""
    out: list[Event] = []
    left = 2
    for event, following in zip(events, [*events[1:], None], strict=True):
        step = event.tones[0][0]
        gap = following.tones[0][0] - step if following is not None and following.start == event.end else 0
        half = event.length / 2
        if left and abs(gap) == 2 and 1 <= event.length <= 2 and (half * 4).denominator == 1 and rng.random() < 0.6:
            between = step + gap // 2
            over = chord_at(setting.spans, event.start + half)
            alters = chord_scale(setting.tonic, setting.mode, over)
            out.append(replace(event, length=half))
            out.append(Event(event.start + half, half, ((between, alters[between % 7]),)))
            left -= 1
        else:
            out.append(event)
    return out

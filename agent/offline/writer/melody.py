"""Melody: motifs laid out in phrases and pitched by `line.best_line`, with one climax and breaths."""

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
from agent.offline.writer.returns import Heard, Segment, bar_chords, segments, taken
from agent.offline.writer.theory import NATURAL, Chord, Tone, chord_scale, midi, scale

#: Bars; sections give what is left over to their last phrase.
LONGEST_PHRASE = 7


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
    climax: int = 0  # bar of the one high point, from 0
    bass: tuple[Event, ...] = ()  # the bass line, if it is written first

    def bass_around(self, time: Fraction) -> tuple[int | None, int | None]:
        """MIDI pitch of the bass at a time and just before it.

        Where it rests, what sounded last; None before all.
        """
        now = bisect.bisect_right(self.bass, time, key=lambda event: event.start) - 1
        before = bisect.bisect_left(self.bass, time, key=lambda event: event.start) - 1
        at, earlier = (self.bass[place].pitches[0] if place >= 0 else None for place in (now, before))
        return at, earlier

    @property
    def width(self) -> float:
        """Semitones that the line moves about its centre."""
        return min(6.0, (self.high - self.low) / 4)

    @property
    def peak(self) -> float:
        """MIDI pitch of the climax, about."""
        return min(self.high - 1.0, self.center + 1.9 * self.width)


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
    rng = random.Random(seed)  # noqa: S311 - music, no secrets
    noise = np.random.default_rng(seed)
    main = motif.choose(pool, setting.note_length, setting.bar, rng)
    others = [figure for figure in pool if figure.durations != main.durations]
    second = motif.freed(motif.choose(others, setting.note_length, setting.bar, rng))
    heard: dict[tuple[str, int], list[Heard]] = {}
    events: list[Event] = []
    uses: list[Use] = []
    plans: dict[tuple[str, int], list[motif.Figure]] = {}
    order = [(section, phrase) for section in form for phrase in section.phrases]
    for (section, phrase), following in zip(order, [*order[1:], None], strict=True):
        name = (section.letter, phrase.index)
        if name not in plans:
            plans[name] = _figures(section, phrase, main, second, setting, rng)
        plan = _ended(plans[name], section, phrase, main, setting)
        uses += [Use(phrase.start + at, f.device, f.source, f.bar) for at, f in enumerate(plan)]
        before = events[-1].tones[-1][0] if events else None
        after = _opening(following, heard, setting) if following else None
        parts = _division(section, phrase, heard, setting)
        new = _phrase(plan, phrase, section, parts, setting, noise, rng, before, after)
        chords = bar_chords(phrase, setting.spans, setting.bar.length)
        heard.setdefault(name, []).append(Heard(phrase, chords, tuple(new)))
        events += new
    return events, uses


def _division(
    section: Section, phrase: Phrase, heard: dict[tuple[str, int], list[Heard]], setting: Setting
) -> list[Segment]:
    """Return which bars of a phrase return and which are new."""
    chords = bar_chords(phrase, setting.spans, setting.bar.length)
    return segments(phrase, chords, heard.get((section.letter, phrase.index), []), setting.climax)


def _opening(
    where: tuple[Section, Phrase], heard: dict[tuple[str, int], list[Heard]], setting: Setting
) -> int | None:
    """Return the step on which a phrase begins, if it is known because the phrase returns."""
    first = _division(*where, heard, setting)[0]
    known = taken(first, where[1], setting.bar.length)
    return known[0].tones[0][0] if known else None


def _phrase(
    plan: list[motif.Figure],
    phrase: Phrase,
    section: Section,
    parts: list[Segment],
    setting: Setting,
    noise: np.random.Generator,
    rng: random.Random,
    before: int | None,
    after: int | None,
) -> list[Event]:
    """Return the notes of a phrase, those that return and those that are new.

    They are joined so that nothing leaps far.
    """
    returning = [taken(part, phrase, setting.bar.length) for part in parts]
    events: list[Event] = []
    for part, known, following in zip(parts, returning, [*returning[1:], []], strict=True):
        if part.source is not None:
            events += _ornamented(known, setting, rng) if section.varied else known
            continue
        start = events[-1].tones[0][0] if events else before
        goes_on = following[0].tones[0][0] if following else after if part is parts[-1] else None
        events += _pitched(plan, phrase, part, section, setting, noise, start, goes_on)
    return events


def _figures(
    section: Section,
    phrase: Phrase,
    main: motif.Figure,
    second: motif.Figure,
    setting: Setting,
    rng: random.Random,
) -> list[motif.Figure]:
    """Return one figure a bar, enough for any phrase.

    They state, answer and develop as in a period or a sentence.
    """
    bar = setting.bar
    sequence = replace(main, device="sequence")
    contrast = motif.inverted(main)
    fragment = motif.fragmented(main, bar)
    if fragment.durations == main.durations:
        fragment = motif.varied(main, bar)
    broad = motif.augmented(main, bar)
    if broad.durations == main.durations:
        broad = motif.varied(contrast, bar)
    if section.letter == "A":
        schemes = [[main, second, sequence], [main, sequence, fragment], [main, second, contrast]]
        scheme = schemes[0] if phrase.index else rng.choice(schemes)
    else:
        schemes = [
            [contrast, replace(contrast, device="sequence"), second],
            [second, contrast, fragment],
            [broad, second, contrast],
        ]
        scheme = rng.choice(schemes)
    return [*scheme, *[motif.freed(main, "extension")] * LONGEST_PHRASE]


def _ended(
    plan: list[motif.Figure], section: Section, phrase: Phrase, main: motif.Figure, setting: Setting
) -> list[motif.Figure]:
    """Return the phrase's figures with a cadence in the last bar.

    A section's end always lets the player breathe.
    """
    breath = setting.breath or phrase is section.phrases[-1]
    end = motif.cadence(main, setting.bar, phrase.cadence == "final", breath)
    return [*plan[: phrase.bars - 1], end]


def _pitched(
    plan: list[motif.Figure],
    phrase: Phrase,
    part: Segment,
    section: Section,
    setting: Setting,
    noise: np.random.Generator,
    before: int | None,
    after: int | None,
) -> list[Event]:
    """Return the notes of some bars of a phrase: slots for its figures, pitched."""
    slots = _slots(plan, phrase, part, section, setting)
    low, high = _steps_between(setting.low, setting.high)
    steps = best_line(slots, low, high, setting.style, noise, before, after) if slots else []
    return [
        Event(slot.onset, slot.length, ((step, slot.alters[step % 7]),))
        for slot, step in zip(slots, steps, strict=True)
    ]


def _slots(
    plan: list[motif.Figure], phrase: Phrase, part: Segment, section: Section, setting: Setting
) -> list[Slot]:
    """Return slots in order of time.

    The last of a phrase has a goal, the longest of the climax is the peak.
    """
    slots: list[Slot] = []
    rested = part.first == 0
    for at in range(part.first, part.stop):
        figure = plan[at]
        onset = (phrase.start + at) * setting.bar.length
        offset = Fraction(0)
        previous: int | None = None
        inside: list[Slot] = []
        for duration, step in zip(figure.durations, figure.steps, strict=True):
            if step is None:
                rested = True
            else:
                held = step if step != motif.FREE else None
                move = held - previous if held is not None and previous is not None else None
                inside.append(
                    _slot(onset + offset, offset, duration, move, rested, figure, phrase, section, setting)
                )
                previous, rested = held, False
            offset += duration
        slots += _peaked(inside, setting) if phrase.start + at == setting.climax else inside
    if part.stop == phrase.bars and slots:
        last = slots[-1]
        slots[-1] = replace(last, goal=_goal(phrase, last, setting))
    return slots


def _peaked(slots: list[Slot], setting: Setting) -> list[Slot]:
    """Return the climax bar's slots with the one for the highest note marked: a long one on a strong beat."""
    if not slots:
        return slots
    place = max(range(len(slots)), key=lambda at: (slots[at].length + Fraction(slots[at].strength, 2), at))
    slot = slots[place]
    tones = [p for p in range(int(setting.peak) - 6, int(setting.peak) + 1) if p % 12 in slot.consonant]
    target = float(max(tones, default=int(setting.peak)))
    peak = replace(slot, peak=True, target=target, ceiling=setting.peak)
    return [*slots[:place], peak, *slots[place + 1 :]]


def _slot(
    onset: Fraction,
    offset: Fraction,
    length: Fraction,
    move: int | None,
    rested: bool,
    figure: motif.Figure,
    phrase: Phrase,
    section: Section,
    setting: Setting,
) -> Slot:
    """One slot with its chord and the height the line should have there."""
    over = chord_at(setting.spans, onset)
    alters = chord_scale(setting.tonic, setting.mode, over)
    target, ceiling = _height(onset, phrase, section, setting)
    bass, before = setting.bass_around(onset)
    return Slot(
        onset=onset,
        length=length,
        chord=over,
        alters=alters,
        strength=setting.bar.strength(offset),
        consonant=consonant(over, alters, blue=setting.blue),
        target=target,
        ceiling=ceiling,
        move=move,
        after_rest=rested,
        device=figure.device,
        bass=bass,
        bass_before=before,
    )


def consonant(over: Chord, alters: tuple[int, ...], *, blue: bool = False) -> frozenset[int]:
    """Pitch classes that may stand on a strong beat over a chord.

    A power chord lets its scale's third and seventh stand as well; the blues its flat third and seventh.
    """
    pcs = set(over.pcs)
    if over.quality in ("maj7", "maj9"):
        pcs.discard(over.root.pc)  # a semitone over the seventh
    if over.quality == "5":
        pcs |= {
            (NATURAL[letter] + alters[letter]) % 12 for letter in ((over.root.letter + n) % 7 for n in (2, 6))
        }
    if blue:
        pcs |= {(over.root.pc + 3) % 12, (over.root.pc + 10) % 12}
    return frozenset(pcs)


def _height(onset: Fraction, phrase: Phrase, section: Section, setting: Setting) -> tuple[float, float]:
    """Return the height the line tends to, an arch in every phrase, and its ceiling.

    The ceiling keeps the climax alone at the top.
    """
    bars = float(onset / setting.bar.length)
    within = (bars - phrase.start) / phrase.bars
    near = math.exp(-(((bars - setting.climax - 0.5) / (0.09 * setting.total_bars + 0.5)) ** 2))
    contrast = 1.5 if section.letter != "A" else 0.0
    target = (
        setting.center + setting.width * (0.55 * math.sin(math.pi * within) - 0.4 + 0.6 * near) + contrast
    )
    return target, setting.peak - 4.0 + 2.0 * near


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
    inside = [step for step in range(77) if low + 1 <= midi(step, 0) <= high - 1]
    return inside[0], inside[-1]


def _ornamented(events: list[Event], setting: Setting, rng: random.Random) -> list[Event]:
    """Return a returning phrase with a third filled by a passing note."""
    out: list[Event] = []
    left = 1
    for event, following in zip(events, [*events[1:], None], strict=True):
        step = event.tones[0][0]
        gap = following.tones[0][0] - step if following is not None and following.start == event.end else 0
        half = event.length / 2
        if (
            left
            and abs(gap) == 2
            and 1 <= event.length <= 2
            and (half * 4).denominator == 1
            and rng.random() < 0.6
        ):
            between = step + gap // 2
            over = chord_at(setting.spans, event.start + half)
            alters = chord_scale(setting.tonic, setting.mode, over)
            out.append(replace(event, length=half))
            out.append(Event(event.start + half, half, ((between, alters[between % 7]),)))
            left -= 1
        else:
            out.append(event)
    return out

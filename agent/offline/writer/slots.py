"""Slots: the notes of a phrase before they are pitched - when, how strong, over which chord, how high."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from agent.offline.writer import motif
from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.harmony import chord_at
from agent.offline.writer.line import Slot
from agent.offline.writer.motif import Figure
from agent.offline.writer.returns import Segment
from agent.offline.writer.setting import Setting, consonant
from agent.offline.writer.theory import chord_scale, scale

#: Shapes of a phrase's height.
SHAPES = ("arch", "arch", "arch", "rising", "falling", "valley")
#: Shortest note that may be left when the next one comes early, in quarter notes.
_LEAST = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Layout:
    """A phrase as figures: one a bar, the upbeat before them, and the shape of its height."""

    bars: tuple[Figure, ...]
    upbeat: Figure | None
    shape: str


def slots_of(
    plan: Layout,
    section: Section,
    phrase: Phrase,
    part: Segment,
    setting: Setting,
    free_from: Fraction | None = None,
) -> list[Slot]:
    """Return the slots of some bars of a phrase, in order of time.

    The last of a phrase has a goal, a long one of the climax bar is the peak.

    Parameters
    ----------
    part
        The bars that are wanted.
    free_from
        Start of the note before the phrase: an upbeat must leave it some time. None: nothing was before.
    """
    slots = upbeat_slots(plan, section, phrase, setting, free_from) if part.first == 0 else []
    rested = part.first == 0 and not slots
    link = plan.upbeat.link if slots and plan.upbeat is not None else None
    for at in range(part.first, part.stop):
        figure = plan.bars[at]
        start = (phrase.start + at) * setting.bar.length
        link = figure.link if at > part.first else link
        if figure.early and (slots or free_from is None or start - figure.early - _LEAST >= free_from):
            inside = _of_figure(figure, start, plan, section, phrase, setting, rested=rested, link=link)
            inside, slots = _anticipated(inside, slots, figure.early, first=start == 0)
        else:
            inside = _of_figure(figure, start, plan, section, phrase, setting, rested=rested, link=link)
        rested = not inside or inside[-1].onset + inside[-1].length < start + setting.bar.length
        link = None
        slots += _peaked(inside, setting) if phrase.start + at == setting.climax else inside
    if part.stop == phrase.bars and slots and section.kind != "intro":
        last = slots[-1]
        slots[-1] = replace(last, goal=_goal(phrase, last, setting))
    return slots


def upbeat_slots(
    plan: Layout, section: Section, phrase: Phrase, setting: Setting, free_from: Fraction | None
) -> list[Slot]:
    """Return the slots before the first bar line of a phrase; none where there is no upbeat or no room."""
    if plan.upbeat is None or not _room(plan.upbeat, phrase, setting, free_from):
        return []
    start = phrase.start * setting.bar.length - sum(plan.upbeat.durations)
    return _of_figure(plan.upbeat, start, plan, section, phrase, setting, rested=True, link=None)


def _room(upbeat: Figure, phrase: Phrase, setting: Setting, free_from: Fraction | None) -> bool:
    """Whether the note before an upbeat keeps a beat, or the upbeat comes after a silence in the piece."""
    start = phrase.start * setting.bar.length - sum(upbeat.durations)
    return start >= 0 and (free_from is None or start - free_from >= setting.bar.beats[0])


def _of_figure(
    figure: Figure,
    start: Fraction,
    plan: Layout,
    section: Section,
    phrase: Phrase,
    setting: Setting,
    *,
    rested: bool,
    link: int | None,
) -> list[Slot]:
    """Return the slots of one figure; ``link`` is the wanted move to its first note."""
    inside: list[Slot] = []
    offset = Fraction(0)
    previous: int | None = None
    for duration, step in zip(figure.durations, figure.steps, strict=True):
        if step is None:
            rested = True
        else:
            held = step if step != motif.FREE else None
            move = held - previous if held is not None and previous is not None else None
            move = link if not inside else move
            onset = start + offset
            target, ceiling = _height(onset, plan.shape, section, phrase, setting)
            inside.append(_slot(onset, duration, move, rested, figure.device, target, ceiling, setting))
            previous, rested = held, False
        offset += duration
    return inside


def _slot(
    onset: Fraction,
    length: Fraction,
    move: int | None,
    rested: bool,
    device: str,
    target: float,
    ceiling: float,
    setting: Setting,
) -> Slot:
    """One slot with its chord and the bass under it."""
    over = chord_at(setting.spans, onset)
    alters = chord_scale(setting.tonic, setting.mode, over)
    bass, before = setting.bass_around(onset)
    return Slot(
        onset=onset,
        length=length,
        chord=over,
        alters=alters,
        strength=setting.bar.strength(onset % setting.bar.length),
        consonant=consonant(over, alters, blue=setting.blue),
        target=target,
        ceiling=ceiling,
        move=move,
        after_rest=rested,
        device=device,
        bass=bass,
        bass_before=before,
    )


def _anticipated(
    inside: list[Slot], before: list[Slot], early: Fraction, *, first: bool
) -> tuple[list[Slot], list[Slot]]:
    """Return a bar's slots with the first begun early, and those before it with the last made shorter."""
    if not inside or first:
        return inside, before
    start = inside[0].onset - early
    if before and before[-1].onset + before[-1].length > start:
        left = start - before[-1].onset
        if left < _LEAST:
            return inside, before
        before = [*before[:-1], replace(before[-1], length=left)]
    return [replace(inside[0], onset=start, length=inside[0].length + early), *inside[1:]], before


def _peaked(slots: list[Slot], setting: Setting) -> list[Slot]:
    """Return the climax bar's slots with the one for the highest note marked: a long one on a strong beat."""
    if not slots:
        return slots
    place = max(range(len(slots)), key=lambda at: (slots[at].length + Fraction(slots[at].strength, 2), at))
    slot = slots[place]
    reach = range(int(setting.peak) - 5, min(setting.high, int(setting.peak) + 3))
    tones = [pitch for pitch in reach if pitch % 12 in slot.consonant]
    target = float(min(tones, key=lambda pitch: abs(pitch - setting.peak), default=int(setting.peak)))
    peak = replace(slot, peak=True, target=target, ceiling=target)
    return [*slots[:place], peak, *slots[place + 1 :]]


def _height(
    onset: Fraction, shape: str, section: Section, phrase: Phrase, setting: Setting
) -> tuple[float, float]:
    """Return the height the line tends to, by the shape of its phrase, and its ceiling.

    The ceiling keeps the climax alone at the top; a more energetic section lies higher.
    """
    bars = float(onset / setting.bar.length)
    within = min(max((bars - phrase.start) / phrase.bars, 0.0), 1.0)
    near = math.exp(-(((bars - setting.climax - 0.5) / (0.09 * setting.total_bars + 0.5)) ** 2))
    curve = {
        "arch": 0.6 * math.sin(math.pi * within) - 0.4,
        "rising": 0.9 * within - 0.5,
        "falling": 0.35 - 0.9 * within,
        "valley": 0.25 - 0.8 * math.sin(math.pi * within),
    }[shape]
    lift = 0.35 * (section.energy - 0.6) + (0.3 if section.letter not in ("A", "intro", "coda") else 0.0)
    target = setting.center + setting.width * (curve + lift + 0.6 * near)
    return target, setting.peak - 4.5 + 1.5 * near


def _goal(phrase: Phrase, last: Slot, setting: Setting) -> tuple[int, ...]:
    """Letters on which a phrase may end, best first."""
    degrees = scale(setting.tonic, setting.mode)
    if phrase.cadence == "final":
        return (degrees[0].letter,)
    tones = [tone.letter for tone in last.chord.tones[:3]]
    wanted = (0, 2, 4) if phrase.cadence == "closed" else (4, 1, 6, 2, 0)
    ranked = [degrees[degree].letter for degree in wanted if degrees[degree].letter in tones]
    return tuple(ranked + [letter for letter in tones if letter not in ranked])

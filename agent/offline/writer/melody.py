"""Melody: phrases laid out from ideas and schemes, pitched by `line.best_line`, with one climax."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from agent.offline.writer import motif
from agent.offline.writer.devices import augmented, fragmented, freed
from agent.offline.writer.endings import echoed, ending, long_tone, silent, upbeat
from agent.offline.writer.events import Event
from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.line import Slot, best_line
from agent.offline.writer.mend import mended
from agent.offline.writer.ornament import coloured, leaning, ornamented
from agent.offline.writer.returns import Heard, Segment, bar_chords, segments, taken
from agent.offline.writer.scheme import Idea, fill, ideas
from agent.offline.writer.setting import Setting, consonant
from agent.offline.writer.slots import SHAPES, Layout, slots_of, upbeat_slots
from agent.offline.writer.theory import midi

__all__ = ["Setting", "Use", "compose_melody", "consonant"]


@dataclass(frozen=True, slots=True)
class Use:
    """Where a figure of an exemplar is used: for the piece's own account of itself."""

    bar: int
    device: str
    source: str
    source_bar: int


@dataclass(slots=True)
class _Work:
    """What is known while the phrases are written one after the other."""

    setting: Setting
    rng: random.Random
    noise: np.random.Generator
    material: dict[str, Idea]
    plans: dict[tuple[str, int], Layout]
    heard: dict[tuple[str, int], list[Heard]]

    @property
    def main(self) -> Idea:
        """The first idea."""
        return next(iter(self.material.values()))


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
    letters = list(dict.fromkeys(section.letter for section in form if section.kind in ("theme", "layer")))
    material = ideas(letters, pool, setting, rng)
    work = _Work(setting, rng, np.random.default_rng(seed), material, {}, {})
    events: list[Event] = []
    uses: list[Use] = []
    order = [(section, phrase) for section in form for phrase in section.phrases]
    for (section, phrase), following in zip(order, [*order[1:], None], strict=True):
        plan = _planned(section, phrase, work, first=not events and phrase.start == 0)
        uses += [
            Use(phrase.start + at, figure.device, figure.source, figure.bar)
            for at, figure in enumerate(plan.bars)
            if figure.notes
        ]
        new = _phrase(plan, section, phrase, following, events, work)
        events = _joined(events, new, setting.bar.beats[0] if setting.breath else None)
    return events, uses


def _planned(section: Section, phrase: Phrase, work: _Work, *, first: bool) -> Layout:
    """Return the figures of a phrase; a phrase that has been planned before keeps them but for its end."""
    setting, rng = work.setting, work.rng
    if section.kind in ("intro", "coda"):
        return _edge(section, phrase, work)
    name = (section.letter, phrase.index)
    if name not in work.plans:
        work.plans[name] = _new_plan(section, phrase, work)
    plan = work.plans[name]
    last_of_section = phrase is section.phrases[-1]
    head = work.material[section.letter].lead
    if section.kind == "layer" and phrase.cadence != "final":
        end = long_tone(setting.bar, head, breath=True)
    else:
        late = _changes_inside(phrase, setting) or rng.random() < setting.habits.late
        end = ending(
            head,
            setting.bar,
            final=phrase.cadence == "final",
            breath=setting.breath or last_of_section,
            late=late,
        )
    return replace(plan, bars=(*plan.bars[: phrase.bars - 1], end), upbeat=None if first else plan.upbeat)


def _new_plan(section: Section, phrase: Phrase, work: _Work) -> Layout:
    """Return scheme, upbeat and shape of an idea heard for the first time."""
    habits, rng = work.setting.habits, work.rng
    names, weights = zip(*habits.schemes, strict=True)
    idea = work.material[section.letter]
    bars = fill(rng.choices(names, weights)[0], idea, phrase.index, work.setting, rng)
    opening = None
    if rng.random() < habits.upbeat and section.kind == "theme":
        opening = upbeat(idea.lead, work.setting.bar, rng, slow=work.setting.slow)
    return Layout(tuple(bars), opening, rng.choice(SHAPES))


def _edge(section: Section, phrase: Phrase, work: _Work) -> Layout:
    """Return an introduction, silent or with a hint of the motif, or a coda, where the motif dissolves."""
    setting, lead = work.setting, work.main.lead
    rests = [silent(setting.bar)] * phrase.bars
    if section.kind == "intro":
        if setting.alone:
            rests = [echoed(lead), long_tone(setting.bar, lead, breath=True)] * phrase.bars
        elif phrase.bars > 2 and work.rng.random() < 0.4:
            rests[phrase.bars - 2] = echoed(augmented(lead, setting.bar))
        return Layout(tuple(rests[: phrase.bars]), None, "arch")
    parts = [lead, fragmented(lead, setting.bar), augmented(lead, setting.bar)]
    parts += [long_tone(setting.bar, lead, breath=True)] * phrase.bars
    wanted = parts[-phrase.bars - 1 :] if phrase.bars < 2 else [*parts[: phrase.bars - 2], parts[2]]
    bars = [*wanted[: phrase.bars - 1], ending(lead, setting.bar, final=True, breath=False, late=False)]
    dissolved = [freed(bar, "liquidation") for bar in bars[:-1]]
    return Layout((*dissolved, bars[-1]), None, "falling")


def _changes_inside(phrase: Phrase, setting: Setting) -> bool:
    """Whether the harmony of a phrase's last bar arrives within it."""
    return len(bar_chords(phrase, setting.spans, setting.bar.length)[-1]) > 1


def _phrase(
    plan: Layout,
    section: Section,
    phrase: Phrase,
    following: tuple[Section, Phrase] | None,
    events: list[Event],
    work: _Work,
) -> list[Event]:
    """Return the notes of a phrase, those that return and those that are new, joined without far leaps."""
    setting = work.setting
    chords = bar_chords(phrase, setting.spans, setting.bar.length)
    name = (section.letter, phrase.index)
    parts = _division(section, phrase, work)
    after = _opening(following, work) if following else None
    returning = [taken(part, phrase, setting.bar.length) for part in parts]
    new: list[Event] = []
    for part, known, then in zip(parts, returning, [*returning[1:], []], strict=True):
        before = new[-1] if new else events[-1] if events else None
        if part.source is not None:
            again = ornamented(known, setting, section.turn, work.rng) if section.varied else known
            if known and known[0].start == phrase.start * setting.bar.length and part.first == 0:
                again = _led_in(plan, section, phrase, work, before, known[0]) + again
            new += mended(again, before, setting)
            continue
        goes_on = then[0].tones[0][0] if then else after if part is parts[-1] else None
        new += _pitched(plan, section, phrase, part, work, before, goes_on)
    work.heard.setdefault(name, []).append(Heard(phrase, chords, tuple(new)))
    return new


def _division(section: Section, phrase: Phrase, work: _Work) -> list[Segment]:
    """Return which bars of a phrase return and which are new."""
    chords = bar_chords(phrase, work.setting.spans, work.setting.bar.length)
    return segments(phrase, chords, work.heard.get((section.letter, phrase.index), []), work.setting.climax)


def _opening(where: tuple[Section, Phrase], work: _Work) -> int | None:
    """Return the step on which a phrase begins, if it is known because the phrase returns."""
    first = _division(*where, work)[0]
    known = taken(first, where[1], work.setting.bar.length)
    return known[0].tones[0][0] if known else None


def _pitched(
    plan: Layout,
    section: Section,
    phrase: Phrase,
    part: Segment,
    work: _Work,
    before: Event | None,
    after: int | None,
) -> list[Event]:
    """Return the notes of some bars of a phrase: slots for its figures, pitched."""
    setting = work.setting
    slots = slots_of(plan, section, phrase, part, setting, free_from=before.start if before else None)
    if not slots:
        return []
    low, high = steps_between(setting.low, setting.high)
    step = before.tones[0][0] if before else None
    led = before is not None and slots[0].onset - before.end <= Fraction(1, 2)
    pitch = before.pitches[0] if before and led else None
    steps = best_line(slots, low, high, setting.style, work.noise, step, after, pitch)
    return coloured(leaning(_noted(slots, steps), setting, work.rng), setting, work.rng)


def _led_in(
    plan: Layout, section: Section, phrase: Phrase, work: _Work, before: Event | None, first: Event
) -> list[Event]:
    """Return the upbeat to a phrase that returns and had none when it opened the piece."""
    slots = upbeat_slots(plan, section, phrase, work.setting, before.start if before else None)
    if not slots:
        return []
    low, high = steps_between(work.setting.low, work.setting.high)
    step = before.tones[0][0] if before else None
    steps = best_line(slots, low, high, work.setting.style, work.noise, step, first.tones[0][0])
    return _noted(slots, steps)


def _noted(slots: list[Slot], steps: list[int]) -> list[Event]:
    """Return the notes of slots that have been pitched."""
    return [
        Event(slot.onset, slot.length, ((step, slot.alters[step % 7]),))
        for slot, step in zip(slots, steps, strict=True)
    ]


def _joined(events: list[Event], new: list[Event], beat: Fraction | None) -> list[Event]:
    """Return both, the last note before cut where an upbeat begins.

    With a ``beat`` the player breathes before the upbeat: a part of the beat is left silent.
    """
    if not new:
        return events
    start: Fraction = new[0].start
    kept = [event for event in events if event.start < start]
    if kept and kept[-1].end >= start:
        breath = Fraction(1, 2) if beat is not None and kept[-1].length > 1 else Fraction(0)
        kept[-1] = replace(kept[-1], length=min(kept[-1].end, start) - kept[-1].start - breath)
    return kept + new


def steps_between(low: int, high: int) -> tuple[int, int]:
    """Diatonic steps whose natural notes lie within a MIDI range."""
    inside = [step for step in range(77) if low + 1 <= midi(step, 0) <= high - 1]
    return inside[0], inside[-1]


def sources(uses: Iterable[Use]) -> tuple[str, ...]:
    """Return the exemplars that lent figures, each once, in order of first use."""
    return tuple(dict.fromkeys(use.source for use in uses if use.source))

"""The offline writer: a plan and exemplars in, a draft in ABC out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from agent.draft import Draft
from agent.keys import Key, parse_key
from agent.offline.writer import motif
from agent.offline.writer.articulation import articulated
from agent.offline.writer.entries import within
from agent.offline.writer.events import Event
from agent.offline.writer.figures import figures
from agent.offline.writer.form import Section, climax_bar, sections
from agent.offline.writer.given import NOTHING, Given
from agent.offline.writer.harmony import Span, harmonise
from agent.offline.writer.layout import Sheet, abc
from agent.offline.writer.line import LineStyle
from agent.offline.writer.melody import Use, compose_melody
from agent.offline.writer.meter import Meter, meter
from agent.offline.writer.orchestra import bass_line, clef_for, played_bars, staff_names, staves
from agent.offline.writer.originality import Guard, guard_of, original, original_staves
from agent.offline.writer.pattern import table
from agent.offline.writer.setting import Habits, Setting, shortest_value
from agent.offline.writer.theory import scale, tonic
from agent.offline.writer.thickness import fitted
from chiaroscore import NotationError
from notation import Instrument, Tune, instrument, parse
from prompts import Plan
from rag_store import Exemplar
from rag_store.lines import Line, tune_lines

__all__ = ["Draft", "OfflineWriter", "clef_for", "sheet_of", "staff_names"]

COMPOSER = "Chiaroscore"
#: How many melodies are written until one copies no exemplar; the second half borrows no motif.
_ATTEMPTS = 8


class OfflineWriter:
    """Writes a score from a plan.

    Harmony follows phrase models, the melody develops motifs of the exemplars, figures come from the genre.

    Parameters
    ----------
    guard
        Says what of a melody is copied, `rag_store.CopyIndex.runs` of a store; by default only the
        exemplars a draft is given are minded.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self.guard = guard

    def write(
        self,
        plan: Plan,
        exemplars: Sequence[Exemplar],
        seed: int,
        redo: dict[str, int] | None = None,
        *,
        given: Given = NOTHING,
    ) -> Draft:
        """Compose a draft.

        Parameters
        ----------
        plan
            What the music shall be.
        exemplars
            Where motifs are taken from; may be empty, then motifs are invented.
        seed
            Same plan, exemplars, seed and ``redo`` give the same text.
        redo
            Number of the attempt for "harmony", "melody" or "parts"; what is not named is written as before.
        given
            Bars and voices that are taken over; everything else is composed around them.

        Returns
        -------
        Draft
            Its ABC has one voice a part and ``plan.bars`` bars in every voice.
        """
        bar, key = meter(plan.meter), parse_key(plan.key)
        style = table("styles")["genres"][plan.genre]
        redo = redo or {}
        form = given.form or sections(plan.form, plan.bars, _rng(seed, "form", redo))
        home = tonic(key.tonic)
        spans = harmonise(
            form,
            bar,
            home,
            key.mode,
            style["family"],
            _rng(seed, "harmony", redo),
            fast=bool(style.get("fast_harmony")),
            valence=plan.emotion.valence,
            tension=plan.tension - style.get("plain", 0.0),
        )
        spans = given.chords(spans, bar.length)
        setting = _setting(plan, key, bar, spans, style, climax_bar(form))
        bass = bass_line(plan, form, setting, style, _rng(seed, "bass", redo))
        setting = replace(setting, bass=tuple(given.line("B", bass, bar.length)))
        kin = [exemplar for exemplar in exemplars if exemplar.genre == plan.genre]
        lend = list(given.figures) or _pool(kin, bar) or _pool(exemplars, bar)
        guard = self.guard or guard_of(_lines(exemplars))
        melody, uses = _melody(form, setting, guard, lend, _rng(seed, "melody", redo))
        melody = within(melody, played_bars(plan, form)["M"], bar.length)
        melody = articulated(melody, bar, plan.rhythm.articulation, plan.tempo)
        if "M" in given.lines:
            melody = given.melody(melody, setting, seed)
        parts = staves(plan, form, setting, melody, style, _rng(seed, "parts", redo))
        parts = fitted(parts, bar, plan.bars, plan.tempo, plan.rhythm.limits, plan.rhythm.density)
        parts = original_staves(parts, setting, guard, given.lines["M"].bars if "M" in given.lines else ())
        parts = given.staves(parts, bar.length)
        romans = tuple(span.chord.roman for span in spans)
        return Draft(abc(sheet_of(plan), parts), form, tuple(uses), romans, seed, redo)


def sheet_of(plan: Plan) -> Sheet:
    """Return what stands above the music of a plan."""
    key = parse_key(plan.key)
    return Sheet(
        plan.title,
        COMPOSER,
        plan.tempo,
        plan.tempo_text,
        key.abc,
        _signature(key),
        meter(plan.meter),
        plan.bars,
        plan.genre,
    )


def _rng(seed: int, part: str, redo: dict[str, int]) -> random.Random:
    """Random numbers for one part of the work."""
    return random.Random(f"{seed}:{part}:{redo.get(part, 0)}")  # noqa: S311 - music, no secrets


def _setting(
    plan: Plan, key: Key, bar: Meter, spans: list[Span], style: dict[str, Any], climax: int
) -> Setting:
    """Return what the melody is written against."""
    lead = next((part for part in plan.instruments if part.role == "melody"), plan.instruments[0])
    player = instrument(lead.instrument)
    low, high, center = _melody_range(player, plan.tessitura.center, _floor(plan))
    if plan.tessitura.fixed:
        center = plan.tessitura.center
        low, high = max(player.low, center - 9), min(player.high, center + 10)
    degrees = scale(tonic(key.tonic), key.mode)
    line = LineStyle(
        leaps=style.get("leaps", 1.0),
        seconds=style.get("seconds", 0.0),
        pentatonic=style.get("pentatonic", 0.0),
        chromatic=style.get("chromatic", 0.0),
        avoided=frozenset({degrees[3].letter, degrees[6].letter}),
    )
    # a bar of one note is no motif, however slow the music
    length = min(plan.rhythm.note_length * style.get("slack", 1.0), 0.55 * float(bar.length))
    return Setting(
        bar, tonic(key.tonic), key.mode, spans, low, high, center, length, line, plan.tempo < 180, plan.bars,
        bool(style.get("blue")), climax, habits=Habits.of(plan.genre), shortest=shortest_value(plan.tempo),
        alone=len(plan.instruments) == 1,
    )  # fmt: skip


def _melody_range(player: Instrument, center: int, floor: int) -> tuple[int, int, int]:
    """Range of about an octave and a half around the wanted centre, inside the instrument's good register.

    ``floor`` is where the bass leaves room for a melody; the lead rises to it as far as an octave of range
    is left.
    """
    low, high = player.comfortable_low, player.comfortable_high
    if floor > low:
        low = max(player.low, min(floor, player.high - 13))
        high = max(high, min(low + 14, player.high))
    middle = min(max(center, low + 8), high - 8) if high - low >= 16 else (low + high) // 2
    bottom = max(low, middle - 9, min(50, player.high - 13))
    return bottom, max(min(high, middle + 11), min(bottom + 13, player.high)), max(middle, min(57, high - 6))


def _floor(plan: Plan) -> int:
    """Lowest pitch that leaves an octave to every bass; 0 without one."""
    basses = [instrument(part.instrument) for part in plan.instruments if part.role == "bass"]
    return max((player.low + 12 for player in basses), default=0)


def _lines(exemplars: Sequence[Exemplar]) -> list[Line]:
    """Return all lines of exemplars."""
    return [line for one in exemplars for line in tune_lines(_read(one.abc, one.id))]


def _pool(exemplars: Sequence[Exemplar], bar: Meter) -> list[motif.Figure]:
    """Return the figures that exemplars lend to a meter."""
    return [figure for one in exemplars for figure in _lent(one.abc, one.id, bar)]


@lru_cache(maxsize=64)
def _lent(abc_text: str, identity: str, bar: Meter) -> tuple[motif.Figure, ...]:
    """Return the figures of one exemplar; kept, because drafts of one piece share their exemplars."""
    return tuple(figures(_read(abc_text, identity), identity, bar))


def _melody(
    form: tuple[Section, ...],
    setting: Setting,
    guard: Guard,
    pool: list[motif.Figure],
    rng: random.Random,
) -> tuple[list[Event], list[Use]]:
    """Return a melody that copies no exemplar: tries with the figures lent, at last with invented ones."""
    for attempt in range(_ATTEMPTS):
        borrowed = pool if attempt < _ATTEMPTS // 2 else []
        melody, uses = compose_melody(form, setting, borrowed, rng.randrange(2**31))
        melody, own = original(melody, setting, guard)
        if own:
            break
    return melody, uses


def _read(abc_text: str, identity: str) -> Tune:
    """Return the parsed exemplar; an unreadable one is named in the error."""
    try:
        return _parsed(abc_text)
    except NotationError as error:
        error.add_note(f"while taking motifs from exemplar {identity!r}")
        raise


@lru_cache(maxsize=32)
def _parsed(abc_text: str) -> Tune:
    """Return a tune, kept because drafts of one piece share their exemplars."""
    return parse(abc_text)


def _signature(key: Key) -> tuple[int, ...]:
    """Alteration of each letter C..B in the key signature."""
    alters = [0] * 7
    for tone in scale(tonic(key.tonic), key.mode):
        alters[tone.letter] = tone.alter
    return tuple(alters)

"""The offline writer: a plan and exemplars in, a draft in ABC out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from agent.keys import Key, parse_key
from agent.offline.writer import motif
from agent.offline.writer.accompaniment import bass_part, counter_part, harmony_part, pad_part
from agent.offline.writer.articulation import articulated
from agent.offline.writer.drums import drum_part
from agent.offline.writer.dynamics import marks
from agent.offline.writer.events import Event
from agent.offline.writer.figures import figures
from agent.offline.writer.form import Section, climax_bar, sections
from agent.offline.writer.harmony import Span, harmonise
from agent.offline.writer.layout import Sheet, Staff, abc
from agent.offline.writer.line import LineStyle
from agent.offline.writer.melody import Setting, Use, compose_melody
from agent.offline.writer.meter import Meter, meter
from agent.offline.writer.originality import copies, line_of
from agent.offline.writer.pattern import table
from agent.offline.writer.theory import midi, scale, tonic
from agent.offline.writer.voicing import voice_chords
from chiaroscore import NotationError
from notation import Instrument, Tune, instrument, parse
from prompts import Part, Plan
from rag_store.exemplar import Exemplar

COMPOSER = "Chiaroscore"
#: How many melodies are written until one copies no exemplar; the second half borrows no motif.
_ATTEMPTS = 8
_LETTER = {"melody": "M", "counter": "C", "harmony": "H", "pad": "P", "bass": "B", "percussion": "D"}
_ORDER = ("melody", "counter", "harmony", "pad", "bass", "percussion")


@dataclass(frozen=True, slots=True)
class Draft:
    """A written score and what it was made of."""

    abc: str
    form: tuple[Section, ...]
    uses: tuple[Use, ...]  # which bar holds which figure of which exemplar
    chords: tuple[str, ...]  # Roman numerals in order
    seed: int
    redo: dict[str, int]  # which parts of the work were done with another seed


class OfflineWriter:
    """Writes a score from a plan.

    Harmony follows phrase models, the melody develops motifs of the exemplars, figures come from the genre.
    """

    def write(
        self, plan: Plan, exemplars: Sequence[Exemplar], seed: int, redo: dict[str, int] | None = None
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

        Returns
        -------
        Draft
            Its ABC has one voice a part and ``plan.bars`` bars in every voice.
        """
        bar, key = meter(plan.meter), parse_key(plan.key)
        style = table("styles")["genres"][plan.genre]
        redo = redo or {}
        form = sections(plan.form, plan.bars)
        home = tonic(key.tonic)
        spans = harmonise(
            form,
            bar,
            home,
            key.mode,
            style["family"],
            _rng(seed, "harmony", redo),
            fast=bool(style.get("fast_harmony")),
        )
        setting = _setting(plan, key, bar, spans, style, climax_bar(form))
        bass = _bass(plan, form, setting, style, _rng(seed, "bass", redo))
        setting = replace(setting, bass=tuple(bass))
        kin = [exemplar for exemplar in exemplars if exemplar.genre == plan.genre]
        lend = _pool(kin, bar) or _pool(exemplars, bar)
        melody, uses = _melody(form, setting, exemplars, lend, _rng(seed, "melody", redo))
        melody = articulated(melody, bar, plan.rhythm.articulation, plan.tempo)
        staves = _staves(plan, form, setting, melody, style, _rng(seed, "parts", redo))
        sheet = Sheet(
            plan.title,
            COMPOSER,
            plan.tempo,
            plan.tempo_text,
            key.abc,
            _signature(key),
            bar,
            plan.bars,
            plan.genre,
        )
        romans = tuple(span.chord.roman for span in spans)
        return Draft(abc(sheet, staves), form, tuple(uses), romans, seed, redo)


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
    degrees = scale(tonic(key.tonic), key.mode)
    line = LineStyle(
        leaps=style.get("leaps", 1.0),
        pentatonic=style.get("pentatonic", 0.0),
        chromatic=style.get("chromatic", 0.0),
        avoided=frozenset({degrees[3].letter, degrees[6].letter}),
    )
    # a bar of one note is no motif, however slow the music
    length = min(plan.rhythm.note_length * style.get("slack", 1.0), 0.55 * float(bar.length))
    return Setting(
        bar, tonic(key.tonic), key.mode, spans, low, high, center, length, line, plan.tempo < 180, plan.bars,
        bool(style.get("blue")), climax,
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


def _pool(exemplars: Sequence[Exemplar], bar: Meter) -> list[motif.Figure]:
    """Return the figures that exemplars lend to a meter."""
    return [figure for one in exemplars for figure in figures(_read(one), one.id, bar)]


def _melody(
    form: tuple[Section, ...],
    setting: Setting,
    exemplars: Sequence[Exemplar],
    pool: list[motif.Figure],
    rng: random.Random,
) -> tuple[list[Event], list[Use]]:
    """Return a melody that copies no exemplar: tries with the figures lent, at last with invented ones."""
    lines = [line_of(_read(exemplar)) for exemplar in exemplars]
    for attempt in range(_ATTEMPTS):
        borrowed = pool if attempt < _ATTEMPTS // 2 else []
        melody, uses = compose_melody(form, setting, borrowed, rng.randrange(2**31))
        if not copies(melody, lines):
            break
    return melody, uses


def _read(exemplar: Exemplar) -> Tune:
    """Return the parsed exemplar; an unreadable one is named in the error."""
    try:
        return _parsed(exemplar.abc)
    except NotationError as error:
        error.add_note(f"while taking motifs from exemplar {exemplar.id!r}")
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


def _staves(
    plan: Plan,
    form: tuple[Section, ...],
    setting: Setting,
    melody: list[Event],
    style: dict[str, Any],
    rng: random.Random,
) -> list[Staff]:
    """One staff a part, in score order."""
    parts = sorted(plan.instruments, key=lambda part: _ORDER.index(part.role))
    counted: dict[str, int] = {}
    staves: list[Staff] = []
    changes = _symbols(setting.spans)
    free = dict(changes)
    for part in parts:
        nth = counted[part.role] = counted.get(part.role, 0) + 1
        events = _events(part, nth - 1, plan, form, setting, melody, style, rng)
        starts = _boundaries(events, setting)
        symbols = (
            {at: free.pop(at) for at in list(free) if at in starts}
            if part.role in ("melody", "harmony")
            else {}
        )
        player = instrument(part.instrument)
        staves.append(
            Staff(
                _LETTER[part.role] + (str(nth) if nth > 1 else ""),
                player.name,
                "perc" if part.role == "percussion" else _clef(player, events),
                part.program,
                events,
                part.role == "percussion",
                marks(plan.dynamics, part.role, form, setting.bar),
                symbols,
            )
        )
    return staves


def _boundaries(events: list[Event], setting: Setting) -> set[Fraction]:
    """Return times at which something is written in a voice: a note, a rest after one, a bar line."""
    bars = {number * setting.bar.length for number in range(setting.total_bars)}
    return bars | {event.start for event in events} | {event.end for event in events}


def _symbols(spans: list[Span]) -> dict[Fraction, str]:
    """Chord symbols where the chord changes."""
    out: dict[Fraction, str] = {}
    before = ""
    for span in spans:
        if span.chord.symbol != before:
            out[span.start] = before = span.chord.symbol
    return out


def _events(
    part: Part, nth: int, plan: Plan, form: tuple[Section, ...], setting: Setting, melody: list[Event],
    style: dict[str, Any], rng: random.Random,
) -> list[Event]:  # fmt: skip
    """Music of one part by its role."""
    player = instrument(part.instrument)
    if part.role == "percussion":
        return drum_part(form, setting.bar, style if "groove" in style else {"groove": "shaker"}, plan.tempo)
    if part.role == "melody":
        return melody if nth == 0 else _doubled(melody, player, setting)
    if part.role == "counter":
        low, high = _counter_range(player, setting)
        return counter_part(setting, melody, low, high, rng.randrange(2**31))
    if part.role == "bass":
        return _bass_for(player, setting)
    low, high = _inner_range(player, setting, -3 if part.role == "pad" else 0)
    chords = _figures_by_energy(style["harmony"], plan)
    voices = (
        3 if part.role == "pad" or setting.bar.length < 3 or high - low < 16 or not player.polyphonic else 4
    )
    voiced = voice_chords(setting.spans, melody, low, high, voices, rng)
    if part.role == "pad":
        return pad_part(form, setting.bar, voiced, single=not player.polyphonic, top=player.high)
    single = not player.polyphonic
    return harmony_part(form, setting.bar, voiced, chords, single=single, top=player.high, part=nth)


def _figures_by_energy(names: Sequence[str], plan: Plan) -> list[str]:
    """Return the figures a plan's density allows.

    That is the sparse half for a quiet plan, the full half for a busy one.
    """
    drive = min(1.0, max(0.0, (plan.rhythm.density - 3.0) / 6.0))
    if len(names) == 1:
        return list(names)
    first = round(drive * (len(names) - 2)) if len(names) > 2 else 0
    return list(names[first : first + 2])


def _bass(
    plan: Plan, form: tuple[Section, ...], setting: Setting, style: dict[str, Any], rng: random.Random
) -> list[Event]:
    """Bass line of the first bass part, written before the melody so that the melody can mind it."""
    part = next((part for part in plan.instruments if part.role == "bass"), None)
    if part is None:
        return []
    low, high = _bass_range(instrument(part.instrument), setting)
    return bass_part(form, setting, _figures_by_energy(style["bass"], plan), low, high, rng)


def _bass_for(player: Instrument, setting: Setting) -> list[Event]:
    """Return the bass line, by octaves in the player's range (a second bass doubles the first)."""
    shifts = (0, -7, 7, 14, -14, 21)
    octaves = [
        [replace(e, tones=tuple((step + shift, alter) for step, alter in e.tones)) for e in setting.bass]
        for shift in shifts
    ]
    inside = [part for part in octaves if all(player.low <= e.pitches[0] <= player.high for e in part)]
    under = [part for part in inside if max(e.pitches[0] for e in part) < setting.low]
    return (under or inside or [_folded(setting.bass, player)])[0]


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


def _inner_range(player: Instrument, setting: Setting, raised: int) -> tuple[int, int]:
    """Return the range between bass and melody for chords.

    About an octave and a half, never less than one.
    """
    high = min(player.comfortable_high, setting.center + 1 + raised)
    lowest = player.comfortable_low if player.comfortable_low <= high - 12 else player.low
    low = max(lowest, min(high - 14, 50 + raised), 45)
    return low, min(max(high, low + 14), player.high)


def _counter_range(player: Instrument, setting: Setting) -> tuple[int, int]:
    """Return the range of a second line: under the melody, or above it for a player who cannot go under."""
    if player.low > setting.center - 9:
        low = max(player.comfortable_low, min(setting.center + 5, player.high - 14))
        return low, min(low + 14, player.high)
    high = min(player.comfortable_high, setting.center + 3)
    low = max(player.low, min(high - 14, max(player.comfortable_low, 50)))
    return low, max(high, low + 12)


def _bass_range(player: Instrument, setting: Setting) -> tuple[int, int]:
    """Return an octave and a half from the instrument's good low register.

    It lies under the melody as far as it can go.
    """
    low = max(player.comfortable_low, 28)
    low = min(low, setting.low - 14) if player.low <= setting.low - 14 else max(player.low, 24)
    high = min(low + 19, setting.low - 1, player.high)
    return low, max(high, min(low + 5, player.high))


def _doubled(melody: list[Event], player: Instrument, setting: Setting) -> list[Event]:
    """Return the second melody part: it plays an octave away where its range asks for it, else in unison."""
    shift = 0
    pitches = [event.pitches[0] for event in melody]
    for octave in (0, -7, 7, -14):
        moved = [midi(e.tones[0][0] + octave, e.tones[0][1]) for e in melody]
        if min(moved) >= player.low and max(moved) <= player.high:
            shift = octave
            break
    if not pitches or shift == 0:
        return list(melody)
    return [Event(e.start, e.length, ((e.tones[0][0] + shift, e.tones[0][1]),), e.marks) for e in melody]


def _clef(player: Instrument, events: list[Event]) -> str:
    """Return the player's own clef, but the other one where the notes lie far outside its staff."""
    pitches = [pitch for event in events for pitch in event.pitches]
    mean = sum(pitches) / len(pitches) if pitches else 60.0
    if player.clef == "bass":
        return "treble" if mean > 62 else "bass"
    return "bass" if mean < 55 else "treble"

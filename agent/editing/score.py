"""A score as editing works on it: voices of events with their dynamics, and the harmony under them.

It is read from ABC, whoever wrote that, and written by the writer's own layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from agent.editing.chords import chord_of_symbol
from agent.keys import parse_key
from agent.offline.writer.events import Event
from agent.offline.writer.given import balanced, paired, symbolled
from agent.offline.writer.harmony import Span, chord_symbols
from agent.offline.writer.layout import KIT, Sheet, Staff, abc
from agent.offline.writer.meter import Meter, meter
from agent.offline.writer.theory import LETTERS, tonic
from agent.offline.writer.write import clef_for, sheet_of, staff_names
from chiaroscore import NotationError
from notation import Bar, Mark, Note, Tune, Voice, instrument, parse
from notation.perform import play_order
from prompts import Part, Plan

_DRUMS = {key: letter for letter, key in KIT.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One voice: who plays it, and what."""

    part: Part
    events: tuple[Event, ...]
    dynamics: dict[Fraction, str]
    texts: dict[Fraction, str] = field(default_factory=dict)  # words over the staff


@dataclass(frozen=True, slots=True)
class Score:
    """A plan with the music written for it. ``spans`` is empty where the score names no chords."""

    plan: Plan
    lines: tuple[Line, ...]  # in score order
    spans: tuple[Span, ...]

    @property
    def bar(self) -> Meter:
        """The meter."""
        return meter(self.plan.meter)

    @property
    def melody(self) -> Line:
        """The voice that leads."""
        return self.lines[0]

    @property
    def names(self) -> list[str]:
        """Names of the staves."""
        return [name for name, _ in staff_names([line.part for line in self.lines])]


def read_score(text: str, plan: Plan) -> Score:
    """Read the ABC of a piece.

    Parameters
    ----------
    text
        A tune with one voice for each part of the plan, in any order.
    plan
        Whose parts the voices are.

    Raises
    ------
    NotationError
        If the text is no tune, or a part of the plan has no voice in it.
    """
    tune = parse(text)
    lines = []
    for voice, part in _seated(tune, plan):
        shifts = _shifts(voice)
        events = tuple(balanced(_events(voice, shifts)))
        dynamics: dict[Fraction, str] = {}
        for at, mark in _played(voice.dynamics, shifts):
            dynamics[at] = f"{dynamics.get(at, '')} {mark}".strip()
        texts = {at: text.lstrip("^_<>@") for at, text in _played(voice.annotations, shifts)}
        lines.append(Line(part, events, paired(dynamics), texts))
    return Score(plan, tuple(lines), tuple(_spans(tune, plan)))


def write_score(score: Score) -> str:
    """Return the ABC of a score."""
    return abc(sheet_of(score.plan), staves_of(score))


def staves_of(score: Score) -> list[Staff]:
    """Return a staff a voice, chord symbols where a voice has a place for them."""
    staves = []
    for name, line in zip(score.names, score.lines, strict=True):
        player = instrument(line.part.instrument)
        drums = line.part.role == "percussion"
        clef = "perc" if drums else clef_for(player, line.events)
        staves.append(
            Staff(
                name,
                player.name,
                clef,
                line.part.program,
                line.events,
                drums,
                dict(line.dynamics),
                texts=dict(line.texts),
            )
        )
    if staves:
        staves[0] = replace(staves[0], chords=chord_symbols(score.spans))
    return symbolled(staves, score.bar.length)


def tune_of(line: Sequence[Event], sheet: Sheet) -> Tune:
    """Return a single voice as a parsed tune."""
    return parse(abc(sheet, [Staff("M", "Melody", "treble", 0, line)]))


def _seated(tune: Tune, plan: Plan) -> list[tuple[Voice, Part]]:
    """Return the voices in score order with their parts: by place if the players agree, else by player."""
    parts = [part for _, part in staff_names(plan.instruments)]
    voices = list(tune.voices)
    if len(voices) == len(parts) and all(_plays(v, p) for v, p in zip(voices, parts, strict=True)):
        return list(zip(voices, parts, strict=True))
    seated = []
    for part in parts:
        found = next((voice for voice in voices if _plays(voice, part)), None)
        if found is None:
            raise NotationError(
                f"the score has no voice for the plan's {part.instrument} ({part.role}); "
                "a piece can be edited where every part has a voice with its %%MIDI program"
            )
        voices.remove(found)
        seated.append((found, part))
    return seated


def _plays(voice: Voice, part: Part) -> bool:
    if voice.percussion or part.role == "percussion":
        return voice.percussion and part.role == "percussion"
    return (voice.program or 0) == part.program


def played_events(voice: Voice) -> list[Event]:
    """Return a voice as it is played: ties joined, repeats played out, grace notes left out."""
    return _events(voice, _shifts(voice))


def _shifts(voice: Voice) -> list[tuple[Bar, Fraction]]:
    """Return the bars in the order they are played, and how far each is moved by it."""
    at, out = Fraction(0), []
    for place in play_order(voice.bars):
        bar = voice.bars[place]
        out.append((bar, at - bar.onset))
        at += bar.duration
    return out


def _played(marks: Iterable[Mark], shifts: list[tuple[Bar, Fraction]]) -> Iterator[tuple[Fraction, str]]:
    inside: dict[int, list[Mark]] = {}
    for mark in marks:
        inside.setdefault(mark.bar, []).append(mark)
    for bar, shift in shifts:
        for mark in inside.get(bar.number, ()):
            yield mark.onset + shift, mark.text


def _events(voice: Voice, shifts: list[tuple[Bar, Fraction]]) -> list[Event]:
    """Return a voice's chords and notes, ties joined, repeats played out, grace notes left out."""
    inside: dict[int, dict[Fraction, list[Note]]] = {}
    for note in voice.notes:
        if not note.grace:
            inside.setdefault(note.bar, {}).setdefault(note.onset, []).append(note)
    out: list[Event] = []
    for bar, shift in shifts:
        for onset, notes in sorted(inside.get(bar.number, {}).items()):
            event = _event(onset + shift, notes, voice.percussion)
            if event is None:
                continue
            goes_on = out and out[-1].end == event.start and out[-1].tones == event.tones
            if goes_on and all(note.tie_stop for note in notes) and not event.letters:
                marks = tuple(dict.fromkeys((*out[-1].marks, *event.marks)))
                out[-1] = replace(out[-1], length=out[-1].length + event.length, marks=marks)
            else:
                out.append(event)
    return out


def _event(start: Fraction, notes: Sequence[Note], drums: bool) -> Event | None:
    """Return the notes of one moment as an event; None for drum strokes that the kit does not have."""
    length = max(note.duration for note in notes)
    marks = tuple(dict.fromkeys(mark for note in notes for mark in note.decorations))
    marks = (
        *["slur("] * any(n.slur_start for n in notes),
        *marks,
        *["slur)"] * any(n.slur_stop for n in notes),
    )
    if drums:
        letters = "".join(dict.fromkeys(_DRUMS[note.pitch] for note in notes if note.pitch in _DRUMS))
        return Event(start, length, (), marks, letters) if letters else None
    tones = sorted({_tone(note.spelled) for note in notes}, key=lambda tone: (tone[0], tone[1]))
    return Event(start, length, tuple(tones), marks)


def _tone(spelled: str) -> tuple[int, int]:
    """Return diatonic step and alteration of a spelled pitch such as ``Bb3``."""
    octave = spelled.lstrip("ABCDEFG#b")
    signs = spelled[1 : len(spelled) - len(octave)]
    return int(octave) * 7 + LETTERS.index(spelled[0]), signs.count("#") - signs.count("b")


def _spans(tune: Tune, plan: Plan) -> list[Span]:
    """Return the harmony that the chord symbols of all voices name, cut at bar lines."""
    length, home = meter(plan.meter).length, tonic(parse_key(plan.key).tonic)
    named: dict[Fraction, str] = {}
    for voice in tune.voices:
        for at, symbol in _played(voice.chords, _shifts(voice)):
            named.setdefault(at, symbol)
    read = [(at, chord) for at in sorted(named) if (chord := chord_of_symbol(named[at], home)) is not None]
    if not read:
        return []
    read[0] = (Fraction(0), read[0][1])
    end = plan.bars * length
    spans = []
    for (at, chord), (until, _) in zip(read, [*read[1:], (end, read[-1][1])], strict=True):
        while at < min(until, end):
            stop = min(until, end, (at // length + 1) * length)
            spans.append(Span(at, stop, chord))
            at = stop
    return spans

"""Length and form: a piece goes on, ends sooner, or is laid out anew around its theme."""

from __future__ import annotations

from dataclasses import replace

from agent.editing.score import Line, Score
from agent.editing.sketch import Sketch, harmonised
from agent.forms import parse_form
from agent.offline.writer.events import Event
from agent.offline.writer.form import Phrase, Section, sections
from agent.offline.writer.given import overlaid
from agent.offline.writer.harmony import Span
from chiaroscore import ControlError

#: Bars at the end of a shortened piece that are written anew, for its cadence.
_ENDING = 2


def form_of(sketch: Sketch) -> tuple[Section, ...]:
    """Return the sections as they stand."""
    return sketch.form or sections(sketch.plan.form, sketch.plan.bars)


def appended(sketch: Sketch, bars: int) -> Sketch:
    """Return the sketch with a new section of so many bars to be composed at its end.

    Every old bar stays; only a fermata on the last one goes.
    """
    old = sketch.plan.bars
    form = [_inner(section) for section in form_of(sketch)]
    letter = _next_letter(form)
    added = _section(letter, old, bars, form[-1])
    score = harmonised(sketch.score)
    lines = [replace(line, events=_unheld(line.events, score, old)) for line in score.lines]
    plan = score.plan.model_copy(update={"bars": old + bars, "form": _named([*form, added], sketch)})
    moved = sketch.with_score(replace(score, lines=tuple(lines), plan=plan))
    return replace(moved, kept=frozenset(range(old)), form=(*form, added))


def shortened(sketch: Sketch, bars: int) -> Sketch:
    """Return the sketch with its first bars, of which the last are to be written anew as an ending."""
    score = harmonised(sketch.score)
    end = bars * score.bar.length
    lines = [
        replace(
            line,
            events=tuple(event for event in line.events if event.start < end),
            dynamics={at: mark for at, mark in line.dynamics.items() if at < end},
        )
        for line in score.lines
    ]
    spans = tuple(span for span in score.spans if span.start < end)
    form = _cut(form_of(sketch), bars)
    plan = score.plan.model_copy(update={"bars": bars, "form": _named(list(form), sketch)})
    moved = sketch.with_score(Score(plan, tuple(lines), spans))
    kept = frozenset(range(max(1, bars - _ENDING)))
    noted = moved.noting(f"the last {bars - len(kept)} of {bars} bars were written anew as an ending")
    return replace(noted, kept=kept, form=form)


def returned(sketch: Sketch, start: int, size: int, home: Section, form: tuple[Section, ...]) -> Sketch:
    """Return the sketch laid out in a form whose sections of one letter hold a theme.

    Parameters
    ----------
    start, size
        Bars of the theme where it stands now, from 0.
    home
        The section of ``form`` in which it shall be first.

    Every section of that letter brings the theme; where one ends the piece, its last bars are left to the
    cadence if the theme does not end on the tonic.
    """
    score = harmonised(sketch.score)
    bar = score.bar.length
    places = [section for section in form if section.letter == home.letter]
    kept: set[int] = set()
    lines = {place: list[Event]() for place in range(len(score.lines))}
    spans: list[Span] = []
    for section in places:
        count = min(size, section.bars)
        ends = section is form[-1]
        if ends and (count < section.bars or not _ends_home(score, start + size)):
            count = min(count, section.bars - _ENDING)
        bars = frozenset(range(start, start + count))
        shift = (section.start - start) * bar
        kept |= set(range(section.start, section.start + count))
        for place, line in enumerate(score.lines):
            lines[place] += [replace(e, start=e.start + shift) for e in overlaid([], line.events, bars, bar)]
        spans += [
            Span(span.start + shift, span.end + shift, span.chord)
            for span in score.spans
            if span.start // bar in bars
        ]
    placed = tuple(Line(line.part, tuple(lines[at]), {}) for at, line in enumerate(score.lines))
    moved = sketch.with_score(Score(score.plan, placed, tuple(sorted(spans, key=lambda span: span.start))))
    return replace(moved, kept=frozenset(kept), form=form)


def _ends_home(score: Score, stop: int) -> bool:
    """Whether the bars before ``stop`` end on the tonic, melody and chord."""
    from agent.keys import parse_key

    home = parse_key(score.plan.key).tonic_class
    end = stop * score.bar.length
    last = [event for event in score.melody.events if event.start < end]
    chord = [span.chord for span in score.spans if span.start < end]
    return bool(last and chord) and last[-1].pitches[-1] % 12 == home and chord[-1].root.pc == home


def _inner(section: Section) -> Section:
    """Return a section that no longer ends the piece."""
    phrases = tuple(replace(p, cadence="closed") if p.cadence == "final" else p for p in section.phrases)
    return replace(section, phrases=phrases)


def _section(letter: str, start: int, bars: int, like: Section) -> Section:
    """Return a last section of so many bars."""
    laid = sections("A", bars)
    phrases = tuple(replace(phrase, start=phrase.start + start) for phrase in laid[0].phrases)
    return replace(laid[0], letter=letter, start=start, bars=bars, phrases=phrases, energy=like.energy)


def _cut(form: tuple[Section, ...], bars: int) -> tuple[Section, ...]:
    """Return the sections that begin before a bar, the last of them with a final cadence."""
    inside = [section for section in form if section.start < bars]
    last = inside[-1]
    phrases = [phrase for phrase in last.phrases if phrase.start < bars]
    end: Phrase = replace(phrases[-1], bars=bars - phrases[-1].start, cadence="final")
    closed = replace(last, bars=bars - last.start, phrases=(*phrases[:-1], end))
    return (*inside[:-1], closed)


def _next_letter(form: list[Section]) -> str:
    used = {section.letter for section in form}
    found = next((letter for letter in "ABCDEFGHIJKLMN" if letter not in used), None)
    if found is None:
        raise ControlError("the piece has fourteen sections; it cannot be made longer")
    return found


def _named(form: list[Section], sketch: Sketch) -> str:
    """Return the letters of sections as the plan writes them, primes of the old plan kept where it can be."""
    old = parse_form(sketch.plan.form) if sketch.plan.form else None
    letters = [section.letter for section in form if len(section.letter) == 1 and section.letter.isalpha()]
    primes = [count for _, count in old.letters] if old else []
    named = "".join(
        letter + "'" * (primes[place] if place < len(primes) else 0) for place, letter in enumerate(letters)
    )
    intro = "intro " if old and old.intro and form[0].letter not in letters else ""
    return (intro + named)[:40]


def _unheld(events: tuple[Event, ...], score: Score, bars: int) -> tuple[Event, ...]:
    """Return the events without a fermata in the last bar."""
    last = (bars - 1) * score.bar.length
    return tuple(
        replace(e, marks=tuple(m for m in e.marks if m != "fermata")) if e.end > last else e for e in events
    )

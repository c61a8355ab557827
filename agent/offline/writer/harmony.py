"""Harmony: a progression for every phrase, from ``data/progressions.json``, as chords on a time line."""

from __future__ import annotations

import bisect
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from operator import attrgetter

from agent.offline.writer.colour import coloured, drawn
from agent.offline.writer.events import as_float
from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.meter import Meter
from agent.offline.writer.pattern import table
from agent.offline.writer.regions import at_home, away, leaves, raised, regions
from agent.offline.writer.theory import MINOR_MODES, Chord, Tone, chord, mode_of, scale

#: Degree of a numeral with its accidental; two for an applied chord.
_DEGREE = re.compile(r"[b#]?(?:[IV]+|[iv]+)")

#: Modes of which the blues progressions are; the others have progressions of their own.
_BLUES = frozenset({"mixolydian", "dorian"})


@dataclass(frozen=True, slots=True)
class Span:
    """A chord and the time it lasts, in quarter notes from the start of the piece."""

    start: Fraction
    end: Fraction
    chord: Chord
    place: float = field(init=False, repr=False, compare=False)  # the start as a number to search by

    def __post_init__(self) -> None:
        """Work out the place once."""
        object.__setattr__(self, "place", as_float(self.start))


def families() -> tuple[str, ...]:
    """Names of the harmony families, sorted."""
    return tuple(sorted(table("progressions")["families"]))


def harmonise(
    form: tuple[Section, ...],
    bar: Meter,
    tonic_tone: Tone,
    mode: str,
    family: str,
    rng: random.Random,
    *,
    fast: bool = False,
    valence: float = 0.0,
    tension: float = 0.0,
) -> list[Span]:
    """Chords for the whole piece; a letter that returns brings its progression back.

    Parameters
    ----------
    form
        Sections with their phrases.
    bar
        The meter; a bar with two chords changes at ``bar.middle``.
    family
        A key of ``families`` in the data file; modes other than major and minor use their own table, but
        for the blues, which is a mode of its own.
    fast
        Two chords a bar throughout, as in a chorale.
    valence, tension
        Of the plan, in [-1, 1]: they draw bright or dark, plain or chromatic progressions, and colour them.

    Returns
    -------
    list of Span
        Without gaps, from 0 to the end of the piece.
    """
    remembered: dict[tuple[str, int, str, str], list[str]] = {}
    heard: dict[tuple[str, int, str], list[str]] = {}
    bars: list[str] = []
    abroad = regions(form, mode, family, rng)
    mood = (valence, tension)
    for section in form:
        for phrase in section.phrases:
            region = None if at_home(section, phrase, form) else abroad.get(section.letter)
            own = mode_of(region) if region else mode
            key = (section.letter, phrase.index, phrase.cadence, own)
            if key not in remembered:
                new = _written(phrase, section, own, family, mood, rng, fast=fast)
                known = heard.setdefault((section.letter, phrase.index, own), new)
                remembered[key] = _taken_up(known, new, phrase)
            fitted = _fitted(remembered[key], phrase, own, family)
            if region:
                fitted = away(fitted, region, mode, back=leaves(section, phrase, form))
            bars.extend(fitted)
    return _spans(bars, bar, tonic_tone)


def _written(
    phrase: Phrase, section: Section, mode: str, family: str, mood: tuple[float, float], rng: random.Random,
    *, fast: bool,
) -> list[str]:  # fmt: skip
    """Return four bars of numerals for a phrase, of two chords each where the harmony is fast."""
    bars = _phrase(phrase, section, mode, family, mood, rng)
    if not fast:
        return bars
    opening = _phrase(replace(phrase, cadence="open"), section, mode, family, mood, rng)
    return _halved(opening, bars)


def _phrase(
    phrase: Phrase, section: Section, mode: str, family: str, mood: tuple[float, float], rng: random.Random
) -> list[str]:
    """Return four bars of numerals for a phrase's cadence; a coda stands on a tonic pedal."""
    valence, tension = mood
    bars = drawn(_source(mode, family)[phrase.cadence], valence, tension, rng)
    if section.kind == "coda":
        return [" ".join(_over_tonic(numeral) for numeral in bar.split()) for bar in bars]
    minor = mode in MINOR_MODES
    if mode not in ("major", "minor"):
        return raised(bars, family)
    return coloured(bars, family, minor=minor, valence=valence, tension=tension, rng=rng)


def _over_tonic(numeral: str) -> str:
    """Return a plain numeral over the key's tonic; one that is inverted, applied or the tonic stays."""
    plain = not set(":/") & set(numeral) and _DEGREE.findall(numeral) not in (["I"], ["i"])
    return f"{numeral}:i" if plain else numeral


def _taken_up(known: list[str], new: list[str], phrase: Phrase) -> list[str]:
    """Return a returning phrase's numerals: it starts as it did before, and ends with its own cadence."""
    if known is new:
        return new
    if phrase.cadence == "final" and _DEGREE.findall(known[-1].split()[0]) in (["I"], ["i"]):
        return [*known[:3], new[3]]
    return [*known[:2], *new[2:]]


def _source(mode: str, family: str) -> dict[str, list[list[str]]]:
    """Progressions of a family in a mode, by cadence."""
    progressions = table("progressions")
    minorish = "minor" if mode in MINOR_MODES else "major"
    own: dict[str, list[list[str]]] = progressions["families"][family][minorish]
    if mode in ("major", "minor") or (family == "blues" and mode in _BLUES):
        return own
    modal: dict[str, list[list[str]]] = progressions["modes"][mode]
    if family not in ("jazz", "bossa"):
        return modal
    return {
        kind: [
            [" ".join(_seventh(numeral, mode) for numeral in bar.split()) for bar in bars] for bars in many
        ]
        for kind, many in modal.items()
    }


def _seventh(numeral: str, mode: str) -> str:
    """Diatonic seventh chord on a plain triad of a mode."""
    if not numeral.lstrip("b#").isalpha() or numeral.endswith("o"):
        return numeral
    home = Tone(0, 0)
    minor_seventh = chord(numeral, home).root.above(6, 10).pc
    inside = minor_seventh in {tone.pc for tone in scale(home, mode)}
    return numeral + ("7" if inside or numeral.lstrip("b#").islower() else "maj7")


def _halved(opening: list[str], ending: list[str]) -> list[str]:
    """Eight bars of one chord each pressed into four."""
    first = [bar.split()[0] for bar in opening + ending[:-1]] + ending[-1].split()[-1:]
    pairs = [f"{left} {right}" for left, right in zip(first[::2], first[1::2], strict=True)]
    return [*pairs[:-1], first[-1] if ending[-1].split()[-1].lower().startswith("i") else pairs[-1]]


def _fitted(four: list[str], phrase: Phrase, mode: str, family: str) -> list[str]:
    """Numerals for the phrase's own number of bars, ending on the tonic where the piece ends."""
    tonic_chord = tonic_numeral(mode, family)
    bars = four[-phrase.bars :] if phrase.bars < 4 else list(four)
    if phrase.cadence == "final" and mode == "minor" and bars[-1] == "I" and tonic_chord == "i":
        tonic_chord = "I"  # a Picardy third
    if phrase.cadence == "final":
        bars[-1] = tonic_chord
        subdominant = "iv" if mode in ("minor", "phrygian", "locrian") else "IV"
        extra = phrase.bars - len(bars)
        bars += [subdominant if left % 2 == 0 else tonic_chord for left in range(extra, 0, -1)]
        bars[-1] = tonic_chord
    else:
        bars += [bars[-1].split()[-1]] * (phrase.bars - len(bars))
    return bars


def tonic_numeral(mode: str, family: str) -> str:
    """Tonic chord with which a piece of this family and mode ends."""
    if mode == "locrian":
        return "io"
    minorish = mode in MINOR_MODES
    endings: dict[str, str] = table("progressions")["tonic_endings"].get(family, {})
    return endings.get("minor" if minorish else "major", "i" if minorish else "I")


def _spans(bars: list[str], bar: Meter, tonic_tone: Tone) -> list[Span]:
    """Bars of numerals as spans in time; equal neighbours are joined across bar lines."""
    spans: list[Span] = []
    for index, text in enumerate(bars):
        start = index * bar.length
        numerals = text.split()
        cuts = (
            [start, start + bar.middle, start + bar.length]
            if len(numerals) > 1
            else [start, start + bar.length]
        )
        for numeral, left, right in zip(numerals, cuts, cuts[1:], strict=False):
            spans.append(Span(left, right, chord(numeral, tonic_tone)))
    return spans


def chord_at(spans: list[Span], time: Fraction) -> Chord:
    """Chord that sounds at a time in quarter notes."""
    after = bisect.bisect_right(spans, as_float(time), key=attrgetter("place"))
    return spans[max(0, after - 1)].chord


def chord_symbols(spans: Iterable[Span]) -> dict[Fraction, str]:
    """Return the chord symbols by the time at which they change."""
    out: dict[Fraction, str] = {}
    before = ""
    for span in spans:
        if span.chord.symbol != before:
            out[span.start] = before = span.chord.symbol
    return out

"""From the elements abcjs found (``bridge.js``) to the written voices of a tune."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from chiaroscore import NotationError
from notation.limits import MAX_BARS
from notation.percussion import drum_key
from notation.quick import added, fraction, maker
from notation.spelling import ALTERATION, sounding
from notation.staff import TYPED, Sources, Staff
from notation.tempo import bar_length, meter_change, tempo_change
from notation.tune import Bar, KeyChange, Mark, MeterChange, Note, Rest, Voice

NOTE, BAR, KEY, METER, TEMPO, CLEF, MIDI = range(7)

_SIGNS = {
    "bar_thin": "|",
    "bar_thin_thin": "||",
    "bar_thin_thick": "|]",
    "bar_thick_thin": "[|",
    "bar_left_repeat": "|:",
    "bar_right_repeat": ":|",
    "bar_dbl_repeat": "::",
    "bar_invisible": "[|]",
    "bar_dotted": ".|",
}
_DYNAMICS = frozenset(["sfz", "crescendo(", "crescendo)", "diminuendo(", "diminuendo)"]) | frozenset(
    ["pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff"]
)
_ZERO = Fraction(0)
_ONE = Fraction(1)
#: Characters in which the mark of a tuplet, and all before its first note, are looked for.
_AHEAD = 400
_make_note, _make_rest, _make_bar = maker(Note), maker(Rest), maker(Bar)


@lru_cache(maxsize=4096)
def quarters(whole_notes: float) -> Fraction:
    """Exact quarter notes of abcjs's floating-point fraction of a whole note."""
    exact = Fraction(whole_notes)
    if exact.denominator > 1 << 14:
        exact = exact.limit_denominator(1 << 14)
        if abs(float(exact) - whole_notes) > 1e-9:
            raise NotationError(
                f"a note length of {whole_notes!r} whole notes is too fine; use simpler fractions"
            )
    if not 0 <= exact <= 10_000:
        raise NotationError(
            f"a note of {float(exact):g} whole notes is too long; write it as bars of rests or ties"
        )
    return exact * 4


class VoiceReader(Staff):
    """One voice while it is read, element by element."""

    def __init__(self, identity: str, sources: Sources) -> None:
        super().__init__(identity, sources)
        self.accidentals: dict[int, int] = {}
        self.ties: dict[int, int] = {}
        self.ending_ties: dict[int, int] = {}
        self.tuplet: tuple[int, int] | None = None
        self.tuplet_left = 0
        self.notes: list[tuple[Any, ...]] = []
        self.rests: list[tuple[Any, ...]] = []
        self.bars: list[Bar] = []
        self.chords: list[Mark] = []
        self.lyrics: list[Mark] = []
        self.dynamics: list[Mark] = []
        self.annotations: list[Mark] = []
        self.bar_start = _ZERO
        self.bar_char = self.place = -1
        self.filled = False
        self.bar_meter = (0, 0)
        self.left = ""
        self.ending = ""
        self.in_ending = False
        self.closed_at: dict[int, int] = {}
        self.bar_alterations: list[tuple[int, ...]] = []

    # -- staff
    # --------------------------------------------------------------------------------------------------

    def line(self, staff: dict[str, Any], elements: Iterable[list[Any]]) -> None:
        """Read one line of music of this voice."""
        self._clef(*staff["clef"])
        if staff["key"] is not None:
            self._key(*staff["key"])
        if staff["meter"] is not None:
            self._meter(meter_change(self.at, staff["meter"]))
        for element in elements:
            self.element(element)

    def element(self, element: list[Any]) -> None:
        """Read one element."""
        kind, start = element[0], element[1]
        while self.free_meters and 0 <= self.free_meters[0] < start:
            self.free_meters.pop(0)
            self._meter(MeterChange(self.at, 0, 0))
        if kind == NOTE:
            self.note(element)
        elif kind == BAR:
            self._bar_line(element)
        elif kind == KEY:
            self._key(*element[3:])
        elif kind == METER:
            self._meter(meter_change(self.at, element[3:]))
        elif kind == TEMPO:
            written = self.sources.text[start : element[2]].strip("[]").partition("Q:")[2]
            self.tempi.append(tempo_change(self.at, written, element[3:]))
        elif kind == CLEF:
            self._clef(element[3], element[4])
        elif kind == MIDI:
            self._midi(element[3], element[4])

    # -- bars
    # ---------------------------------------------------------------------------------------------------

    def _bar_line(self, element: list[Any]) -> None:
        _, start, end, kind, ending, stops, extras = element
        sign = _SIGNS.get(kind, "|")
        if extras:
            self._marks(extras, (start, end))
        if self.filled:
            self.close_bar(sign, end)
        elif self.bars:
            self._merge_into_last(sign)
        if start >= 0:
            self.closed_at[start] = len(self.bars) - 1
        if sign in ("|:", "::") or self.left in ("", "|"):
            self.left = sign
        if stops and self.in_ending and self.bars:
            self.bars[-1] = replace(self.bars[-1], ending_stop=True)
            self.in_ending = False
        if ending:
            if sign in (":|", "::"):
                self.ties = dict(self.ending_ties)
            else:
                self.ending_ties = dict(self.ties)
            self.ending, self.in_ending = ending.strip(",- "), True

    def _merge_into_last(self, sign: str) -> None:
        """Two bar lines in a row (``| :|``, often over a line break) act as one."""
        last = self.bars[-1]
        if (sign in (":|", "::") and last.right not in (":|", "::")) or (
            sign in ("||", "|]", "[|") and last.right in ("|", "")
        ):
            self.bars[-1] = replace(last, right=sign)

    def close_bar(self, sign: str, end: int) -> None:
        """End the bar at the present point."""
        self.sources.count_bars()
        length = added(self.at, -self.bar_start)
        span = (max(self.bar_char, 0), max(end, 0))
        row = (self.bar_start, length, self.bar_meter, self.left, sign, self.ending, False, span)
        self.bars.append(_make_bar(len(self.bars), *row))
        self.left = self.ending = ""
        self.bar_start, self.bar_char, self.filled = self.at, -1, False
        self.accidentals = {}

    def _begin(self, start: int) -> None:
        if not self.filled:
            self.filled = True
            self.bar_meter = (self.meter.numerator, self.meter.denominator)
            self.bar_alterations.append(self.alterations)
        if self.bar_char < 0:
            self.bar_char = start

    # -- notes
    # --------------------------------------------------------------------------------------------------

    def note(self, element: list[Any]) -> None:
        """Read a note, chord or rest."""
        _, start, end, length, pitches, rest, extras = element
        self.place = start
        text = self.sources.text
        while end > start and text[end - 1] == " ":
            end -= 1
        while start < end and text[start] == " ":
            start += 1
        span = (start, end)
        if rest is not None and rest[0] == "spacer":
            if extras:
                self._marks(extras, span)
            return
        self._begin(start)
        if extras:
            self._marks(extras, span)
            if "t" in extras:
                self._start_tuplet(end, *extras["t"])
        ratio = None
        duration = quarters(length) if length else _ONE  # abcjs plays a note of length 0 as a quarter
        if self.tuplet_left and self.tuplet:
            ratio = self.tuplet
            duration = fraction(duration.numerator * ratio[1], duration.denominator * ratio[0])
            self.tuplet_left -= 1
        if pitches is None:
            self._rest(rest, duration, ratio, span)
            return
        if extras and "g" in extras:
            self._graces(extras["g"], span)
        if extras or len(pitches) > 1 or not isinstance(pitches[0], int):
            self._chord(pitches, duration, ratio, extras or {}, span)
        else:
            step, _, pitch, spelled, _ = self._pitch(pitches[0])
            tied = step in self.ties
            row = (
                pitch,
                spelled,
                self.at,
                duration,
                len(self.bars),
                False,
                tied,
                False,
                ratio,
                (),
                0,
                0,
                span,
            )
            self.notes.append(row)
            self.ties = {}
        self.at = added(self.at, duration)

    def _start_tuplet(self, end: int, count: int, multiplier: float, notes: int) -> None:
        """Begin the tuplet whose first note ends at ``end``; chord and dynamics may follow its mark."""
        time = round(multiplier * count)
        compound = self.meter.denominator >= 8 and self.meter.numerator % 3 == 0
        if compound and count in (5, 7, 9):
            begin = max(self.sources.text.rfind("\n", 0, end) + 1, end - _AHEAD)
            marks = re.findall(rf"\({count}(:\d)?", re.sub('"[^"]*"', "", self.sources.text[begin:end]))
            if not (marks and marks[-1]):
                time = 3  # ABC 2.1, 4.13: n is three in compound meters; abcjs always takes two
        self.tuplet, self.tuplet_left = (count, time), notes

    def _rest(
        self, rest: list[Any], duration: Fraction, ratio: tuple[int, int] | None, span: tuple[int, int]
    ) -> None:
        kind, count = rest
        visible = not kind.startswith("invisible")
        if visible:
            self.ties = {}
        if not kind.endswith("multimeasure"):
            self.rests.append((self.at, duration, len(self.bars), visible, ratio, span))
            self.at = added(self.at, duration)
            return
        if not 1 <= count <= MAX_BARS:
            raise NotationError(f"a rest of {count} bars; the limit is {MAX_BARS:,}")
        length = bar_length(self.meter.numerator, self.meter.denominator) or Fraction(4)
        for index in range(count):
            if index:
                self.close_bar("|", span[1])
                self._begin(span[0])
            self.rests.append((self.at, length, len(self.bars), visible, None, span))
            self.at += length

    def _pitch(self, found: Any) -> tuple[int, int, int, str, list[Any]]:
        """Step, alteration, MIDI pitch and name of a written pitch, with its other marks."""
        more: list[Any] = [] if isinstance(found, int) else found
        step: int = more[0] if more else found
        sign: str = more[1] if more else ""
        if sign:
            alteration = self.accidentals[step] = ALTERATION[sign]
        elif step in self.ties:
            alteration = self.ties[step]
        else:
            alteration = self.accidentals.get(step, self.alterations[step % 7])
        pitch, spelled = sounding(step, alteration, 0 if self.percussion else self.transpose)
        if self.percussion:
            key = drum_key(step, sign, more, self.sources.drummap, self.sources.percmap)
            if key is not None:
                return step, alteration, key, spelled, more
            self.sources.unmapped.append((self.id, self.place, pitch))
        if not 0 <= pitch <= 127:
            raise NotationError(
                f"the note {spelled} is MIDI pitch {pitch}, outside 0 to 127; check its octave marks"
            )
        return step, alteration, pitch, spelled, more

    def _graces(self, graces: list[list[Any]], span: tuple[int, int]) -> None:
        for found, _ in graces:
            _, _, pitch, spelled, more = self._pitch(found)
            begins, ends = (more[4], more[5]) if more else (0, 0)
            row = (pitch, spelled, self.at, _ZERO, len(self.bars), False, False, True, None, ())
            self.notes.append((*row, begins, ends, span))

    def _chord(
        self,
        pitches: list[Any],
        duration: Fraction,
        ratio: tuple[int, int] | None,
        extras: dict[str, Any],
        span: tuple[int, int],
    ) -> None:
        decorations = tuple(d for d in extras.get("d", ()) if d not in _DYNAMICS)
        begins, ends = extras.get("s", 0), extras.get("e", 0)
        held, index = {}, len(self.bars)
        seen = set()
        for found in pitches:
            step, alteration, pitch, spelled, more = self._pitch(found)
            if more:
                begins, ends = begins + more[4], ends + more[5]
            if pitch in seen:  # a pitch can sound only once at a time in a voice
                begins, ends = 0, 0
                continue
            seen.add(pitch)
            tied = bool(more and more[2])
            row = (pitch, spelled, self.at, duration, index, tied, step in self.ties, False, ratio)
            self.notes.append((*row, decorations, begins, ends, span))
            begins = ends = 0
            if tied:
                held[step] = alteration
        self.ties = held

    def _marks(self, extras: dict[str, Any], span: tuple[int, int]) -> None:
        at, index = self.at, len(self.bars)
        for name, place in extras.get("c", ()):
            if place == "default":
                self.chords.append(Mark(name.translate(TYPED), at, index, span))
            else:
                self.annotations.append(Mark(name, at, index, span))
        for name in extras.get("d", ()):
            if name in _DYNAMICS:
                self.dynamics.append(Mark(name, at, index, span))
        for syllable, divider in extras.get("l", ()):
            if syllable:
                text = syllable.replace("\xa0", " ") + ("-" if divider == "-" else "")
                self.lyrics.append(Mark(text, at, index, span))

    # -- the end
    # ------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Close the last bar."""
        if self.filled:
            self.close_bar("", self.sources.fields.stop)
        if self.in_ending and self.bars:
            self.bars[-1] = replace(self.bars[-1], ending_stop=True)

    def voice(self) -> Voice:
        """Return the finished voice; bars are numbered from 1, a pickup is 0."""
        shift = 0 if has_pickup(self.bars) else 1
        return Voice(
            id=self.id,
            name=self.said.name,
            clef=self.clef,
            program=self.program if self.program is None or 0 <= self.program <= 127 else None,
            percussion=self.percussion,
            transpose=self.transpose,
            notes=tuple([_note(row, shift) for row in self.notes]),
            rests=tuple([_make_rest(*row[:2], row[2] + shift, *row[3:]) for row in self.rests]),
            bars=tuple([_numbered(bar, shift) for bar in self.bars]),
            chords=_shifted(self.chords, shift),
            lyrics=_shifted(self.lyrics, shift),
            dynamics=_shifted(self.dynamics, shift),
            annotations=_shifted(self.annotations, shift),
            meters=tuple(self.meters) or (MeterChange(_ZERO, 0, 0),),
            keys=tuple(self.keys) or (KeyChange(_ZERO, "", "none"),),
        )


def has_pickup(bars: list[Bar]) -> bool:
    """Return whether the first of several bars is shorter than its meter."""
    return len(bars) > 1 and bars[0].duration < bar_length(*bars[0].meter)


def _note(row: tuple[Any, ...], shift: int) -> Note:
    pitch, spelled, onset, duration, bar, *more = row
    return _make_note(pitch, spelled, onset, duration, bar + shift, *more)


def _numbered(bar: Bar, shift: int) -> Bar:
    return replace(bar, number=bar.number + shift) if shift else bar


def _shifted(marks: list[Mark], shift: int) -> tuple[Mark, ...]:
    return tuple(replace(mark, bar=mark.bar + shift) if shift else mark for mark in marks)

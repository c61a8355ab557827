"""Reads the music of one voice into bars, sign by sign."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from re import Match

from agent.vlm.score.elements import Bar, Element, Tone
from agent.vlm.score.repairs import Log
from agent.vlm.score.tokens import LONGEST, SHORTEST, TOKEN, heads, length, tone
from agent.vlm.score.waiting import MOST_SLURS, Waiting

#: Notes and rests of a voice that are read: so many for each bar of the plan, and so many more. Sixteenths
#: fill a bar of 4/4 with 16.
_NOTES_A_BAR, _MORE_NOTES = 24, 400
#: Most bars of a voice that are read; more than any plan has.
_MOST_BARS = 600
#: Most heads of a chord.
_MOST_HEADS = 8
#: Notes that a tuplet of so many takes the time of, where the text does not say.
_IN_TIME_OF = {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}


class Hand(Waiting):
    """Collects the bars of one voice, ``bars`` in the plan; `feed` takes its text line by line."""

    def __init__(self, voice: str, log: Log, bars: int) -> None:
        super().__init__(voice, log)
        self._most = _NOTES_A_BAR * bars + _MORE_NOTES
        self.bars: list[Bar] = []
        self._unit = Fraction(1)  # the text's unit length in eighth notes
        self._elements = 0
        self._bar = Bar()
        self._tuplet: tuple[int, int, int] | None = None
        self._inside: list[Element] = []
        self._factor = Fraction(1)  # of the next note, after a broken rhythm
        self._muted = False  # behind an overlay sign

    def feed(self, text: str, unit: Fraction) -> None:
        """Read a line, or a part of one, whose unit length is ``unit`` eighth notes."""
        self._unit = unit
        for match in TOKEN.finditer(text):
            kind = "bar" if match["bar"] else match.lastgroup
            if self._muted and kind != "bar":
                continue
            getattr(self, f"_on_{kind}", self._on_junk)(match)
            if self._elements >= self._most or len(self.bars) >= _MOST_BARS:
                self._note("size", f"what comes after {len(self.bars)} bars was not read")
                return

    def stop(self) -> None:
        """Close the bar at the end of a passage, though no bar line stands there."""
        self._end_tuplet()
        if self._bar.elements:
            self._push(closed=False)
        self._clear()
        self._muted, self._factor = False, Fraction(1)

    def _number(self) -> int:
        return len(self.bars) + 1

    # -- bars -------------------------------------------------------------------------------------------

    def _on_bar(self, match: Match[str]) -> None:
        self._muted = False
        sign = match["bar"]
        volta = match["volta"] or match["volta2"] or ""
        self._end_tuplet()
        if self._bar.elements:
            self._push(closed=True)
        if self.bars:
            self.bars[-1].closed = True
            self.bars[-1].closes |= sign.startswith(":")
        self._bar.opens |= sign.endswith(":")
        self._bar.ending = volta or self._bar.ending
        self._space = False

    def _on_ending(self, match: Match[str]) -> None:
        if self._bar.elements:
            self._end_tuplet()
            self._push(closed=True)
        self._bar.ending = match["volta3"]

    def _push(self, *, closed: bool) -> None:
        self._bar.closed = closed
        self.bars.append(self._bar)
        self._bar = Bar()
        self._factor = Fraction(1)

    def _on_bars(self, match: Match[str]) -> None:
        """Whole bars of rest."""
        count = min(int(match["count"] or 1) or 1, _MOST_BARS)
        self._end_tuplet()
        if self._bar.elements:
            self._note("bar-line", "no bar line before a bar's rest: one is put there")
            self._push(closed=True)
        first = self._made((), Fraction(1))
        for nth in range(count):
            self._bar.elements = [first if nth == 0 else Element()]
            self._bar.whole = True
            if nth < count - 1:
                self._push(closed=True)

    # -- notes ------------------------------------------------------------------------------------------

    def _on_note(self, match: Match[str]) -> None:
        found, clean = tone(match["head"] + (match["late"] or ""))
        if not clean or match["late"]:
            self._note("spelling", f"{match['note']!r} is written {found.text!r}")
        self._add((found,), match["length3"])

    def _on_chord(self, match: Match[str]) -> None:
        self._chord(match["heads"], match["length"])

    def _on_open(self, match: Match[str]) -> None:
        self._note("bracket", "the bracket of a chord was not closed")
        self._chord(match["loose"], match["length2"])

    def _chord(self, inner: str, outer: str) -> None:
        found = heads(inner)
        if not found:
            self._note("bracket", f"[{inner[:20]}] is no chord: it is left out")
            return
        if not all(clean for _, clean, _ in found):
            self._note("spelling", f"[{inner[:20]}] is spelled as ABC spells it")
        tones = tuple({one.step: one for one, _, _ in reversed(found)}.values())[::-1]
        own = length(found[0][2])[0]
        self._add(tones[:_MOST_HEADS], outer, own)
        if "-" in inner:
            self._on_tie(None)

    def _on_rest(self, match: Match[str]) -> None:
        self._add((), match["length4"])

    def _add(self, tones: tuple[Tone, ...], said: str, own: Fraction = Fraction(1)) -> None:
        """Append a note, chord or rest; it takes everything that has been waiting for one."""
        units, clean = length(said)
        size = units * own * self._unit * self._factor
        bounded = min(max(size, SHORTEST), LONGEST)
        if not clean or bounded != size:
            self._note("length", f"the length {said or '1'!r} is read as {bounded} eighth notes")
        self._factor = Fraction(1)
        self._put(self._made(tones, bounded))

    def _put(self, element: Element) -> None:
        self._elements += 1
        if self._bar.whole:
            self._push(closed=False)
        if self._tuplet is None:
            self._bar.elements.append(element)
            return
        self._inside.append(element)
        if len(self._inside) == self._tuplet[2]:
            above, below, _ = self._tuplet
            inside = tuple(replace(one, space=False) for one in self._inside)
            self._bar.elements.append(
                Element(space=self._inside[0].space, inside=inside, ratio=(above, below))
            )
            self._tuplet, self._inside = None, []

    def _last(self) -> list[Element]:
        """Return the list that holds the last note, to change it there."""
        return self._inside if self._tuplet is not None and self._inside else self._bar.elements

    # -- what hangs on notes ----------------------------------------------------------------------------

    def _on_tuplet(self, match: Match[str]) -> None:
        self._end_tuplet()
        above = int(match["p"])
        below = int(match["q"] or _IN_TIME_OF[above])
        self._tuplet = (above, below, int(match["r"] or above))

    def _end_tuplet(self) -> None:
        """Let the notes of a tuplet that is not complete stand by themselves."""
        if self._tuplet is not None:
            self._note("tuplet", f"a tuplet of {self._tuplet[2]} has {len(self._inside)} notes: it is undone")
            self._bar.elements += self._inside
            self._tuplet, self._inside = None, []

    def _on_broken(self, match: Match[str]) -> None:
        place = self._last()
        if not place or place[-1].inside or self._bar.whole:
            self._on_junk(match)
            return
        sign = match["broken"]
        short = Fraction(1, 2 ** len(sign))
        first, self._factor = (2 - short, short) if sign[0] == ">" else (short, 2 - short)
        place[-1] = replace(place[-1], length=max(SHORTEST, min(LONGEST, place[-1].length * first)))

    def _on_tie(self, match: Match[str] | None) -> None:
        place = self._last()
        if place and place[-1].inside:
            place[-1] = replace(
                place[-1], inside=(*place[-1].inside[:-1], replace(place[-1].inside[-1], tie=True))
            )
        elif place and place[-1].tones:
            place[-1] = replace(place[-1], tie=True)

    def _on_unslur(self, match: Match[str]) -> None:
        place = self._last()
        if place:
            place[-1] = _with_end(place[-1])

    def _on_overlay(self, match: Match[str]) -> None:
        self._end_tuplet()
        self._muted = True
        self._note("overlay", "a second voice in the same staff is left out")


def _with_end(element: Element) -> Element:
    """Return an element with one more slur ending at its last note."""
    if element.inside:
        last = element.inside[-1]
        return replace(
            element, inside=(*element.inside[:-1], replace(last, closes=min(last.closes + 1, MOST_SLURS)))
        )
    return replace(element, closes=min(element.closes + 1, MOST_SLURS))

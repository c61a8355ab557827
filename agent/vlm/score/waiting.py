"""What stands before a note waits here until the note comes: dynamics, chord symbol, slurs, signs, graces.

Words, fields, comments and characters of no meaning are dropped here, each with a repair that says so.
"""

from __future__ import annotations

from fractions import Fraction
from re import Match

from agent.vlm.score import marks
from agent.vlm.score.elements import Element, Tone
from agent.vlm.score.repairs import Log
from agent.vlm.score.tokens import heads

#: Most notes of a grace group, signs on one note, slurs that begin or end at one note.
_MOST_GRACES, _MOST_SIGNS, MOST_SLURS = 6, 4, 2


class Waiting:
    """Keeps what belongs to the next note of a voice."""

    def __init__(self, voice: str, log: Log) -> None:
        self.voice, self.log = voice, log
        self._clear()

    def _clear(self) -> None:
        """Forget what waits for the next note."""
        self._marks: list[str] = []
        self._symbol, self._opens, self._space = "", 0, False
        self._graces: tuple[Tone, ...] = ()

    def _number(self) -> int:
        """Return the number of the bar that is read."""
        raise NotImplementedError

    def _note(self, code: str, what: str) -> None:
        """Record a repair in the bar that is read."""
        bar = self._number()
        self.log.note(code, f"bar {bar} of {self.voice}: {what}", self.voice, bar)

    def _made(self, tones: tuple[Tone, ...], size: Fraction) -> Element:
        signs = [one for one in self._marks if tones or marks.for_rests(one)]
        made = Element(
            size, tones, tuple(signs[:_MOST_SIGNS]), self._symbol,
            self._graces if tones else (), self._opens if tones else 0, space=self._space,
        )  # fmt: skip
        waiting = 0 if tones else self._opens
        self._clear()
        self._opens = waiting
        return made

    def _on_space(self, match: Match[str]) -> None:
        self._space = True

    def _on_slur(self, match: Match[str]) -> None:
        self._opens = min(self._opens + 1, MOST_SLURS)

    def _on_deco(self, match: Match[str]) -> None:
        name = (match["name"] or match["deco"].strip("+")).strip()
        self._mark(marks.mark(name), name)

    def _on_sign(self, match: Match[str]) -> None:
        self._mark(marks.mark(match["sign"]), match["sign"])

    def _mark(self, found: str, name: str) -> None:
        if not found:
            self._note("decoration", f"the decoration {name[:20]!r} is left out")
        elif found not in self._marks:
            self._marks.append(found)

    def _on_quoted(self, match: Match[str]) -> None:
        text = match["quoted"][1:-1].strip()
        found = "" if text[:1] in "^_<>@" else marks.symbol(text)
        if text and not found:
            self._note("annotation", f"the words {text[:20]!r} over the staff are left out")
        elif found != text:
            self._note("chord-symbol", f"the chord symbol {text[:20]!r} is written {found!r}")
        self._symbol = found or self._symbol

    def _on_quote(self, match: Match[str]) -> None:
        self._symbol = marks.symbol(match["quote"][1:]) or self._symbol
        self._note("quote", "a quotation mark was not closed")

    def _on_grace(self, match: Match[str]) -> None:
        self._graces = tuple(one for one, _, _ in heads(match["grace"]))[:_MOST_GRACES]

    def _on_layout(self, match: Match[str]) -> None:
        """Drop what only matters to an engraver."""

    def _on_comment(self, match: Match[str]) -> None:
        self._note("directive", "a comment is left out")

    def _on_field(self, match: Match[str]) -> None:
        self._note("header", f"the field {match['field'][:20]!r} is left out")

    def _on_word(self, match: Match[str]) -> None:
        self._note("prose", f"the word {match['word'][:20]!r} is left out")

    def _on_junk(self, match: Match[str]) -> None:
        self._note("unknown-character", f"{match[0][:10]!r} is no music: it is left out")

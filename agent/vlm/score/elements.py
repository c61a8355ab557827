"""What a bar of a model's score is made of: notes, chords, rests and tuplets, and their text as ABC.

This is the whitelist. Whatever a model writes is either read into these classes or dropped, and `written`
makes the text anew, so that no character of an answer reaches a score by itself.

Conventions
-----------
Lengths are exact eighth notes (``L:1/8``). An octave is that of scientific pitch names: 4 from middle C up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

#: Alteration of every accidental as ABC writes it.
ALTERATIONS = {"^": 1, "_": -1, "=": 0, "^^": 2, "__": -2}


@dataclass(frozen=True, slots=True)
class Tone:
    """One note head: a letter C..B, its octave, and the accidental as written ("" for none)."""

    letter: str
    octave: int
    accidental: str = ""

    @property
    def step(self) -> int:
        """Diatonic index: octave * 7 + letter, C = 0."""
        return self.octave * 7 + "CDEFGAB".index(self.letter)

    @property
    def text(self) -> str:
        """The head as ABC: ``^c'``."""
        if self.octave >= 5:
            return self.accidental + self.letter.lower() + "'" * (self.octave - 5)
        return self.accidental + self.letter + "," * (4 - self.octave)

    @property
    def drum(self) -> str:
        """The letter of a drum staff: octave marks do not count."""
        return self.letter.lower() if self.octave >= 5 else self.letter


@dataclass(frozen=True, slots=True)
class Element:
    """A note, chord or rest (no tones), or a tuplet (``inside``), with everything that hangs on it."""

    length: Fraction = Fraction(1)  # as written; of a tuplet without meaning
    tones: tuple[Tone, ...] = ()
    marks: tuple[str, ...] = ()  # "!mf!", ".", "!trill!": only what `agent.vlm.score.marks` allows
    symbol: str = ""  # chord symbol, "F#m7"
    graces: tuple[Tone, ...] = ()
    opens: int = 0  # slurs that begin and end here
    closes: int = 0
    tie: bool = False
    space: bool = False  # a beam is broken before it
    inside: tuple[Element, ...] = ()
    ratio: tuple[int, int] = (1, 1)  # (3, 2): three in the time of two

    @property
    def duration(self) -> Fraction:
        """Time that it takes, in eighth notes."""
        if not self.inside:
            return self.length
        return total(self.inside) * self.ratio[1] / self.ratio[0]

    @property
    def leaves(self) -> tuple[Element, ...]:
        """Itself, or the notes and rests inside a tuplet."""
        return self.inside or (self,)


@dataclass(slots=True)
class Bar:
    """One bar as read, with the repeat signs around it."""

    elements: list[Element] = field(default_factory=list)
    opens: bool = False  # "|:" before it
    closes: bool = False  # ":|" after it
    ending: str = ""  # "1", "2", "1,3": the volta that starts here
    closed: bool = False  # a bar line stands at its end
    whole: bool = False  # a bar's rest (Z): as long as the meter says

    @property
    def duration(self) -> Fraction:
        """Sum of its elements, in eighth notes."""
        return total(self.elements)

    @property
    def silent(self) -> bool:
        """Whether nothing sounds in it."""
        return not any(leaf.tones for element in self.elements for leaf in element.leaves)


def total(elements: Iterable[Element]) -> Fraction:
    """Return the time that elements take together, in eighth notes."""
    return sum((element.duration for element in elements), Fraction(0))


def length_text(length: Fraction) -> str:
    """Return a length as ABC: "" for an eighth, "3/2", "/2"."""
    top = "" if length.numerator == 1 else str(length.numerator)
    return top if length.denominator == 1 else f"{top}/{length.denominator}"


def body(element: Element) -> str:
    """Return the head of a note, chord or rest with its length: what is heard of it."""
    names = [tone.text for tone in element.tones]
    head = "z" if not names else names[0] if len(names) == 1 else "[" + "".join(names) + "]"
    return head + length_text(element.length)


def written(element: Element) -> str:
    """Return an element as ABC, without the space before it."""
    if element.inside:
        above, below = element.ratio
        return f"({above}:{below}:{len(element.inside)}" + "".join(written(one) for one in element.inside)
    return _before(element) + body(element) + "-" * element.tie + ")" * element.closes


def _before(element: Element) -> str:
    """Return dynamics, chord symbol, slurs, signs and grace notes, in this order."""
    loud = "".join(mark for mark in element.marks if len(mark) > 1)
    signs = "".join(mark for mark in element.marks if len(mark) == 1)
    symbol = f'"{element.symbol}"' if element.symbol else ""
    graces = "{" + "".join(tone.text for tone in element.graces) + "}" if element.graces else ""
    return loud + symbol + "(" * element.opens + signs + graces


def bar_text(elements: list[Element]) -> str:
    """Return a bar as ABC; a bar in which nothing sounds is ``Z``."""
    if len(elements) == 1 and not elements[0].leaves[0].tones and not elements[0].inside:
        rest = elements[0]
        return _before(rest) + "Z"
    text = "".join((" " if one.space else "") + written(one) for one in elements)
    return text.strip()


def changed(element: Element, **values: object) -> Element:
    """Return an element with fields replaced; of a tuplet, of each note inside it."""
    if element.inside:
        return replace(element, inside=tuple(replace(one, **values) for one in element.inside))  # type: ignore[arg-type]
    return replace(element, **values)  # type: ignore[arg-type]

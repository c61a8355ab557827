"""The bars of one voice as rules that count beats: one rule for every place of a bar that can be come to.

Names, for a voice ``v1`` and the fourth sixteenth: ``v1at4`` is the rest of a bar from there, ``v1note4`` the
same where a note has to come, ``v1for4`` and ``v1rest4`` the length of a note or rest that began there, with
what is left of the bar. What follows a length is known from it, so no bar is ever too long or too short.
There is a blank before what stands on a beat, nowhere else: beams show the beats.
"""

from __future__ import annotations

from dataclasses import dataclass

from prompts.grammar_bar import length_text, moves, onsets
from prompts.grammar_rules import OneOf, Rule, Rules, Sequence, Text

BAR_LINE = Text(" | ")
#: Qualities of chord symbols.
_QUALITIES = ("", "m", "7", "m7", "maj7", "dim", "sus4", "6")
#: Length of a triplet of eighths, in sixteenths, and the longest ``shortest`` that allows one.
_TRIPLET, _TRIPLET_SHORTEST = 4, 1


@dataclass(frozen=True)
class VoiceBars:
    """Writes the rules of one kind of voice.

    Attributes
    ----------
    name
        Beginning of all its rules' names.
    sound
        The rule of one sound without its length: a note, a chord, a stroke.
    beats, shortest
        The bar, as `grammar_bar.moves` takes it.
    symbols
        Whether chord symbols may stand before what sounds on a beat.
    triplets
        Whether three eighths may stand in the time of two, on a beat.
    """

    rules: Rules
    name: str
    sound: Rule
    beats: tuple[int, ...]
    shortest: int
    symbols: bool
    triplets: bool

    def write(self) -> None:
        """Write the rules of a whole bar."""
        for place, values in moves(self.beats, self.shortest).items():
            self._sound_at(place)
            self.rules.choice(
                self._named("for", place),
                {length_text(value): self._after(place + value, "at") for value in values},
            )
            self.rules.choice(self._named("rest", place), self._rests(place))
            rest = (Text("z"), Rule(self._named("rest", place)))
            self.rules.add(self._named("at", place), (Rule(self._named("note", place)),), rest)

    def line(self, bars: int, *, note_first: bool = False, sounds: bool = False) -> Sequence:
        """Return so many bars with bar lines between them.

        Parameters
        ----------
        bars
            At least 1.
        note_first
            The first bar starts with a note.
        sounds
            Not all bars are silent.
        """
        if sounds and not note_first:
            return (self._sounding(bars),)
        first = Rule(self._named("note" if note_first else "at", 0))
        return (first, *self._more(bars - 1))

    def _sounding(self, bars: int) -> Rule:
        """Write the rule for bars of which at least one sounds: silent ones may come first, but not all."""
        name = f"{self.name}sounding{bars}"
        ways = {text: (*after, *self._more(bars - 1)) for text, after in self._rests(0, whole=False).items()}
        if bars > 1:
            ways[self._whole] = (BAR_LINE, self._sounding(bars - 1))
        silence = self.rules.choice(f"{name}rest", ways) if ways else None
        notes = (Rule(self._named("note", 0)), *self._more(bars - 1))
        return self.rules.add(name, notes, *([(Text("z"), silence)] if silence else []))

    def _more(self, bars: int) -> Sequence:
        """Return bars after a first one, each after a bar line."""
        return (BAR_LINE, Rule(self._named("at", 0))) * bars

    def _sound_at(self, place: int) -> None:
        """Write the rule for what has to sound at a place: with a chord symbol before it, or without."""
        name = self._named("note", place)
        ways: list[Sequence] = [(self.sound, Rule(self._named("for", place)))]
        if self.triplets and self._triplet_fits(place):
            ways.append((Text("(3"), *(self.sound,) * 3, *self._after(place + _TRIPLET, "at")))
        if self.symbols and place in onsets(self.beats):
            plain = self.rules.add(f"{name}plain", *ways)
            ways = [(plain,), (chord_symbol(self.rules), plain)]
        self.rules.add(name, *ways)

    def _triplet_fits(self, place: int) -> bool:
        """Return whether a triplet of eighths fills the beat that starts at a place."""
        beat = dict(zip(onsets(self.beats), self.beats, strict=False))
        return self.shortest <= _TRIPLET_SHORTEST and beat.get(place) == _TRIPLET

    def _rests(self, place: int, *, whole: bool = True) -> dict[str, Sequence]:
        """Return lengths of a rest, each with what follows it, which starts with a note.

        ``whole`` allows the rest of a whole bar.
        """
        bar = sum(self.beats)
        values = [value for value in moves(self.beats, self.shortest)[place] if (place, value) != (0, bar)]
        ways = {length_text(value): self._after(place + value, "note") for value in values}
        return {**ways, self._whole: ()} if whole and place == 0 else ways

    @property
    def _whole(self) -> str:
        """Length of the rest of a whole bar."""
        return length_text(sum(self.beats))

    def _after(self, place: int, what: str) -> Sequence:
        """Return what comes at a place: a blank on a beat, and the rest of the bar if there is any."""
        if place == sum(self.beats):
            return ()
        rest = Rule(self._named(what, place))
        return (Text(" "), rest) if place in onsets(self.beats) else (rest,)

    def _named(self, what: str, place: int) -> str:
        return f"{self.name}{what}{place}"


def chord_rule(rules: Rules, name: str, pitch: Rule) -> Rule:
    """Write the rule for one note, or two to four notes in brackets."""
    fourth = rules.add(f"{name}fourth", (Text("]"),), (pitch, Text("]")), word=True)
    third = rules.add(f"{name}third", (Text("]"),), (pitch, fourth), word=True)
    return rules.add(name, (pitch,), (Text("["), pitch, pitch, third), word=True)


def stroke_rule(rules: Rules, name: str, letters: str) -> Rule:
    """Write the rule for one drum, or two or three in brackets, each once and in the order of ``letters``."""
    if len(letters) == 1:
        return rules.add(name, (Text(letters),), word=True)
    pairs = [
        (Text(letter), _second_stroke(rules, f"{name}n{nth}", letters[nth + 1 :]))
        for nth, letter in enumerate(letters[:-1])
    ]
    chord = rules.add(f"{name}chord", *pairs, word=True)
    return rules.add(name, (OneOf(letters),), (Text("["), chord), word=True)


def _second_stroke(rules: Rules, name: str, later: str) -> Rule:
    """Write the rule for the second and third drum of a chord, and its end."""
    ways: list[Sequence] = [(Text(later[-1] + "]"),)]
    for nth, letter in enumerate(later[:-1]):
        ends = ((Text("]"),), (OneOf(later[nth + 1 :]), Text("]")))
        ways.append((Text(letter), rules.add(f"{name}n{nth}", *ends, word=True)))
    return rules.add(name, *ways, word=True)


def chord_symbol(rules: Rules) -> Rule:
    """Write the rule for a chord symbol in quotes and the blank after it; no root is E sharp or C flat."""
    quality = rules.choice("quality", {one + '" ': () for one in _QUALITIES}, word=True)
    sharp = rules.add("sharp", (quality,), (Text("#"), quality), word=True)
    flat = rules.add("flat", (quality,), (Text("b"), quality), word=True)
    either = rules.add("either", (quality,), (Text("#"), quality), (Text("b"), quality), word=True)
    roots = ((OneOf("CF"), sharp), (OneOf("EB"), flat), (OneOf("DGA"), either))
    return rules.add("symbol", (Text('"'), rules.add("rooted", *roots, word=True)), word=True)

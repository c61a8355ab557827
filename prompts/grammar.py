"""The language of a score's music: systems of a few bars, every voice once a system, every bar full.

A context-free grammar can count beats if a bar is a chain of rules by what is left of it; see
`prompts.grammar_voice`. Nothing but music can be written: no field, directive, comment, decoration, lyric or
text, so a model that is held to this grammar has no way to say anything else, whatever it was told. The same
rules are shown in Lark and GBNF by `prompts.grammar_rules`.

    [V:M] "G" G2 B2 d2 B2 | "D7" A4 F4 |]
    [V:B] G,,8 | D,,8 |]
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import Literal

from chiaroscore import ControlError
from prompts.grammar_bar import BEATS, moves
from prompts.grammar_pitch import has_pitches, pitch_rule
from prompts.grammar_rules import Rule, Rules, Sequence, Text
from prompts.grammar_voice import VoiceBars, chord_rule, stroke_rule
from prompts.messages import Grammar

_ID = re.compile(r"[A-Za-z][A-Za-z0-9]{0,7}")
_DRUM_LETTERS = frozenset("ABCDEFGabcdefg")
#: Most bars, and most voices, of a grammar.
_BARS, _VOICES = 256, 16


@dataclass(frozen=True, slots=True)
class VoiceSpec:
    """One voice: what it plays and how high.

    Raises
    ------
    ControlError
        If the id or the range cannot be, or the drum letters are none, or no letters A-G, a-g.
    """

    id: str
    low: int  # lowest and highest MIDI pitch, written; without meaning for drums
    high: int
    kind: Literal["line", "chords", "drums"]
    letters: str = ""  # of drums; chords name them in this order
    symbols: bool = False  # chord symbols may stand before notes

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ControlError(f"voice id {self.id!r} is not a letter and up to seven letters or digits")
        if self.kind == "drums":
            if not self.letters or set(self.letters) - _DRUM_LETTERS or _repeats(self.letters):
                raise ControlError(f"drum letters {self.letters!r} of voice {self.id}: give some of A-G, a-g")
        elif not 0 <= self.low <= self.high <= 127:
            raise ControlError(f"voice {self.id} has the range {self.low} to {self.high}; give MIDI pitches")


@dataclass(frozen=True, slots=True)
class ScoreSpec:
    """What a score's text must be.

    Raises
    ------
    ControlError
        If a number is out of range, two voices share an id, a range holds no note, or no bar can be filled.
    """

    bars: int
    beats: tuple[int, ...]  # lengths of the beats of a bar in sixteenths: (4, 4, 4, 4), (6, 6)
    voices: tuple[VoiceSpec, ...]  # the first one leads
    bars_a_line: int = 4
    shortest: int = 1  # value of the shortest note, in sixteenths
    signature: tuple[int, ...] = (0, 0, 0, 0, 0, 0, 0)  # alteration of each letter C..B in the key

    def __post_init__(self) -> None:
        if not 1 <= self.bars <= _BARS or not 1 <= self.bars_a_line <= 16:
            raise ControlError(
                f"{self.bars} bars, {self.bars_a_line} a line; give 1 to {_BARS} bars, 1 to 16 a line"
            )
        if len(self.signature) != 7:
            raise ControlError(f"signature {self.signature} has to have seven alterations, of C to B")
        if not 1 <= len(self.beats) <= 8 or set(self.beats) - set(BEATS):
            raise ControlError(f"beats {self.beats} are not 1 to 8 beats of 4 or 6 sixteenths")
        if not moves(self.beats, self.shortest):
            raise ControlError(
                f"beats {self.beats} cannot be filled by values from {self.shortest} sixteenths"
            )
        self._check_voices()

    def _check_voices(self) -> None:
        ids = [voice.id for voice in self.voices]
        if not 1 <= len(ids) <= _VOICES or _repeats(ids):
            raise ControlError(f"voices {ids}: give 1 to {_VOICES}, each with its own id")
        for voice in self.voices:
            if voice.kind != "drums" and not has_pitches(voice.low, voice.high, self.signature):
                raise ControlError(f"voice {voice.id} has no note from {voice.low} to {voice.high}; widen it")


@functools.lru_cache(maxsize=32)
def score_grammar(spec: ScoreSpec) -> Grammar:
    """Return the grammar of the music of a score.

    Parameters
    ----------
    spec
        Bars, meter and voices.

    Returns
    -------
    Grammar
        Of texts that have exactly so many bars in every voice, every bar exactly full, all pitches in range.

        * How a bar may be filled is said in `prompts.grammar_bar`; in a bar no rest follows a rest.
        * The leading voice starts every system with a note. Every other voice may be silent for whole bars,
          and sounds somewhere in the last system.
        * A voice of the kind "line" has single notes, and triplets of eighths on beats of a quarter; "chords"
          has notes, and two to four in brackets; "drums" has its letters, and two or three in brackets.
        * Chord symbols stand before what sounds on a beat.

    Examples
    --------
    >>> grammar = score_grammar(ScoreSpec(8, (4, 4, 4), (VoiceSpec("M", 60, 79, "line"),)))
    >>> grammar.gbnf.splitlines()[0]
    'root ::= score'
    """
    rules, start = score_rules(spec)
    return Grammar(f"score of {spec.bars} bars", rules.lark(start), rules.gbnf(start))


def score_rules(spec: ScoreSpec) -> tuple[Rules, Rule]:
    """Return the rules of the music of a score, and the one it starts with; see `score_grammar`."""
    rules = Rules()
    bars = _voice_bars(rules, spec)
    systems, left = divmod(spec.bars - 1, spec.bars_a_line)
    full = rules.add("system", _system(spec, bars, spec.bars_a_line, last=False))
    last = rules.add("last", _system(spec, bars, left + 1, last=True))
    return rules, rules.add("score", (*(full,) * systems, last))


def _system(spec: ScoreSpec, bars: dict[str, VoiceBars], count: int, *, last: bool) -> Sequence:
    """Return one system: a line for every voice."""
    ending = Text(" |]\n" if last else " |\n")
    lines: list[Sequence] = []
    for nth, voice in enumerate(spec.voices):
        music = bars[voice.id].line(count, note_first=nth == 0, sounds=last)
        lines.append((Text(f"[V:{voice.id}] "), *music, ending))
    return tuple(symbol for line in lines for symbol in line)


def _voice_bars(rules: Rules, spec: ScoreSpec) -> dict[str, VoiceBars]:
    """Return what writes the bars of each voice; voices that differ only in their ids share their rules."""
    shared: dict[VoiceSpec, VoiceBars] = {}
    for voice in spec.voices:
        kind = replace(voice, id="V")
        if kind not in shared:
            name = f"v{len(shared) + 1}"
            sound = _sound(rules, name, spec, voice)
            line = voice.kind == "line"
            shared[kind] = VoiceBars(rules, name, sound, spec.beats, spec.shortest, voice.symbols, line)
            shared[kind].write()
    return {voice.id: shared[replace(voice, id="V")] for voice in spec.voices}


def _sound(rules: Rules, name: str, spec: ScoreSpec, voice: VoiceSpec) -> Rule:
    """Write the rule of one sound of a voice."""
    if voice.kind == "drums":
        return stroke_rule(rules, f"{name}stroke", voice.letters)
    pitch = pitch_rule(rules, f"{name}pitch", voice.low, voice.high, spec.signature)
    return pitch if voice.kind == "line" else chord_rule(rules, f"{name}chord", pitch)


def _repeats(names: list[str] | str) -> bool:
    return len(set(names)) < len(names)

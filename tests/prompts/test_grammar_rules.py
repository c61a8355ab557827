"""Rules in two notations, and that one character always decides which way a parser goes."""

from __future__ import annotations

import pytest

from agent.offline.writer.meter import meter
from agent.tempo import METERS
from prompts import ScoreSpec, VoiceSpec
from prompts.grammar import score_rules
from prompts.grammar_rules import OneOf, Rule, Rules, Sequence, Symbol, Text

END = "the end"
VOICES = (
    VoiceSpec("M", 55, 84, "line", symbols=True),
    VoiceSpec("H", 40, 81, "chords"),
    VoiceSpec("D", 0, 0, "drums", "FcgbDafAdeBEGC"),
)


class Foresight:
    """First and following characters of every rule, found by repeating until nothing changes."""

    def __init__(self, rules: Rules, start: Rule) -> None:
        self.rules = rules
        self.first: dict[str, set[str]] = {name: set() for name in rules.bodies}
        self.empty: set[str] = set()
        self.follow: dict[str, set[str]] = {name: set() for name in rules.bodies}
        self.follow[start.name].add(END)
        while self._learn():
            pass

    def _size(self) -> int:
        return len(self.empty) + sum(map(len, self.first.values())) + sum(map(len, self.follow.values()))

    def _learn(self) -> bool:
        before = self._size()
        for name, body in self.rules.bodies.items():
            for way in body:
                self.first[name] |= self.begins(way)
                if self.nullable(way):
                    self.empty.add(name)
                for nth, symbol in enumerate(way):
                    if isinstance(symbol, Rule):
                        rest = way[nth + 1 :]
                        own = self.follow[name] if self.nullable(rest) else set()
                        self.follow[symbol.name] |= self.begins(rest) | own
        return self._size() > before

    def nullable(self, way: Sequence) -> bool:
        return all(isinstance(one, Rule) and one.name in self.empty for one in way)

    def begins(self, way: Sequence) -> set[str]:
        found: set[str] = set()
        for one in way:
            found |= self._begins(one)
            if not (isinstance(one, Rule) and one.name in self.empty):
                break
        return found

    def _begins(self, one: Symbol) -> set[str]:
        if isinstance(one, Text):
            return {one.text[0]}
        return set(one.letters) if isinstance(one, OneOf) else self.first[one.name]

    def undecided(self) -> list[tuple[str, set[str]]]:
        """Rules of which two alternatives can go on with the same character."""
        found = []
        for name, body in self.rules.bodies.items():
            seen: set[str] = set()
            for way in body:
                ahead = self.begins(way) | (self.follow[name] if self.nullable(way) else set())
                if ahead & seen:
                    found.append((name, ahead & seen))
                seen |= ahead
        return found


@pytest.mark.parametrize("name", METERS)
@pytest.mark.parametrize("shortest", [1, 2])
def test_one_character_decides_every_choice_of_a_score(name: str, shortest: int) -> None:
    beats = tuple(int(beat * 4) for beat in meter(name).beats)
    rules, start = score_rules(ScoreSpec(7, beats, VOICES, shortest=shortest))
    assert Foresight(rules, start).undecided() == []


def test_the_foresight_finds_what_is_undecided() -> None:
    rules = Rules()
    length = rules.add("length", (Text("3"),), (Text("3/2"),))
    may = rules.add("may", (Text("a"),), ())
    start = rules.add("score", (length, may, Text("a")))
    assert dict(Foresight(rules, start).undecided()) == {"length": {"3"}, "may": {"a"}}


def test_a_choice_splits_where_texts_part() -> None:
    rules = Rules()
    rules.choice("length", {"3": (Text("x"),), "3/2": (), "": (Text("y"),)})
    assert rules.lark(Rule("length")) == (
        'start: length\nlength: "3" lengthc51 | "y"\nlengthc51: "x" | "/2"\n'
    )


def test_the_two_notations_show_the_same_rules() -> None:
    rules = Rules()
    note = rules.add("note", (OneOf("AB"),), (Text('"'), Text("\n")), word=True)
    start = rules.add("score", (note, Text("["), Text("x")), ())
    assert rules.lark(start) == 'start: score\nscore: NOTE "[x" | ""\nNOTE: /[AB]/ | "\\"\\n"\n'
    assert rules.gbnf(start) == 'root ::= score\nscore ::= note "[x" | ""\nnote ::= [AB] | "\\"\\n"\n'


def test_rules_nothing_comes_to_are_not_shown() -> None:
    rules = Rules()
    rules.add("idle", (Text("x"),))
    assert "idle" not in rules.gbnf(rules.add("score", (Text("y"),)))


@pytest.mark.parametrize("name", ["start", "root", "a_b", "a-b", "A", ""])
def test_names_that_a_notation_has_no_room_for_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="rule name"):
        Rules().add(name, (Text("x"),))


def test_a_rule_is_written_once() -> None:
    rules = Rules()
    rules.add("a", (Text("x"),))
    assert rules.add("a", (Text("x"),)) == Rule("a")
    with pytest.raises(ValueError, match="written twice"):
        rules.add("a", (Text("y"),))

"""Rules of a context-free grammar, written once and shown in two notations: Lark and GBNF.

A body is a list of alternatives, an alternative a sequence of symbols. There are no repetitions and no
optional parts, only rules, so nothing can be read differently by the two notations. Rules that spell one
word (a pitch, a chord symbol) are marked so: in Lark they become terminals, which a lexer reads in one go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-z][a-z0-9]*")
#: Names that the two notations have for the first rule.
_LARK_START, _GBNF_START = "start", "root"


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as they stand."""

    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some letters or digits."""

    letters: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What another rule spells."""

    name: str


Symbol = Text | OneOf | Rule
Sequence = tuple[Symbol, ...]
Body = tuple[Sequence, ...]


@dataclass
class Rules:
    """The rules of one grammar, by name; names are of small letters and digits, which both notations take."""

    bodies: dict[str, Body] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)

    def add(self, name: str, *alternatives: Sequence, word: bool = False) -> Rule:
        """Write a rule and return a reference to it; the same rule may be written twice.

        Raises
        ------
        ValueError
            If there is another rule of that name, nothing to choose from, or the name is not to be had.
        """
        body = tuple(_joined(way) for way in alternatives)
        if not _NAME.fullmatch(name) or name in (_LARK_START, _GBNF_START):
            raise ValueError(f"rule name {name!r} is taken, or not of small letters and digits")
        if not body or self.bodies.setdefault(name, body) != body:
            raise ValueError(f"rule {name!r} is empty, or written twice with two bodies")
        if word:
            self.words.add(name)
        return Rule(name)

    def choice(self, name: str, ways: Mapping[str, Sequence], *, word: bool = False) -> Rule:
        """Write a rule that chooses among texts, each with what follows it; the next character decides.

        Texts with a common beginning are split there, so that no parser has to keep two in mind.
        """
        alternatives: list[Sequence] = []
        for first in dict.fromkeys(text[:1] for text in ways):
            same = {text[1:]: after for text, after in ways.items() if text[:1] == first}
            if not first:
                alternatives.append(ways[""])
            elif len(same) == 1:
                rest, after = next(iter(same.items()))
                alternatives.append((Text(first + rest), *after))
            else:
                alternatives.append((Text(first), self.choice(f"{name}c{ord(first)}", same, word=word)))
        return self.add(name, *alternatives, word=word)

    def lark(self, start: Rule) -> str:
        """Return the rules that a start needs in the Lark of llguidance."""
        return self._shown(start, _LARK_START, ":", "/[{}]/", self._lark_name)

    def gbnf(self, start: Rule) -> str:
        """Return the rules that a start needs in the GBNF of llama.cpp."""
        return self._shown(start, _GBNF_START, " ::=", "[{}]", str)

    def _shown(self, start: Rule, first: str, sign: str, one_of: str, named: Callable[[str], str]) -> str:
        """Return rules as lines: a name, a sign, alternatives with bars between; an empty one is ``""``."""

        def symbol(one: Symbol) -> str:
            if isinstance(one, OneOf):
                return one_of.format(one.letters)
            return json.dumps(one.text) if isinstance(one, Text) else named(one.name)

        lines = [f"{first}{sign} {named(start.name)}"]
        for name, body in self._reached(start):
            ways = [" ".join(map(symbol, way)) or '""' for way in body]
            lines.append(f"{named(name)}{sign} {' | '.join(ways)}")
        return "\n".join(lines) + "\n"

    def _lark_name(self, name: str) -> str:
        """Return a name in Lark, where capital letters mean a terminal."""
        return name.upper() if name in self.words else name

    def _reached(self, start: Rule) -> Iterator[tuple[str, Body]]:
        """Every rule that can be come to from a start, each once, the start first."""
        waiting, seen = [start.name], {start.name}
        while waiting:
            name = waiting.pop()
            yield name, self.bodies[name]
            needed = [one.name for way in self.bodies[name] for one in way if isinstance(one, Rule)]
            fresh = [other for other in dict.fromkeys(needed) if other not in seen]
            seen.update(fresh)
            waiting += reversed(fresh)


def _joined(way: Sequence) -> Sequence:
    """Return a sequence in which no two texts stand side by side."""
    out: list[Symbol] = []
    for one in way:
        if isinstance(one, Text) and out and isinstance(out[-1], Text):
            out[-1] = Text(out[-1].text + one.text)
        else:
            out.append(one)
    return tuple(out)

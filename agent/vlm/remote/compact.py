"""A JSON schema as a grammar of JSON without white space, for servers that take GBNF.

llama.cpp holds an answer to a JSON schema with room for white space between any two signs, which a small
model fills: half of its tokens are then line ends and blanks. It would take llguidance's notation for JSON
without them, but a server that was built without llguidance, as it is by default, aborts on its first word
(ggml-org/llama.cpp#25960), and none tells how it was built. So the grammar is written out.

It is narrower than its schema and never wider: no white space, texts that neither begin with a blank nor hold
any escape but those of a quote and a backslash, whole numbers between two bounds as their digits.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from prompts import Grammar

#: A sign inside a text, and its first one, which no blank is: an answer of blanks says nothing.
_SIGNS = {
    "sign": r'[^"\\\x00-\x1f\x7f-\x9f\u2028\u2029] | "\\" ["\\]',
    "first": r'[^"\\\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff] '
    r'| "\\" ["\\]',
}
#: Most whole numbers between two bounds that are written out.
_MOST_NUMBERS = 2_000


class UnwritableError(ValueError):
    """A schema for which no grammar is written; the server has to read the schema itself."""


def compact_grammar(schema: dict[str, Any]) -> Grammar:
    """Return the grammar of the answers to a schema, without white space, as GBNF; its Lark form is empty.

    Parameters
    ----------
    schema
        As `prompts.schema` returns it: flat, its properties required and in order.

    Raises
    ------
    UnwritableError
        If something in it is not understood: a pattern, a number without bounds, properties left open.

    Examples
    --------
    >>> tempo = {"type": "integer", "minimum": 98, "maximum": 101}
    >>> print(compact_grammar({"type": "array", "items": tempo, "minItems": 1, "maxItems": 2}).gbnf)
    root ::= "[" item1 ("," item1){0,1} "]"
    item1 ::= "10" ("0" | "1") | "9" ("8" | "9")
    """
    rules: dict[str, str] = {"root": ""}
    rules["root"] = _value(schema, rules)
    lines = "\n".join(f"{name} ::= {body}" for name, body in rules.items())
    return Grammar(str(schema.get("title", "answer")), "", lines)


def choice(words: Iterable[str]) -> str:
    """Return one of some words as GBNF: a tree of their beginnings, so that few paths are open at a time."""
    groups: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        groups.setdefault(word[:1], []).append(word)
    ends = groups.pop("", None) is not None
    branches = " | ".join(_branch(group) for group in groups.values())
    return f"({branches})?" if ends and branches else branches


def _branch(group: list[str]) -> str:
    """Return sorted words with the same beginning, which stands once."""
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(group[0], group[-1], strict=False))
    start = "".join(sign for sign, _ in alike)
    if len(group) == 1:
        return _literal(start)
    rest = choice(word[len(start) :] for word in group)
    return f"{_literal(start)} {rest if rest.endswith(')?') and start in group else f'({rest})'}"


def _literal(text: str) -> str:
    """Return a text as GBNF holds it; the escapes of the two are the same."""
    return json.dumps(text, ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _value(node: dict[str, Any], rules: dict[str, str]) -> str:
    """Return the body of a rule for a node, and put the rules it needs beside it."""
    if "const" in node or "enum" in node:
        return choice(_json(one) for one in ([node["const"]] if "const" in node else node["enum"]))
    write = _WRITERS.get(str(node.get("type")))
    if write is None or "pattern" in node:
        raise UnwritableError(f"no grammar is written for {_json(node)[:200]}; give the schema itself")
    return write(node, rules)


def _object(node: dict[str, Any], rules: dict[str, str]) -> str:
    inner = node.get("properties", {})
    if not inner or list(inner) != list(node.get("required", ())) or node.get("additionalProperties", True):
        raise UnwritableError("an object needs properties, all of them required and no others allowed")
    fields = []
    for at, (name, below) in enumerate(inner.items()):
        fields.append(f"{_literal(('{' if at == 0 else ',') + _json(name) + ':')} ({_value(below, rules)})")
    return " ".join([*fields, '"}"'])


def _array(node: dict[str, Any], rules: dict[str, str]) -> str:
    low, high = node.get("minItems", 0), node.get("maxItems")
    if "items" not in node or high == 0:
        raise UnwritableError("a list needs items")
    name = f"item{len(rules)}"
    rules[name] = ""
    rules[name] = _value(node["items"], rules)
    follower = f'("," {name})'
    several = f"{name} {_more(follower, low, high)}"
    return f'"[" {several} "]"' if low else f'"[" ({several})? "]"'


def _text(node: dict[str, Any], rules: dict[str, str]) -> str:
    low, high = node.get("minLength", 0), node.get("maxLength")
    rules.update(_SIGNS)
    if high == 0:
        raise UnwritableError("a text needs room for a sign")
    name = f"text-{low}-{'any' if high is None else high}"
    rules[name] = f"first {_more('sign', low, high)}"
    return rf'"\"" {name} "\""' if low else rf'"\"" ({name})? "\""'


def _more(one: str, low: int, high: int | None) -> str:
    """Return what may follow the first of so many."""
    if high == 1:
        return ""
    return f"{one}{{{max(low - 1, 0)},{'' if high is None else high - 1}}}"


def _number(node: dict[str, Any], rules: dict[str, str]) -> str:
    if not {"minimum", "maximum"} <= node.keys() or node["maximum"] - node["minimum"] > _MOST_NUMBERS:
        raise UnwritableError("a whole number needs two bounds that lie near each other")
    return choice(str(one) for one in range(node["minimum"], node["maximum"] + 1))


def _truth(node: dict[str, Any], rules: dict[str, str]) -> str:
    return choice(("true", "false"))


_WRITERS = {"object": _object, "array": _array, "string": _text, "integer": _number, "boolean": _truth}

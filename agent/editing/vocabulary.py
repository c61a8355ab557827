"""The words of a revision: a text is read into edits, or the words that say nothing are named back.

The vocabulary is ``agent/data/edits.json`` together with what the controls know: keys, meters, tempo words,
genres, moods, forms, instruments.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from agent.editing.phrases import read_named
from chiaroscore import ControlError

#: Longest request, in characters.
LONGEST = 500

_FILLERS = re.compile(
    r"^(?:please|make it|make this|make the piece|let it be|play it|it should be|should be|and|but|then|also|"
    r"i want it|i'd like it|now|just|with)\s+"
)
_WHOLE = re.compile(r"\b(?:please|thanks|thank you)\b")


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing to be changed. ``value`` depends on the kind; see `agent.editing.revise`."""

    kind: str
    value: Any
    said: str
    implied: bool = False  # follows from a mood: gives way to what was said outright


#: Kinds that exclude each other: two of one row cannot be asked for at once.
ELEMENT = {
    "tempo": "tempo", "qpm": "tempo", "tempo word": "tempo", "mode": "mode", "brightness": "mode",
    "key": "key", "interval": "key", "meter": "meter", "genre": "genre", "longer": "length", "bars": "length",
    "seconds": "length", "density": "density", "feeling mode": "mode", "register": "register",
    "octave": "register",
    "dynamics": "dynamics", "mark": "dynamics", "articulation": "articulation", "form": "form",
    "players": "players", "feeling": "feeling", "mood": "feeling",
}  # fmt: skip


def read_edits(text: str) -> tuple[Edit, ...]:
    """Return the edits that a text asks for, in its order.

    Raises
    ------
    ControlError
        If the text is empty or too long, has words outside the vocabulary, or asks for one thing twice.

    Examples
    --------
    >>> [edit.kind for edit in read_edits("slower, in minor, cello instead of flute")]
    ['tempo', 'mode', 'replace']
    """
    if not isinstance(text, str) or not text.strip():
        raise ControlError(f"no edit was asked for; {understood()}")
    if len(text) > LONGEST:
        raise ControlError(f"the request has {len(text)} characters; give at most {LONGEST}")
    edits: list[Edit] = []
    verb = ""
    for clause in re.split(r"[,;.\n]+(?!\d)", text):
        plain = _WHOLE.sub("", clause).strip()
        if plain:
            found, verb = _clause(plain, verb)
            edits += found
    if not edits:
        raise ControlError(f"no edit was asked for; {understood()}")
    return _settled(edits)


def understood() -> str:
    """Return what can be asked for, in one line."""
    return "understood: " + "; ".join(f"{name}: {words}" for name, words in table()["help"].items())


def _clause(text: str, verb: str) -> tuple[list[Edit], str]:
    """Return the edits of a clause and the verb that further bare names would belong to."""
    whole = _read(text, verb)
    if whole is not None:
        return whole
    parts = re.split(r"\s+(?:and|but|then|&|\+)\s+", text)
    if len(parts) == 1:
        raise ControlError(_unknown(text))
    edits: list[Edit] = []
    for part in parts:
        found = _read(part, verb)
        if found is None:
            raise ControlError(_unknown(part))
        edits += found[0]
        verb = found[1]
    return edits, verb


def _read(text: str, verb: str) -> tuple[list[Edit], str] | None:
    """Return the edits of a text that is one request, None if it is none."""
    said = " ".join(text.split())
    plain = said.lower()
    before = None
    while before != plain:
        before, plain = plain, _FILLERS.sub("", plain)
    said = said[len(said) - len(plain) :]
    degree, bare = _degree(plain)
    for form in (
        bare,
        table()["more"].get(bare.removeprefix("more "), "") if bare.startswith("more ") else "",
    ):
        if form in table()["words"]:
            return [_scaled(kind, value, degree, text) for kind, value in table()["words"][form]], ""
    if degree != 1.0:
        return None
    named = read_named(said, verb, table())
    if named is None:
        return None
    pairs, verb = named
    return [Edit(kind, value, text) for kind, value in pairs], verb


def _degree(plain: str) -> tuple[float, str]:
    """Return how much is meant and the text without the word that says so."""
    for word, factor in sorted(table()["degrees"].items(), key=lambda pair: -len(pair[0])):
        if plain.startswith(word + " "):
            return float(factor), plain[len(word) + 1 :]
    return 1.0, plain


def _scaled(kind: str, value: Any, degree: float, said: str) -> Edit:
    """Return an edit as strong as was said: factors are raised to a power, steps multiplied."""
    if kind in ("tempo", "density"):
        value = round(float(value) ** degree, 4)
    elif kind in ("dynamics", "register", "brightness"):
        value = max(1, round(abs(value) * degree)) * (1 if value > 0 else -1)
    elif kind == "longer":
        value = value * degree if value > 0 else max(-0.75, value * degree)
    return Edit(kind, value, said)


def _settled(edits: list[Edit]) -> tuple[Edit, ...]:
    """Return the edits without what a mood implies and an outright word overrides; refuses doubles."""
    marked: list[Edit] = []
    for edit in _joined(edits):
        moody = any(other.kind in ("feeling", "mood") and other.said == edit.said for other in edits)
        marked.append(Edit(edit.kind, edit.value, edit.said, implied=moody and edit.kind != "mood"))
    outright = {ELEMENT.get(edit.kind): edit for edit in marked if not edit.implied}
    kept = [e for e in marked if not (e.implied and ELEMENT.get(e.kind) in outright)]
    seen: dict[str, Edit] = {}
    for edit in kept:
        element = ELEMENT.get(edit.kind)
        other = seen.get(element) if element else None
        if other is not None and other.said != edit.said:
            raise ControlError(
                f"{other.said.strip()!r} and {edit.said.strip()!r} both change the {element}; "
                "ask for one of them"
            )
        if element:
            seen[element] = edit
    return tuple(kept)


def _joined(edits: list[Edit]) -> list[Edit]:
    """Return the edits with all players that are to play named in one."""
    named = [edit for edit in edits if edit.kind == "players"]
    if len(named) < 2:
        return edits
    all_of_them = tuple(player for edit in named for player in edit.value)
    said = ", ".join(edit.said.strip() for edit in named)
    return [edit for edit in edits if edit.kind != "players"] + [Edit("players", all_of_them, said)]


def _unknown(text: str) -> str:
    """Return the message for words that say nothing here."""
    plain = " ".join(text.lower().split())[:60]
    known = [*table()["words"], "in minor", "in major", "add a harp", "without drums", "in 3/4", "as a waltz"]
    near = difflib.get_close_matches(plain, known, n=3, cutoff=0.5)
    hint = f"; did you mean {', '.join(repr(one) for one in near)}?" if near else ""
    return f"the edit {text.strip()[:60]!r} is not understood{hint}; {understood()}"


@functools.cache
def table() -> dict[str, Any]:
    """Return the vocabulary, of ``agent/data/edits.json``."""
    text = resources.files("agent").joinpath("data/edits.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded

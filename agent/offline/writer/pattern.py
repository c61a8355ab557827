"""Accompaniment figures: the token strings of ``data/patterns.json`` laid over bars of any meter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from agent.offline.writer.meter import Meter


@dataclass(frozen=True, slots=True)
class Stroke:
    """One sounding token of a figure: when, how long, what."""

    offset: Fraction
    length: Fraction
    what: str
    marks: tuple[str, ...] = ()


def table(name: str) -> dict[str, Any]:
    """Contents of a JSON table in the writer's data folder."""
    return _load(name)


@lru_cache(maxsize=8)
def _load(name: str) -> dict[str, Any]:
    text = resources.files("agent.offline.writer").joinpath(f"data/{name}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def bar_strokes(role: Literal["harmony", "bass"], name: str, bar: Meter, index: int) -> list[Stroke]:
    """Strokes of figure ``name`` in the ``index``-th bar of its section."""
    written = table("patterns")[role][name].get("bars", {}).get(bar.name, "")
    return list(_of_bar(role, name, bar, index % len(written.split("|"))))


@lru_cache(maxsize=512)
def _of_bar(role: str, name: str, bar: Meter, index: int) -> tuple[Stroke, ...]:
    """Strokes of the ``index``-th of the bars that a figure goes through; kept, for bars are much alike."""
    record = table("patterns")[role][name]
    written = record.get("bars", {}).get(bar.name)
    if written is not None:
        tokens = written.split("|")[index].split()
        return tuple(_strokes(tokens, bar.length / len(tokens), Fraction(0), []))
    strokes: list[Stroke] = []
    for place, (onset, beat) in enumerate(zip(bar.onsets, bar.beats, strict=True)):
        kind = "simple" if beat.denominator == 1 else "compound"
        strong = place == 0 or (place in bar.strong and not record.get("hold"))
        tokens = record[kind + "_strong" if strong else kind].split()
        strokes = _strokes(tokens, beat / len(tokens), onset, strokes)
    return tuple(strokes)


def is_walking(name: str) -> bool:
    """Whether a bass figure walks (its tokens are chosen note by note)."""
    return bool(table("patterns")["bass"][name].get("walk"))


def runs_on(name: str) -> bool:
    """Whether two notes may lead on to the next root in the last bar of a phrase over a bass figure."""
    record = table("patterns")["bass"][name]
    return not record.get("walk") and not record.get("hold") and not record.get("steady")


def is_held(name: str) -> bool:
    """Whether a figure only changes with the harmony."""
    return bool(table("patterns")["harmony"].get(name, {}).get("hold"))


def _strokes(tokens: list[str], step: Fraction, start: Fraction, strokes: list[Stroke]) -> list[Stroke]:
    """Append the strokes of a token string; a leading hold lengthens the stroke before it."""
    out = list(strokes)
    for place, token in enumerate(tokens):
        at = start + place * step
        if token == "-":  # noqa: S105 - a musical token
            if out and out[-1].offset + out[-1].length == at:
                last = out[-1]
                out[-1] = Stroke(last.offset, last.length + step, last.what, last.marks)
        elif token != ".":  # noqa: S105
            marks = (("staccato",) if "'" in token else ()) + (("accent",) if "^" in token else ())
            out.append(Stroke(at, step, token.rstrip("'^"), marks))
    return out

"""The score as a page: the offline writer's layout around the bars that were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.events import Event
from agent.offline.writer.layout import Staff, page
from agent.offline.writer.orchestra import clef_for, staff_names
from agent.offline.writer.write import sheet_of
from agent.vlm.score.elements import Bar, Element, bar_text
from notation import instrument
from prompts import Part, Plan


def staves_of(plan: Plan, voices: Mapping[str, list[Bar]]) -> list[Staff]:
    """Return the staves of a plan: all but their music, which only says clefs, drums and chord names."""
    return [_staff(name, part, voices.get(name, [])) for name, part in staff_names(plan.instruments)]


def _staff(name: str, part: Part, bars: list[Bar]) -> Staff:
    player = instrument(part.instrument)
    drums = part.role == "percussion"
    leaves = [leaf for bar in bars for element in bar.elements for leaf in element.leaves]
    clef = "perc" if drums else clef_for(player, _pitched(leaves))
    symbols = {leaf.symbol for leaf in leaves if leaf.symbol}
    chords = {Fraction(at): text for at, text in enumerate(sorted(symbols))}
    letters = "".join(sorted({tone.drum for leaf in leaves for tone in leaf.tones})) if drums else ""
    strokes = [Event(Fraction(0), Fraction(1), (), (), letters)]
    return Staff(name, player.name, clef, part.program, strokes, drums, chords=chords)


def _pitched(leaves: list[Element]) -> list[Event]:
    """Return the notes as events that only their pitches matter of; accidentals do not move a clef."""
    one = Fraction(1)
    return [Event(one, one, tuple((tone.step, 0) for tone in leaf.tones)) for leaf in leaves if leaf.tones]


def laid_out(plan: Plan, voices: Mapping[str, list[Bar]]) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Return the ABC of a score and the texts of its bars by voice; every voice has the plan's bars."""
    sheet = sheet_of(plan)
    texts = {name: tuple(bar_text(bar.elements) for bar in bars) for name, bars in voices.items()}
    return page(sheet, staves_of(plan, voices), texts), texts


def bar_places(abc: str) -> dict[tuple[str, int], tuple[int, int]]:
    """Return line and column, both from 1, of every bar of a laid out score by voice and bar number."""
    places: dict[tuple[str, int], tuple[int, int]] = {}
    counted: dict[str, int] = {}
    voice, in_music = "", False
    for number, line in enumerate(abc.split("\n"), 1):
        in_music |= line.startswith("K:")
        if line.startswith("V:"):
            voice = line[2:]
        elif in_music and line and not line.startswith(("%%", "K:")):
            column = line.index("] ") + 3 if line.startswith("[K:") else 1
            for text in line[column - 1 :].rstrip("|] ").split(" | "):
                counted[voice] = counted.get(voice, 0) + 1
                places[voice, counted[voice]] = (number, column)
                column += len(text) + 3
    return places


def symbols_sorted(voices: Mapping[str, list[Bar]], plan: Plan) -> dict[str, int]:
    """Take chord symbols off voices that do not show them, in place; return how many by voice.

    They stand in the first voice; a harmony voice keeps those at times at which no voice before has one.
    """
    dropped: dict[str, int] = {}
    taken: set[tuple[int, Fraction]] = set()
    for nth, (name, part) in enumerate(staff_names(plan.instruments)):
        shown = nth == 0 or part.role in ("melody", "harmony")
        for number, bar in enumerate(voices.get(name, [])):
            at = Fraction(0)
            for place, element in enumerate(bar.elements):
                bar.elements[place], gone = _shown(element, number, at, taken if shown else None)
                dropped[name] = dropped.get(name, 0) + gone
                at += element.duration
    return {name: count for name, count in dropped.items() if count}


def _shown(
    element: Element, bar: int, at: Fraction, taken: set[tuple[int, Fraction]] | None
) -> tuple[Element, int]:
    """Return an element with the chord symbols that it may show, and how many it lost."""
    leaves, gone = [], 0
    for leaf in element.leaves:
        if leaf.symbol and (taken is None or (bar, at) in taken):
            leaf, gone = replace(leaf, symbol=""), gone + 1
        elif leaf.symbol and taken is not None:
            taken.add((bar, at))
        leaves.append(leaf)
        at += leaf.length * element.ratio[1] / element.ratio[0]
    return (replace(element, inside=tuple(leaves)) if element.inside else leaves[0]), gone

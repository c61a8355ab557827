"""Maps of what has none of its own: combined from the maps of what caused it, along the links and no others.

A link says how much of a target comes from a source. Where a map is signed and the link says which way its
source moved the target, the side that did so counts: what makes a picture calm, for a tempo that arousal
lowers. Where nothing is said of the way, the side that the value itself lies on counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from agent.explaining.expressed import Tie
from agent.explaining.links import Tendency
from agent.explaining.scenery import middle
from explain import Element, HeatMap, combined

_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")
#: Shares below this are not named.
_NAMED = 0.005


class Flow:
    """Elements that gain maps from one another.

    Parameters
    ----------
    elements
        All there are; those with a map keep it.
    tendencies
        The links among them.
    """

    def __init__(self, elements: Iterable[Element], tendencies: Iterable[Tendency]) -> None:
        self.elements = {one.id: one for one in elements}
        self._into: dict[str, list[Tendency]] = {}
        for one in tendencies:
            if one.link.source in self.elements:
                self._into.setdefault(one.link.target, []).append(one)
        self._open: set[str] = set()

    def fill(self, identity: str) -> Element:
        """Return an element with its map, made if it has none and something that caused it has one.

        Causes that go in a circle are followed once round.
        """
        own = self.elements[identity]
        coming = self._into.get(identity, [])
        if own.map is not None or identity in self._open or not coming:
            return own
        self._open.add(identity)
        sources = [(self.fill(one.link.source), one.link.weight, one.way) for one in coming]
        self._open.discard(identity)
        filled = through(own, sources)
        if not self._open:  # what was reached inside a circle may lack the part that was still open
            self.elements[identity] = filled
        return filled


def through(own: Element, sources: Sequence[tuple[Element, float, int]]) -> Element:
    """Return an element with the map that its causes give, or with the reason why there is none.

    Parameters
    ----------
    own
        The element.
    sources
        Each cause, the weight of its link, and its way as in `Tendency`.
    """
    maps: list[tuple[HeatMap, float]] = []
    shares: dict[str, float] = {}
    for source, weight, way in sources:
        side = None if source.map is None else _side(source, way)
        if side is not None and weight > 0:
            maps.append((side, weight))
            shares[source.label] = shares.get(source.label, 0.0) + weight
    if not maps:
        names = ", ".join(dict.fromkeys(source.label for source, _, _ in sources))
        return replace(own, absent=own.absent or f"what decided it has no map: {names}")
    return replace(own, map=combined(maps), method=_method(shares), absent="")


def tied(own: Element, ties: Sequence[Tie], elements: Mapping[str, Element]) -> Element:
    """Return a section or bar with the map of what it expresses of the plan."""
    known = [(elements[tie.element], tie.weight, 0) for tie in ties if tie.element in elements]
    return through(own, known) if known else own


def _side(source: Element, way: int) -> HeatMap | None:
    """Return a map with what counts turned upwards; None if nothing on that side is above zero."""
    own = source.map
    if own is None:
        return None
    if own.signed:
        way = way or _way_of(source)
        own = replace(own, values=own.values * way)
    return own if own.values.max() > 0 else None


def _way_of(source: Element) -> int:
    """Return the side on which an element's value lies."""
    found = _NUMBER.match(source.value)
    return -1 if found and float(source.value) < middle(source.id) else 1


def _method(shares: Mapping[str, float]) -> str:
    total = sum(shares.values())
    ranked = sorted(shares.items(), key=lambda pair: -pair[1])
    named = [f"{label} {weight / total:.0%}" for label, weight in ranked if weight / total >= _NAMED]
    return "through " + ", ".join(named) + ": their maps, weighted by the links"

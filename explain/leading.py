"""Which elements to show where there is room for few."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from explain.explanation import Element, Explanation
from explain.heat import HeatMap


def leading(explanation: Explanation, most: int = 4) -> tuple[Element, ...]:
    """Return elements that have a map, the most telling first.

    Elements of the picture come first, those whose map was checked before the others, then decisions of the
    plan; among equals the weight of their links decides. At most half are of the plan if the picture has
    enough; bars, sections and notes are taken where nothing else has a map. Two elements with the same map,
    up to a factor, count once.
    """
    weight: dict[str, float] = defaultdict(float)
    for link in explanation.links:
        weight[link.source] += abs(link.weight)
        weight[link.target] += abs(link.weight)
    mapped = _different([one for one in explanation.elements if one.map is not None])
    ranked = sorted(mapped, key=lambda one: (one.check is None, -weight[one.id]))
    seen = [one for one in ranked if one.kind == "scene"]
    rest = [one for one in ranked if one.kind == "plan"]
    if not seen and not rest:
        return tuple(ranked[:most])
    first = seen[: max(most - most // 2, most - len(rest))]
    return (*first, *rest[: most - len(first)])


def _different(elements: list[Element]) -> list[Element]:
    """Return the elements whose map no earlier one has."""
    known: set[tuple[tuple[int, ...], bytes]] = set()
    kept = []
    for one in elements:
        pattern = _pattern(one.map) if one.map is not None else ((), b"")
        if pattern not in known:
            known.add(pattern)
            kept.append(one)
    return kept


def _pattern(heat: HeatMap) -> tuple[tuple[int, ...], bytes]:
    """Return what maps have in common that differ by a positive factor, to a hundredth of their peak."""
    peak = float(np.abs(heat.values).max()) or 1.0
    return heat.values.shape, np.round(100 * heat.values / peak).astype(np.int8).tobytes()

"""Numbers that causes state, as weights of links: ``"raises the tempo by 18 qpm"`` is 18 qpm, upwards.

Only numbers in one unit can be weighed against each other. So within an element the unit that most causes
state counts; a cause that states none, or another, counts as the average. Weights are given against that
average: 1 is as much as the others. A share in major and a velocity count by how far they lie from those of
music that is neither glad nor sad, calm nor excited.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.offline.mappings import mapping, quadrant
from prompts import Cause


@dataclass(frozen=True, slots=True)
class Stated:
    """What a cause states: how much in which unit (empty for none), and which side of its source it shows.

    ``way`` is 1 where more of the source would have done more of the same, -1 where less of it would, 0 where
    nothing is said.
    """

    amount: float = 0.0
    unit: str = ""
    way: int = 0


_MOVED = re.compile(r"\b(raises|lowers) the \w+ by ([\d.]+) (qpm|semitones)")
_SHARE = re.compile(r"makes (?:it|\w+ notes) (\d+) % (more|less) (dense|long)")
_ADDED = re.compile(r"\badds ([+-][\d.]+)")
_PLACED = re.compile(r"\b(?:in (major) with share|gives (velocity)) ([\d.]*\d)")
_UNITS = {"major": "score", "velocity": "velocity"}
_LEANS = re.compile(r"\b(?:leans|darkens|brightens) .*?by ([+-]?[\d.]*\d)")
#: Parts of the sum that a genre is chosen by, before they are weighed.
_CALL = re.compile(r"\(strength ([\d.]+)\)")
_FIT = re.compile(r"\bfit ([\d.]+) of 1")
_KNOWN = re.compile(r"\(\+([\d.]+)\)")


def stated(cause: Cause, element: str) -> Stated:
    """Return what a cause of an element states.

    Examples
    --------
    >>> stated(Cause(scene="emotion.arousal", value="-0.30", effect="lowers the tempo by 18.0 qpm"), "tempo")
    Stated(amount=18.0, unit='qpm', way=-1)
    """
    text = cause.effect
    if found := _MOVED.search(text):
        return Stated(float(found[2]), found[3], 1 if found[1] == "raises" else -1)
    if found := _SHARE.search(text):
        shorter_or_denser = (found[2] == "less") == (found[3] == "long")  # both grow with arousal
        return Stated(float(found[1]), "%", 1 if shorter_or_denser else -1)
    if found := _ADDED.search(text):
        return _signed(float(found[1]), "velocity")
    if found := _PLACED.search(text):
        name = found[1] or found[2]
        return _signed(float(found[3]) - quadrant(name, 0.0, 0.0), _UNITS[name])
    if found := _LEANS.search(text):
        number = float(found[1]) * _weight(element, text)
        if "darkens" in text or "brightens" in text:
            return _signed(number, "score")
        return Stated(abs(number), "score")
    for pattern, name in ((_CALL, "call"), (_FIT, "fit"), (_KNOWN, "")):
        if found := pattern.search(text):
            return Stated(float(found[1]) * (mapping("genre")[name] if name else 1.0), "score")
    return Stated()


def weights(found: Sequence[Stated]) -> list[float]:
    """Return the weight of each cause of one element, their average being 1; positive numbers.

    Examples
    --------
    >>> weights([Stated(6.0, "qpm", 1), Stated(2.0, "qpm", -1), Stated()])
    [1.5, 0.5, 1.0]
    """
    units = Counter(one.unit for one in found if one.unit)
    unit = max(units, key=lambda name: units[name], default="")
    amounts = [one.amount for one in found if one.unit == unit and unit]
    mean = sum(amounts) / len(amounts) if amounts else 0.0
    if not mean:
        return [1.0] * len(found)
    return [one.amount / mean if one.unit == unit else 1.0 for one in found]


def _signed(number: float, unit: str) -> Stated:
    return Stated(abs(number), unit, (number > 0) - (number < 0))


def _weight(element: str, text: str) -> float:
    """Return what a lean counts for in the choice of players, where it is stated before it is weighed."""
    if element != "instruments":
        return 1.0
    return float(mapping("players")["character" if "timbres" in text else "call"])

"""What would be otherwise if the picture were otherwise: the planner asked again, one change at a time.

Both sides are the planner's own answers, for the same requests and the same chance. Only elements for which
the piece's plan is still what the planner gives are compared: an edit or a theme may have set the others.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.explaining.changes import moved, named, room, without
from agent.identity import piece_seed
from agent.keys import parse_key
from agent.offline.plan import OfflinePlanner
from chiaroscore import ControlError
from explain import Counterfactual
from notation import MODES
from prompts import Plan, Scene

if TYPE_CHECKING:
    from agent.piece import Piece

#: Most that are shown.
MOST = 6
#: How far measures are moved.
STEP = 0.3
#: Steps in which the nearest turn is looked for, in hundredths.
_COARSE = 15
#: Hundredths within which the nearest turn is looked for.
_FAR = 60
#: Most counterfactuals of one element.
_SAME = 3
_ELEMENTS = ("plan.genre", "plan.key", "plan.meter", "plan.instruments", "plan.tempo")
_MEASURES = ("valence", "arousal", "brightness", "saturation", "warmth", "busyness")
#: How telling it is that an element turns.
_TELLING = {"plan.genre": 3.0, "plan.key": 2.5, "plan.meter": 2.0, "plan.instruments": 1.0, "plan.tempo": 0.0}
#: A tempo that changes by less than this share is not worth a word: Drake and Botte 1993.
_UNHEARD = 0.04


@dataclass(frozen=True, slots=True)
class _Turn:
    """A counterfactual and how telling it is."""

    found: Counterfactual
    score: float


def counterfactuals(piece: Piece) -> tuple[Counterfactual, ...]:
    """Return what would be otherwise: the nearest turns of mode and genre first, then steps of 0.3.

    Returns
    -------
    tuple of Counterfactual
        At most six, each a change that the offline planner was really asked about; none where it cannot be
        asked (`why_none`).
    """
    if why_none(piece):
        return ()
    ask = _asking(piece)
    before = ask(piece.scene)
    if before is None:
        return ()
    elements = [one for one in _ELEMENTS if shown(before, one) == shown(piece.plan, one)]
    nearest = list(_nearest_turns(piece.scene, ask, before, elements))
    steps = [turn for change in _steps(piece.scene) for turn in _turns(*change, ask, before, elements)]
    return _chosen(nearest, steps)


def why_none(piece: Piece) -> str:
    """Return why nothing can be said of what would be otherwise; empty if something can."""
    mind = piece.minds.get("plan", "offline")
    if mind != "offline":
        return f"the plan was made by {mind}, which is not asked again"
    controls = piece.controls
    if controls.mood is not None or controls.valence is not None or controls.arousal is not None:
        return "the feeling was asked for; the picture does not decide it"
    if _seed(piece) is None:
        return "the picture is not here, and its hash is not known; the planner's chance hangs on it"
    return ""


def shown(plan: Plan, element: str) -> str:
    """Return an element of a plan as it is compared: whole numbers of tempo, players in order."""
    name = element.removeprefix("plan.")
    if name == "tempo":
        return f"{plan.tempo:.0f} quarter notes a minute"
    if name == "instruments":
        return ", ".join(dict.fromkeys(part.instrument for part in plan.instruments))
    return str(getattr(plan, name))


def _asking(piece: Piece) -> Callable[[Scene], Plan | None]:
    """Return what asks the planner about a scene: None where the requests cannot be met with it."""
    planner, seed = OfflinePlanner(), _seed(piece) or 0

    def ask(scene: Scene) -> Plan | None:
        try:
            return planner.plan(scene, piece.controls, seed)
        except ControlError:
            return None

    return ask


def _seed(piece: Piece) -> int | None:
    """Return the seed that the piece was planned with; None where the picture's hash is lost."""
    if piece.picture is not None:
        return piece_seed(piece.picture, piece.seed)
    known = (piece.pictured or {}).get("sha256")
    if not isinstance(known, str):
        return None
    return int.from_bytes(hashlib.sha256(f"{known}:{piece.seed}".encode()).digest()[:6], "big")


def _steps(scene: Scene) -> Iterator[tuple[str, Scene]]:
    """Yield changes in words, and the scene so changed."""
    for measure in _MEASURES:
        for way in (1, -1):
            if room(scene, measure, way) >= STEP:
                yield named(measure, way * STEP), moved(scene, measure, way * STEP)
    for at, one in enumerate(scene.objects[:2]):
        yield f"without {one.name}", without(scene, at)


def _turns(
    change: str, scene: Scene, ask: Callable[[Scene], Plan | None], before: Plan, elements: Sequence[str]
) -> list[_Turn]:
    """Return what turns with a change, the most telling element first."""
    after = ask(scene)
    if after is None:
        return []
    found = [_turn(change, element, before, after) for element in elements]
    return sorted([one for one in found if one is not None], key=lambda one: -one.score)[:1]


def _turn(change: str, element: str, before: Plan, after: Plan) -> _Turn | None:
    old, new = shown(before, element), shown(after, element)
    if old == new:
        return None
    score = _TELLING[element]
    if element == "plan.tempo":
        ratio = abs(math.log2(after.tempo / before.tempo))
        if ratio < math.log2(1 + _UNHEARD):
            return None
        score += ratio
    if element == "plan.key" and _mode(before) == _mode(after):
        score = 0.01  # another tonic is a convention, and hardly heard
    return _Turn(Counterfactual(change, element, old, new), score)


def _nearest_turns(
    scene: Scene, ask: Callable[[Scene], Plan | None], before: Plan, elements: Sequence[str]
) -> Iterator[_Turn]:
    """Yield the smallest change of feeling that turns the mode, and the genre.

    Coarse steps find a turn, halving its interval the hundredth from which on it holds; a smaller one that
    turns back within a coarse step would not be found.
    """

    @functools.cache
    def asked(measure: str, hundredths: int) -> Plan | None:
        return ask(moved(scene, measure, hundredths / 100))

    for element, kinds, measures in _WATCHED:
        for kind in kinds if element in elements else ():
            ways = [(measure, way) for measure in measures for way in (1, -1)]
            first = _first_turn(scene, ways, functools.partial(_turned, asked, kind, before))
            after = asked(*first) if first is not None else None
            if first is not None and after is not None:
                change = named(first[0], first[1] / 100)
                turn = Counterfactual(change, element, shown(before, element), shown(after, element))
                yield _Turn(turn, 10.0)
                break


def _turned(
    asked: Callable[[str, int], Plan | None],
    kind: Callable[[Plan], object],
    before: Plan,
    measure: str,
    amount: int,
) -> bool:
    """Whether a plan is of another kind when a measure is moved by some hundredths."""
    after = asked(measure, amount)
    return after is not None and kind(after) != kind(before)


def _first_turn(
    scene: Scene, ways: Sequence[tuple[str, int]], turned: Callable[[str, int], bool]
) -> tuple[str, int] | None:
    """Return measure and hundredths of the nearest turn, None if there is none in reach."""
    for far in range(_COARSE, _FAR + 1, _COARSE):
        found = []
        for measure, way in ways:
            reach = min(far, math.floor(100 * room(scene, measure, way)))
            if reach > far - _COARSE and turned(measure, way * reach):
                found.append((_halved(measure, way, far - _COARSE, reach, turned), measure, way))
        if found:
            amount, measure, way = min(found)
            return measure, way * amount
    return None


def _halved(measure: str, way: int, same: int, other: int, turned: Callable[[str, int], bool]) -> int:
    """Return the hundredths at which it turns, between a place where it has not and one where it has."""
    while other - same > 1:
        middle = (same + other) // 2
        if turned(measure, way * middle):
            other = middle
        else:
            same = middle
    return other


def _mode(plan: Plan) -> str:
    return parse_key(plan.key).mode


def _third(plan: Plan) -> int:
    """Return the third of a plan's mode in semitones: 4 is major's, 3 minor's."""
    return MODES[_mode(plan)][2]


#: What is watched for its nearest turn: element, kinds of it (the first that turns counts), measures moved.
_WATCHED: tuple[tuple[str, tuple[Callable[[Plan], object], ...], tuple[str, ...]], ...] = (
    ("plan.key", (_third, _mode), ("valence",)),
    ("plan.genre", (lambda plan: plan.genre,), ("valence", "arousal")),
)


def _chosen(nearest: Sequence[_Turn], steps: Sequence[_Turn]) -> tuple[Counterfactual, ...]:
    """Return the most telling: the nearest turns, then steps that lead elsewhere."""
    kept = [one.found for one in nearest]
    for turn in sorted(steps, key=lambda one: -one.score):
        same = [one for one in kept if one.element == turn.found.element]
        if len(same) < _SAME and all(one.after != turn.found.after for one in same):
            kept.append(turn.found)
    return tuple(kept[:MOST])

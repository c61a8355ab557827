"""Choices that must agree: the most of them that can be had together beside what was asked for.

A model's choices may contradict each other or the user's requests. Nothing is bent: the fewest that have to
go are left out, the least important ones first, and each with the reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chiaroscore import ControlError
from prompts import Plan

#: What a model may choose, the most important first.
IMPORTANCE = (
    "genre", "meter", "instruments", "tempo", "key", "form", "seats", "bars", "register", "density",
)  # fmt: skip

Choices = Mapping[str, Any]
Attempt = Callable[[Choices], Plan]


def agreed(
    choices: Choices, attempt: Attempt, importance: Sequence[str] = IMPORTANCE, *, together: int = 2
) -> tuple[Plan, dict[str, str]]:
    """Return the plan by the most choices that agree, and those that were left out with the reason.

    Parameters
    ----------
    choices
        By their names.
    attempt
        Makes the plan of some choices, or raises ControlError.
    importance
        The names, the most important first.
    together
        Up to so many choices every group is tried. If more have to go, they are the least important ones, and
        what can come back does.

    Raises
    ------
    ControlError
        If no plan can be made without any choice either: then the requests themselves exclude each other.
    """
    names = [name for name in reversed(importance) if name in choices]
    for left_out in _groups(names, together):
        kept = {name: value for name, value in choices.items() if name not in left_out}
        try:
            plan = attempt(kept)
        except ControlError:
            if not kept:
                raise
            continue
        return _restored(plan, kept, {name: choices[name] for name in reversed(left_out)}, attempt)
    raise AssertionError("the group of all names was tried last")  # pragma: no cover


def _groups(names: list[str], together: int) -> Iterator[tuple[str, ...]]:
    """Yield groups of names to leave out: none, each, every two, then longer and longer beginnings."""
    for size in range(min(together, len(names)) + 1):
        yield from itertools.combinations(names, size)
    for size in range(together + 1, len(names) + 1):
        yield tuple(names[:size])


def _restored(plan: Plan, kept: Choices, left_out: Choices, attempt: Attempt) -> tuple[Plan, dict[str, str]]:
    """Return the plan with what can come back, the most important first, and why the others cannot."""
    reasons = {}
    for name, value in left_out.items():
        try:
            plan = attempt({**kept, name: value})
        except ControlError as error:
            reasons[name] = str(error)
        else:
            kept = {**kept, name: value}
    return plan, reasons

"""How often a server is asked again, and how long it is left alone before."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from agent.vlm.remote.clock import Clock
from agent.vlm.remote.trouble import ServerError

#: Seconds that the first pause lasts at most; each further one may last twice as long, up to `LONGEST`.
FIRST = 0.5
LONGEST = 20.0
_Kind = TypeVar("_Kind")


def persist(ask: Callable[[], _Kind], clock: Clock, tries: int, seed: int) -> _Kind:
    """Return what ``ask`` returns, asking again while the failure may pass.

    Raises
    ------
    ServerError
        The last failure, with how often was tried.
    """
    dice = random.Random(f"pause:{seed}")  # noqa: S311 - no secret
    for attempt in range(1, tries + 1):
        try:
            return ask()
        except ServerError as error:
            failure = error
        if not failure.retryable or attempt == tries or clock.stop.is_set():
            break
        delay = pause(attempt, failure.wait, dice)
        if delay >= clock.left or clock.stop.wait(delay):
            break
    raise _counted(failure, attempt, clock.left)


def pause(attempt: int, wait: float | None, dice: random.Random) -> float:
    """Return seconds to wait after an attempt: exponential, with full jitter, no less than was asked for.

    M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015: clients that failed together do
    not come back together.
    """
    longest = min(LONGEST, FIRST * 2.0 ** (attempt - 1))
    return max(dice.uniform(0.0, longest), wait or 0.0)


def _counted(failure: ServerError, tries: int, left: float) -> ServerError:
    """Return a failure with how often was tried, and whether the server wants more time than is left."""
    marks = [f"{tries} tries"] if tries > 1 else []
    if failure.retryable and failure.wait and failure.wait >= left:
        marks.append(f"it asks to wait {failure.wait:.0f} s")
    if not marks:
        return failure
    return ServerError(
        f"{failure} ({', '.join(marks)})",
        retryable=failure.retryable, status=failure.status, said=failure.said, wait=failure.wait,
    )  # fmt: skip

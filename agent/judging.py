"""What is said of a draft before it is ranked: the critic's verdict, and the requests that it misses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.controls import Controls
from agent.critic import Verdict, judge
from agent.draft import Draft
from agent.obeyed import missed, obeyed, parts_of
from notation import Tune
from prompts import Plan


def verdict_on(
    draft: Draft, plan: Plan, copied: Callable[[Tune], int] | None = None, controls: Controls | None = None
) -> Verdict:
    """Return what the critic says of a draft, with the requests that it does not meet.

    Parameters
    ----------
    draft, plan
        The score and what it was to be.
    copied
        How many consecutive notes of a tune agree with an exemplar; without it originality is not judged.
    controls
        What was asked for; None leaves the requests unchecked.
    """
    verdict = judge(draft.abc, plan, copied)
    if controls is None or not verdict.valid:
        return verdict
    unmet = missed(obeyed(draft.abc, controls, parts_of(draft.form)))
    said = tuple(f"{one.name}: asked {one.asked}, measured {one.measured}" for one in unmet)
    return replace(verdict, missed=tuple(one.name for one in unmet), unmet=said)

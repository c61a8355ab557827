"""Drafts: candidates are written and ranked, and the best one is refined under the rule of `agent.critic`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.critic import Revision, Verdict, better, rules
from agent.draft import Draft
from chiaroscore import NotationError

#: Drafts that are written beside the candidates while the best one misses a request.
MORE = 6

Write = Callable[..., Draft]
Judge = Callable[[Draft], Verdict]
Step = Callable[[str, Any], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing: the score that was taken, and what else was written on the way."""

    draft: Draft
    verdict: Verdict
    history: list[Revision]
    ranked: list[tuple[Draft, Verdict]] = field(default_factory=list)  # valid candidates, best first


def best_draft(write: Write, judge: Judge, seed: int, candidates: int, tell: Step) -> Written:
    """Draft candidates, keep the best, refine it while the critic finds something and revisions help.

    Parameters
    ----------
    write
        Called with a seed, and for a revision with the parts that are written anew.
    judge
        Says what a draft is worth.
    tell
        Called with "draft" or "revise" and the `Revision`.

    Returns
    -------
    Written
        ``ranked`` holds the candidates as they were before the best one was refined.

    Raises
    ------
    NotationError
        If no draft is valid, which is a fault of the writer.
    """
    history: list[Revision] = []
    best: tuple[Draft, Verdict] | None = None
    valid: list[tuple[Draft, Verdict]] = []
    for number in range(candidates + MORE):
        if number >= candidates and best is not None and not best[1].missed:
            break
        draft = write(seed + number)
        found = judge(draft)
        wins = found.valid and (best is None or found.rank > best[1].rank)
        before = best[1].score if best else None
        history.append(
            Revision(f"candidate {number + 1}", wins, said(found, wins), before, found.score, found.terms)
        )
        tell("draft", history[-1])
        best = (draft, found) if wins else best
        valid += [(draft, found)] if found.valid else []
    if best is None:
        raise NotationError(
            f"no draft was valid ({history[-1].reason}); please report this, with seed {seed}"
        )
    valid.sort(key=lambda pair: pair[1].rank, reverse=True)
    return Written(*_refined(write, judge, best, history, tell), valid)


def said(found: Verdict, wins: bool) -> str:
    """Return why a candidate was taken or left."""
    if not found.valid:
        return f"not valid: {found.problems[0]}"
    missing = f", misses {', '.join(found.missed)}" if found.missed else ""
    return ("the best so far" if wins else "not better") + missing


def _refined(
    write: Write, judge: Judge, best: tuple[Draft, Verdict], history: list[Revision], tell: Step
) -> tuple[Draft, Verdict, list[Revision]]:
    """Write the part that the worst finding blames anew; accept it under the rule of `agent.critic`.

    A part whose rewriting did not help is left alone, and the next finding has its turn.
    """
    draft, verdict = best
    redo = dict(draft.redo)
    spent: set[str] = set()
    for turn in range(rules()["rounds"]):
        finding = next((name for name in verdict.findings if _part(name) not in spent), None)
        if finding is None:
            break
        part = _part(finding)
        trial = {**redo, part: redo.get(part, 0) + turn + 1}
        revised = write(draft.seed, trial)
        found = judge(revised)
        accepted, reason = better(found, verdict)
        what = f"{part} rewritten because of {finding} ({verdict.terms[finding]:.2f})"
        history.append(Revision(what, accepted, reason, verdict.score, found.score, found.terms))
        tell("revise", history[-1])
        if accepted:
            draft, verdict, redo = revised, found, trial
        else:
            spent.add(part)
    return draft, verdict, history


def _part(finding: str) -> str:
    """Return the part of the work that a finding blames."""
    return str(rules()["terms"][finding]["redo"])

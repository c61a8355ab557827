"""Refinement by a model: the critic's findings go to it, and a revision is taken under the critic's rule.

It ends when nothing is found, when a revision is the score it was to improve, after two refusals in a row,
after the rounds of the options, or when the budget is spent. What was refused is built upon no further.
"""

from __future__ import annotations

from dataclasses import replace

from agent.critic import Revision, Verdict, better
from agent.draft import Draft
from agent.drafting import Judge, Step
from agent.offline.writer.form import Section
from agent.vlm.findings import findings_text
from agent.vlm.mending import UnwrittenError, asked_score, draft_of
from agent.vlm.run import Run
from agent.vlm.score import bar_text, header_of, voices_text
from agent.vlm.shading import SHADED, unshaded
from prompts import Plan, Rendered, render

#: Answers that a revision may take: one, and one that mends it.
TRIES = 2
#: Refusals in a row after which the score is left as it is.
MOST_REFUSALS = 2
#: What the history says of a revision that changes nothing.
_SAME = "the same score again"


def refined(
    run: Run,
    draft: Draft,
    verdict: Verdict,
    plan: Plan,
    form: tuple[Section, ...],
    constraints: str,
    judge: Judge,
    tell: Step,
) -> tuple[Draft, Verdict, list[Revision]]:
    """Return a model's score as its revisions leave it, what the critic says of it, and what was tried.

    A score that another wrote is returned as it is.

    Parameters
    ----------
    run
        The composition; its options say how many rounds there may be.
    draft, verdict
        The score and what the critic says of it.
    plan, form, constraints
        What the music shall be, where its sections lie, and the requests in words.
    judge
        Says what a draft is worth.
    tell
        Called with "revise" and the `Revision`.
    """
    history: list[Revision] = []
    rounds = run.options.rounds if draft.writer == run.backend.id else 0
    for turn in range(rounds):
        told = findings_text(verdict, plan)
        if not told or _settled(history):
            break
        asked = _question(plan, draft, told, history, constraints)
        entry = Revision(f"revision {turn + 1} (model)", False, "", verdict.score, verdict.score, {})
        try:
            new = _revision(run, asked, plan, form, draft, turn)
            entry, found = _entered(entry, new, draft, judge, verdict)
        except UnwrittenError as error:
            if error.last:
                run.remarks.append(f"{error}: the score stands as it was before revision {turn + 1}")
                break
            entry, new, found = replace(entry, reason=f"not valid: {error}", after=0.0), draft, verdict
        history.append(entry)
        tell("revise", entry)
        if entry.accepted:
            draft, verdict = new, found
    return draft, verdict, history


def _settled(history: list[Revision]) -> bool:
    """Whether the score is as good as this model makes it."""
    last = history[-MOST_REFUSALS:]
    refused = len(last) == MOST_REFUSALS and not any(entry.accepted for entry in last)
    return refused or any(entry.reason == _SAME for entry in last)


def _entered(
    entry: Revision, new: Draft, old: Draft, judge: Judge, verdict: Verdict
) -> tuple[Revision, Verdict]:
    """Return what the history says of a revision, and the verdict on it."""
    if new.abc == old.abc:
        return replace(entry, reason=_SAME, terms=verdict.terms), verdict
    found = judge(new)
    accepted, reason = better(found, verdict)
    return replace(entry, accepted=accepted, reason=reason, after=found.score, terms=found.terms), found


def _revision(
    run: Run, asked: Rendered, plan: Plan, form: tuple[Section, ...], draft: Draft, turn: int
) -> Draft:
    """Return a faultless revision of a draft, with the motives of its sections."""
    tries = min(TRIES, run.options.tries)
    attempt = asked_score(run, "refine", asked, plan, first=1 + turn * tries, tries=tries)
    return replace(draft_of(attempt, plan, form, draft.writer), motives=draft.motives)


def _question(plan: Plan, draft: Draft, told: str, history: list[Revision], constraints: str) -> Rendered:
    """Return the prompt for a revision; why the one before was refused is told too."""
    if history and not history[-1].accepted:
        told += (
            f"\nAn earlier revision was refused: {history[-1].reason}. Change less, and only what is named."
        )
    ours = any(repair.code == SHADED for repair in draft.repairs)
    values = {
        "bar": bar_text(plan),
        "voices": voices_text(plan),
        "constraints": constraints,
        "header": header_of(plan),
        "score": systems(unshaded(draft.abc) if ours else draft.abc),
        "findings": told,
    }
    return render("refine", values)


def systems(abc: str) -> str:
    """Return the music of a laid-out score as a model writes it: a line a voice and system, no fields."""
    lines, voice = [], ""
    for line in abc.split("\nK:", 1)[-1].split("\n")[1:]:
        if line.startswith("V:"):
            voice = line[2:]
        elif line and not line.startswith("%"):
            lines.append(f"[V:{voice}] {line.removeprefix('[K:C clef=perc] ')}")
    return "\n".join(lines)

"""Step 3b by a model: candidates are written, judged and ranked, and the best is refined.

Where no candidate is faultless the offline writer writes from the same plan, and a remark says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.critic import Revision, Verdict
from agent.draft import Draft
from agent.drafting import Judge, Step, Written, said
from agent.offline.writer.form import Section
from agent.vlm.lending import NOTHING_LENT, lent
from agent.vlm.mending import UnwrittenError, asked_score, draft_of, room
from agent.vlm.refining import refined
from agent.vlm.run import Run
from agent.vlm.score import bar_text, header_of, sections_text, spec_of, voices_text
from agent.vlm.sketch import plan_text
from prompts import Plan, Rendered, SketchAnswer, render
from rag_store import Hit

#: Most exemplars in a prompt.
EXEMPLARS = 4
#: What a remark says of the writer who takes over.
_INSTEAD = "the offline writer wrote it from the plan"


@dataclass(frozen=True, slots=True)
class Commission:
    """What a score is written from."""

    plan: Plan
    hits: Sequence[Hit]
    form: tuple[Section, ...]
    sketch: SketchAnswer | None
    constraints: str  # the requests in words, "none" if there are none


def write_score(
    run: Run,
    plan: Plan,
    hits: Sequence[Hit],
    form: tuple[Section, ...],
    sketch: SketchAnswer | None,
    constraints: str,
    number: int = 0,
) -> Draft | None:
    """Return a faultless score by the model, None with one remark where none could be had.

    Parameters
    ----------
    run
        The composition; its options say how many answers may be asked for.
    plan, form, sketch
        What the music shall be, where its sections lie, and the ideas of each.
    hits
        Exemplars, best first; as many are shown as fit the options and the model.
    constraints
        The requests in words.
    number
        Of the candidate, from 0: each has seeds of its own.

    Raises
    ------
    BackendError
        If the model has never answered.
    """
    try:
        return _candidate(run, Commission(plan, hits, form, sketch, constraints), number)
    except UnwrittenError as error:
        run.remarks.append(f"{error}: {_INSTEAD}")
        return None


def best_score(
    run: Run,
    plan: Plan,
    hits: Sequence[Hit],
    form: tuple[Section, ...],
    sketch: SketchAnswer | None,
    constraints: str,
    judge: Judge,
    n: int,
    tell: Step,
    fallback: Callable[[], Written],
) -> Written:
    """Return the best of ``n`` scores by the model, refined; what ``fallback`` writes if none is faultless.

    Parameters
    ----------
    run, plan, hits, form, sketch, constraints
        As in `write_score`.
    judge
        Says what a draft is worth.
    n
        Candidates; fewer are written when the budget is spent or the model gone.
    tell
        Called with "draft" or "revise" and the `Revision`.
    fallback
        The offline writer with the same plan; called at most once.

    Returns
    -------
    Written
        ``ranked`` holds the candidates as they were before the best one was refined.

    Raises
    ------
    BackendError
        If the model has never answered.
    """
    order = Commission(plan, hits, form, sketch, constraints)
    ranked, history = _candidates(run, order, judge, n, tell)
    if not ranked:
        run.remarks.append(f"{history[0].reason}: {_INSTEAD}")
        run.minds["write"] = "offline"
        other = fallback()
        return Written(other.draft, other.verdict, [*history, *other.history], other.ranked)
    run.minds["write"] = run.backend.id
    draft, verdict, revisions = refined(run, *ranked[0], plan, form, constraints, judge, tell)
    own = Written(draft, verdict, [*history, *revisions], ranked)
    return _keeping_requests(run, own, fallback) if verdict.missed else own


def _keeping_requests(run: Run, own: Written, fallback: Callable[[], Written]) -> Written:
    """Return the model's score, or the offline writer's from the same plan if that meets more requests.

    Requests go before everything else, as in `agent.drafting`; the model's score stays among the candidates.
    """
    other = fallback()
    if len(other.verdict.missed) >= len(own.verdict.missed):
        return own
    lost = ", ".join(own.verdict.unmet) or ", ".join(own.verdict.missed)
    run.remarks.append(f"the model's score does not meet a request ({lost}): {_INSTEAD}")
    run.minds["write"] = "offline"
    ranked = [*other.ranked, (own.draft, own.verdict)]
    return Written(other.draft, other.verdict, [*own.history, *other.history], ranked)


def _candidates(
    run: Run, order: Commission, judge: Judge, n: int, tell: Step
) -> tuple[list[tuple[Draft, Verdict]], list[Revision]]:
    """Return the valid candidates, best first, and what became of each that was begun."""
    ranked: list[tuple[Draft, Verdict]] = []
    history: list[Revision] = []
    for number in range(n):
        found, entry, last = _tried(run, order, judge, number, ranked[0][1] if ranked else None)
        ranked = sorted([*ranked, *found], key=lambda pair: pair[1].rank, reverse=True)
        history.append(entry)
        tell("draft", entry)
        if last:
            break
    return ranked, history


def _tried(
    run: Run, order: Commission, judge: Judge, number: int, best: Verdict | None
) -> tuple[list[tuple[Draft, Verdict]], Revision, bool]:
    """Return a candidate if it is valid, what the history says of it, and whether it must be the last."""
    entry = Revision(f"candidate {number + 1} (model)", False, "", best.score if best else None, 0.0, {})
    try:
        draft = _candidate(run, order, number)
    except UnwrittenError as error:
        return [], replace(entry, reason=str(error)), error.last
    verdict = judge(draft)
    wins = verdict.valid and (best is None or verdict.rank > best.rank)
    entry = replace(
        entry, accepted=wins, reason=said(verdict, wins), after=verdict.score, terms=verdict.terms
    )
    return [(draft, verdict)] * verdict.valid, entry, False


def _candidate(run: Run, order: Commission, number: int) -> Draft:
    """Return a faultless score by the model, with the motives of its sections."""
    asked = question(run, order)
    tries = run.options.tries
    attempt = asked_score(run, "write", asked, order.plan, first=1 + number * tries, tries=tries)
    return replace(draft_of(attempt, order.plan, order.form, run.backend.id), motives=_motives(order.sketch))


def question(run: Run, order: Commission) -> Rendered:
    """Return the prompt for a score, with as many exemplars as there is room for.

    In a model's context there must also be room for the answer and, if it has to be mended, for the score
    that is shown again.
    """
    plan, count = order.plan, run.backend.count
    values = {
        "plan": plan_text(plan),
        "sketch": sketch_text(order.sketch, plan),
        "header": header_of(plan),
        "voices": voices_text(plan),
        "sections": sections_text(order.form),
        "bar": bar_text(plan),
        "constraints": order.constraints,
        "exemplars": NOTHING_LENT,
    }
    tokens, context = run.options.exemplar_tokens, run.abilities.context
    if context is not None:
        bare = sum(count(message.text) for message in render("write", values).messages)
        tokens = min(tokens, context - bare - 2 * room(spec_of(plan)))
    return render("write", {**values, "exemplars": lent(order.hits, plan, tokens, count, EXEMPLARS)})


def sketch_text(sketch: SketchAnswer | None, plan: Plan) -> str:
    """Return the music in words: the model's own sketch with its sections, or what the plan says."""
    if sketch is None:
        return plan.description
    ideas = [f"{one.letter}: {one.idea} ({one.because})" for one in sketch.sections]
    return "\n".join([sketch.description, *ideas])


def _motives(sketch: SketchAnswer | None) -> dict[str, str]:
    """Return letter of a section -> its idea and why."""
    return {one.letter: f"{one.idea} ({one.because})" for one in sketch.sections} if sketch else {}

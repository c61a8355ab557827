"""The desk: a piece in, a revised piece out. What stays is taken over; what is new is written and judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.controls import Controls
from agent.critic import Revision, Verdict, judge
from agent.draft import Draft
from agent.editing.changes import CHANGES, changed
from agent.editing.lineage import ancestry
from agent.editing.longer import appended
from agent.editing.mood import moody
from agent.editing.score import read_score
from agent.editing.sketch import Sketch
from agent.editing.vocabulary import Edit, read_edits
from agent.editing.wording import reworded
from agent.offline.writer import OfflineWriter
from agent.offline.writer.given import NOTHING, Given, runs
from agent.values import whole
from chiaroscore import ControlError, NotationError
from notation import parse
from prompts import Plan

if TYPE_CHECKING:
    from agent.agent import Agent
    from agent.piece import Piece

#: Drafts of what is written anew; the critic takes the best.
DRAFTS = 3
#: Most alternatives at once.
MOST_VARIANTS = 12
#: Bars that can be added at once.
ADDED = (1, 64)

Bars = tuple[int, int] | Iterable[tuple[int, int]]


def revise(piece: Piece, request: str) -> Piece:
    """Return a new piece: what was asked for is changed, the rest stays; see `agent.Piece.revise`."""
    edits = [one for edit in read_edits(request) for one in moody(edit, piece.plan)]
    edits = _given_way(edits)
    sketch = _opened(piece)
    for kind in CHANGES:
        for edit in edits:
            if edit.kind == kind:
                sketch = _changed(sketch, edit)
    return _finished(piece, sketch, "revise", request.strip())


def _changed(sketch: Sketch, edit: Edit) -> Sketch:
    """Return the sketch after an edit; what a mood only implies is left out, and said, where it cannot be."""
    try:
        return changed(sketch, edit)
    except ControlError as error:
        if not edit.implied:
            raise
        return sketch.noting(str(error))


def keep(piece: Piece, bars: Bars, seed: int | None = None) -> Piece:
    """Return a new piece of which these bars are the old one's; see `agent.Piece.keep`."""
    kept = kept_bars(bars, piece.plan.bars)
    other = piece.seed + 1 if seed is None else whole("seed", seed, 0, 2**63 - 1)
    sketch = replace(_opened(piece), kept=kept, form=piece.draft.form)
    said = ", ".join(f"{first + 1}-{stop}" for first, stop in runs(kept))
    return _finished(piece, sketch, "keep", f"bars {said}", seed=other)


def extend(piece: Piece, bars: int, seed: int | None = None) -> Piece:
    """Return a new piece that goes on for so many bars; see `agent.Piece.extend`."""
    added = whole("bars", bars, *ADDED)
    total = piece.plan.bars + added
    if total > 256:  # the limit of `prompts.Plan`
        raise ControlError(f"bars {added} would make {total} in all; at most 256 can be had")
    sketch = appended(_opened(piece), added)
    sketch = sketch.planned("bars", f"{added} more", f"adds {added} bars", bars=total)
    sketch = sketch.asking("duration", "form", "bars")
    other = piece.seed if seed is None else whole("seed", seed, 0, 2**63 - 1)
    return _finished(piece, sketch, "extend", f"{added} bars", seed=other)


def vary(piece: Piece, n: int) -> tuple[Piece, ...]:
    """Return other pieces for the same plan, best first; see `agent.Piece.vary`."""
    count = whole("n", n, 1, MOST_VARIANTS)
    base = piece.draft.seed
    found: list[Piece] = []
    texts = {_notes(piece.abc)}
    for number in range(1, 2 * count + 3):
        draft, verdict = _written(piece.plan, piece, base + 1009 * number)
        if verdict.valid and _notes(draft.abc) not in texts:
            texts.add(_notes(draft.abc))
            found.append(
                _child(piece, piece.plan, draft, verdict, "vary", f"variant {number}", piece.seed + number)
            )
        if len(found) >= count + 2:
            break
    ranked = sorted(found, key=lambda one: -one.verdict.score)[:count]
    if len(ranked) < count:
        raise NotationError(f"only {len(ranked)} of {count} alternatives could be written; ask for fewer")
    return tuple(ranked)


def kept_bars(bars: Bars, total: int) -> frozenset[int]:
    """Return the bars of ranges as numbers from 0.

    Parameters
    ----------
    bars
        ``(first, last)``, counted from 1, both included; or several such pairs.
    total
        Bars of the piece.

    Raises
    ------
    ControlError
        If a range is none, lies outside the piece, or nothing is left to compose.
    """
    ranges = _ranges(bars)
    kept: set[int] = set()
    for first, last in ranges:
        first, last = whole("bars", first, 1, total), whole("bars", last, 1, total)
        if last < first:
            raise ControlError(f"bars ({first}, {last}) ends before it begins; give first and last bar")
        kept |= set(range(first - 1, last))
    if len(kept) == total:
        raise ControlError(f"all {total} bars are kept; there is nothing to compose")
    return frozenset(kept)


def _ranges(bars: Bars) -> list[tuple[int, int]]:
    given = list(bars) if isinstance(bars, Iterable) and not isinstance(bars, str) else []
    if len(given) == 2 and all(isinstance(one, int) for one in given):
        return [(given[0], given[1])]  # type: ignore[list-item]
    pairs = [tuple(one) if isinstance(one, Sequence) and not isinstance(one, str) else () for one in given]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ControlError(
            f"bars {str(bars)[:60]} is no range; give (first, last), counted from 1, or several"
        )
    return pairs


def _given_way(edits: list[Edit]) -> list[Edit]:
    """Return the edits without those that a mood implies and an outright word overrides."""
    from agent.editing.vocabulary import ELEMENT

    outright = {ELEMENT.get(edit.kind) for edit in edits if not edit.implied}
    return [edit for edit in edits if not edit.implied or ELEMENT.get(edit.kind) not in outright]


def _opened(piece: Piece) -> Sketch:
    return Sketch(read_score(piece.abc, piece.plan), piece.controls.asked(), form=piece.draft.form)


def _finished(piece: Piece, sketch: Sketch, what: str, request: str, seed: int | None = None) -> Piece:
    """Return the piece of a sketch: laid out where every note is there, else written and judged."""
    plan = reworded(sketch.plan, piece, what, request)
    sketch = sketch.with_score(replace(sketch.score, plan=plan))
    if sketch.untouched:
        draft = _laid_out(piece, sketch)
        verdict = _judged(draft.abc, plan, piece)
    else:
        draft, verdict = _composed(piece, sketch, seed)
    if draft.abc == piece.abc:
        remarks = "; ".join(sketch.remarks) or "the piece is so already"
        raise ControlError(f"{request!r} changes nothing: {remarks}")
    if not verdict.valid:
        raise NotationError(
            f"{request!r} could not be carried out: {verdict.problems[0]}; please report this"
        )
    own = piece.seed if seed is None else seed
    controls = Controls.parse(**{**sketch.asked, "seed": own})
    child = _child(piece, plan, draft, verdict, what, request, own)
    return replace(child, controls=controls, remarks=sketch.remarks)


def _laid_out(piece: Piece, sketch: Sketch) -> Draft:
    """Return the draft of a sketch that is complete."""
    form = sketch.form or piece.draft.form
    romans = tuple(span.chord.roman for span in sketch.score.spans)
    return replace(piece.draft, abc=sketch.text(), form=form, chords=romans or piece.draft.chords)


def _composed(piece: Piece, sketch: Sketch, seed: int | None) -> tuple[Draft, Verdict]:
    """Return the best of some drafts of what is new."""
    base = piece.draft.seed
    if seed is not None and seed != piece.seed:
        base += 7919 * (seed - piece.seed)
    elif sketch.other:
        base += 104_729 * (len(piece.lineage) + 1)
    draft, verdict = _best(sketch.plan, piece, base, sketch.given())
    kept = range(piece.plan.bars) if sketch.kept is None else sketch.kept
    if 0 not in sketch.fresh:  # the melody of the kept bars was not written now
        old = [use for use in piece.draft.uses if use.bar in kept]
        draft = replace(draft, uses=(*old, *(use for use in draft.uses if use.bar not in kept)))
    return draft, verdict


def _best(plan: Plan, piece: Piece, base: int, given: Given) -> tuple[Draft, Verdict]:
    tries = [_written(plan, piece, base + number, given) for number in range(DRAFTS)]
    return max(tries, key=lambda pair: (pair[1].valid, pair[1].score))


def _written(plan: Plan, piece: Piece, seed: int, given: Given = NOTHING) -> tuple[Draft, Verdict]:
    """Write and judge one draft."""
    writer = OfflineWriter(guard=lambda melody: default_agent().store.melodies.runs(melody))
    draft = writer.write(plan, [hit.exemplar for hit in piece.exemplars], seed, given=given)
    return draft, _judged(draft.abc, plan, piece)


def _judged(abc: str, plan: Plan, piece: Piece) -> Verdict:
    """Judge a score; where a theme was given, copies are the user's own affair."""
    return judge(abc, plan, None if piece.theme else default_agent().copied)


def default_agent() -> Agent:
    """Return the agent whose store minds what is copied."""
    from agent.agent import default_agent as found

    return found()


def _child(
    piece: Piece, plan: Plan, draft: Draft, verdict: Verdict, what: str, request: str, seed: int
) -> Piece:
    entry = Revision(
        f"{what}: {request}", True, "as was asked", piece.verdict.score, verdict.score, verdict.terms
    )
    history = (*piece.history, entry)
    originality, likeness = piece.originality, piece.likeness
    if originality is not None and draft.uses != piece.draft.uses:
        store, tune = default_agent().store, parse(draft.abc)
        originality, likeness = store.longest_match(tune), next(iter(store.likenesses(tune, k=1)), None)
    return replace(
        piece, abc=draft.abc, plan=plan, draft=draft, verdict=verdict, history=history, seed=seed,
        originality=originality, likeness=likeness, lineage=ancestry(piece, what, request), parent=piece,
        remarks=(),
    )  # fmt: skip


def _notes(abc: str) -> tuple[tuple[int, object], ...]:
    """Return the melody of a score, to tell whether two are the same."""
    tune = parse(abc)
    return tuple((note.pitch, note.onset) for note in tune.voices[0].notes)

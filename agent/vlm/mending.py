"""Asking for a score until it is faultless: what is read is checked, and its problems go back to the model.

The model is never shown its own answer, but the score that was read out of it: of what else an answer says,
at most a few words come back, quoted in a problem.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.draft import Draft
from agent.editing.chords import chord_of_symbol
from agent.keys import parse_key
from agent.offline.writer.form import Section
from agent.offline.writer.theory import tonic
from agent.vlm.protocol import Finish, Reply
from agent.vlm.run import Run, SpentError
from agent.vlm.score import ScoreReading, read_score, spec_of
from agent.vlm.shading import shaded
from chiaroscore import BackendError
from notation import parse
from prompts import Grammar, Plan, Rendered, ScoreSpec, render, score_grammar

#: Tokens that a beat of a voice is given. Dense scores take 8 (two notes or a chord, each a letter, an octave
#: mark, a length and a blank), ordinary ones 5.
TOKENS_A_BEAT = 10
#: Tokens for what else an answer may hold: voice names, bar lines, a code fence.
TOKENS_AROUND = 200
#: Most problems that a model is told of at once.
MOST_PROBLEMS = 12
_UNFINISHED = {
    "length": "the answer broke off at its limit of tokens: write every voice once a system and nothing else",
    "size": "the answer was far too long: write the systems asked for and nothing else",
    "loop": "the answer repeated itself without end: let the music go on, and end it with |]",
}


class UnwrittenError(Exception):
    """No faultless score could be had; the mind catches it and does without.

    Attributes
    ----------
    last
        Whether asking for another score is of no use: the budget is spent, or the model gone.
    """

    def __init__(self, reason: str, *, last: bool = False) -> None:
        super().__init__(reason)
        self.last = last


@dataclass(frozen=True, slots=True)
class Attempt:
    """A score as it was read from a reply, with the seed of the call."""

    reading: ScoreReading
    finish: Finish
    seed: int

    @property
    def worth(self) -> tuple[bool, int]:
        """What attempts are ranked by: some music before none, then the fewer problems the better."""
        return bool(self.reading.abc), -len(self.reading.problems)

    @property
    def problems(self) -> str:
        """The first `MOST_PROBLEMS` problems, a line each with place and hint."""
        found = self.reading.problems
        lines = [f"{one.line}:{one.column} {one.message} ({one.hint})" for one in found[:MOST_PROBLEMS]]
        if len(found) > MOST_PROBLEMS:
            lines.append(f"and {len(found) - MOST_PROBLEMS} more, which are told when these are mended")
        if self.finish in _UNFINISHED:
            lines.append(_UNFINISHED[self.finish])
        return "\n".join(f"- {line}" for line in lines)


def asked_score(run: Run, step: str, asked: Rendered, plan: Plan, *, first: int, tries: int) -> Attempt:
    """Return the score that a prompt gives, mended by the model where it has problems.

    After each answer the best score so far is shown with its problems, so a later answer that is worse does
    no harm.

    Parameters
    ----------
    step
        What the calls are for, "write" or "refine".
    asked
        The prompt.
    first
        Number of the first call within the step, from 1; the seeds of the calls depend on it.
    tries
        Most calls.

    Raises
    ------
    UnwrittenError
        If every try has problems, the budget is spent, or a model that has answered before does not.
    BackendError
        If the model has never answered.
    """
    spec = spec_of(plan)
    grammar = score_grammar(spec) if run.abilities.grammar else None
    best: Attempt | None = None
    for number in range(first, first + tries):
        reply = _reply(run, step, number, _question(asked, best), room(spec), grammar)
        found = Attempt(read_score(reply.text, plan), reply.finish, run.calls[-1].seed)
        if not found.reading.problems:
            return found
        best = found if best is None or found.worth > best.worth else best
    told = best.reading.problems[0].message if best else "nothing was asked"
    times = "1 try" if tries == 1 else f"{tries} tries"
    raise UnwrittenError(f"the model's score could not be mended in {times} ({told})")


def draft_of(attempt: Attempt, plan: Plan, form: tuple[Section, ...], writer: str) -> Draft:
    """Return the draft of a faultless score, with dynamics; its harmony is read from its chord symbols."""
    text, repairs = shaded(attempt.reading, plan, form)
    home = tonic(parse_key(plan.key).tonic)
    chords = [chord_of_symbol(mark.text, home) for mark in parse(text).voices[0].chords]
    numerals = tuple(chord.roman for chord in chords if chord is not None)
    return Draft(text, form, (), numerals, attempt.seed, {}, writer, repairs)


def room(spec: ScoreSpec) -> int:
    """Return the most tokens that an answer with a score is given."""
    return TOKENS_AROUND + TOKENS_A_BEAT * spec.bars * len(spec.beats) * len(spec.voices)


def _question(asked: Rendered, best: Attempt | None) -> Rendered:
    """Return the prompt of a call; after a bad answer it goes on with the best score and its problems.

    Both are one message: a turn of the model's own, in between, would be what it wrote and not what was read.
    """
    if best is None:
        return asked
    mend = render("mend_score", {"score": best.reading.abc or "(no music)", "problems": best.problems})
    *before, last = asked.messages
    whole = replace(last, text=f"{last.text}\n\n{mend.messages[0].text}")
    return replace(mend, version=f"{asked.version}+{mend.version}", messages=(*before, whole))


def _reply(run: Run, step: str, number: int, asked: Rendered, tokens: int, grammar: Grammar | None) -> Reply:
    """Ask; a spent budget and a model that is gone end the writing, one that never was is an error."""
    try:
        return run.ask(
            step, number, asked.version, asked.messages,
            max_tokens=tokens, temperature=asked.temperature, grammar=grammar,
        )  # fmt: skip
    except SpentError as error:
        raise UnwrittenError(str(error), last=True) from error
    except BackendError as error:
        if not run.answered:
            raise
        raise UnwrittenError(str(error), last=True) from error

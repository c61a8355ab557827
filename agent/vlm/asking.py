"""Asking for a JSON answer until it fits: the prompt, the check, and what is said about a bad answer.

An answer that does not fit goes back to the model with its problems, as often as the options allow. Every
call is in the transcript; an object in a code fence or among prose is simply found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from PIL import Image
from pydantic import BaseModel

from agent.vlm.json_answer import UnfitError, read_answer
from agent.vlm.protocol import Reply
from agent.vlm.run import Run, SpentError
from chiaroscore import BackendError
from prompts import Message, render, schema

Answer = TypeVar("Answer", bound=BaseModel)
Bounds = Mapping[str, Mapping[str, Any]]

#: Characters of a bad answer that the model is shown again.
SHOWN_AGAIN = 4_000
#: Characters of the problems that stand in a remark.
_TOLD = 300
_UNFINISHED = {
    "length": "the answer was not finished within its limit of tokens; answer more briefly",
    "size": "the answer was far too long; answer with one JSON object and nothing else",
    "loop": "the answer repeated itself without end; answer with one JSON object and nothing else",
}


class UnansweredError(Exception):
    """A step to which no answer fitted; the mind catches it and does without.

    Attributes
    ----------
    step
        Of the chain.
    problems
        Of the last answer, a line each.
    """

    def __init__(self, step: str, tries: int, problems: Sequence[str]) -> None:
        times = "once" if tries == 1 else f"{tries} times"
        super().__init__(f"the model was asked {times} at {step!r} ({'; '.join(problems)[:_TOLD]})")
        self.step, self.problems = step, tuple(problems)


def ask_json(
    run: Run,
    step: str,
    values: Mapping[str, str],
    model: type[Answer],
    narrowed: Bounds | None = None,
    images: Sequence[Image.Image] = (),
    *,
    loose: str = "",
) -> Answer:
    """Return the model's answer to a step, checked.

    Parameters
    ----------
    run
        The composition; its options say how often is asked.
    step
        Name of the prompt.
    values
        What stands in the prompt's places.
    model
        What the answer shall be.
    narrowed
        Bounds by path, for `prompts.schema`: the decoder is held to them and the answer is checked by them.
    images
        Shown with the question.
    loose
        Name of a field, such as "letter", whose bounds are for the decoder alone: an answer outside them is
        taken, and minded by who asked.

    Raises
    ------
    UnansweredError
        If no answer fits.
    SpentError
        If the budget is used up.
    BackendError
        If the model does not answer.
    """
    asked = render(step, values, tuple(images))
    firm = {path: limits for path, limits in (narrowed or {}).items() if path.split(".")[-1] != loose}
    held, checked = schema(model, narrowed, compact=True), schema(model, firm)
    messages, prompt = asked.messages, asked.version
    problems: tuple[str, ...] = ()
    for attempt in range(1, run.options.tries + 1):
        reply = run.ask(
            step, attempt, prompt, messages,
            max_tokens=asked.max_tokens, temperature=asked.temperature, schema=held,
        )  # fmt: skip
        try:
            return _read(reply, model, checked)
        except UnfitError as error:
            problems = error.problems
        mend = render("mend_json", {"problems": "\n".join(f"- {one}" for one in problems)})
        messages = (*asked.messages, _again(reply), *mend.messages)
        prompt = f"{asked.version}+{mend.version}"
    raise UnansweredError(step, run.options.tries, problems)


def or_none(run: Run, ask: Callable[[], Answer], instead: str) -> Answer | None:
    """Return an answer, or None with a remark that says why there is none and what is done instead.

    Raises
    ------
    BackendError
        If the model has never answered: then there is no model, and nobody is stood in for.
    """
    try:
        return ask()
    except (UnansweredError, SpentError) as error:
        reason = str(error)
    except BackendError as error:
        if not run.answered:
            raise
        reason = str(error)
    run.remarks.append(f"{reason}: {instead}")
    return None


def _read(reply: Reply, model: type[Answer], checked: Mapping[str, Any]) -> Answer:
    """Return what a finished reply holds."""
    if reply.finish in _UNFINISHED:
        raise UnfitError(_UNFINISHED[reply.finish])
    return read_answer(reply.text, model, checked)


def _again(reply: Reply) -> Message:
    """Return a bad answer as the model is shown it; never empty, which some servers refuse."""
    return Message("assistant", reply.text[:SHOWN_AGAIN].strip() or "(no answer)")

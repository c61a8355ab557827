"""The options that choose the mind: a model or the offline one, and the limits of a model's work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.distilled.naming import DISTILLED, SHIPPED
from agent.vlm.choose import EXAMPLES, OFFLINE, VARIABLE, Spec, opened, spec_of
from agent.vlm.options import Options
from chiaroscore import ControlError

if TYPE_CHECKING:
    from agent.agent import Agent
    from agent.vlm.protocol import Backend
    from rag_store import Store

Vlm = Annotated[
    str | None,
    typer.Option(
        "--vlm",
        metavar="SPEC",
        help=f"Model that looks, plans and writes: {', '.join(EXAMPLES.values())}; or offline. "
        f"Without it the variable {VARIABLE} is read.",
    ),
]
MindName = Annotated[
    str | None,
    typer.Option(
        "--mind",
        metavar="NAME",
        help="offline; or distilled: a small network plans what a slower mind taught it. For a model: --vlm.",
    ),
]
MapperPath = Annotated[
    str | None,
    typer.Option(
        "--mapper", metavar="FOLDER", help="The distilled mind's network; without it the one in the package."
    ),
]
WriterName = Annotated[
    str | None,
    typer.Option("--writer", metavar="WHO", help="Who writes the score: model (if there is one), offline."),
]
Candidates = Annotated[
    str | None,
    typer.Option("--candidates", "-n", metavar="N", help="Scores to write and rank, 1 to 16."),
]
Tries = Annotated[
    str | None, typer.Option("--tries", metavar="N", help="Answers a model's step may take, 1 to 10.")
]
Rounds = Annotated[
    str | None,
    typer.Option("--rounds", metavar="N", help="Times a model may revise a valid score, 0 to 10."),
]
Tokens = Annotated[
    str | None, typer.Option("--tokens", metavar="N", help="Tokens a model may use for a piece, 500 or more.")
]
Seconds = Annotated[
    str | None, typer.Option("--seconds", metavar="N", help="Time a model may take for a piece, 1 or more.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the prompts that a model would get; ask none, write no files."),
]


@dataclass(frozen=True)
class Mind:
    """Who composes, as it was asked for."""

    spec: Spec | None = None  # None for the offline mind
    writer: str | None = None
    candidates: int | None = None
    options: Options | None = None
    mapper: str | None = None  # folder, or "shipped", where the distilled mind composes

    def agent(self, store: Store | None, backend: Backend | None) -> Agent:
        """Return what composes; ``backend`` is what runs the model, from `opened`."""
        from agent.agent import Agent

        writer: Any = self.writer
        if self.mapper is not None:
            return Agent(mapper=self.mapper, store=store)
        vlm = "offline" if backend is None else backend
        return Agent(vlm=vlm, writer=writer, store=store, options=self.options)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Backend | None]:
        """Hold what runs the model, None for the offline mind; raises as `agent.vlm.choose.opened` does."""
        backend = None if self.spec is None else opened(self.spec)
        try:
            yield backend
        finally:
            if backend is not None:
                backend.close()


def mind_of(
    vlm: str | None,
    writer: str | None,
    candidates: str | None,
    limits: dict[str, str | None],
    *,
    dry_run: bool = False,
    mind: str | None = None,
    mapper: str | None = None,
) -> Mind:
    """Return the mind that was asked for; nothing is loaded or contacted.

    Parameters
    ----------
    limits
        Values of `Options` as they were typed; None where none was.
    dry_run
        The limits and the writer may be given without a model.
    mind, mapper
        "offline" or "distilled", and the folder of a mapper, which means the distilled mind.

    Raises
    ------
    ControlError
        If a value is unknown, out of range, or for a model and there is none.
    """
    distilled = _distilled(mind, mapper, vlm, dry_run=dry_run)
    spec = spec_of(OFFLINE if mind or mapper else vlm)
    given = {name: value for name, value in limits.items() if value is not None}
    if writer is not None and writer not in ("model", "offline"):
        raise ControlError(f"--writer {writer[:40]!r} is unknown; choose model or offline")
    if spec is None and not dry_run:
        _refuse_without_model(writer, given)
    count = None if candidates is None else _count(candidates)
    options = Options(**{name: _number(name, value) for name, value in given.items()}) if given else None
    return Mind(spec, writer, count, options, distilled)


def _distilled(mind: str | None, mapper: str | None, vlm: str | None, *, dry_run: bool) -> str | None:
    """Return the folder of the mapper, "shipped" for the one in the package, None for another mind.

    Raises
    ------
    ControlError
        If the mind is unknown, or does not go with another option.
    """
    if mind not in (None, OFFLINE, DISTILLED):
        raise ControlError(
            f"--mind {mind[:40]!r} is unknown; choose {OFFLINE} or {DISTILLED}, or name a --vlm"
        )
    if mind is None and mapper is None:
        return None
    if vlm is not None and spec_of(vlm) is not None:
        raise ControlError(f"--mind {mind or DISTILLED} and --vlm name two minds; leave out one of them")
    if mind == OFFLINE:
        if mapper is not None:
            raise ControlError(f"--mapper is for --mind {DISTILLED}; leave it out, or --mind {OFFLINE}")
        return None
    if dry_run:
        raise ControlError(f"--dry-run shows prompts, and the {DISTILLED} mind is asked none; leave it out")
    return SHIPPED if mapper is None else mapper


def _refuse_without_model(writer: str | None, given: dict[str, str]) -> None:
    asked = [f"--{name}" for name in given] + (["--writer model"] if writer == "model" else [])
    if asked:
        raise ControlError(
            f"{' and '.join(asked)}: this is for a model and none was chosen; add --vlm, such as "
            f"--vlm {EXAMPLES['openai']}"
        )


def _count(text: str) -> int:
    from agent.agent import MOST_CANDIDATES
    from agent.values import whole

    return whole("candidates", text, 1, MOST_CANDIDATES)


def _number(name: str, text: str) -> Any:
    """Return a limit as the number that it has to be."""
    try:
        return float(text) if name == "seconds" else int(text)
    except ValueError as error:
        kind = "number" if name == "seconds" else "whole number"
        raise ControlError(f"--{name} {text[:40]!r} is no {kind}; write digits") from error

"""The steps of a composition as they happen, on standard error; without a terminal only building is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any

import rich.progress
from rich.markup import escape

from agent.cli import console

#: What is done after each step.
_NEXT = {
    "perceive": "planning",
    "plan": "searching exemplars",
    "retrieve": "writing",
    "draft": "writing",
    "revise": "revising",
}


class Progress:
    """A line that moves while something is done; a context manager."""

    def __init__(self) -> None:
        self._console = console.stderr_console()
        columns = (
            rich.progress.SpinnerColumn(),
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(bar_width=30),
            rich.progress.TimeElapsedColumn(),
        )
        live = self._console.is_terminal
        self._bars = rich.progress.Progress(*columns, console=self._console, transient=True, disable=not live)
        self._task: rich.progress.TaskID | None = None
        self._stage = ""

    def __enter__(self) -> Progress:
        """Show the line."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._bars.stop()

    def step(self, picture: str) -> Callable[[str, Any], None]:
        """Return the function that `Agent.compose` tells its steps to."""
        name = os.path.basename(picture)
        self._now(f"{name}: looking")

        def told(step: str, value: Any) -> None:
            if self._console.is_terminal:
                self.note(f"  {_said(step, value)}")
            self._now(f"{name}: {_NEXT[step]}")

        return told

    def rendering(self, picture: str) -> None:
        """Say that the files are being made."""
        self._now(f"{os.path.basename(picture)}: engraving and playing")

    def building(self, stage: str, done: int, total: int) -> None:
        """Show how far the building of the exemplar store is; what `Store.open` calls."""
        text = f"exemplar store, once: {stage}"
        if stage != self._stage and not self._console.is_terminal:
            console.say(text)
        self._stage = stage
        self._now(text, done, total)

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(escape(console.printable(text)), soft_wrap=True)

    def _now(self, text: str, done: int | None = None, total: int | None = None) -> None:
        shown = escape(console.printable(text))
        if self._task is None:
            self._task = self._bars.add_task(shown, total=None)
        self._bars.update(self._task, description=shown, completed=done or 0, total=total)


def _said(step: str, value: Any) -> str:
    """Say in a line what a step came to."""
    if step == "perceive":
        seen = ", ".join(f"{one.name} ({one.probability:.0%})" for one in value.objects[:3]) or value.setting
        return f"seen: {seen}; {', '.join(value.emotion.words[:2])}"
    if step == "plan":
        return f"planned: {value.genre} in {value.key}, {value.meter}, {value.tempo:g} qpm, {value.bars} bars"
    if step == "retrieve":
        return (
            f"found: {', '.join(hit.exemplar.title for hit in value[:3])}" if value else "found: no exemplar"
        )
    return f"{value.what}: {value.after:.3f}, {'accepted' if value.accepted else 'refused'} ({value.reason})"

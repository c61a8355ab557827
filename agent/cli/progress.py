"""The steps of a composition as they happen, on standard error.

On a terminal a line moves, and under it run the last lines of what a model writes. Elsewhere only the
building of the store is told, and of a model's work one plain line a step.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

import rich.progress
from rich.console import RenderableType
from rich.markup import escape
from rich.text import Text

from agent.cli import console
from agent.cli.pace import Pace
from agent.cli.streaming import Stream, harmless

#: What is done after each step.
_NEXT = {
    "perceive": "planning",
    "plan": "searching exemplars",
    "retrieve": "writing",
    "draft": "writing",
    "revise": "revising",
}
#: What is done while a model answers a step's question.
_ASKING = {
    "perceive": "the model looks",
    "plan": "the model plans",
    "sketch": "the model describes the music",
    "write": "the model writes",
    "refine": "the model revises",
}

#: Seconds between two lines of a long work where there is no terminal.
QUIET = 15.0


class Progress:
    """A line that moves while something is done; a context manager.

    Parameters
    ----------
    model
        Whether a model composes: then the steps are told also where there is no terminal, since they take
        minutes.
    """

    def __init__(self, *, model: bool = False) -> None:
        self._console = console.stderr_console()
        columns = (
            rich.progress.SpinnerColumn(),
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(bar_width=30),
            rich.progress.TimeElapsedColumn(),
        )
        live = self._console.is_terminal
        self._told = live or model
        self._stream = Stream()
        self._bars = _Bars(*columns, console=self._console, transient=True, disable=not live)
        self._bars.stream = self._stream
        self._task: rich.progress.TaskID | None = None
        self._stage = ""
        self._pace, self._last = Pace(), 0.0

    def __enter__(self) -> Progress:
        """Show the line."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._stream.end()
        self._bars.stop()

    def step(self, picture: str) -> Callable[[str, Any], None]:
        """Return the function that `Agent.compose` tells its steps to; it takes any step."""
        name = os.path.basename(picture)
        self._now(f"{name}: looking")

        def told(step: str, value: Any) -> None:
            self._follow(step, value)
            line = _said(step, value)
            if self._told and line:
                self.note(f"  {line}")
            doing = _ASKING.get(value[0], value[0]) if step == "ask" else _NEXT.get(step)
            if doing:
                self._now(f"{name}: {doing}")

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

    def working(self, stage: str, done: int, total: int) -> None:
        """Show how far a long work is, its rate and the time left; elsewhere a line now and then."""
        text, now = self._pace.said(stage, done, total), time.monotonic()
        if not self._console.is_terminal and (stage != self._stage or now - self._last >= QUIET):
            console.say(text)
            self._last = now
        self._stage = stage
        self._now(text, done, total or None)

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(escape(harmless(text)), soft_wrap=True)

    def _follow(self, step: str, value: Any) -> None:
        """Keep the answer that is being written."""
        if step == "ask":
            self._stream.begin(*value)
        elif step == "text":
            self._stream.feed(value)
        elif step == "reply":
            self._stream.end()

    def _now(self, text: str, done: int | None = None, total: int | None = None) -> None:
        shown = escape(harmless(text))
        if self._task is None:
            self._task = self._bars.add_task(shown, total=None)
        self._bars.update(self._task, description=shown, completed=done or 0, total=total)


class _Bars(rich.progress.Progress):
    """The moving line, and under it the answer that is being written."""

    stream: Stream | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the line and the last lines of the answer, each cut to the terminal's width."""
        yield from super().get_renderables()
        for line in self.stream.lines(self.console.width) if self.stream else ():
            yield Text(line, style="dim", no_wrap=True, overflow="ellipsis")


def _said(step: str, value: Any) -> str:
    """Say in a line what a step came to; nothing of a step that has nothing to say."""
    say = _SAYING.get(step)
    return " ".join(say(value).split()) if say else ""


def _scene(value: Any) -> str:
    seen = ", ".join(f"{one.name} ({one.probability:.0%})" for one in value.objects[:3]) or value.setting
    return f"seen: {seen}; {', '.join(value.emotion.words[:2])}"


def _plan(value: Any) -> str:
    return f"planned: {value.genre} in {value.key}, {value.meter}, {value.tempo:g} qpm, {value.bars} bars"


def _hits(value: Any) -> str:
    return f"found: {', '.join(hit.exemplar.title for hit in value[:3])}" if value else "found: no exemplar"


def _sketch(value: Any) -> str:
    return f"described: {value.description[:300]}"


def _revision(value: Any) -> str:
    return f"{value.what}: {value.after:.3f}, {'accepted' if value.accepted else 'refused'} ({value.reason})"


def _call(value: Any) -> str:
    """Say what a call to a model took."""
    tried = f"{value.step}, answer {value.attempt}"
    if value.error:
        return f"{tried}: {value.error}"
    tokens = ""
    if value.prompt_tokens is not None and value.completion_tokens is not None:
        tokens = f"{value.prompt_tokens} + {value.completion_tokens} tokens, "
    cut = "" if value.finish == "stop" else f" (ended by {value.finish})"
    return f"{tried}: {tokens}{value.seconds:.1f} s{cut}"


_SAYING: dict[str, Callable[[Any], str]] = {
    "perceive": _scene,
    "plan": _plan,
    "retrieve": _hits,
    "sketch": _sketch,
    "draft": _revision,
    "revise": _revision,
    "reply": _call,
}

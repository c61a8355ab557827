"""``chiaroscore distill``: teacher data, training and export of a distilled mapper."""

from __future__ import annotations

import typer

from agent.cli.distill.data import data

distill = typer.Typer(
    help="The distilled mapper: make teacher data, train on it, export it.",
    rich_markup_mode=None,
)
distill.command()(data)


@distill.callback()
def _group() -> None:
    """Keep ``distill`` a group of commands while it has but one."""


__all__ = ["distill"]

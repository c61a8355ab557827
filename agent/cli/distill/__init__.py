"""``chiaroscore distill``: teacher data, training and export of a distilled mapper."""

from __future__ import annotations

import typer

from agent.cli.distill.data import data
from agent.cli.distill.export import export
from agent.cli.distill.train import train

distill = typer.Typer(
    help="The distilled mapper: make teacher data, train on it, export it.",
    rich_markup_mode=None,
)
distill.command()(data)
distill.command()(train)
distill.command()(export)

__all__ = ["distill"]

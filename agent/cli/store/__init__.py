"""``chiaroscore store``: the exemplars that pieces learn from."""

from __future__ import annotations

import typer

from agent.cli.store.add import add
from agent.cli.store.build import build
from agent.cli.store.check import check
from agent.cli.store.exchange import export, import_
from agent.cli.store.publish import publish
from agent.cli.store.remove import remove
from agent.cli.store.search import search
from agent.cli.store.stats import stats

store = typer.Typer(
    help="The exemplars that pieces learn from: build, add your own, search, count, test, export.",
    rich_markup_mode=None,
)
store.command()(build)
store.command()(add)
store.command()(remove)
store.command()(search)
store.command()(stats)
store.command()(check)
store.command()(export)
store.command("import")(import_)
store.command()(publish)

__all__ = ["store"]

"""``chiaroscore distill train``: a mapper from teacher data, with its plan bank and encoder."""

from __future__ import annotations

import json
import pathlib
import shutil
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import console
from chiaroscore import ControlError, InputError

if TYPE_CHECKING:
    from mapper.config import TrainConfig


def train(
    data: Annotated[pathlib.Path, typer.Argument(metavar="DATA", help="Folder that distill data made.")],
    out: Annotated[pathlib.Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the mapper.")],
    config: Annotated[
        pathlib.Path | None, typer.Option("--config", metavar="FILE", help="Settings as JSON.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="One setting, before those of the file."),
    ] = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Train a mapper. It may be stopped and run again: it goes on, to the same weights.

    What can be set is listed by --set help.
    """
    chosen = _config(config, settings or [])
    from agent.cli.progress import Progress
    from agent.genres import genres
    from mapper.encoders import FILE
    from mapper.lessons import lessons
    from mapper.planning import add_bank
    from mapper.shards import read
    from mapper.training import train as learn

    groups = {genre.name: genre.group for genre in genres()}
    started = time.perf_counter()
    with Progress() as progress:
        progress.working("reading teacher data", 0, 0)
        examples = list(read(data))
        found = lessons(examples, groups)
        about = {"licence": _licences(examples)}

        def tell(tick: Any) -> None:
            progress.working(f"training the {tick.stage}", tick.step, tick.steps)

        stored = learn(found, out, chosen, about=about, progress=tell)
        progress.working("writing the plan bank", 0, 0)
        bank, judged = add_bank(out, examples, groups, seed=chosen.seed)
    encoder = data / FILE
    if encoder.is_file():
        shutil.copyfile(encoder, out / FILE)
    seconds = time.perf_counter() - started
    told = {
        "folder": str(out), "mapper": stored.id, "examples": len(examples), "plans": len(bank),
        "seconds": round(seconds, 1), "measures": stored.about.get("measures", {}),
        "decisions": {name: round(value, 4) for name, value in judged.items()},
    }  # fmt: skip
    if as_json:
        console.emit(told)
    else:
        console.show(
            f"{stored.id} in {out}: {len(examples):,} examples, {len(bank):,} plans, {seconds:.0f} s; "
            f"{out / 'README.md'} tells how good it is"
        )


def _licences(examples: list[Any]) -> str:
    """Return the terms of what was taught from, each once."""
    said = sorted({one.provenance.rpartition("; ")[2] for one in examples if "; " in one.provenance})
    return "of the pictures: " + "; ".join(said)[:400] if said else ""


def _config(path: pathlib.Path | None, settings: list[str]) -> TrainConfig:
    """Return the settings of a file and of the command line.

    Raises
    ------
    ControlError
        If one is unknown or out of range.
    InputError
        If the file cannot be read.
    """
    from mapper.config import TrainConfig

    given: dict[str, Any] = {}
    if path is not None:
        try:
            given = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"the settings {str(path)!r} cannot be read ({error}); give JSON") from error
        if not isinstance(given, dict):
            raise InputError(f"the settings {str(path)!r} are no JSON object; give names and values")
    for one in settings:
        name, sign, value = one.partition("=")
        if not sign:
            known = ", ".join(f"{key}={standard}" for key, standard in TrainConfig().as_dict().items())
            raise ControlError(f"--set {one!r} has no value; write NAME=VALUE, of: {known}")
        try:
            given[name] = json.loads(value)
        except ValueError:
            given[name] = value
    return TrainConfig.from_dict(given)

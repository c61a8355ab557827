"""``chiaroscore distill export``: a mapper as ONNX graphs, which run without torch."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from agent.cli import console


def export(
    mapper: Annotated[pathlib.Path, typer.Argument(metavar="DIR", help="Folder of a mapper.")],
    out: Annotated[
        pathlib.Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Where the graphs go; by default beside the mapper."),
    ] = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Write a mapper as ONNX graphs; Mapper.load(DIR, runtime="onnx") runs them."""
    from mapper.files import load
    from mapper.onnx import export as write

    made = write(load(mapper), out or mapper)
    if as_json:
        console.emit({"files": [str(path) for path in made]})
    else:
        console.show("\n".join(str(path) for path in made))

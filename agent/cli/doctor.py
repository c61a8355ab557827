"""``chiaroscore doctor``: will it work here, what is missing, and what can a model do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import console
from agent.vlm.choose import VARIABLE, spec_of

if TYPE_CHECKING:
    from agent.doctor import Finding

Probed = Annotated[
    str | None,
    typer.Option("--vlm", metavar="SPEC", help="Ask this model what it can do, in place of all else."),
]


def doctor(vlm: Probed = None, as_json: console.AsJson = False, verbose: console.Verbose = False) -> None:
    """Look at what is installed: programs, weights, fonts, the exemplar store.

    With --vlm it asks a model a few short questions: what it can do, and what the mind will do with it.
    Ends with 0 if composing will work, else with 2; what is missing is named with what to install.
    """
    if vlm is not None:
        raise typer.Exit(_probed(vlm, as_json=as_json))
    from agent.doctor import examine

    findings = examine()
    works = all(one.ok for one in findings if one.needed)
    if as_json:
        console.emit({"works": works, "parts": [one.asdict() for one in findings]})
    else:
        _show(findings)
        console.show("composing will work" if works else "composing will not work: see what is missing above")
    raise typer.Exit(console.OK if works else console.MISTAKE)


def _probed(vlm: str, *, as_json: bool) -> int:
    """Ask a model what it can do; returns the exit code."""
    spec = spec_of(vlm)
    if spec is None:
        raise typer.BadParameter(f"offline is no model; name one, or leave --vlm out (see {VARIABLE})")
    from agent.vlm.choose import opened
    from agent.vlm.probe import examine_vlm

    backend = opened(spec)
    findings = examine_vlm(backend)
    works = all(one.ok for one in findings if one.needed)
    if findings[-1].ok:  # else a question may still be worked on
        backend.close()
    if as_json:
        parts = [one.asdict() for one in findings]
        console.emit({"model": str(spec), "works": works, "parts": parts, "outlook": findings[-1].detail})
    else:
        _show(findings if not works else findings[:-1])
        console.show(f"the mind: {findings[-1].detail}" if works else "the model cannot be used: see above")
    return console.OK if works else console.MISTAKE


def _show(findings: Sequence[Finding]) -> None:
    rows = [[one.state, one.name, one.detail + (f"; {one.advice}" if one.advice else "")] for one in findings]
    console.table(["", "part", "found"], rows)

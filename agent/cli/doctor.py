"""``chiaroscore doctor``: will it work here, and what is missing."""

from __future__ import annotations

import typer

from agent.cli import console


def doctor(as_json: console.AsJson = False, verbose: console.Verbose = False) -> None:
    """Look at what is installed: programs, weights, fonts, the exemplar store.

    Ends with 0 if composing will work, else with 2; what is missing is named with what to install.
    """
    from agent.doctor import examine

    findings = examine()
    works = all(one.ok for one in findings if one.needed)
    if as_json:
        console.emit({"works": works, "parts": [one.asdict() for one in findings]})
    else:
        rows = [
            [one.state, one.name, one.detail + (f"; {one.advice}" if one.advice else "")] for one in findings
        ]
        console.table(["", "part", "found"], rows)
        console.show("composing will work" if works else "composing will not work: see what is missing above")
    raise typer.Exit(console.OK if works else console.MISTAKE)

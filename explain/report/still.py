"""The report where no script runs: a picture of the leading maps, and tables. Every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from explain.explanation import NOT_PROOF, Element, Explanation
from explain.figure import sheet
from explain.report.photograph import photograph, uri

_SIDE = 720


def still(explanation: Explanation) -> str:
    """Return an HTML fragment without scripts, styles or addresses outside itself."""
    shown = [one for one in explanation.elements if one.kind in ("scene", "plan", "section")]
    _, data = photograph(sheet(explanation), _SIDE)
    source = uri("image/jpeg", data)
    maps = f'<p><img alt="{escape(_described(explanation))}" src="{source}"></p>'
    steps = "".join(f"<h3>{escape(heading)}</h3><p>{escape(text)}</p>" for heading, text in explanation.steps)
    return (
        f"<h2>{escape(explanation.title)}: why it sounds so</h2>"
        f"{maps}<p><small>{escape(NOT_PROOF)}</small></p>{steps}"
        + _table(
            ("what", "value", "why"),
            ((one.label, one.value, _why(explanation, one)) for one in shown),
        )
        + _table(
            ("asked", "for", "measured", "met"),
            (
                (name, asked, measured, "yes" if met else "no")
                for name, asked, measured, met in explanation.obeyed
            ),
        )
        + _table(
            ("if", "then", "instead of"),
            ((one.change, one.after, one.before) for one in explanation.counterfactuals),
        )
        + _table(
            ("exemplar", "source", "licence"),
            ((one.title, one.source, one.licence) for one in explanation.snippets),
        )
    )


def _described(explanation: Explanation) -> str:
    names = ", ".join(
        one.label for one in explanation.elements if one.map is not None and one.kind == "scene"
    )
    return f"Where in the picture it comes from: {names}" if names else "The picture; there are no maps"


def _why(explanation: Explanation, element: Element) -> str:
    causes = [link.text for link in explanation.causes_of(element.id) if link.text]
    return "; ".join([element.text] * bool(element.text) + causes)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table, nothing where it has no row."""
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>" if body else ""

"""An assessment as one HTML page: tables, and for every metric the set's distribution drawn on real music's.

No network, no script; all text is escaped, the plots are SVG in the page.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from agent.cli.evaluate import summary
from evaluation import METRICS, Reference

if TYPE_CHECKING:
    from agent.assess import Assessed, Assessment
    from evaluation import Comparison, MetricComparison

#: Size of a plot in pixels, and points of a curve.
_WIDTH, _HEIGHT, _POINTS = 250, 96, 96
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b1b1b;max-width:1080px;margin:auto;padding:12px}
h1{font-size:1.6em;margin:.2em 0}h2{font-size:1.2em;margin:1.6em 0 .3em}
table{border-collapse:collapse;margin:.5em 0}td,th{border-bottom:1px solid #ddd;padding:3px
10px;text-align:left} td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.far{color:#b03020;font-weight:600}.plots{display:flex;flex-wrap:wrap;gap:10px 14px}
figure{margin:0;width:250px}figcaption{font-size:.85em;line-height:1.3}small{color:#555}.wide{overflow-x:auto}
svg .real{fill:#b9c3cc}svg .ours{fill:none;stroke:#c2571a;stroke-width:2}svg
.tick{stroke:#c2571a;stroke-width:1.2} svg .sd{fill:#dfe5ea}svg .axis{stroke:#888;stroke-width:1}svg
text{font:10px system-ui,sans-serif;fill:#555}
"""


def assessment_page(found: Assessment) -> str:
    """Return the page of an assessment."""
    title = escape(f"Evaluation of {found.folder}")
    parts = [f"<h1>{title}</h1>", _about(found), _sets(found)]
    for comparison, reference in zip(found.groups, found.references, strict=True):
        parts.append(_group(comparison, reference, found))
    parts += [_pieces(found), _unread(found)]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _about(found: Assessment) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in summary(found))
    return (
        f"<p>{len(found.pieces)} pieces. Every metric is read against real music of the same kind: it has no "
        f"better end. Grey: real music, its mean ± one standard deviation shaded; orange: these pieces, one "
        f"tick a piece.</p><ul>{lines}</ul>"
    )


def _sets(found: Assessment) -> str:
    """Table of the groups and of the whole."""
    every = [*found.groups, *([found.whole] if found.whole else [])]
    if not every:
        return "<p>Nothing to compare with.</p>"
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td><td class=n>{one.pieces}</td><td class=n>{one.within} of "
        f"{len(one.metrics)}</td>{_cells(one.frechet, one.frechet_halves, one.ratio)}</tr>"
        for one in every
    )
    return (
        "<table><tr><th>against<th class=n>pieces<th class=n>within 1 sd<th class=n>Fréchet distance"
        f"<th class=n>between halves of real music<th class=n>ratio</tr>{rows}</table>"
    )


def _cells(*values: float) -> str:
    return "".join(
        f"<td class=n>{value:.2f}</td>" if value == value else "<td class=n>-</td>" for value in values
    )


def _group(comparison: Comparison, reference: Reference, found: Assessment) -> str:
    """Return the plots of a group, and what its reference is made of."""
    rows = _rows_of(found, reference)
    drawn = "".join(
        _figure(metric, reference.values[:, column], rows[:, column])
        for column, metric in enumerate(comparison.metrics)
    )
    sources = "; ".join(
        f"{escape(one['title'])} ({one['pieces']}; {escape(one['licence'])})"
        for one in reference.about.get("sources", [])
    )
    what = "melodies alone" if reference.monophonic else "all voices"
    note = escape(reference.about.get("note", ""))
    real = len(np.unique(reference.pieces))
    return (
        f"<h2>{escape(comparison.name)}: {comparison.within} of {len(comparison.metrics)} within one "
        f"standard deviation</h2><p><small>{comparison.pieces} pieces against {real}; {what}. "
        f"{sources}{'. ' if sources else ''}{note}</small></p><div class=plots>{drawn}</div>"
    )


def _rows_of(found: Assessment, reference: Reference) -> NDArray[np.float64]:
    """Rows of the pieces that were compared with a reference."""
    rows = [one.row for one in found.pieces if one.row is not None and one.against == reference.name]
    return np.array(rows)


def _figure(metric: MetricComparison, real: NDArray[np.float64], ours: NDArray[np.float64]) -> str:
    """One metric: a plot and its numbers."""
    far = "" if metric.within else " class=far"
    overlap = f"; overlap {metric.overlap:.2f}" if metric.overlap == metric.overlap else ""
    return (
        f"<figure>{_plot(real[np.isfinite(real)], ours[np.isfinite(ours)], metric)}<figcaption>"
        f"<b{far}>{escape(metric.name)}</b> {metric.mean:.3g} against {metric.reference_mean:.3g} "
        f"(<span{far}>{metric.difference:+.1f} sd</span>)<br>"
        f"<small>{escape(METRICS[metric.name])}{overlap}</small></figcaption></figure>"
    )


def _plot(real: NDArray[np.float64], ours: NDArray[np.float64], metric: MetricComparison) -> str:
    """Densities of both sets as SVG, a tick for each piece."""
    every = np.concatenate([real, ours])
    if not len(every):
        return ""
    least, most = float(every.min()), float(every.max())
    margin = 0.08 * (most - least) or 0.5
    low, high = least - margin, most + margin
    grid = np.linspace(low, high, _POINTS)
    curves = [_density(real, grid), _density(ours, grid)]
    tops = [float(curve.max()) or 1.0 for curve in curves]
    x = (grid - low) / (high - low) * _WIDTH
    base = _HEIGHT - 16
    areas = [
        _path(x, base - 0.92 * (base - 4) * curve / top) for curve, top in zip(curves, tops, strict=True)
    ]

    def across(value: float) -> float:
        return min(max((value - low) / (high - low), 0.0), 1.0) * _WIDTH

    left, right = (
        across(metric.reference_mean - metric.reference_sd),
        across(metric.reference_mean + metric.reference_sd),
    )
    band = f'<rect class="sd" x="{left:.1f}" y="0" width="{right - left:.1f}" height="{base}"/>'
    filled = f'<path class="real" d="{areas[0]} L{_WIDTH},{base} L0,{base} Z"/>' if len(real) > 1 else ""
    line = f'<path class="ours" d="{areas[1]}"/>' if len(ours) > 1 and np.ptp(ours) > 1e-12 else ""
    ticks = "".join(
        f'<line class="tick" x1="{across(v):.1f}" x2="{across(v):.1f}" y1="{base - 6}" y2="{base + 3}"/>'
        for v in ours
    )
    labels = "".join(
        f'<text x="{across(v):.1f}" y="{_HEIGHT - 2}" text-anchor="middle">{v:.3g}</text>'
        for v in ([least, most] if most > least else [least])
    )
    axis = f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}"/>'
    said = f"{metric.name}: these pieces {metric.mean:.3g}, real music {metric.reference_mean:.3g}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(said)}">{band}{filled}{axis}{line}{ticks}{labels}</svg>'
    )


def _density(values: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kernel density on a grid; flat 0 where it cannot be made."""
    if len(values) < 2 or np.ptp(values) < 1e-12:
        return np.zeros(len(grid))
    found: NDArray[np.float64] = stats.gaussian_kde(values)(grid)
    return found


def _path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    return "M" + " L".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _pieces(found: Assessment) -> str:
    """Table of the pieces."""
    rows = "".join(_piece(one) for one in found.pieces)
    return (
        "<h2>The pieces</h2><div class=wide><table><tr><th>title<th>file<th>genre<th class=n>bars"
        "<th class=n>notes<th>valence, arousal<th>requests not met<th class=n>longest copy"
        f"<th>unusual for its kind</tr>{rows}</table></div>"
    )


def _piece(one: Assessed) -> str:
    feeling = f"{one.emotion[0]:+.2f}, {one.emotion[1]:+.2f}" if one.emotion else ""
    missed = ", ".join(f"{r.name} ({r.asked}: {r.measured})" for r in one.obeyed if not r.met)
    copied = str(one.match.notes) if one.match else ""
    texts = (one.title, one.path.name, one.genre or one.group)
    named = "".join(f"<td>{escape(text)}</td>" for text in texts)
    return (
        f"<tr>{named}<td class=n>{one.metrics['n_bars']:.0f}</td>"
        f"<td class=n>{one.metrics['n_notes']:.0f}</td><td>{feeling}</td><td>{escape(missed)}</td>"
        f"<td class=n>{copied}</td><td>{escape(', '.join(one.unusual))}</td></tr>"
    )


def _unread(found: Assessment) -> str:
    """List what could not be read or measured."""
    lines = [f"{one.path}: {one.reason}" for one in found.unread] + list(found.notes)
    if not lines:
        return ""
    return "<h2>Not measured</h2><ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"

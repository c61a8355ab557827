"""The picture of a store: what it holds by genre, source and licence, tempo, and emotion, in one figure."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from chiaroscore import InputError, MissingPartError, check_writable

#: Kinds of files, by their endings.
KINDS = (".png", ".svg", ".pdf")
#: Bars of one panel; the rest are one more.
MOST = 30
_INK, _BAR = "#333333", "#3b6ea5"


def plot(stats: Mapping[str, Any], path: str | os.PathLike[str]) -> pathlib.Path:
    """Draw what `rag_store.Store.stats` says into a file; returns its path.

    Raises
    ------
    InputError
        If the ending is not one of `KINDS`, or the file cannot be written.
    MissingPartError
        If matplotlib is not installed.
    """
    target = pathlib.Path(path)
    if target.suffix.lower() not in KINDS:
        raise InputError(f"cannot draw {str(target)!r}: its name must end in {', '.join(KINDS)}")
    check_writable(target.parent)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPartError("plots need matplotlib; pip install 'chiaroscore[plot]'") from error
    figure = Figure(figsize=(13, 10), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[1.25, 1], hspace=0.04)
    counted, spread = parts
    panels = counted.subplot_mosaic([["genre", "source"], ["genre", "licence"]], height_ratios=[1.4, 1])
    for name, axes in panels.items():
        _bars(axes, stats[name], name)
    left, right = spread.subplots(1, 2, width_ratios=[1.5, 1])
    _histogram(left, stats["tempo"])
    _plane(spread, right, stats["emotion"])
    figure.suptitle(f"{stats['count']:,} exemplars", color=_INK, fontsize=15)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        figure.savefig(target, dpi=110)
    except OSError as error:
        raise InputError(f"cannot write {str(target)!r}: {error.strerror or error}") from error
    return target


def _bars(axes: Any, counted: Mapping[str, int], title: str) -> None:
    """Draw a horizontal bar for each name with its number, most on top; on a scale by powers of ten."""
    named = list(counted.items())
    shown = named[:MOST]
    if rest := named[MOST:]:
        shown.append((f"{len(rest)} others", sum(number for _, number in rest)))
    names, numbers = [_short(name) for name, _ in shown], [number for _, number in shown]
    places = np.arange(len(shown))
    axes.barh(places, numbers, color=_BAR, height=0.72)
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(0.7, 3.2 * max(numbers, default=1))
    for place, number in zip(places, numbers, strict=True):
        axes.text(number * 1.06, place, f"{number:,}", va="center", fontsize=8, color=_INK)
    _plain(axes, f"by {title}", "exemplars (each mark is ten times the one before)", "")


def _histogram(axes: Any, spread: Mapping[str, Any]) -> None:
    edges, numbers = np.array(spread["edges"], float), spread["counts"]
    axes.bar(edges[:-1], numbers, width=np.diff(edges), align="edge", color=_BAR, edgecolor="white")
    axes.axvline(spread["median"], color="#c05020", linewidth=1.2)
    axes.annotate(
        f"median {spread['median']:g}", (spread["median"], 1), xycoords=("data", "axes fraction"),
        xytext=(4, -4), textcoords="offset points", va="top", fontsize=8, color="#c05020",
    )  # fmt: skip
    _plain(axes, "tempo", "quarter notes a minute (outer classes hold all beyond)", "exemplars")


def _plane(figure: Any, axes: Any, emotion: Mapping[str, Any]) -> None:
    """Draw valence against arousal, the number of exemplars as a shade; empty places are left white."""
    from matplotlib.colors import LogNorm

    edges, grid = np.array(emotion["edges"]), np.array(emotion["counts"], float)
    shown = axes.pcolormesh(
        edges, edges, np.ma.masked_equal(grid.T, 0), cmap="viridis_r", norm=LogNorm(1, max(grid.max(), 2))
    )
    axes.axhline(0, color=_INK, linewidth=0.5)
    axes.axvline(0, color=_INK, linewidth=0.5)
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    axes.set_aspect("equal")
    figure.colorbar(shown, ax=axes, label="exemplars", shrink=0.9)
    _plain(axes, "emotion", "valence (sad to happy)", "arousal (calm to excited)")


def _plain(axes: Any, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, color=_INK)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(labelsize=8, colors=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _short(name: str) -> str:
    """Return a name that fits beside a bar, without what a font or matplotlib's formulas would trip over."""
    plain = "".join(c if c.isprintable() and c != "$" else " " for c in name) or "(none)"
    return plain if len(plain) <= 48 else plain[:47] + "…"

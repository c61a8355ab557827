"""Timing helpers: medians of repeated runs, peak memory of a whole process."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One line of the table; ``ratio`` is against the baseline row of its group."""

    group: str
    what: str
    value: float
    unit: str
    baseline: str = ""
    ratio: float | None = None


def median_seconds(work: Callable[[], object], runs: int = 5, warmup: int = 1) -> float:
    """Median wall-clock seconds of ``work`` after ``warmup`` uncounted runs."""
    for _ in range(warmup):
        work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def process_seconds(arguments: list[str], runs: int = 3) -> tuple[float, float]:
    """Median wall-clock seconds of a fresh Python process, and its peak memory in MiB."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        times.append(time.perf_counter() - start)
    return statistics.median(times), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def show(rows: Sequence[Row], title: str, *, as_json: bool = False, digits: int = 3) -> None:
    """Print rows as a table with their ratios, or as JSON."""
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table(title=title)
    for column in ("group", "what", "value", "unit", "ratio"):
        table.add_column(column, justify="right" if column in ("value", "ratio") else "left")
    for row in rows:
        ratio = f"{row.ratio:.2f} x {row.baseline}" if row.ratio is not None else ""
        table.add_row(row.group, row.what, f"{row.value:.{digits}g}", row.unit, ratio)
    Console(width=120).print(table)

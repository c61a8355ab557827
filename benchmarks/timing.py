"""Timing helpers: medians of repeated runs, peak memory of a whole process."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


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

"""Print the benchmark table: ``python -m benchmarks [--json]``."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks.first_light import rows


def main() -> None:
    """Measure and print."""
    measured = rows()
    if "--json" in sys.argv:
        print(json.dumps([asdict(row) for row in measured], indent=2))
        return
    table = Table(title=f"Chiaroscore, {os.cpu_count()} cores, Python {platform.python_version()}")
    for column in ("group", "what", "value", "unit", "ratio"):
        table.add_column(column, justify="right" if column in ("value", "ratio") else "left")
    for row in measured:
        ratio = f"{row.ratio:.2f} x {row.baseline}" if row.ratio is not None else ""
        table.add_row(row.group, row.what, f"{row.value:.3g}", row.unit, ratio)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

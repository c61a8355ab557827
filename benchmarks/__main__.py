"""Print the benchmark table: ``python -m benchmarks [--json]``."""

from __future__ import annotations

import os
import platform
import sys

from benchmarks.first_light import rows
from benchmarks.timing import show


def main() -> None:
    """Measure and print."""
    title = f"Chiaroscore, {os.cpu_count()} cores, Python {platform.python_version()}"
    show(rows(), title, as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()

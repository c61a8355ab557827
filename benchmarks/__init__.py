"""Speed and memory, measured in one run by one command: ``python -m benchmarks``."""

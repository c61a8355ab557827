"""The command line: ``chiaroscore compose | check | render | store | doctor``."""

from agent.cli.app import main

__all__ = ["main"]

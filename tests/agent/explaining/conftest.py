"""Test files import the tiny models and the played servers from the folder of the model mind."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "vlm"))

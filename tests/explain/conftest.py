"""Test files import what they share: `seeing` from this folder, the tiny models of the model mind."""

import pathlib
import sys

_HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "agent" / "vlm")]

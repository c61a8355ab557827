"""The rational number of the house: exact times and lengths in quarter notes.

`quicktions` is `fractions` in C, some ten times as fast, and its numbers equal and hash like those. It
ships no types, so type checkers see the standard library's class, whose interface it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction
else:
    from quicktions import Fraction

__all__ = ["Fraction"]

"""The table of problems: severity and hint by code, and the codes of abcjs's warnings."""

from __future__ import annotations

import html
import importlib.resources
import json
import re
from bisect import bisect_right
from functools import cache
from typing import Any

from notation.tune import Problem

_ABCJS = re.compile(r"^Music Line:(\d+):(\d+): (.*?)(?::  .*)?$", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@cache
def table() -> dict[str, Any]:
    """Return ``data/problems.json``."""
    text = (importlib.resources.files("notation") / "data" / "problems.json").read_text("utf-8")
    return dict(json.loads(text))


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), code) for pattern, code in table()["abcjs"]]


class Places:
    """Positions in a text as lines and columns, both from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def of(self, position: int) -> tuple[int, int]:
        """Return line and column of a position; (0, 0) for a negative one."""
        if position < 0:
            return 0, 0
        line = bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1


def problem(code: str, message: str, place: tuple[int, int] = (0, 0)) -> Problem:
    """Return a problem with the severity and hint of its code."""
    severity, hint = table()["problems"][code]
    return Problem(severity, *place, message, hint, code)


def from_abcjs(warning: str, above: int) -> Problem:
    """Return the problem behind a warning of abcjs; ``above`` lines of text stand above its line 1."""
    match = _ABCJS.match(warning)
    line, column, said = (int(match[1]) + above, int(match[2]), match[3]) if match else (0, 0, warning)
    said = html.unescape(_TAG.sub("", said)).strip()
    code = next((code for pattern, code in _patterns() if pattern.search(said)), "abcjs")
    return problem(code, said[:200], (line, column))

"""What is wrong with a model's score beside what `notation.check` sees: voices and bars that lack, loops."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from agent.vlm.score.elements import Bar, body
from notation import Problem

#: Bars that a melody may have alike in a row.
MOST_ALIKE = 3
#: Share of letters outside ASCII from which a text without music counts as another script's.
_FOREIGN = 0.3

Places = Mapping[tuple[str, int], tuple[int, int]]


@functools.cache
def _hints() -> dict[str, str]:
    text = importlib.resources.files("agent.vlm.score") / "data" / "problems.json"
    return dict(json.loads(text.read_text("utf-8"))["hints"])


def fault(code: str, message: str, place: tuple[int, int] = (0, 0)) -> Problem:
    """Return a problem of ours, an error, with the hint of its code."""
    return Problem("error", *place, message, _hints()[code], code)


def no_music(text: str) -> Problem:
    """Return why a text without music cannot be read."""
    letters = [char for char in text[:20_000] if char.isalpha()]
    foreign = sum(1 for char in letters if not char.isascii())
    if letters and foreign > _FOREIGN * len(letters):
        return fault("not-latin", "the answer is text in another script, and holds no music")
    return fault("no-music", "the answer holds no music" if text.strip() else "the answer is empty")


def hinted(problem: Problem) -> Problem:
    """Return a problem of `notation` with our hint where the usual one is of no use: the header is ours."""
    return replace(problem, hint=_hints().get(problem.code, problem.hint))


def missing(voice: str, found: int, bars: int, places: Places) -> Problem:
    """Return that a voice lacks bars, or is not there at all."""
    if not found:
        return fault("missing-voice", f"voice {voice} is not there", places.get((voice, 1), (0, 0)))
    what = f"voice {voice} has {found} of {bars} bars: bar {found + 1} and what follows are not there"
    return fault("missing-bars", what, places.get((voice, found + 1), (0, 0)))


def loop(voice: str, bars: list[Bar], places: Places) -> Problem | None:
    """Return that a melody stands still: the same bar over and over; None if it does not."""
    texts = ["" if bar.silent else sounds(bar) for bar in bars]
    run = 0
    for at, text in enumerate(texts):
        run = run + 1 if at and text and text == texts[at - 1] else 1
        if run > MOST_ALIKE:
            first = at - run + 2
            what = f"voice {voice}: bars {first} to {at + 1} are the same"
            return fault("loop", what, places.get((voice, first), (0, 0)))
    common = Counter(text for text in texts if text).most_common(1)
    if len(bars) >= 4 and common and common[0][1] * 2 > len(bars):
        first = texts.index(common[0][0]) + 1
        what = f"voice {voice}: {common[0][1]} of {len(bars)} bars are the same as bar {first}"
        return fault("loop", what, places.get((voice, first), (0, 0)))
    return None


def sounds(bar: Bar) -> str:
    """Return what is heard of a bar as text."""
    return " ".join(body(leaf) for element in bar.elements for leaf in element.leaves)

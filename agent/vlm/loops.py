"""A watch for answers that go round in circles, as models fall into at low temperature.

A text loops when its end is one short period, said again and again without any change. Scores repeat bars and
sections too, so the bounds lie beyond what music does: a drum bar stands four times in a system, then another
voice or a line break follows. An answer that is held to our schemas and grammars comes to an end by itself,
for texts, lists and bars are bounded there; of such a one only blanks for ever, which a decoder may allow
between two signs of JSON, are a loop.
"""

from __future__ import annotations

#: Longest period that is looked for, in characters: about two systems of one voice.
LONGEST_PERIOD = 320
#: Times that a period stands at the end of a looping text.
REPEATS = 6
#: Characters that all repeats together have at least: 160 blanks loop, "la la la la la la" does not.
LEAST_SPAN = 160

_KEY = 16  # characters whose earlier places give the periods that may be
_STRIDE = 16  # new characters after which the text is looked at again


class Watch:
    """Watches a text that comes in pieces; one that is ``held`` to a schema or grammar only for blanks."""

    def __init__(self, held: bool = False) -> None:
        self._held = held
        self._tail = ""
        self._new = 0
        self.looping = False

    def feed(self, text: str) -> bool:
        """Take the next piece of the text and return whether its end loops; once true, it stays so."""
        self._new += len(text)
        self._tail += text
        if not self.looping and self._new >= _STRIDE:
            self._tail = self._tail[-(REPEATS * LONGEST_PERIOD) :]
            self._new = 0
            blank = not self._tail[-LEAST_SPAN:].strip()
            self.looping = (blank or not self._held) and period(self._tail) is not None
        return self.looping


def period(text: str) -> int | None:
    """Return the period in characters with which the end of a text loops, None where it does not.

    The shortest period is found that stands there at least `REPEATS` times and over `LEAST_SPAN` characters.
    """
    if len(text) < LEAST_SPAN:
        return None
    key = text[-_KEY:]
    start = len(text) - _KEY
    place = start
    while (place := text.rfind(key, 0, place + _KEY - 1)) >= 0:
        distance = start - place
        if distance > LONGEST_PERIOD:
            return None
        span = max(REPEATS * distance, LEAST_SPAN)
        # a text has period d where it is equal to itself moved by d
        if span <= len(text) and text[-span:-distance] == text[distance - span :]:
            return distance
    return None

"""Cutting long tunes at the end of a part."""

from __future__ import annotations

from notation import Tune

#: Bar lines that end a part.
ENDS = (":|", "||", "|]", "::", ":||:", ":|]")


def trim(tune: Tune, longest: int) -> str:
    """Return the text of a tune cut to at most ``longest`` bars; tunes of several voices whole.

    The cut falls after the last bar within the limit that ends a part, else after the last bar; what comes
    before it is not changed, so the result is a prefix of the text (and a final line break).
    """
    bars = [bar for bar in tune.voices[0].bars if bar.number > 0]
    if len(bars) <= longest or len(tune.voices) > 1:
        return tune.abc
    within = bars[:longest]
    ends = [bar for bar in within if bar.right in ENDS]
    last = ends[-1] if ends and ends[-1].number >= longest // 2 else within[-1]
    following = bars[bars.index(last) + 1]
    end = max(last.span[1], 0)
    text = tune.abc[: min(end, following.span[0]) if following.span[0] > 0 else end]
    return text.rstrip() + "\n"

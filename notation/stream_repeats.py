"""Repeat signs and voltas for `notation.to_music21`."""

from __future__ import annotations

from collections.abc import Sequence

from music21 import bar, spanner, stream

from notation.repeats import Section, sections
from notation.tune import Bar


def add_repeats(part: stream.Part, bars: Sequence[Bar], measures: list[stream.Measure]) -> None:
    """Set repeat signs and voltas so that readers of the score play it as `notation.perform` does.

    Left-out opening repeats are written, and a passage with a first ending only gets a second one over the
    bar after it.
    """
    found = sections(bars)
    for section, following in zip(found, [*found[1:], None], strict=False):
        if not section.repeated and not section.endings:
            continue
        if (section.first > 0 or bars[0].left.endswith(":")) and (
            section.repeated or len(section.endings) > 1
        ):
            measures[section.first].leftBarline = bar.Repeat(direction="start")
        if section.endings:
            _add_voltas(part, section, following, bars, measures)
        else:
            measures[section.stop - 1].rightBarline = bar.Repeat(direction="end")


def _add_voltas(
    part: stream.Part,
    section: Section,
    following: Section | None,
    bars: Sequence[Bar],
    measures: list[stream.Measure],
) -> None:
    """Brackets over the endings of a section, a repeat sign behind all but the last."""
    if len(section.endings) == 1 and not section.repeated:
        return  # an ending that nothing repeats: music21 could not expand it
    spans: dict[tuple[int, int], list[int]] = {}
    for number, span in sorted(section.endings.items()):
        spans.setdefault(span, []).append(number)
    brackets = [(first, stop, numbers) for (first, stop), numbers in sorted(spans.items())]
    if section.again and following is not None and not (following.repeated or following.endings):
        brackets.append((following.first, following.stop, [max(section.endings) + 1]))
    for first, stop, numbers in brackets:
        last = first == brackets[-1][0]
        if not last or len(brackets) == 1:
            measures[stop - 1].rightBarline = bar.Repeat(direction="end")
        shown = _shown_end(bars, first, stop) if last else stop
        part.insert(0, spanner.RepeatBracket(measures[first:shown], number=",".join(map(str, numbers))))


def _shown_end(bars: Sequence[Bar], first: int, stop: int) -> int:
    """Where the bracket of a last ending stops: its written end or a heavy bar line, else after one bar."""
    for index in range(first, stop):
        if bars[index].ending_stop or bars[index].right in ("||", "|]") or bars[index].right.startswith(":"):
            return index + 1
    return first + 1

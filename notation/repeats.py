"""The repeats and voltas of a voice as sections, for whoever draws repeat signs.

ABC writers leave out opening repeats, close second endings with ``:|`` or never, and begin endings anywhere.
So: ``:|`` goes back to the last ``|:``, to the bar after the last ``:|``, to the bar after an ending closed
by a double bar, or to the beginning; numbered endings are played in order of their numbers; a single ending
closed with ``:|`` means that the common bars are played once more without it. (abcjs differs where a section
after an ending has no ``|:`` of its own: it loses the repeat, or the bars; abc2midi and fiddlers do not.)

Conventions
-----------
Bars are given by their index in ``Voice.bars`` from 0; ranges are ``(first, stop)``, stop exclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from notation.endings import ending_numbers
from notation.tune import Bar

Range = tuple[int, int]


@dataclass(slots=True)
class Section:
    """Bars played once or repeated, with the endings by number; ``stop`` is where the common bars end."""

    first: int
    stop: int = -1
    repeated: bool = False
    endings: dict[int, Range] = field(default_factory=dict)

    @property
    def again(self) -> bool:
        """Whether the common bars are played once more without the one ending there is."""
        return self.repeated and len(self.endings) == 1

    @property
    def end(self) -> int:
        """Return the index behind its last bar."""
        return max([self.stop, *(stop for _, stop in self.endings.values())])

    def order(self) -> list[int]:
        """Return the indices of the bars in the order they are played."""
        common = list(range(self.first, self.stop))
        if not self.endings:
            return common * 2 if self.repeated else common
        times = [[*common, *range(*self.endings[number])] for number in sorted(self.endings)]
        return [index for time in times for index in time] + (common if self.again else [])

    def _end_at(self, index: int) -> None:
        """End what is still open before a bar."""
        self.endings = {n: (first, index if stop < 0 else stop) for n, (first, stop) in self.endings.items()}
        self.stop = index if self.stop < 0 else self.stop


def sections(bars: Sequence[Bar]) -> list[Section]:
    """Divide a voice into sections played once, repeated, or repeated with endings; they cover all bars."""
    found = [Section(0)]
    for index, bar in enumerate(bars):
        numbers = ending_numbers(bar.ending) if bar.ending else []
        over = found[-1].repeated and not numbers
        if over or (bar.left.endswith(":") and index > found[-1].first):
            found[-1]._end_at(index)
            found.append(Section(index))
        if numbers:
            found[-1]._end_at(index)
            found[-1].endings |= dict.fromkeys(numbers, (index, -1))
            found[-1].repeated = False
        if bar.right.startswith(":"):
            found[-1]._end_at(index + 1)
            found[-1].repeated = True
        elif bar.ending_stop and found[-1].endings and index + 1 < len(bars):
            found[-1]._end_at(index + 1)
            found.append(Section(index + 1))
    found[-1]._end_at(len(bars))
    return found if bars else []

"""Made-up melodies of real material: two bars of one tune, two of another, and so on.

Within two bars they have the intervals and rhythms of real music, so that common figures are as common as
there; over longer stretches they are nobody's.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag_store.copies.grid import Bars
from rag_store.lines import Line

#: Notes that a cell has at least, and cells that a bar length needs so that it is used.
FEWEST_NOTES, FEWEST_CELLS = 4, 100
#: Cells of a tune, and how many of them are new; the others come again, as phrases do.
LENGTHS, NEW = (4, 8, 8, 8, 12, 16), 0.7

Cell = tuple[NDArray[np.int64], NDArray[np.int64]]  # onsets from its begin, pitches


def cells(lines: Iterable[Line]) -> dict[int, list[Cell]]:
    """Return two bars after two bars of some lines, by the length of a bar in ticks."""
    found: dict[int, list[Cell]] = {}
    for line in lines:
        bars = Bars.of(line)
        for begin, end in zip(bars.starts[1:-2:2].tolist(), bars.starts[3::2].tolist(), strict=False):
            first, last = np.searchsorted(line.onset, [begin, end])
            if end - begin == 2 * bars.length and last - first >= FEWEST_NOTES:
                cell = line.onset[first:last] - begin, line.pitch[first:last]
                found.setdefault(bars.length, []).append(cell)
    return {length: some for length, some in sorted(found.items()) if len(some) >= FEWEST_CELLS}


def recombined(lines: Iterable[Line], count: int, seed: int) -> Iterator[Line]:
    """Yield made-up melodies of the cells of some lines, the same for the same seed."""
    rng, stock = random.Random(f"recombined:{seed}"), cells(lines)
    lengths = list(stock)
    weights = [len(stock[length]) for length in lengths]
    for _ in range(count):
        length = rng.choices(lengths, weights)[0]
        yield _melody(stock[length], length, rng)


def _melody(stock: Sequence[Cell], length: int, rng: random.Random) -> Line:
    count = rng.choice(LENGTHS)
    new = [rng.choice(stock) for _ in range(max(2, int(count * NEW)))]
    chosen = [*new, *rng.choices(new, k=count - len(new))] if count > len(new) else new[:count]
    onsets, pitches, bars = [], [], []
    last = int(chosen[0][1][0])
    for number, (onset, pitch) in enumerate(chosen):
        moved = pitch + last + rng.choice((-4, -2, -1, 0, 1, 2, 4)) - pitch[0]
        moved = moved + 12 * (int(moved.min()) < 50) - 12 * (int(moved.max()) > 90)
        onsets.append(onset + 2 * number * length)
        pitches.append(moved)
        bars.append(2 * number + 1 + (onset >= length))
        last = int(moved[-1])
    return Line(np.concatenate(onsets), np.concatenate(pitches), np.concatenate(bars))

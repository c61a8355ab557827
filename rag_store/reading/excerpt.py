"""The most telling bars of a piece, short enough for an exemplar.

Rules
-----
Parts. At most `MOST_PARTS`, in the order of `rag_store.reading.roles`; one that plays in less than a quarter
of the bars is left out. Bars. A window begins at the first bar
that has a note on its beginning, or a multiple of four bars later, and has 16, 12 or 8 bars. It scores the
share of its bars in which the melody moves (two notes or more), the mean share of the kept parts that play in
a bar, and how often its melody bars return in the piece, transposed or not (`WEIGHTS`); the earliest of
equals is taken. Size. The longest window of all parts that fits the budget; where not even 8 bars do, the
part ranked last is left out and all is tried again; at last 4, 2 bars, one bar of the melody.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from rag_store.reading.abc_text import to_abc
from rag_store.reading.measures import Measure, measures, quarters
from rag_store.reading.roles import in_score_order, ranked
from rag_store.reading.transcript import Meter, Part, Signature, Sound, Tempo, Transcript

_Change = TypeVar("_Change", Tempo, Signature)

MOST_PARTS = 5
MOST_CHARACTERS = 2500
#: Of the melody's activity, the playing parts, and what returns.
WEIGHTS = (0.4, 0.3, 0.3)
#: Returns of a bar beyond this number count no more.
_MOST_RETURNS = 4
_ALIGNED = 4


def excerpt(
    transcript: Transcript, most_bars: int = 16, most_characters: int = MOST_CHARACTERS
) -> Transcript:
    """Return the most telling bars of a piece; the piece itself where it is short enough.

    Parameters
    ----------
    transcript
        A piece.
    most_bars
        Bars of the excerpt, a pickup not counted.
    most_characters
        Length of its ABC, as `to_abc` writes it.

    Returns
    -------
    Transcript
        It begins at a bar, the melody is its first part; a remark says which bars it is. Notes that began
        before it are left out, notes that reach beyond it are cut.

    Raises
    ------
    InputError
        If there are no notes.
    """
    bars = measures(transcript)
    full = len(bars) - bars[0].partial
    if (
        full <= most_bars
        and len(transcript.parts) <= MOST_PARTS
        and len(to_abc(transcript)) <= most_characters
    ):
        return transcript
    parts = ranked(transcript.parts, bars)[:MOST_PARTS]
    lengths = [length for length in (16, 12, 8) if length <= most_bars] or [most_bars]
    contents = {id(part): _contents(part, bars) for part in parts}
    short = [length for length in (4, 2, 1) if length < lengths[-1]]
    for count in range(len(parts), 0, -1):
        for length in lengths if count > 1 else [*lengths, *short]:
            kept = parts[:count]
            first = _best(bars, [contents[id(part)] for part in kept], length)
            found = _window(transcript, in_score_order(kept), bars, first, length)
            if (count, length) == (1, (lengths + short)[-1]) or len(to_abc(found)) <= most_characters:
                return found
    return transcript


#: The notes that begin in a bar: onset in it, pitch.
_Content = tuple[tuple[float, int], ...]


def _contents(part: Part, bars: Sequence[Measure]) -> list[_Content]:
    """Return what a part plays, bar by bar."""
    starts = [quarters(bar.start) for bar in bars]
    found: list[list[tuple[float, int]]] = [[] for _ in bars]
    for note in part.notes:
        onset = quarters(note.onset)
        number = bisect.bisect_right(starts, onset + 1e-9) - 1
        found[number].append((round(onset - starts[number], 4), note.pitch))
    return [tuple(sorted(inside)) for inside in found]


def _best(bars: Sequence[Measure], parts: Sequence[list[_Content]], length: int) -> int:
    """Return the first bar of the best window."""
    prints = [_print(content) for content in parts[0]]
    times = Counter(one for one in prints if one)
    scores = []
    for number in range(len(bars)):
        moves = len(parts[0][number]) >= 2
        playing = sum(1 for part in parts if part[number]) / len(parts)
        returns = min(times[prints[number]] - 1, _MOST_RETURNS) / _MOST_RETURNS if prints[number] else 0.0
        scores.append(WEIGHTS[0] * moves + WEIGHTS[1] * playing + WEIGHTS[2] * returns)
    starts = _starts(bars, parts, length)
    return max(starts, key=lambda first: (round(sum(scores[first : first + length]) / length, 6), -first))


def _starts(bars: Sequence[Measure], parts: Sequence[list[_Content]], length: int) -> list[int]:
    """Return the bars at which a window may begin: those that leave room for it, at least one."""
    on_beat = (
        number
        for number in range(len(bars))
        if any(part[number][:1] and not part[number][0][0] for part in parts)
    )
    first = next((number for number in on_beat if not bars[number].partial), int(bars[0].partial))
    return [first, *range(first + _ALIGNED, len(bars) - length + 1, _ALIGNED)]


def _print(content: _Content) -> tuple[tuple[float, int], ...]:
    """Return a bar of melody without its key: onsets, and intervals from the first note."""
    return tuple((onset, pitch - content[0][1]) for onset, pitch in content) if len(content) >= 2 else ()


def _window(
    transcript: Transcript, parts: Sequence[Part], bars: Sequence[Measure], first: int, length: int
) -> Transcript:
    """Return some bars of some parts as a piece; a pickup before the piece's first bar stays."""
    last = min(first + length, len(bars)) - 1
    pickup = bars[0].length if bars[0].partial and first == 1 else Fraction(0)
    start, end = bars[first].start - pickup, bars[last].end
    kept = [replace(part, notes=_cut(part.notes, start, end)) for part in parts]
    kept = [part for index, part in enumerate(kept) if not index or _present(part, bars, start, length)]
    before = int(bars[0].partial)
    remark = f"bars {first - before + 1} to {last - before + 1} of {len(bars) - before}"
    return replace(
        transcript,
        parts=tuple(part for part in kept if part.notes),
        meters=_meters(bars[first : last + 1], start),
        tempi=_since(transcript.tempi, start, end),
        signatures=_since(transcript.signatures, start, end),
        pickup=pickup,
        remarks=(*transcript.remarks, remark),
    )


def _present(part: Part, bars: Sequence[Measure], start: Fraction, length: int) -> bool:
    """Whether notes of a part begin in a quarter of a window's bars."""
    starts = [bar.start - start for bar in bars]
    return 4 * len({bisect.bisect_right(starts, note.onset) for note in part.notes}) >= length


def _cut(notes: Sequence[Sound], start: Fraction, end: Fraction) -> tuple[Sound, ...]:
    return tuple(
        replace(note, onset=note.onset - start, duration=min(note.duration, end - note.onset))
        for note in notes
        if start <= note.onset < end
    )


def _meters(bars: Sequence[Measure], start: Fraction) -> tuple[Meter, ...]:
    """Return the meters of a window; a pickup before it does not count."""
    changes = [bar for index, bar in enumerate(bars) if bar.fresh or index == 0]
    found = [Meter(bar.start - start, bar.numerator, bar.denominator) for bar in changes]
    return (replace(found[0], onset=Fraction(0)), *found[1:])


def _since(changes: Sequence[_Change], start: Fraction, end: Fraction) -> tuple[_Change, ...]:
    """Return the changes inside, and the one in force at the beginning, which moves there."""
    before: list[_Change] = [change for change in changes if change.onset <= start]
    inside: list[_Change] = [change for change in changes if start < change.onset < end]
    kept: list[_Change] = before[-1:] + inside
    return tuple(replace(change, onset=max(change.onset - start, Fraction(0))) for change in kept)

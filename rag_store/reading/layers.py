"""The notes of a part as layers: lines of chords in which nothing overlaps.

Rules
-----
1. What a player can hold only one at a time (`notation.Instrument.polyphonic` is false) ends where the next
   begins. So does a drum stroke, which lasts to the next stroke or to the end of its beat.
2. Notes struck together that end before the next stroke last as long as the longest of them: a chord.
3. A note that reaches past the next stroke by no more than an eighth or a quarter of its length is legato:
   it ends at that stroke.
4. Where notes of three strokes or more sound together (a ringing arpeggio), they end at the next stroke.
5. What still overlaps goes into a second layer. Where both layers are free the higher notes take the first.

No rule moves or drops a note's beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

#: Layers of a part.
MOST_LAYERS = 2


class Chord(NamedTuple):
    """Notes struck and released together, in ticks."""

    start: int
    end: int
    pitches: tuple[int, ...]  # rising


#: Onset, end, pitch of a note, in ticks.
Span = tuple[int, int, int]


def layers(spans: Iterable[Span], quarter: int, *, polyphonic: bool = True) -> list[list[Chord]]:
    """Return one or two layers of chords in order of time; none for no notes.

    Parameters
    ----------
    spans
        Onset, end and pitch of every note in ticks, in any order. A pitch struck twice at once sounds once.
    quarter
        Ticks of a quarter note.
    polyphonic
        Whether the player can hold a note while striking another.
    """
    strokes = _strokes(spans)
    if not strokes:
        return []
    onsets = sorted(strokes)
    nexts = dict(pairwise(onsets))
    _shorten(strokes, nexts, quarter, polyphonic)
    if polyphonic:
        _cut_ringing(strokes, onsets, nexts)
    return _distribute(strokes, onsets, nexts)


def strokes_of(spans: Iterable[Span], beats: Sequence[int]) -> list[Chord]:
    """Return drum strokes as chords that last to the next stroke or to the end of their beat.

    ``beats`` are the beginnings of all beats in ticks, rising, and the end of the last one.
    """
    together = _strokes(spans)
    onsets = sorted(together)
    found: list[Chord] = []
    beat = 0
    for onset, following in zip(onsets, [*onsets[1:], beats[-1]], strict=True):
        while beats[beat + 1] <= onset:
            beat += 1
        found.append(Chord(onset, min(following, beats[beat + 1]), tuple(sorted(together[onset]))))
    return found


def _strokes(spans: Iterable[Span]) -> dict[int, dict[int, int]]:
    """Return by onset the end of every pitch."""
    strokes: dict[int, dict[int, int]] = {}
    for start, end, pitch in spans:
        inside = strokes.setdefault(start, {})
        inside[pitch] = max(inside.get(pitch, 0), end)
    return strokes


def _shorten(
    strokes: dict[int, dict[int, int]], nexts: dict[int, int], quarter: int, polyphonic: bool
) -> None:
    """Apply rules 1 to 3; a pitch struck again ends in any case."""
    again: dict[int, int] = {}
    for onset in sorted(strokes, reverse=True):
        inside, following = strokes[onset], nexts.get(onset)
        for pitch, end in inside.items():
            end = min(end, again.get(pitch, end))
            again[pitch] = onset
            over = 0 if following is None else end - following
            if over > 0 and (not polyphonic or 4 * over <= max(2 * quarter, end - onset)):
                end = following or end
            inside[pitch] = end
        short = [end for end in inside.values() if following is None or end <= following]
        for pitch, end in inside.items():
            if short and (following is None or end <= following):
                inside[pitch] = max(short)


def _cut_ringing(strokes: dict[int, dict[int, int]], onsets: list[int], nexts: dict[int, int]) -> None:
    """Apply rule 4."""
    held: set[int] = set()
    for onset in onsets:
        held = {before for before in sorted(held) if max(strokes[before].values()) > onset}
        if len(held) >= MOST_LAYERS:
            for before in held:
                for pitch, end in strokes[before].items():
                    strokes[before][pitch] = min(end, nexts[before])
            held = set()
        held.add(onset)


def _distribute(
    strokes: dict[int, dict[int, int]], onsets: list[int], nexts: dict[int, int]
) -> list[list[Chord]]:
    """Apply rule 5."""
    found: list[list[Chord]] = [[] for _ in range(MOST_LAYERS)]
    free = [0] * MOST_LAYERS
    for onset in onsets:
        groups = _groups(strokes[onset], nexts.get(onset), onset)
        open_layers = [layer for layer in range(MOST_LAYERS) if free[layer] <= onset]
        if not open_layers:
            open_layers = [_cut_older(found, free, onset)]
        if len(groups) > len(open_layers):
            end = min(group.end for group in groups)
            groups = [Chord(onset, end, tuple(sorted(strokes[onset])))]
        for layer, chord in zip(open_layers, groups, strict=False):
            found[layer].append(chord)
            free[layer] = chord.end
    return [layer for layer in found if layer]


def _groups(inside: dict[int, int], following: int | None, onset: int) -> list[Chord]:
    """Return the chord that ends with the next stroke and the one that is held, the higher first."""
    limit = max(inside.values()) if following is None else following
    short = tuple(sorted(pitch for pitch, end in inside.items() if end <= limit))
    held = tuple(sorted(pitch for pitch, end in inside.items() if end > limit))
    groups = []
    if short:
        groups.append(Chord(onset, max(inside[pitch] for pitch in short), short))
    if held:
        groups.append(Chord(onset, min(inside[pitch] for pitch in held), held))
    return sorted(groups, key=lambda chord: -chord.pitches[-1])


def _cut_older(found: list[list[Chord]], free: list[int], onset: int) -> int:
    """End the chord that was struck earlier at ``onset`` and return its layer."""
    layer = min(range(MOST_LAYERS), key=lambda index: found[index][-1].start)
    found[layer][-1] = found[layer][-1]._replace(end=onset)
    free[layer] = onset
    return layer

"""Which part of a piece leads, which is its bass, and which can be left out first."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rag_store.reading.measures import Measure, quarters
from rag_store.reading.transcript import Part

#: Share of its notes that a part has in common with another one that it doubles.
DOUBLES = 0.8
_LEADS = re.compile(r"(?i)melod|lead|vocal|voice|solo|sing|theme|right hand")
_BASS_PROGRAMS = (*range(32, 40), 43, 58)
#: Pitches between which a melody's height counts.
_LOW, _HIGH = 48, 84


def ranked(parts: Sequence[Part], bars: Sequence[Measure]) -> list[Part]:
    """Return the parts with notes, the one to keep longest first: melody, bass, harmony, drums, the others.

    The melody is the pitched part with the most of: bars it plays in, height, single notes, different
    pitches, a name that says so. The bass is the lowest of the others; harmony the one of the rest that plays
    in most bars; drums the drum part with most strokes. The others follow by the bars they play in. A part
    that doubles an earlier one, in octaves too, is left out.
    """
    sounding = [part for part in parts if part.notes]
    active = {id(part): _active(part, bars) for part in sounding}
    pitched = _different(sorted((part for part in sounding if not part.drums), key=lambda p: -len(p.notes)))
    drums = sorted((part for part in sounding if part.drums), key=lambda part: -len(part.notes))
    found: list[Part] = []
    if pitched:
        melody = max(pitched, key=lambda part: round(_leading(part, active[id(part)]), 6))
        pitched.remove(melody)
        found.append(melody)
    if pitched:
        bass = min(pitched, key=lambda part: round(_mean_pitch(part) + 12 * (1 - active[id(part)]), 6))
        pitched.remove(bass)
        found.append(bass)
    rest = sorted(pitched, key=lambda part: -active[id(part)])
    return [*found, *rest[:1], *drums[:1], *rest[1:], *drums[1:]]


def _different(parts: Sequence[Part]) -> list[Part]:
    """Return the parts without those of which most notes stand in an earlier one, in any octave."""
    found: list[tuple[Part, frozenset[tuple[int, int, int]]]] = []
    for part in parts:
        own = frozenset((*note.onset.as_integer_ratio(), note.pitch % 12) for note in part.notes)
        if not any(len(own & other) >= DOUBLES * len(own) for _, other in found):
            found.append((part, own))
    return [part for part, _ in found]


def in_score_order(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return ranked parts as they stand in a score: melody, harmony, bass, drums."""
    pitched = [part for part in parts if not part.drums]
    drums = [part for part in parts if part.drums]
    return (*pitched[:1], *pitched[2:], *pitched[1:2], *drums)


def _active(part: Part, bars: Sequence[Measure]) -> float:
    """Return the share of the bars in which notes of the part begin."""
    starts = np.array([quarters(bar.start) for bar in bars])
    onsets = np.array([quarters(note.onset) for note in part.notes])
    return len(np.unique(np.searchsorted(starts, onsets + 1e-9, side="right"))) / len(bars)


def _mean_pitch(part: Part) -> float:
    return sum(note.pitch for note in part.notes) / len(part.notes)


def _leading(part: Part, active: float) -> float:
    """Return how like a melody a part is."""
    strokes = len({note.onset for note in part.notes}) / len(part.notes)
    height = min(max((_mean_pitch(part) - _LOW) / (_HIGH - _LOW), 0.0), 1.0)
    different = min(len({note.pitch for note in part.notes}) / 12, 1.0)
    named = 0.5 if _LEADS.search(part.name) else 0.0
    low = 1.0 if part.program in _BASS_PROGRAMS else 0.0
    return active + height + strokes + different + named - low

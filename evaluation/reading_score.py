"""A MusicXML or Humdrum score as a sample, read by music21.

Conventions
-----------
A voice is a part, or a staff of a piano part. The score is taken as written: repeats are not expanded, ties
are merged, grace notes and chord symbols left out. Tempo marks give the seconds; a score without one is taken
at 120 quarter notes a minute, MIDI's own default.
"""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError
from evaluation.grid import Notes
from evaluation.sample import Sample
from notation import EVENT

#: Quarter notes a minute of a score without a tempo.
TEMPO = 120.0


def score_sample(path: pathlib.Path) -> Sample:
    """Return the sample of a score file.

    Raises
    ------
    InputError
        If music21 cannot read it.
    """
    try:
        score = _parsed(path)
        parts = list(score.parts) or [score]
        rows = [row for voice, part in enumerate(parts) for row in _rows(part, voice)]
        starts, measure = _bars(parts[0])
        length = float(score.highestTime)
        seconds = _seconds(score, length)
    except Exception as error:  # music21 lets through whatever a broken file leads to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"cannot read {str(path)!r} as a score: {reason[:120]}; export it anew") from error
    return Sample(_events(rows, starts), starts, length, seconds, measure, name=path.stem)


def _parsed(path: pathlib.Path) -> Any:
    """Parse a file; of a collection the first score, of spines that music21 joins all parts."""
    from music21 import converter, stream

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = converter.parse(path, forceSource=True, storePickle=False)
    return parsed.scores[0] if isinstance(parsed, stream.Opus) else parsed


def _rows(part: Any, voice: int) -> list[tuple[float, float, int, int, int, bool]]:
    """``(onset, duration, pitch, velocity, voice, drum)`` of the notes of a part, ties merged."""
    from music21 import chord, harmony

    rows: list[tuple[float, float, int, int, int, bool]] = []
    held: dict[int, int] = {}
    for note in part.flatten().notes:
        if isinstance(note, harmony.Harmony) or note.duration.isGrace:
            continue
        onset, length = float(note.offset), float(note.quarterLength)
        heads: list[Any] = list(note.notes) if isinstance(note, chord.ChordBase) else [note]
        for head in heads:
            drum = not hasattr(head, "pitch")
            pitch = 38 if drum else int(head.pitch.midi)
            tie = getattr(head, "tie", None) or note.tie
            if tie is not None and tie.type in ("stop", "continue") and pitch in held:
                first = rows[held[pitch]]
                rows[held[pitch]] = (first[0], onset + length - first[0], *first[2:])
            else:
                rows.append((onset, length, pitch, 80, voice, drum))
                held[pitch] = len(rows) - 1
            if tie is None or tie.type == "stop":
                held.pop(pitch, None)
    return rows


def _bars(part: Any) -> tuple[NDArray[np.float64], float]:
    """Onsets of the bars of a part, and the length of the first meter's bar."""
    from music21 import meter

    measures = list(part.getElementsByClass("Measure"))
    signatures = part.flatten().getElementsByClass(meter.TimeSignature)
    first = float(signatures[0].barDuration.quarterLength) if signatures else 4.0
    if not measures:
        return np.arange(0.0, max(float(part.highestTime), first), first), first
    return np.unique([float(measure.offset) for measure in measures]), first


def _events(rows: list[tuple[float, float, int, int, int, bool]], starts: NDArray[np.float64]) -> Notes:
    notes = np.zeros(len(rows), dtype=EVENT)
    for place, (onset, duration, pitch, velocity, voice, drum) in zip(notes, rows, strict=True):
        place["onset"], place["duration"], place["pitch"] = onset, duration, pitch
        place["velocity"], place["voice"], place["drum"] = velocity, voice, drum
    notes["bar"] = np.maximum(np.searchsorted(starts, notes["onset"] + 1e-9, side="right") - 1, 0)
    ordered: Notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    return ordered


def _seconds(score: Any, length: float) -> float:
    """Return the seconds that the score takes at its tempo marks."""
    from music21 import tempo

    marks = [
        (float(mark.getOffsetInHierarchy(score)), float(mark.getQuarterBPM() or TEMPO))
        for mark in score.recurse().getElementsByClass(tempo.MetronomeMark)
    ]
    changes = {0.0: TEMPO} | dict(sorted(marks))
    onsets = sorted(changes)
    spans = np.diff([*(min(onset, length) for onset in onsets), length])
    return float(sum(span * 60.0 / changes[onset] for span, onset in zip(spans, onsets, strict=True)))

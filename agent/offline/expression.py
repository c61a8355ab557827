"""How much arousal a way of playing expresses: its tempo, density and note lengths by the cues of listeners.

The same cues with the same published weights judge finished scores (`evaluation.emotion`); here they are
foreseen from a plan's numbers, so that a genre that is lively by nature is held back for a calm picture and a
calm one is moved for a lively picture.
"""

from __future__ import annotations

from agent.genres import Genre
from agent.offline.mappings import mapping
from agent.tempo import beat_quarters
from evaluation.emotion import weigh


def foreseen_arousal(tempo: float, meter: str, density: float, note_length: float) -> float:
    """Return the arousal, -1 to 1, that a score is likely to express by its pace, at ordinary loudness.

    Parameters
    ----------
    tempo
        Quarter notes per minute.
    density
        Strokes of all voices a second, a chord counting once.
    note_length
        Of the melody, in quarter notes.
    """
    texture = mapping("expression")
    cues = {
        "tempo": tempo / beat_quarters(meter),
        "note_density": texture["notes_per_stroke"] * density,
        "onset_density": texture["moments_per_stroke"] * density,
        "note_seconds": texture["length"] * note_length * 60 / tempo,
    }
    return weigh(cues)[1]


def usual_arousal(genre: Genre) -> float:
    """Return what the usual tempo, density and note lengths of a genre express."""
    usual = genre.tempo[1]
    return foreseen_arousal(usual, genre.meters[0], genre.density * usual / 60, genre.note_length)

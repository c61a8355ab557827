"""A tune as a music21 score, built from our own parse; never by music21's ABC reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notation.tune import Tune

if TYPE_CHECKING:
    from music21.stream import Score


def to_music21(tune: Tune, *, performed: bool = False) -> Score:
    """Return a `music21.stream.Score` of a tune: one part a voice, sounding pitches, every sign in its place.

    Parameters
    ----------
    performed : bool
        False: as written, with repeat signs and voltas that `music21.stream.Score.expandRepeats` understands.
        True: the bars in the order they are played, without repeat signs.

    Returns
    -------
    music21.stream.Score
        Measures numbered as in ``Voice.bars`` (a pickup is 0). Chord symbols are
        `music21.harmony.ChordSymbol` that do not sound (``writeAsChord`` is False), or text where music21
        does not know the symbol; percussion is unpitched, each General MIDI key with an instrument of its
        own.

    Raises
    ------
    NotationError
        If a note value or a meter cannot be written in notation.
    """
    from notation.stream_score import score

    return score(tune, performed=performed)

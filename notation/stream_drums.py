"""Percussion for `notation.to_music21`: unpitched notes, each General MIDI key an instrument of its own.

The staff position is the written letter, so the house kit (``c`` snare, ``F`` bass drum, ``g`` hi-hat) stands
where drummers expect it; cymbals and other metal have crosses for heads.
"""

from __future__ import annotations

import functools

from music21 import instrument, note, percussion, pitch
from music21.exceptions21 import Music21Exception

from notation.percussion import drum_keys
from notation.tune import Note, Voice


@functools.cache
def _instrument_class(number: int) -> type[instrument.UnpitchedPercussion]:
    """One class a key: music21 writes one instrument a class into MusicXML."""
    return type(
        f"Drum{number}", (instrument.UnpitchedPercussion,), {"__doc__": f"General MIDI key {number}."}
    )


class Strokes(percussion.PercussionChord):
    """Several strokes at once, each of its own instrument."""

    def __bool__(self) -> bool:
        """Be false: music21 10.5 then asks each member, not the chord, for the MusicXML instrument."""
        return False


def kit(voice: Voice, part: int) -> list[instrument.Instrument]:
    """Return the instruments a percussion voice needs, in key order; the first carries the part's name."""
    numbers = sorted({n.pitch for n in voice.notes})
    made: list[instrument.Instrument] = [drum(number) for number in numbers]
    made = made or [instrument.UnpitchedPercussion()]
    for one in made:
        one.partName, one.partId = voice.name, f"P{part + 1}"
        one.instrumentId = f"P{part + 1}-{one.instrumentId or 'I1'}"
    return made


def drum(number: int) -> instrument.UnpitchedPercussion:
    """Return the instrument of a General MIDI percussion key, ``midi-unpitched`` in MusicXML."""
    made = _instrument_class(number)()
    made.instrumentName = drum_keys().get(number, (f"Drum {number}", False))[0]
    made.instrumentId = f"drum-{number}"
    made.percMapPitch = number
    made.midiChannel = 9
    return made


def drum_chord(notes: tuple[Note, ...]) -> note.NotRest:
    """Return one stroke, or several at once, as unpitched notes."""
    strokes = [_stroke(n) for n in notes]
    return strokes[0] if len(strokes) == 1 else Strokes(strokes)


def _stroke(written: Note) -> note.Unpitched:
    stroke = note.Unpitched()
    try:
        place = pitch.Pitch(written.spelled.replace("b", "-"))
    except Music21Exception:
        place = pitch.Pitch("C5")
    stroke.displayStep, stroke.displayOctave = place.step, place.octave if place.octave is not None else 5
    if drum_keys().get(written.pitch, ("", False))[1]:
        stroke.notehead = "x"
    stroke.storedInstrument = drum(written.pitch)
    return stroke

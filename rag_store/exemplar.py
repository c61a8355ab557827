"""What the store keeps: a short piece of ABC, what analysis says of it, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One piece in the store."""

    id: str  # "chiaroscore:tango-01", "ryans:0042"
    abc: str
    title: str
    caption: str  # one or two English sentences, made from the attributes below
    genre: str  # a name of the genre table shared with the planner
    mood: str  # "joyful", "tense", "sad", "calm" ... the words the planner uses
    tonic: str  # "D", "Bb"
    mode: str  # "major", "minor", "dorian" ...
    meter: str  # "6/8"
    tempo: float  # quarter notes per minute; nan-free: a default by genre where the tune names none
    tempo_class: str  # "slow" < 76 <= "moderate" < 112 <= "fast" < 150 <= "very fast"
    density: float  # sounding notes per quarter note, all voices
    low: int  # lowest and highest MIDI pitch
    high: int
    voices: int
    bars: int
    valence: float  # [-1, 1], from mode and tempo; an estimate, for matching only
    arousal: float
    source: str  # "music21 corpus, Ryan's Mammoth Collection", "written for Chiaroscore"
    licence: str  # SPDX id, or "PD" / "unstated"
    instruments: tuple[
        str, ...
    ] = ()  # names of the General MIDI table, in the order of the voices, each once
    year: int = 0  # of composition or publication; 0 where nothing says it

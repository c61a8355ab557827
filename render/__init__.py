"""A tune made visible and audible: MIDI, MusicXML, engraved SVG pages, samples and sound files."""

from render.audio import Loudness, encode_audio, loudness, save_audio
from render.engrave import svg
from render.exchange import musicxml
from render.fluid import library_path
from render.plot import piano_roll
from render.sound import check_engine, synthesise
from render.soundfont import soundfont_path
from render.standard_midi import midi

__all__ = [
    "Loudness",
    "check_engine",
    "encode_audio",
    "library_path",
    "loudness",
    "midi",
    "musicxml",
    "piano_roll",
    "save_audio",
    "soundfont_path",
    "svg",
    "synthesise",
]

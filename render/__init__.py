"""A tune made visible and audible: MIDI, MusicXML, engraved SVG pages, samples and sound files."""

from render.audio import Loudness, encode_audio, loudness, save_audio
from render.engrave import svg
from render.exchange import musicxml
from render.plot import piano_roll
from render.sound import synthesise
from render.soundfont import soundfont_path
from render.standard_midi import midi

__all__ = [
    "Loudness",
    "encode_audio",
    "loudness",
    "midi",
    "musicxml",
    "piano_roll",
    "save_audio",
    "soundfont_path",
    "svg",
    "synthesise",
]
